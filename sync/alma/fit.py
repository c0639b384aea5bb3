"""What Alma can hold of a canonical record, and what it cannot: each value left behind becomes a loss.

mapping: every row F→A; facts: alma §2, §4. Where FOLIO's words become Alma's, the configuration's maps decide, read
backwards; a FOLIO word that two Alma codes lead to is never guessed.
"""

import re
import unicodedata
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

from sync.alma.codes import WriteCodes
from sync.alma.mapping import AGGREGATOR_TYPE, DATABASE_TYPE, SELECTIVE_TYPE, content_type_of
from sync.alma.marc import ROLES
from sync.alma.marc_write import comes_back_as, without_punctuation
from sync.errors import DataError
from sync.model import (
    INHERITED,
    Contributor,
    Embargo,
    EmbargoKind,
    EmbargoUnit,
    Holding,
    IdentifierKind,
    Loss,
    Medium,
    Package,
    Proxy,
    Title,
    clean,
)
from sync.model.coverage import OPEN_END_YEAR
from sync.plan.changes import FitHolding, FitPackage, FitTitle

DAYS_A_MONTH, WEEKS_A_MONTH = 30, 4
"""A month is counted short, so that an embargo of days becomes rather too long: never promise access too early."""

_HALVES = re.compile("[\ud800-\udfff]")
"""Halves of surrogate pairs: JSON can spell them, but nothing can be sent that holds one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class AlmaMaps:
    """FOLIO's words in Alma's codes. `proxies` and `access_types` lead from FOLIO ids; what is missing is a loss.

    `notes` name the user-defined field (1 to 5) a note comes from; `url_limit` is the longest address Alma is given.
    """

    proxies: Mapping[str, str] = field(default_factory=dict)
    access_types: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, int] = field(default_factory=dict)
    url_limit: int = 2000


def backwards(codes: Mapping[str, str]) -> dict[str, str]:
    """Return a map of codes read from its end; what several codes lead to is left out."""
    leading: dict[str, list[str]] = {}
    for alma, folio in codes.items():
        leading.setdefault(folio, []).append(alma)
    return {folio: codes[0] for folio, codes in leading.items() if len(codes) == 1}


def fit_package(package: Package, maps: AlmaMaps, codes: WriteCodes, publication_types: Collection[str]) -> FitPackage:
    """Return the package as a collection of Alma can hold it; `publication_types` are those of its titles.

    A collection of the type Database has no service, so it cannot hold titles (facts: alma §2a).

    Raises:
        DataError: when it has no name, or Alma does not know the proxy that is named for its own.
    """
    losses = [Loss("coverage", str(one), "an Alma collection has no coverage of its own") for one in package.coverage]
    name = _told("name", package.name, losses)
    if not name:
        raise DataError(
            f"package {package.key} has no name", advice="Give it a name in FOLIO, then run the command again."
        )
    losses += [Loss("tags", one, "Alma has no tags") for one in package.tags or ()]
    reference = SELECTIVE_TYPE if publication_types else DATABASE_TYPE
    type_code = {"Aggregated Full Text": AGGREGATOR_TYPE, "Online Reference": reference}.get(
        package.content_type, SELECTIVE_TYPE
    )
    derived = content_type_of(type_code, {comes_back_as(one, codes) for one in publication_types})
    if derived != package.content_type:
        losses.append(Loss("content_type", package.content_type, f"Alma derives it from the portfolios: {derived}"))
    record = replace(
        package,
        name=name,
        managed=False,
        proxy=_proxy(package.proxy, maps, codes, losses),
        access_type=_access_type(package.access_type, maps, losses) or None,  # a collection must have one
        url=_package_url(package.url, maps, losses),
        description=_told("description", package.description, losses),
        content_type=derived,
        type_code=type_code,
        coverage=(),
        tags=None,
        provider_name="",
    )
    return FitPackage(record=record, losses=tuple(losses))


def fit_title(title: Title, codes: WriteCodes) -> FitTitle:
    """Return the title as a bib made from it can hold it (mapping: title; only bibs that are created are written).

    Raises:
        DataError: when it has no name, or an identifier that is none: without any digit.
    """
    losses: list[Loss] = []
    name = _text("name", title.name, losses)
    if not name:
        raise DataError(f"title {title.key} has no name", advice="Give it a name in FOLIO, then run the command again.")
    identifiers = []
    for one in title.identifiers:
        if not any(char.isdigit() for char in one.value):
            raise DataError(
                f"title {title.key}: {one.value!r} is no {one.kind}",
                advice="Correct the identifier in FOLIO, or take it out, then run the command again.",
            )
        if one.valid:
            identifiers.append(replace(one, medium=Medium.ONLINE) if one.medium is Medium.UNKNOWN else one)
        else:
            where = "022 $y" if one.kind is IdentifierKind.ISSN else "020 $z"
            losses.append(Loss("identifiers", one.value, f"not valid: it is put into {where}, which is never matched"))
    kind = comes_back_as(title.publication_type, codes)
    if kind != title.publication_type:
        losses.append(Loss("publication_type", title.publication_type, f"the bib will say {kind}"))
    record = replace(
        title,
        name=name,
        managed=False,
        publication_type=kind,
        identifiers=tuple(sorted(set(identifiers))),
        publisher=_text("publisher", title.publisher, losses),
        edition=_text("edition", title.edition or "", losses),
        description=_text("description", title.description or "", losses),
        contributors=_people(title.contributors or (), losses),
    )
    return FitTitle(record=record, losses=tuple(losses))


def source_words(holding: Holding, maps: AlmaMaps) -> Holding:
    """Return FOLIO's holding with the notes it holds in user-defined fields where the canonical model has them.

    A note that no field is named for is not told (None).
    """

    def told(note: str) -> str | None:
        number = maps.notes.get(note)
        return None if number is None else holding.user_defined[number - 1]

    return replace(
        holding,
        public_note=told("public_note"),
        authentication_note=told("authentication_note"),
        internal_description=told("internal_description"),
    )


def fit_holding(holding: Holding, maps: AlmaMaps, codes: WriteCodes) -> FitHolding:
    """Return FOLIO's holding, its notes in place (`source_words`), as a portfolio can hold it.

    Raises:
        DataError: when its address is one that is not handed on; without it the title could not be reached. When its
            coverage begins in a year that Alma's readers take for "to the present".
    """
    if any(one.begin and one.begin.year >= OPEN_END_YEAR for one in holding.coverage):
        raise DataError(
            f"the coverage of {holding.key} begins in the year {OPEN_END_YEAR}, which stands for no date",
            advice="Correct the coverage of the title in FOLIO, then run the command again.",
        )
    losses = [*holding.losses]
    used = set(maps.notes.values())
    losses += [
        Loss(f"userDefinedField{number}", text, "no note of Alma named for it: [pairs.NAME.maps.notes]")
        for number, text in enumerate(holding.user_defined, start=1)
        if text and number not in used
    ]
    losses += [Loss("tags", one, "Alma has no tags") for one in holding.tags or ()]
    record = replace(
        holding,
        managed=False,
        url=_url(holding, maps),
        coverage=tuple(sorted(holding.coverage, key=str)),
        embargo=_embargo(holding.embargo, codes, losses),
        coverage_statement=_told("coverage_statement", holding.coverage_statement, losses),
        public_note=_told("public_note", holding.public_note, losses),
        authentication_note=_told("authentication_note", holding.authentication_note, losses),
        internal_description=_told("internal_description", holding.internal_description, losses),
        proxy=_proxy(holding.proxy, maps, codes, losses),
        access_type=_access_type(holding.access_type, maps, losses),
        user_defined=(None, None, None, None, None),
        tags=None,
        losses=(),
    )
    return FitHolding(record=record, losses=tuple(losses))


def _text(name: str, text: str, losses: list[Loss]) -> str:
    """Return the text as a MARC field gives it back: without control characters and punctuation at its end."""
    cleaned = without_punctuation(clean(text))
    if cleaned != text:
        losses.append(Loss(name, clean(text), "spacing, control characters or punctuation at its end taken out"))
    return cleaned


def _people(people: Iterable[Contributor], losses: list[Loss]) -> tuple[Contributor, ...]:
    """Return those with a name, each in a role that a bib's people are read in."""
    found = []
    for one in people:
        name = _text("contributors", one.name, losses)
        role = one.role if one.role in ROLES else "author"
        if name and role != one.role:
            losses.append(Loss("contributors", f"{name} ({one.role})", f"the bib will say {role}"))
        if name:
            found.append(Contributor(role, name))
    return tuple(found)


