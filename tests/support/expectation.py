"""What FOLIO must hold after a migration, worked out from the library's seed alone, without the product's own code.

The rules are those of the mapping page, written down a second time on purpose: what both agree on is right twice.
"""

import calendar
import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Protocol

from sync.sandbox.folio import StoredPackage, StoredResource, StoredTitle
from sync.sandbox.seed import SeedBib, SeedCollection, SeedEmbargo, SeedLibrary, SeedPortfolio, SeedRange, SeedService

FOREVER = date(9999, 12, 31)
Days = tuple[date, date]


class LooksInside(Protocol):
    """A practice FOLIO as far as looking at what it holds goes."""

    def packages(self) -> tuple[StoredPackage, ...]:
        """Return every package."""
        ...

    def titles(self) -> tuple[StoredTitle, ...]:
        """Return every title."""
        ...

    def resources(self, package_id: str | None = None) -> tuple[StoredResource, ...]:
        """Return every resource, or those of one package."""
        ...


class CannotMoveError(Exception):
    """The portfolio cannot be moved as it stands: it is to be parked."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ExpectedResource:
    """One title in one package. `coverages` newest first, an open end ""; `embargo` ("", 0) for none.

    `stated`: whether a coverage statement must say what FOLIO has no field for; None: it may.
    """

    bib: SeedBib
    coverages: tuple[tuple[str, str], ...]
    embargo: tuple[str, int]
    url: str
    hidden: bool
    proxy: str | None
    stated: bool | None


@dataclass(slots=True, kw_only=True)
class ExpectedPackage:
    """One custom package, under this name or this name with something in brackets."""

    name: str
    content_type: str
    hidden: bool
    proxy: str | None
    resources: list[ExpectedResource] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class Expectation:
    """Everything FOLIO must hold, and the bibs of what cannot be moved (once for each portfolio or group of them)."""

    packages: list[ExpectedPackage] = field(default_factory=list)
    parked: list[str] = field(default_factory=list)


def expect(library: SeedLibrary, proxies: Mapping[str, str]) -> Expectation:
    """Return what a migration of the library must bring about."""
    bibs = {bib.key: bib for bib in library.bibs}
    expectation = Expectation()
    for collection in library.collections:
        hidden = bool(collection.services) and all(one.activation_status != "11" for one in collection.services)
        package = ExpectedPackage(
            name=_cleaned(collection.name_override if _has_override(collection) else collection.name),
            content_type=_content_type(collection, bibs),
            hidden=hidden,
            proxy=_proxy(collection.proxy_enabled, collection.proxy, proxies),
        )
        for key, portfolios in _by_bib(collection.services).items():
            try:
                package.resources.append(_resource(bibs[key], portfolios, hidden, proxies))
            except CannotMoveError:
                expectation.parked.append(key)
        expectation.packages.append(package)
    return expectation


def complaints(expectation: Expectation, folio: LooksInside) -> list[str]:
    """Return in words everything in which FOLIO's custom packages differ from what is expected; none: all is well."""
    found: list[str] = []
    custom = [one for one in folio.packages() if one.package.is_custom]
    found += [f"package name twice: {name}" for name in _repeated(one.package.name.casefold() for one in custom)]
    titles = [one for one in folio.titles() if one.title.is_custom]
    found += [f"title name twice: {name}" for name in _repeated(one.title.name.casefold() for one in titles)]
    found += [f"title in no package: {one.title.name}" for one in titles if not one.packages]
    left = {one.id: one for one in custom}
    for package in sorted(expectation.packages, key=lambda one: -len(one.resources)):
        stored = _best(package, left.values(), folio)
        if stored is None:
            found.append(f"no package {package.name!r}")
            continue
        del left[stored.id]
        found += _package_complaints(package, stored, folio.resources(stored.id))
    found += [f"a package too many: {one.package.name!r}" for one in left.values()]
    return found


def _best(package: ExpectedPackage, stored: Iterable[StoredPackage], folio: LooksInside) -> StoredPackage | None:
    """Return the package of this name; of several with a bracket behind it the one that holds the same addresses."""
    same = [one for one in stored if _is_name(package.name, one.package.name, 200)]
    wanted = {one.url for one in package.resources}

    def fits(one: StoredPackage) -> tuple[int, bool]:
        urls = {each.resource.url for each in folio.resources(one.id)}
        return len(wanted & urls), one.package.name == package.name

    return max(same, key=fits, default=None)


