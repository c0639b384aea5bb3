"""A small XML reader for answers from outside: no document type, so no entities to expand and no files to fetch."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from xml.parsers import expat

DEEPEST = 50


class XmlRefusedError(ValueError):
    """The text is no XML, or XML of a kind that is never read from a network."""


@dataclass(slots=True)
class Element:
    """One element, its name without namespace."""

    name: str
    text: str = ""
    children: list["Element"] = field(default_factory=list)

    def every(self, name: str) -> Iterator["Element"]:
        """Yield the element and all below it that have the name."""
        if self.name == name:
            yield self
        for child in self.children:
            yield from child.every(name)

    def text_of(self, name: str) -> str:
        """Return the text of the first child of that name, "" when there is none."""
        return next((child.text.strip() for child in self.children if child.name == name), "")

    def all_text(self) -> str:
        """Return the text of the element and all below it."""
        return " ".join(filter(None, [self.text.strip(), *(child.all_text() for child in self.children)]))


def parse_xml(content: bytes) -> Element:
    """Return the root element. Raises XmlRefusedError for a document type, too deep a nesting, or no XML."""
    top = Element("")
    open_elements = [top]

    def start(name: str, _attributes: dict[str, str]) -> None:
        if len(open_elements) > DEEPEST:
            raise XmlRefusedError("nested too deep")
        element = Element(name.rpartition(" ")[2])
        open_elements[-1].children.append(element)
        open_elements.append(element)

    def end(_name: str) -> None:
        open_elements.pop()

    def text(data: str) -> None:
        open_elements[-1].text += data

    def document_type(*_: object) -> None:
        raise XmlRefusedError("a document type is never read from a network")

    parser = expat.ParserCreate(namespace_separator=" ")
    parser.StartElementHandler = start
    parser.EndElementHandler = end
    parser.CharacterDataHandler = text
    parser.StartDoctypeDeclHandler = document_type
    try:
        parser.Parse(content, True)
    except (expat.ExpatError, ValueError) as error:
        raise XmlRefusedError(str(error)) from None
    return top.children[0]