def _told(name: str, text: str | None, losses: list[Loss]) -> str | None:
    """Return the text as Alma can be given it, with a loss where that is not how it stood; None stays untold."""
    if text is None:
        return None
    cleaned = clean(_HALVES.sub("", text))
    if cleaned != text:
        losses.append(Loss(name, clean(text), "spacing, control characters or halves of characters taken out"))
    return cleaned


def _url(holding: Holding, maps: AlmaMaps) -> str | None:
    if holding.url is None:
        return None
    address = holding.url.strip()
    advice = f"Correct the address of the title in FOLIO (at most {maps.url_limit} characters), then run it again."
    if len(address) > maps.url_limit:
        raise DataError(f"the address of {holding.key} is {len(address)} characters long", advice=advice)
    if address and (_broken(address) or not address.lower().startswith(("https://", "http://"))):
        raise DataError(f"the address of {holding.key} is none: {address[:80]!r}", advice=advice)
    return address


def _broken(address: str) -> bool:
    return any(char.isspace() or unicodedata.category(char) in ("Cc", "Cs") for char in address)


def _package_url(url: str | None, maps: AlmaMaps, losses: list[Loss]) -> str | None:
    if url and (len(url) > maps.url_limit or _broken(url)):
        losses.append(Loss("url", clean(url), f"no address of at most {maps.url_limit} characters"))
        return None
    return url


