"""Single values of title lists: dates, identifiers, embargoes, kinds of publication.

Every reader returns what it could use and a remark: what was wrong with the value and what was done, "" when all of
it was used as it stands. Forms met in real lists: facts, KBART and test data.
"""

import re
from calendar import monthrange
from dataclasses import dataclass

from sync.sandbox.seed import PublicationKind, SeedEmbargo
from sync.sandbox.seed_coverage import DELAY, ROLLING

OPEN_END_YEAR = 9999
_EARLIEST_YEAR, _LATEST_YEAR = 1400, 2199

_PLACEHOLDERS = frozenset({"n/a", "na", "n.a.", "#n/a", "-", "--", "–", "—", "?", "none", "null", "nil", "tba", "tbc"})
_ISSN_FORM = re.compile(r"\d{8}|\d{7}[xX]|\d{3,4}[-‐–\s]\d{3}[\dxX]")
_ISBN_FORM = re.compile(r"\d{9}[\dxX]|\d{12}[\dxX]")
_SEVERAL = re.compile(r"\s*[;|,]\s*")

_LINE_ENDS = re.compile(r"[\t\r\n]+")
_CONTROLS = re.compile(r"[\x00-\x1f\x7f-\x9f]")

_ISO_DATE = re.compile(r"(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?")
_LOCAL_DATE = re.compile(r"(?:(\d{1,2})[/.])?(\d{1,2})[/.](\d{4})")
_TIME_OF_DAY = re.compile(r"[T\s]+\d{1,2}:\d{2}(:\d{2}(\.\d+)?)?Z?$")
_TWO_YEARS = re.compile(r"(.*?)(\d{4})\s*[-/–]\s*(\d{4})")
_EMBARGO = re.compile(r"([RP])\s*(\d{1,5})\s*([DMY])", re.IGNORECASE)

_KINDS = {
    "serial": PublicationKind.JOURNAL,
    "journal": PublicationKind.JOURNAL,
    "monograph": PublicationKind.BOOK,
    "book": PublicationKind.BOOK,
    "ebook": PublicationKind.BOOK,
    "audio": PublicationKind.AUDIO,
    "audiobook": PublicationKind.AUDIO,
    "video": PublicationKind.VIDEO,
    "streaming video": PublicationKind.VIDEO,
}
_FULL_TEXT = frozenset({"fulltext", "volltext", "ebook"})


@dataclass(frozen=True, slots=True, kw_only=True)
class DateParts:
    """Parts of a date as Alma's coverage holds them: text, empty when not given, no leading zeros in month and day."""

    year: str = ""
    month: str = ""
    day: str = ""


def clean(text: str) -> tuple[str, str]:
    """Return the text without control characters and surrounding blanks; line ends and tabs become one blank."""
    joined = _LINE_ENDS.sub(" ", text)
    plain, controls = _CONTROLS.subn("", joined)
    return plain.strip().strip("\ufeff\u200b").strip(), "control characters left out" if controls else ""


def is_placeholder(text: str) -> bool:
    """Return whether the text says in words or signs that there is no value, as n/a and - do."""
    return text.casefold() in _PLACEHOLDERS


def read_date(text: str, *, is_end: bool) -> tuple[DateParts, str]:
    """Return a date's parts. Of two years the earlier begins a range and the later ends it (`is_end`).

    Read are yyyy, yyyy-mm, yyyy-mm-dd (with or without time of day), dd/mm/yyyy, mm/yyyy, yyyy/yyyy and yyyy-yyyy.
    9999 as an end means that it is open (facts: coverage and embargo).
    """
    if is_placeholder(text):
        return DateParts(), f"{text!r} means no date: left empty"
    value = _TIME_OF_DAY.sub("", text)
    two_years = _TWO_YEARS.fullmatch(value)
    if two_years is None:
        return _read_one_date(text, value, is_end=is_end)
    before, earlier, later = two_years.groups()
    used = later if is_end else f"{before}{earlier}"
    parts, remark = _read_one_date(text, used, is_end=is_end)
    return parts, remark or f"{text!r} names two years: {'the later' if is_end else 'the earlier'} taken"


