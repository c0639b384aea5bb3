"""ISSN and ISBN: normalised, checked, and told apart by print and online."""

import re
import unicodedata
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

from stdnum import isbn as isbn_number
from stdnum import issn as issn_number
from stdnum.exceptions import ValidationError

from sync.model.text import clean

PLACEHOLDERS = frozenset(f"{digit * 4}-{digit * 4}" for digit in "0123456789")
"""ISSNs that title lists use for "none", some with a right check digit (facts: domain §5)."""


class IdentifierKind(StrEnum):
    """The two identifiers both systems know (facts: folio §2.2; all others are dropped there)."""

    ISSN = "ISSN"
    ISBN = "ISBN"


class Medium(StrEnum):
    """Which form of the publication the identifier names."""

    PRINT = "print"
    ONLINE = "online"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, order=True)
class Identifier:
    """`value` normalised (ISSN nnnn-nnnX, ISBN-13 without hyphens) when `valid`, else as it stood in the source.

    Only valid identifiers may match records.
    """

    kind: IdentifierKind
    value: str
    medium: Medium = Medium.UNKNOWN
    valid: bool = True

    @property
    def match_key(self) -> str:
        """Return the identifier for matching: print and online of the same number are the same number."""
        return f"{self.kind}:{self.value}"


@lru_cache(maxsize=65536)
def parse_issn(text: str, medium: Medium = Medium.UNKNOWN) -> Identifier | None:
    """Return the ISSN; None for an empty text.

    `valid` is False when the check digit is wrong or the number is a placeholder.
    """
    cleaned = clean(text)
    if not cleaned:
        return None
    try:
        value = issn_number.format(issn_number.validate(cleaned))
    except ValidationError:
        return Identifier(IdentifierKind.ISSN, cleaned, medium, valid=False)
    return Identifier(IdentifierKind.ISSN, value, medium, valid=value not in PLACEHOLDERS)


@lru_cache(maxsize=65536)
def parse_isbn(text: str, medium: Medium = Medium.UNKNOWN) -> Identifier | None:
    """Return the ISBN as ISBN-13; None for an empty text.

    `valid` is False when the check digit is wrong, or when all digits are the same: a placeholder like 0000000000.
    What follows the number in brackets ("0306406152 (electronic bk.)") is left out.
    """
    cleaned = clean(text).split(" ")[0].split("(")[0].strip(" :;,.")
    if not cleaned:
        return None
    try:
        value = isbn_number.to_isbn13(isbn_number.validate(cleaned)).replace("-", "").replace(" ", "")
    except ValidationError:
        return Identifier(IdentifierKind.ISBN, cleaned, medium, valid=False)
    return Identifier(IdentifierKind.ISBN, value, medium, valid=len(set(value[3:12])) > 1)


_DASHES = re.compile("[\u2010-\u2015\u2212\ufe58\ufe63\uff0d]")
_ISSN_IN_TEXT = re.compile(r"(?<![0-9])[0-9]{4}[\s-]?[0-9]{3}[0-9Xx](?![0-9])")
_ISBN_IN_TEXT = re.compile(r"(?<![0-9])(?:97[89][\s-]?(?:[0-9][\s-]?){9}[0-9]|(?:[0-9][\s-]?){9}[0-9Xx])(?![0-9])")


def issns_in(text: str, medium: Medium = Medium.UNKNOWN) -> tuple[Identifier, ...]:
    """Return the ISSNs that a text names, however it spells them; without a valid one the text itself, not valid."""
    return _numbers_in(text, medium, _ISSN_IN_TEXT, parse_issn)


def isbns_in(text: str, medium: Medium = Medium.UNKNOWN) -> tuple[Identifier, ...]:
    """Return the ISBNs that a text names, however it spells them; without a valid one the text itself, not valid.

    Catalogues write them with spaces, words before and behind, and two in one place (cases: spelled numbers).
    """
    return _numbers_in(text, medium, _ISBN_IN_TEXT, parse_isbn)


def _numbers_in(
    text: str, medium: Medium, pattern: re.Pattern[str], parse: Callable[[str, Medium], Identifier | None]
) -> tuple[Identifier, ...]:
    plain = "".join(char for char in _DASHES.sub("-", text) if unicodedata.category(char) != "Cf")
    named = (parse(re.sub(r"\s", "", found), medium) for found in pattern.findall(clean(plain)))
    valid = tuple(dict.fromkeys(one for one in named if one is not None and one.valid))
    whole = parse(plain, medium)
    return valid or ((whole,) if whole is not None else ())