def _package_complaints(
    package: ExpectedPackage, stored: StoredPackage, resources: Sequence[StoredResource]
) -> list[str]:
    found = []
    seen = (stored.package.content_type, bool(stored.package.hidden), stored.package.proxy)
    wanted = (package.content_type, package.hidden, package.proxy)
    if seen != wanted:
        found.append(f"package {package.name!r}: {seen}, not {wanted}")
    left = list(resources)
    for one in package.resources:
        same = [each for each in left if _is_title(one.bib, each)]
        exact = [each for each in same if (each.resource.url or "") == one.url]
        same = exact if len(exact) == 1 else same
        if len(same) != 1:
            found.append(f"{package.name!r}: {len(same)} resources of {one.bib.key} {one.bib.title!r}")
        for each in same:
            left.remove(each)
            found += [f"{package.name!r}, {one.bib.title!r}: {words}" for words in _resource_complaints(one, each)]
    found += [f"{package.name!r}: a resource too many: {each.title.name!r}" for each in left]
    return found


def _resource_complaints(wanted: ExpectedResource, stored: StoredResource) -> list[str]:
    one = stored.resource
    coverages = tuple((each.begin, each.end) for each in one.custom_coverages)
    found = []
    for name, seen, meant in (
        ("coverage", coverages, wanted.coverages),
        ("embargo", (one.custom_embargo.unit, one.custom_embargo.value), wanted.embargo),
        ("url", one.url or "", wanted.url),
        ("hidden", one.is_hidden, wanted.hidden),
        ("selected", one.is_selected, True),
    ):
        if seen != meant:
            found.append(f"{name} is {seen!r}, not {meant!r}")
    # a resource always comes back with a proxy of its own after any PUT: none, where none was asked for
    if one.proxy not in ({wanted.proxy} if wanted.proxy else {None, "<n>", "EZProxy"}):
        found.append(f"proxy is {one.proxy!r}, not {wanted.proxy!r}")
    room = len(wanted.coverages) < 4
    if wanted.stated is not None and bool(one.coverage_statement) != wanted.stated and room:
        found.append(f"coverage statement is {one.coverage_statement!r}")
    return found


def _is_title(bib: SeedBib, stored: StoredResource) -> bool:
    """Return whether a resource is of the bib: a custom title by name, one of the knowledge base by an identifier."""
    title = stored.title
    if title.is_custom:
        held = {_plain(one.id) for one in title.identifiers}
        return _is_name(title_name(bib), title.name, 400) and held == {one for one in identifiers(bib) if is_valid(one)}
    return _shares(bib, stored)


def _shares(bib: SeedBib, stored: StoredResource) -> bool:
    return bool(identifiers(bib) & {_plain(one.id) for one in stored.title.identifiers})


def title_name(bib: SeedBib) -> str:
    """Return the name of a bib's custom title, before anything is put in brackets behind it."""
    return _cleaned(f"{bib.title}: {bib.subtitle}" if bib.subtitle else bib.title)


def identifiers(bib: SeedBib) -> set[str]:
    """Return the bib's numbers, plain, an ISBN-10 as the ISBN-13 it is."""
    numbers = (bib.issn_print, bib.issn_online, bib.isbn_print, bib.isbn_online)
    return {_isbn13(_plain(one)) for one in numbers if one}


def is_valid(number: str) -> bool:
    """Return whether the last sign of a plain ISSN or ISBN-13 is what the others make it; FOLIO gets no other."""
    digits = [10 if sign == "X" else int(sign) for sign in number]
    if len(number) == 8:
        return sum(digit * (8 - at) for at, digit in enumerate(digits)) % 11 == 0
    return len(number) == 13 and sum(digit * (3 if at % 2 else 1) for at, digit in enumerate(digits)) % 10 == 0


def _plain(number: str) -> str:
    return re.sub(r"[^0-9Xx]", "", number).upper()


def _isbn13(number: str) -> str:
    if len(number) != 10:
        return number
    body = "978" + number[:9]
    total = sum(int(digit) * (3 if position % 2 else 1) for position, digit in enumerate(body))
    return body + str(-total % 10)


def _is_name(wanted: str, stored: str, limit: int) -> bool:
    if stored == wanted or (len(wanted) > limit and stored.endswith("…") and wanted.startswith(stored[:-1])):
        return True
    return stored.startswith(f"{wanted} (") or (len(stored) <= limit and stored.endswith(")") and "… (" in stored)


def _cleaned(text: str) -> str:
    plain = "".join(" " if unicodedata.category(sign) == "Cc" else sign for sign in unicodedata.normalize("NFC", text))
    return " ".join(plain.split())


def _has_override(collection: SeedCollection) -> bool:
    return bool(collection.name_override) and not collection.is_local


def _content_type(collection: SeedCollection, bibs: Mapping[str, SeedBib]) -> str:
    if collection.type in ("1", "6"):
        return {"1": "Aggregated Full Text", "6": "Online Reference"}[collection.type]
    kinds = {bibs[one.bib].kind.value for service in collection.services for one in service.portfolios}
    if not kinds:
        return "Unknown"
    return {frozenset({"JOURNAL"}): "E-Journal", frozenset({"BOOK"}): "E-Book"}.get(frozenset(kinds), "Mixed Content")


