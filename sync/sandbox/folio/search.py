"""Word search in names, as EBSCO's search type "advanced" reads it (facts: folio-eholdings-api §2.4).

Words are joined by AND unless OR or NOT stands between them; quotes make a phrase; `*` and `?` are wildcards. Nothing
is ever matched exactly: a search for a whole name also finds the names that hold all its words.
"""

import re

from sync.sandbox.folio.records import folded

_PIECES = re.compile(r'"([^"]*)"|([^\s"]+)')
_WILD_WORDS = re.compile(r"[\w*?]+")
_OPERATORS = ("AND", "OR", "NOT")


class WordIndex:
    """Which ids have which words."""

    def __init__(self) -> None:
        self._ids: dict[str, set[int]] = {}
        self._texts: dict[int, str] = {}

    def put(self, record: int, text: str) -> None:
        """File the record under the words of the text, and no longer under its former ones."""
        text = folded(text)
        if self._texts.get(record) == text:
            return
        self.remove(record)
        self._texts[record] = text
        for word in text.split():
            self._ids.setdefault(word, set()).add(record)

    def remove(self, record: int) -> None:
        """Forget the record."""
        for word in self._texts.pop(record, "").split():
            ids = self._ids.get(word)
            if ids is not None:
                ids.discard(record)
                if not ids:
                    del self._ids[word]

    def text(self, record: int) -> str:
        """Return the folded text of the record, for sorting."""
        return self._texts.get(record, "")

    def find(self, query: str) -> set[int]:
        """Return the ids the query finds."""
        pieces = _PIECES.findall(query)
        if not any(word in _OPERATORS for _, word in pieces):
            return _common([hits for hits in (self._piece(*piece) for piece in pieces) if hits is not None])
        found: set[int] | None = None
        joined_by_or = negated = False
        for phrase, word in pieces:
            if word in _OPERATORS:
                joined_by_or = word == "OR" or (joined_by_or and word == "NOT")
                negated = word == "NOT"
                continue
            hits = self._piece(phrase, word)
            if hits is None:
                continue
            if negated:
                hits = self._texts.keys() - hits
            found = set(hits) if found is None else (found | hits if joined_by_or else found & hits)
            joined_by_or = negated = False
        return found or set()

    def _piece(self, phrase: str, word: str) -> set[int] | None:
        """Return the ids one piece of a query finds; None: there is nothing in it to look for."""
        return self._phrase(phrase) if phrase else self._words(word)

    def _words(self, piece: str) -> set[int] | None:
        words = _WILD_WORDS.findall(piece)
        return _common([self._word(word) for word in words]) if words else None

    def _word(self, word: str) -> set[int]:
        if "*" not in word and "?" not in word:
            return _common([self._ids.get(part, set()) for part in folded(word).split()])
        if not word.strip("*"):
            return set(self._texts)
        parts = re.split(r"([*?])", word)
        pattern = re.compile("".join({"*": r"\w*", "?": r"\w"}.get(part, re.escape(folded(part))) for part in parts))
        return {record for known, ids in self._ids.items() if pattern.fullmatch(known) for record in ids}

    def _phrase(self, phrase: str) -> set[int] | None:
        words = folded(phrase).split()
        if not words:
            return None
        wanted = f" {' '.join(words)} "
        candidates = _common([self._ids.get(word, set()) for word in words])
        return {record for record in candidates if wanted in f" {self._texts[record]} "}


def _common(sets: list[set[int]]) -> set[int]:
    """Return what all the sets share, a new set or one of them; nothing if there are none."""
    found: set[int] = set()
    for number, hits in enumerate(sorted(sets, key=len)):
        found = hits if number == 0 else found & hits
    return found
