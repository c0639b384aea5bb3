"""What FOLIO can hold of a canonical record, and what it cannot: each value left behind becomes a loss.

The limits are those of mod-kb-ebsco-java and of EBSCO behind it (facts: folio §1.3, §2.1; mapping: every row A→F).
"""

import re
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sync.errors import DataError
from sync.folio.address import UnusableAddressError, java_address
from sync.model import (
    CoverageRange,
    Embargo,
    EmbargoKind,
    Holding,
    Identifier,
    Loss,
    Medium,
    Package,
    Proxy,
    Title,
    clean,
    cut_at_word,
    day_ranges,
    utf16_length,
)
from sync.model.coverage import EARLIEST
from sync.plan.changes import FitHolding, FitPackage, FitTitle

PACKAGE_NAME_LIMIT = 200
TITLE_NAME_LIMIT = 400
PUBLISHER_LIMIT = 250
EDITION_LIMIT = 250
DESCRIPTION_LIMIT = 400
IDENTIFIER_LIMIT = 20
URL_LIMIT = 600
PACKAGE_URL_LIMIT = 500
PACKAGE_DESCRIPTION_LIMIT = 2000
STATEMENT_LIMIT = 200
USER_DEFINED_LIMIT = 500
NO_PROXY = "<n>"

NOTE_FIELDS = ("public_note", "authentication_note", "internal_description")

