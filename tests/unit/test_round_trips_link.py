"""There and back through the link: what one side holds more precisely returns home unharmed."""

from dataclasses import replace
from typing import Any

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from sync.alma import fit as to_alma
from sync.alma.bodies import Parents, changed_portfolio, new_portfolio
from sync.errors import DataError
from sync.folio import fit as to_folio
from sync.folio.bodies import package_post, package_put, resource_put
from sync.folio.mapping import holding_from_wire, listed, package_from_wire
from sync.model import Holding, Package, Proxy, System
from sync.plan.changes import FitHolding
from sync.plan.compare import (
    ALMA_HOLDING_FIELDS,
    ALMA_PACKAGE_FIELDS,
    HOLDING_FIELDS,
    differences,
    fields_of,
    meaning,
)
from sync.plan.return_home import Base, returned
from tests.support.canonical import (
    ADDRESSES,
    ALMA_PACKAGES,
    DELAYS,
    EVERY_CODE,
    FOLIO_HOLDINGS,
    NOTES,
    OTHER_UUID,
    READABLE_PORTFOLIOS,
    UUID,
    WORDS,
    alma_maps,
    days_of_folio,
    folio_maps,
    read_portfolio,
)
from tests.support.stored import FRESH, alma_stores, folio_stores_package, folio_stores_resource, unsaid

PARENTS = Parents(mms_id="99", collection_id="61", service_id="62")
NEWER = {"visibility": [], "url": "", "customDescription": ""}
some = settings(max_examples=100, deadline=None)


def _in_folio(holding: Holding, notes: dict[str, int]) -> tuple[Holding, Holding]:
    """Return Alma's holding as FOLIO was to have it, and as FOLIO tells it by id; both with their notes in place."""
    maps = alma_maps(notes)
    meant = to_folio.fit_holding(holding, folio_maps(notes)).record
    stored = holding_from_wire(folio_stores_resource(resource_put(meant, folio_stores_resource(FRESH)).body()))
    return to_alma.source_words(meant, maps), to_alma.source_words(stored, maps)


def _readable(raw: dict[str, Any]) -> bool:
    try:
        to_folio.fit_holding(read_portfolio(raw), folio_maps({}))
    except DataError:
        return False
    return True


IN_BOTH = READABLE_PORTFOLIOS.filter(_readable)


def _back(source: Holding, base: Base, notes: dict[str, int]) -> FitHolding:
    fit = to_alma.fit_holding(source, alma_maps(notes), EVERY_CODE)
    return replace(fit, record=returned(fit.record, source, base, ALMA_HOLDING_FIELDS))


def _of(record: Holding | Package, fields: tuple[str, ...]) -> dict[str, object]:
    return {name: getattr(record, name) for name in fields}


@given(IN_BOTH, st.sampled_from(NOTES), st.booleans(), st.booleans())
@some
def test_what_nobody_edited_in_folio_is_almas_own_again(
    raw: dict[str, Any], notes: dict[str, int], known_by_id: bool, in_full: bool
) -> None:
    """Years, volumes, rolling walls, twelve months: as they were. Whether lists or single records are compared."""
    own = read_portfolio(raw)
    meant, stored = _in_folio(own, notes)
    base = Base(target=own, source_listed=listed(stored), source_full=stored if known_by_id else meant)

    home = _back(stored if in_full else listed(stored), base, notes).record

    assert _of(home, ALMA_HOLDING_FIELDS) == _of(own, ALMA_HOLDING_FIELDS)
    assert differences(home, own, ALMA_HOLDING_FIELDS) == ()


EDITS: dict[str, st.SearchStrategy[Any]] = {
    "available": st.booleans(),
    "url": ADDRESSES,
    "coverage": days_of_folio(),
    "embargo": st.none() | DELAYS,
    "coverage_statement": WORDS,
    "proxy": st.sampled_from([to_folio.NO_PROXY, "EZProxy", "vpn"]),
    "access_type": st.sampled_from([UUID, OTHER_UUID]),
    "public_note": WORDS,
    "authentication_note": WORDS,
    "internal_description": WORDS,
}


@st.composite
def edits(draw: st.DrawFn) -> tuple[str, Any]:
    """One field and the value a person in FOLIO gave it."""
    field = draw(st.sampled_from(sorted(EDITS)))
    value = draw(EDITS[field])
    if field == "proxy":
        value = Proxy(value != to_folio.NO_PROXY, value)
    return field, value


