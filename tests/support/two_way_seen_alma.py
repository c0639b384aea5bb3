"""What a practice Alma shows, read from its state without the product's code."""

import calendar
from collections.abc import Sequence
from datetime import date

from sync.model import System
from sync.sandbox.alma import PracticeAlma
from sync.sandbox.alma.records import Bib, Collection, Portfolio, Service, Values
from tests.support.two_way_seen import Days, Shown, ShownHolding, ShownPackage, merged, title_key

AVAILABLE = "11"
MARK = "[FOLIO coverage: "
"""Begins, behind a public note, the coverage statement that FOLIO's librarians typed."""


def shown_in_alma(alma: PracticeAlma) -> Shown:
    """Return what Alma shows."""
    found = [_collection(one) for one in alma.state.collections.values()]
    return Shown(System.ALMA, {one.id: one for one in found})


def _collection(one: Collection) -> ShownPackage:
    services = list(one.services.values())
    hidden = bool(services) and not any(map(_active, services))
    override = "" if one.is_local else one.values.get("public_name_override", "")
    by_title: dict[str, list[Portfolio]] = {}
    for service in services:
        for portfolio in service.portfolios.values():
            by_title.setdefault(title_of_bib(portfolio.bib), []).append(portfolio)
    return ShownPackage(
        id=one.id,
        ids=frozenset([one.id, *one.services]),
        name=override or one.values["public_name"],
        hidden=hidden,
        managed=not one.is_local,
        services=len(services),
        holdings={key: _portfolios(found, package_hidden=hidden) for key, found in by_title.items()},
    )


def _active(service: Service) -> bool:
    return bool(service.values.get("activation_status", AVAILABLE) == AVAILABLE)


def _portfolios(found: Sequence[Portfolio], *, package_hidden: bool) -> ShownHolding:
    """Return one holding of several portfolios: the first that is shown speaks, what is shown covers together."""

    def is_shown(one: Portfolio) -> bool:
        opened = package_hidden or one.service is None or _active(one.service)
        return opened and one.values.get("availability", AVAILABLE) == AVAILABLE

    ordered = sorted(found, key=lambda one: (not is_shown(one), not _address(one.values), one.id))
    first = ordered[0]
    covering = [_coverage(one.values) for one in ordered if is_shown(one)] or [_coverage(one.values) for one in ordered]
    note, _, marked = str(first.values.get("public_note", "")).partition(MARK)
    embargo = _wall(first.values)
    return ShownHolding(
        own=frozenset(one.id for one in found),
        ids=frozenset(part for one in found for part in (one.id, one.bib.mms_id)),
        available=is_shown(first),
        url=_address(first.values),
        coverage=() if not all(covering) else merged([days for each in covering for days in each]),
        embargo=embargo,
        statement=marked.strip().removesuffix("]"),
        note=note.strip(),
        several=len(found) > 1,
        told=embargo.startswith("last") or any(_numbered(one.values) for one in found),
    )


def title_of_bib(bib: Bib) -> str:
    """Return the key of a bib's title: the first of its numbers."""
    texts = bib.record.texts
    return title_key([*texts("022", "a"), *texts("020", "a"), *texts("776", "xz")], bib.record.title)


def _address(values: Values) -> str:
    linking = values.get("linking_details", {})
    return str(linking.get("static_url_override") or linking.get("static_url") or "").removeprefix("jkey=")


def _rows(values: Values, level: str) -> list[Values]:
    return list(values.get("coverage_details", {}).get(f"{level}_date_coverage_parameters") or ())


def _numbered(values: Values) -> bool:
    parts = ("from_volume", "from_issue", "until_volume", "until_issue")
    return any(row.get(part) for level in ("local", "global") for row in _rows(values, level) for part in parts)


def _in_use(values: Values) -> str:
    return str(values.get("coverage_details", {}).get("coverage_in_use") or "0")


def _coverage(values: Values) -> tuple[Days, ...]:
    own, general = (merged([_days(row) for row in _rows(values, level)]) for level in ("local", "global"))
    in_use = _in_use(values)
    if in_use in ("0", "1"):
        return own if in_use == "0" else general
    return merged([*own, *general]) if in_use == "2" or not own or not general else _common(own, general)


def _common(own: Sequence[Days], general: Sequence[Days]) -> tuple[Days, ...]:
    def end(days: Days) -> str:
        return days[1] or "9999"

    both = [(max(one[0], other[0]), min(one, other, key=end)[1]) for one in own for other in general]
    return merged([days for days in both if days[0] <= end(days)])


def _days(row: Values) -> Days:
    begin = date(int(row["from_year"]), int(row.get("from_month") or 1), int(row.get("from_day") or 1))
    if not row.get("until_year"):
        return begin.isoformat(), ""
    year, month = int(row["until_year"]), int(row.get("until_month") or 12)
    return begin.isoformat(), date(
        year, month, int(row.get("until_day") or calendar.monthrange(year, month)[1])
    ).isoformat()


def _wall(values: Values) -> str:
    details = values.get("coverage_details", {})
    own, general = details.get("local_embargo_information"), details.get("global_embargo_information")
    wall = {"0": own, "1": general}.get(_in_use(values), own or general) or {}
    months = 12 * int(wall.get("number_of_years") or 0) + int(wall.get("number_of_months") or 0)
    if not months:
        return ""
    return f"{months} months" if wall["embargo_operator"] in (">", ">=") else f"last {months} months"