_HALVES = re.compile("[\ud800-\udfff]")
"""Halves of surrogate pairs: JSON can spell them, but nothing can be sent that holds one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FolioMaps:
    """Alma's codes in FOLIO's words, as the configuration says. What is missing here becomes a loss.

    `proxies` and `access_types` lead to FOLIO ids; `notes` name the user-defined field (1 to 5) that takes a note;
    `package_texts`: this FOLIO's packages hold an address and a description (interface 5.0; facts: folio §1.4).
    """

    proxies: Mapping[str, str] = field(default_factory=dict)
    access_types: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)
    package_texts: bool = False


class Sentence(NamedTuple):
    """A part of the text that readers see, and the field it is told for."""

    field: str
    text: str


def fit_package(package: Package, maps: FolioMaps) -> FitPackage:
    """Return the package as a custom package of FOLIO can hold it.

    Raises:
        DataError: when it has no name.
    """
    losses = list(package.losses)
    name = _name(package.name, PACKAGE_NAME_LIMIT, f"collection {package.key}", losses)
    losses += [
        Loss(note, clean(getattr(package, note)), "a FOLIO package has no such field")
        for note in NOTE_FIELDS
        if getattr(package, note)
    ]
    record = replace(
        package,
        name=name,
        managed=False,
        proxy=_proxy(package.proxy, maps, losses),
        access_type=_access_type(package.access_type, maps, losses),
        url=_package_text("url", package.url, PACKAGE_URL_LIMIT, maps, losses),
        description=_package_text("description", package.description, PACKAGE_DESCRIPTION_LIMIT, maps, losses),
        public_note="",
        authentication_note="",
        internal_description="",
        type_code="",
        interface_name="",
        coverage=(),
        losses=(),
    )
    return FitPackage(record=record, losses=tuple(losses))


def fit_title(title: Title) -> FitTitle:
    """Return the title as a custom title of FOLIO can hold it.

    Raises:
        DataError: when it has no name.
    """
    losses: list[Loss] = []
    identifiers = []
    for one in title.identifiers:
        if not one.valid:
            losses.append(Loss("identifiers", one.value, f"no {one.kind} with a right check digit"))
            continue
        if utf16_length(one.value) > IDENTIFIER_LIMIT:
            losses.append(Loss("identifiers", one.value, f"longer than {IDENTIFIER_LIMIT} characters"))
            continue
        identifiers.append(_with_medium(one))
    record = replace(
        title,
        managed=False,
        related=(),
        suppressed=False,
        name=_name(title.name, TITLE_NAME_LIMIT, f"title {title.key}", losses),
        identifiers=tuple(sorted(set(identifiers))),
        publisher=_text("publisher", title.publisher, PUBLISHER_LIMIT, losses),
        edition=_text("edition", title.edition or "", EDITION_LIMIT, losses),
        description=_text("description", title.description or "", DESCRIPTION_LIMIT, losses),
        contributors=tuple(
            replace(one, name=name)
            for one in title.contributors or ()
            if (name := _text("contributors", one.name, TITLE_NAME_LIMIT, losses))
        ),
    )
    return FitTitle(record=record, losses=tuple(losses))


def fit_holding(holding: Holding, maps: FolioMaps) -> FitHolding:
    """Return the holding as a resource in a custom package can hold it.

    Raises:
        DataError: when its address is one that FOLIO refuses; without it the title could not be reached.
    """
    losses = list(holding.losses)
    own = _plain("coverage_statement", holding.coverage_statement or "", losses)
    sentences = [Sentence("coverage_statement", own)] if own else []
    untold = None if holding.coverage_statement is None else ""
    days = _coverage(holding.coverage, losses, sentences)
    embargo = _embargo(holding.embargo, losses, sentences)
    record = replace(
        holding,
        managed=False,
        url=_url(holding),
        coverage=days,
        embargo=embargo,
        coverage_statement=_statement(sentences, losses) if sentences else untold,
        proxy=_proxy(holding.proxy, maps, losses),
        access_type=_access_type(holding.access_type, maps, losses),
        user_defined=_notes(holding, maps, losses),
        public_note="",
        authentication_note="",
        internal_description="",
        service_key="",
        losses=(),
    )
    return FitHolding(record=record, losses=tuple(losses))


def _name(text: str, limit: int, record: str, losses: list[Loss]) -> str:
    name = _text("name", text, limit, losses)
    if not name:
        raise DataError(f"{record} has no name", advice="Give it a name in Alma, then run the command again.")
    return name


def _plain(field_name: str, text: str, losses: list[Loss]) -> str:
    cleaned = clean(_HALVES.sub("", text))
    if any(unicodedata.category(char) in ("Cc", "Cs") for char in text.strip()):
        losses.append(Loss(field_name, cleaned, "control characters taken out"))
    return cleaned


def _text(field_name: str, text: str, limit: int, losses: list[Loss]) -> str:
    cleaned = _plain(field_name, text, losses)
    if utf16_length(cleaned) > limit:
        losses.append(Loss(field_name, cleaned, f"cut to {limit} characters"))
    return cut_at_word(cleaned, limit)


def _package_text(name: str, text: str | None, limit: int, maps: FolioMaps, losses: list[Loss]) -> str | None:
    """Return a text that packages hold from interface 5.0 on; None, with a loss, where they do not."""
    if text is None:
        return None
    if maps.package_texts:
        if name == "url" and text:
            try:
                address = java_address(text)
            except UnusableAddressError as error:
                losses.append(Loss(name, clean(text), f"no address that FOLIO takes: {error}"))
                return None
            if utf16_length(address) > limit:
                losses.append(Loss(name, clean(text), f"no address of at most {limit} characters that FOLIO takes"))
                return None
            return address
        return _text(name, text, limit, losses)
    if text:
        losses.append(Loss(name, clean(text), "a FOLIO package of this version has no such field"))
    return None


def _with_medium(one: Identifier) -> Identifier:
    """FOLIO knows print and online only; the identifier of an electronic holding is online unless the bib says else."""
    return replace(one, medium=Medium.ONLINE) if one.medium is Medium.UNKNOWN else one


def _url(holding: Holding) -> str | None:
    if holding.url is None:
        return None
    if not holding.url.strip():
        return ""
    try:
        address = java_address(holding.url)
    except UnusableAddressError as error:
        raise DataError(
            f"the address of portfolio {holding.key} is none that FOLIO takes: {error}: {clean(holding.url)[:80]!r}",
            advice="Give the portfolio a URL that begins with https:// in Alma, then run the command again.",
        ) from None
    if utf16_length(address) > URL_LIMIT:
        length = utf16_length(address)
        raise DataError(
            f"the address of portfolio {holding.key} is {length} characters long; FOLIO takes {URL_LIMIT}",
            advice="Shorten the portfolio's URL in Alma (a DOI or a permalink), then run the command again.",
        )
    return address


def _coverage(
    ranges: tuple[CoverageRange, ...], losses: list[Loss], sentences: list[Sentence]
) -> tuple[CoverageRange, ...]:
    begun = tuple(one for one in ranges if one.begin)
    words = "it is left out" if begun else f"it is told as from {EARLIEST}"
    losses += [
        Loss("coverage", str(one), f"FOLIO needs the day on which a range begins; {words}")
        for one in ranges
        if one.begin is None
    ]
    if any(one.numbered or one.begin is None for one in ranges):
        words = clean(_HALVES.sub("", "; ".join(str(one) for one in ranges)))
        sentences.append(Sentence("coverage", words))
    days = day_ranges(begun or ranges)
    return tuple(one.as_coverage() for one in sorted(days, reverse=True, key=lambda one: one.begin))


def _embargo(embargo: Embargo | None, losses: list[Loss], sentences: list[Sentence]) -> Embargo | None:
    if embargo is None or embargo.kind is EmbargoKind.DELAY:
        return embargo
    words = f"Most recent {embargo.value} {embargo.unit if embargo.value != 1 else embargo.unit[:-1]} only"
    sentences.append(Sentence("embargo", words))
    losses.append(Loss("embargo", str(embargo), "FOLIO knows no rolling wall"))
    return None


def _statement(sentences: list[Sentence], losses: list[Loss]) -> str | None:
    """Return as many of the sentences as there is room for, each once; the longest ones give way."""
    kept: list[Sentence] = []
    for one in sentences:
        if not any(one.text in other.text for other in kept):
            kept.append(one)
    while kept and utf16_length(". ".join(one.text for one in kept)) > STATEMENT_LIMIT:
        longest = max(kept, key=lambda one: utf16_length(one.text))
        kept.remove(longest)
        reason = f"no room for it in the {STATEMENT_LIMIT} characters of a statement"
        losses.append(Loss(longest.field, longest.text, reason))
    return ". ".join(one.text for one in kept) or None


def _proxy(proxy: Proxy | None, maps: FolioMaps, losses: list[Loss]) -> Proxy | None:
    if proxy is None:
        return None
    if not proxy.enabled:
        return Proxy(enabled=False, code=NO_PROXY)
    code = maps.proxies.get(proxy.code)
    if code is None:
        losses.append(Loss("proxy", proxy.code, "not named in the configuration: [pairs.NAME.maps.proxies]"))
        return None
    return Proxy(enabled=code != NO_PROXY, code=code)


def _access_type(code: str | None, maps: FolioMaps, losses: list[Loss]) -> str | None:
    if not code:
        return None
    mapped = maps.access_types.get(code)
    if mapped is None:
        losses.append(Loss("access_type", code, "not named in the configuration: [pairs.NAME.maps.access_types]"))
    return mapped


def _notes(
    holding: Holding, maps: FolioMaps, losses: list[Loss]
) -> tuple[str | None, str | None, str | None, str | None, str | None]:
    fields = [
        None if text is None else _text(f"userDefinedField{number}", text, USER_DEFINED_LIMIT, losses)
        for number, text in enumerate(holding.user_defined, start=1)
    ]
    for note in NOTE_FIELDS:
        text = getattr(holding, note)
        number = maps.notes.get(note)
        if text is None:
            continue
        if number is not None and (text or fields[number - 1] is None):
            fields[number - 1] = _text(note, text, USER_DEFINED_LIMIT, losses)
        elif text:
            losses.append(Loss(note, clean(text), "no user-defined field named for it: [pairs.NAME.maps.notes]"))
    return fields[0], fields[1], fields[2], fields[3], fields[4]