@given(IN_BOTH, st.sampled_from(NOTES), edits(), st.booleans())
@settings(max_examples=150, deadline=None)
def test_of_one_edit_in_folio_alma_gets_just_that(
    raw: dict[str, Any], notes: dict[str, int], edit: tuple[str, Any], known_by_id: bool
) -> None:
    """All else is Alma's own, in the plan and once it is written: years, volumes, walls, global lists in use."""
    field, value = edit
    own = read_portfolio(raw)
    meant, stored = _in_folio(own, notes)
    assume(getattr(stored, field) is not None or field == "embargo")
    assume(meaning(value) != meaning(getattr(stored, field)))
    base = Base(target=own, source_listed=listed(stored), source_full=stored if known_by_id else meant)
    assume(field not in ("proxy", "access_type") or getattr(base.source_full, field) is not None)
    edited = replace(stored, **{field: value})

    fit = _back(edited, base, notes)
    home = fit.record

    others = tuple(name for name in ALMA_HOLDING_FIELDS if name != field)
    assert _of(home, others) == _of(own, others)
    assert unsaid(edited, fit, (field,), {**alma_maps({}).proxies, **alma_maps({}).access_types}) == []
    changed = differences(home, own, ALMA_HOLDING_FIELDS)
    assert {one.field for one in changed} <= {field}

    assume(raw["is_local"] is not False or field != "url" or value)
    body = changed_portfolio(raw, home, own, frozenset(one.field for one in changed), EVERY_CODE)
    written = read_portfolio(alma_stores(body))
    assert _of(written, others) == _of(own, others)
    assert differences(home, written, ALMA_HOLDING_FIELDS) == ()


@given(ALMA_PACKAGES, st.booleans(), st.sampled_from(["name", "url", "description", "access_type", "proxy", ""]))
@some
def test_a_collection_comes_home_with_just_the_one_edit_of_folio(own: Package, newer: bool, field: str) -> None:
    maps = folio_maps({}, package_texts=newer)
    meant = to_folio.fit_package(own, maps).record
    created = folio_stores_package(package_post(meant).body(), **(NEWER if newer else {}))
    stored = package_from_wire(folio_stores_package(package_put(meant, created).body(), created))
    base = Base(target=own, source_listed=listed(stored), source_full=stored)
    value = {"access_type": OTHER_UUID, "proxy": Proxy(True, "vpn"), "": None}.get(field, "https://new.invalid")
    edited = replace(stored, **{field: value}) if field and getattr(stored, field) is not None else stored

    fitted = to_alma.fit_package(edited, alma_maps({}), EVERY_CODE, ()).record
    home = returned(fitted, edited, base, ALMA_PACKAGE_FIELDS)

    others = tuple(name for name in ALMA_PACKAGE_FIELDS if name != field or edited is stored)
    assert _of(home, others) == _of(own, others)
    assert edited is stored or getattr(home, field) == getattr(fitted, field) is not None


@given(FOLIO_HOLDINGS, st.sampled_from(NOTES))
@some
def test_what_nobody_edited_in_alma_is_folios_own_again(own: Holding, notes: dict[str, int]) -> None:
    """FOLIO → Alma → FOLIO: through the link as it was; without it, what differs was said on the way."""
    here = to_alma.source_words(own, alma_maps(notes))
    there = to_alma.fit_holding(here, alma_maps(notes), EVERY_CODE)
    raw = alma_stores(new_portfolio(there.record, PARENTS, ""), "53")
    fields = fields_of(own, System.ALMA)
    stored = read_portfolio(
        alma_stores(changed_portfolio(raw, there.record, read_portfolio(raw), frozenset(fields), EVERY_CODE))
    )
    back = to_folio.fit_holding(stored, folio_maps(notes))
    base = Base(target=own, source_listed=stored, source_full=stored)

    home = returned(back.record, stored, base, HOLDING_FIELDS)

    assert _of(home, HOLDING_FIELDS) == _of(own, HOLDING_FIELDS)
    said = {loss.field for loss in (*there.losses, *back.losses)}
    for number, note in ((number, note) for note, number in notes.items()):
        said |= {f"userDefinedField{number}"} if note in said else set()
    told = tuple(name for name in HOLDING_FIELDS if name == "embargo" or getattr(own, name) is not None)
    assert {one.field for one in differences(back.record, own, told)} <= said
