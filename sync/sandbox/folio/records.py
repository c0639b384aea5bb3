"""The records of EBSCO's side: frozen, replaced on every change, so that an older state can be kept for the lists."""

import re
import unicodedata
from dataclasses import dataclass

CONTENT_TYPES = (
    "Aggregated Full Text",
    "Abstract and Index",
    "E-Book",
    "E-Journal",
    "Print",
    "Unknown",
    "Online Reference",
    "Streaming Media",
    "Mixed Content",
)
PUBLICATION_TYPES = (
    "Audiobook",
    "Book",
    "Book Series",
    "Database",
    "Journal",
    "Newsletter",
    "Newspaper",
    "Proceedings",
    "Report",
    "Streaming Audio",
    "Streaming Video",
    "Thesis & Dissertation",
    "Website",
    "Unspecified",
)
# accepted by the published schema, but mapped to nothing upstream (facts: folio-eholdings-api §2.2)
OTHER_PUBLICATION_TYPES = ("All", "Audio book", "Thesis/Dissertation", "Web site")
HIDDEN_EVERYWHERE = frozenset({"PF", "FTF", "MARC"})


def filter_code(name: str) -> str:
    """Return the spelling that filter[type] uses: "Thesis & Dissertation" is "thesisdissertation"."""
    return re.sub(r"[^a-z]", "", name.lower())


def folded(text: str) -> str:
    """Return the text as searches and name comparisons see it: words only, without case and accents."""
    if not text.isascii():
        text = "".join(sign for sign in unicodedata.normalize("NFKD", text) if not unicodedata.combining(sign))
    return " ".join(re.findall(r"\w+", text.casefold()))


@dataclass(frozen=True, slots=True)
class Coverage:
    """Dates as yyyy-MM-dd; empty: open or none."""

    begin: str = ""
    end: str = ""


@dataclass(frozen=True, slots=True)
class Embargo:
    """`unit` is Days, Weeks, Months or Years, or "" when there is none."""

    unit: str = ""
    value: int = 0


NO_COVERAGE = Coverage()
NO_EMBARGO = Embargo()


@dataclass(frozen=True, slots=True)
class Identifier:
    """`type` is ISSN or ISBN, `subtype` Print or Online."""

    id: str
    type: str
    subtype: str


@dataclass(frozen=True, slots=True)
class Contributor:
    """`type` is author, editor or illustrator."""

    type: str
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """A vendor, or the customer itself."""

    id: int
    name: str
    token: str | None = None
    takes_token: bool = False
    proxy: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """`proxy` None: inherited. `hidden`: the categories it is hidden in; v7.0.0 knows all or none."""

    id: int
    provider_id: int
    name: str
    is_custom: bool
    content_type: str
    package_type: str
    is_selected: bool
    coverage: Coverage = NO_COVERAGE
    hidden: frozenset[str] = frozenset()
    hidden_reason: str = ""
    proxy: str | None = None
    allow_kb_to_add_titles: bool = False
    token: str | None = None
    url: str = ""
    display_name: str = ""
    description: str = ""
    alternative_names: tuple[str, ...] = ()
    is_free_access: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """What a resource is of; the same in every package."""

    id: int
    name: str
    publication_type: str
    is_custom: bool
    publisher: str | None = None
    edition: str | None = None
    description: str | None = None
    is_peer_reviewed: bool = False
    contributors: tuple[Contributor, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    subjects: tuple[tuple[str, str], ...] = ()
    alternate_titles: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """A title in a package. `proxy` None: inherited. None in a text: never set."""

    package_id: int
    title_id: int
    location_id: int
    is_selected: bool
    url: str | None = None
    managed_coverages: tuple[Coverage, ...] = ()
    custom_coverages: tuple[Coverage, ...] = ()
    coverage_statement: str | None = None
    managed_embargo: Embargo = NO_EMBARGO
    custom_embargo: Embargo = NO_EMBARGO
    is_hidden: bool = False
    hidden_reason: str = ""
    proxy: str | None = None
    user_fields: tuple[str | None, ...] = (None, None, None, None, None)


@dataclass(frozen=True, slots=True)
class Held:
    """A resource with what it belongs to, as one state of the knowledge base has them."""

    resource: Resource
    title: Title
    package: Package
    provider: Provider

    @property
    def package_key(self) -> str:
        """Return the package's id in FOLIO."""
        return f"{self.provider.id}-{self.package.id}"

    @property
    def key(self) -> str:
        """Return the resource's id in FOLIO."""
        return f"{self.provider.id}-{self.package.id}-{self.title.id}"