def _read_one_date(text: str, value: str, *, is_end: bool) -> tuple[DateParts, str]:
    iso, local = _ISO_DATE.fullmatch(value), _LOCAL_DATE.fullmatch(value)
    remark = ""
    if iso:
        year, month, day = (int(part) if part else 0 for part in iso.groups())
    elif local:
        day, month, year = (int(part) if part else 0 for part in local.groups())
        if month > 12 >= day > 0:
            day, month = month, day
            remark = f"{text!r} read as month/day/year"
    else:
        return DateParts(), f"{text!r} is no date: left empty"
    if year == OPEN_END_YEAR and is_end:
        return DateParts(), ""
    if not _EARLIEST_YEAR <= year <= _LATEST_YEAR:
        return DateParts(), f"{text!r} is no year of a publication: left empty"
    if month > 12 or (iso and iso.group(2) and not month):
        return DateParts(year=str(year)), f"{text!r} has no such month: only the year taken"
    if day and day > monthrange(year, month)[1]:
        return DateParts(year=str(year), month=str(month)), f"{text!r} has no such day: year and month taken"
    return DateParts(year=str(year), month=str(month or ""), day=str(day or "")), remark


@dataclass(frozen=True, slots=True, kw_only=True)
class ListedIdentifier:
    """An identifier as it stands in the file. At most one of the two is filled."""

    issn: str = ""
    isbn: str = ""


def read_identifier(text: str) -> tuple[ListedIdentifier, str]:
    """Return an ISSN or ISBN by its outer form alone: check digits and placeholders such as 1111-1111 are not judged.

    An ISSN that lost its first zero to a spreadsheet (165-070X) still has the form. Of several the first is taken.
    """
    if is_placeholder(text):
        return ListedIdentifier(), f"{text!r} means no identifier: left empty"
    several = [part for part in _SEVERAL.split(text) if part]
    for value in several:
        remark = f"{text!r} holds several identifiers: only {value} taken" if len(several) > 1 else ""
        if _ISSN_FORM.fullmatch(value):
            return ListedIdentifier(issn=value), remark
        if _ISBN_FORM.fullmatch(re.sub(r"[-‐–\s]", "", value)):
            return ListedIdentifier(isbn=value), remark
    return ListedIdentifier(), f"{text!r} has the form of neither ISSN nor ISBN: left out"


def read_embargo(text: str) -> tuple[SeedEmbargo | None, str]:
    """Return KBART's embargo_info as Alma's embargo: P is a delay, R a rolling wall; of R…;P… only the delay is kept.

    12 months stay 12 months and do not become a year, because KBART means different days by them.
    """
    if is_placeholder(text):
        return None, f"{text!r} means no embargo: left empty"
    found = {}
    for part in re.split(r"\s*;\s*", text.strip("; ")):
        match = _EMBARGO.fullmatch(part)
        if match is None:
            return None, f"{text!r} is no embargo of the form P12M: left out"
        kind, number, unit = match.groups()
        found[kind.upper()] = (int(number), unit.upper())
    kind = "P" if "P" in found else "R"
    embargo, remark = make_embargo(DELAY if kind == "P" else ROLLING, *found[kind])
    if len(found) > 1:
        remark = f"{text!r} has a rolling wall and a delay; Alma holds one: only the delay taken"
    return embargo, remark


def make_embargo(operator: str, number: int, unit: str) -> tuple[SeedEmbargo | None, str]:
    """Return an embargo of a number of days (D), months (M) or years (Y). Alma has no days: rounded up to months."""
    if number == 0:
        return None, "an embargo of length 0 is none: left empty"
    if unit == "Y":
        return SeedEmbargo(operator=operator, years=str(number)), ""
    if unit == "M":
        return SeedEmbargo(operator=operator, months=str(number)), ""
    months = -(-number // 30)
    return SeedEmbargo(operator=operator, months=str(months)), f"{number} days rounded up to {months} months"


def read_kind(text: str, identifiers: tuple[ListedIdentifier, ...]) -> tuple[PublicationKind, str]:
    """Return the kind of publication by publication_type in any case, else by the identifiers, else JOURNAL."""
    guess = PublicationKind.BOOK if any(identifier.isbn for identifier in identifiers) else PublicationKind.JOURNAL
    if not text:
        return guess, ""
    kind = _KINDS.get(text.casefold())
    if kind is None:
        return guess, f"{text!r} is no known type: taken as {guess.value}"
    return kind, ""


def is_full_text(depth: str) -> bool:
    """Return whether a coverage_depth means full text: fulltext, Full text, Volltext, ebook, or nothing at all."""
    return not depth or re.sub(r"[\s-]", "", depth).casefold() in _FULL_TEXT