def _embargo(embargo: Embargo | None, codes: WriteCodes, losses: list[Loss]) -> Embargo | None:
    if embargo is None:
        return None
    if not (codes.delay if embargo.kind is EmbargoKind.DELAY else codes.rolling):
        losses.append(
            Loss("embargo", str(embargo), "no operator of Alma means it: [pairs.NAME.maps.embargo_operators]")
        )
        return None
    if embargo.kind is EmbargoKind.ROLLING:
        return embargo
    if embargo.unit in (EmbargoUnit.DAYS, EmbargoUnit.WEEKS):
        size = DAYS_A_MONTH if embargo.unit is EmbargoUnit.DAYS else WEEKS_A_MONTH
        months = Embargo(EmbargoKind.DELAY, EmbargoUnit.MONTHS, -(-embargo.value // size))
        losses.append(Loss("embargo", str(embargo), f"Alma counts months: {months}"))
        embargo = months
    if embargo.unit is EmbargoUnit.MONTHS and embargo.value % 12 == 0:
        years = Embargo(EmbargoKind.DELAY, EmbargoUnit.YEARS, embargo.value // 12)
        losses.append(Loss("embargo", str(embargo), f"Alma counts whole years as such: {years}"))
        embargo = years
    if embargo.value > codes.delay_more:
        return embargo
    # an institution whose only operator adds one cannot say "one": of a year months can, a month becomes two
    least = 12 if embargo.unit is EmbargoUnit.YEARS else codes.delay_more + 1
    said = Embargo(EmbargoKind.DELAY, EmbargoUnit.MONTHS, least)
    losses.append(Loss("embargo", str(embargo), f"Alma's operator {codes.delay!r} says at least: {said}"))
    return said


def _proxy(proxy: Proxy | None, maps: AlmaMaps, codes: WriteCodes, losses: list[Loss]) -> Proxy | None:
    if proxy is None or proxy == INHERITED:
        return None
    code = maps.proxies.get(proxy.code)
    if code is not None and codes.proxies is not None and code not in codes.proxies:
        known = ", ".join(sorted(codes.proxies)) or "none"
        raise DataError(
            f"Alma knows no proxy {code!r}, which [pairs.NAME.maps.proxies] names for FOLIO's {proxy.code!r}",
            advice=f"Correct the map, or define the proxy in Alma; it knows: {known}.",
        )
    if code is not None:
        return Proxy(enabled=True, code=code)
    if not proxy.enabled:
        return Proxy(enabled=False)
    losses.append(Loss("proxy", proxy.code, "no one Alma code is named for it: [pairs.NAME.maps.proxies]"))
    return None


def _access_type(code: str | None, maps: AlmaMaps, losses: list[Loss]) -> str | None:
    if not code:
        return code
    mapped = maps.access_types.get(code)
    if mapped is None:
        losses.append(Loss("access_type", code, "no one Alma code is named for it: [pairs.NAME.maps.access_types]"))
    return mapped