def _proxy(enabled: bool, code: str, proxies: Mapping[str, str]) -> str | None:
    return proxies.get(code) if enabled else None


def _by_bib(services: Iterable[SeedService]) -> dict[str, list[tuple[SeedPortfolio, bool]]]:
    found: dict[str, list[tuple[SeedPortfolio, bool]]] = {}
    for service in services:
        for one in service.portfolios:
            found.setdefault(one.bib, []).append((one, service.activation_status == "11"))
    return found


def _resource(
    bib: SeedBib, portfolios: list[tuple[SeedPortfolio, bool]], package_hidden: bool, proxies: Mapping[str, str]
) -> ExpectedResource:
    ranges = [_effective(one) for one, _ in portfolios]
    shown = [one.available and (active or package_hidden) for one, active in portfolios]
    used = shown.index(True) if any(shown) else 0
    first = portfolios[used][0]
    united = [days for days, visible in zip(ranges, shown, strict=True) if visible or not any(shown)]
    coverages = () if any(not days for days in united) else _merged([one for days in united for one in days])
    url = _url(first)
    if len(url) > 600:
        raise CannotMoveError
    return ExpectedResource(
        bib=bib,
        coverages=tuple(_as_text(one) for one in reversed(coverages)),
        embargo=_folio_embargo(_embargo_in_use(first)),
        url=url,
        hidden=not any(shown),
        proxy=_proxy(first.proxy_enabled, first.proxy, proxies),
        stated=_stated(first) if len(portfolios) == 1 else None,
    )


def _stated(one: SeedPortfolio) -> bool | None:
    if one.coverage_in_use in "23" and one.local_coverage and one.global_coverage:
        return None
    embargo = _embargo_in_use(one)
    if embargo is not None and embargo.operator in ("<", "<="):
        return True
    ranges = {"0": one.local_coverage, "1": one.global_coverage}.get(
        one.coverage_in_use, one.local_coverage + one.global_coverage
    )
    return any(each.from_volume or each.from_issue or each.until_volume or each.until_issue for each in ranges)


def _effective(one: SeedPortfolio) -> tuple[Days, ...]:
    # all dates must exist, whichever list counts
    own = _merged([_days(each) for each in one.local_coverage])
    general = _merged([_days(each) for each in one.global_coverage])
    if one.coverage_in_use in ("0", "1"):
        return own if one.coverage_in_use == "0" else general
    if not own or not general:
        return own or general
    if one.coverage_in_use == "2":
        return _merged([*own, *general])
    common = [
        (max(left[0], right[0]), min(left[1], right[1]))
        for left in own
        for right in general
        if max(left[0], right[0]) <= min(left[1], right[1])
    ]
    if not common:
        raise CannotMoveError
    return _merged(common)


def _days(one: SeedRange) -> Days:
    try:
        begin = date(int(one.from_year), int(one.from_month or 1), int(one.from_day or 1))
        end = FOREVER
        if one.until_year:
            year, month = int(one.until_year), int(one.until_month or 12)
            end = date(year, month, int(one.until_day or calendar.monthrange(year, month)[1]))
    except ValueError:
        raise CannotMoveError from None
    if end < begin:
        raise CannotMoveError
    return begin, end


def _merged(days: Sequence[Days]) -> tuple[Days, ...]:
    merged: list[Days] = []
    for begin, end in sorted(days):
        if merged and (merged[-1][1] == FOREVER or begin <= merged[-1][1] + timedelta(1)):
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return tuple(merged)


def _as_text(days: Days) -> tuple[str, str]:
    return days[0].isoformat(), "" if days[1] == FOREVER else days[1].isoformat()


def _url(one: SeedPortfolio) -> str:
    if one.url_type != "static":
        return ""
    return (one.url_override or one.url).strip().removeprefix("jkey=")


def _embargo_in_use(one: SeedPortfolio) -> SeedEmbargo | None:
    return {"0": one.local_embargo, "1": one.global_embargo}.get(
        one.coverage_in_use, one.local_embargo or one.global_embargo
    )


def _folio_embargo(embargo: SeedEmbargo | None) -> tuple[str, int]:
    if embargo is None or embargo.operator not in (">", ">="):
        return "", 0
    years, months = int(embargo.years or 0), int(embargo.months or 0)
    more = embargo.operator == ">"
    return ("Years", years + more) if not months else ("Months", 12 * years + months + more)


def _repeated(names: Iterable[str]) -> list[str]:
    return [name for name, times in Counter(names).items() if times > 1]
