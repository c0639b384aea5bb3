"""Values that return home: what a side did not change goes back as the other side had it."""

from dataclasses import replace
from typing import Any

import pytest

from sync.model import (
    CoverageRange,
    Embargo,
    EmbargoKind,
    EmbargoUnit,
    Holding,
    PartialDate,
    Proxy,
    UserDefined,
)
from sync.plan.compare import ALMA_HOLDING_FIELDS
from sync.plan.return_home import Base, held_back, returned

YEAR = Embargo(EmbargoKind.DELAY, EmbargoUnit.YEARS, 1)
MONTHS = Embargo(EmbargoKind.DELAY, EmbargoUnit.MONTHS, 12)
WALL = Embargo(EmbargoKind.ROLLING, EmbargoUnit.YEARS, 10)
VOLUMES = CoverageRange(begin=PartialDate(2001), end=PartialDate(2003), begin_volume="1")
DAYS = CoverageRange(begin=PartialDate(2001, 1, 1), end=PartialDate(2003, 12, 31))
LATER = CoverageRange(begin=PartialDate(2005, 1, 1))
OWN = Holding(
    key="53",
    package_key="61",
    title_key="99",
    url=None,
    coverage=(VOLUMES,),
    embargo=WALL,
    proxy=Proxy(True, "EZP"),
    access_type="perpetual",
)
IN_FOLIO = Holding(
    key="1-2-17",
    package_key="1-2",
    title_key="17",
    url="",
    coverage=(DAYS,),
    coverage_statement="2001 (v.1) – 2003. Most recent 10 years only",
    proxy=Proxy(True, "EZProxy"),
    access_type="",
    public_note=None,
    authentication_note=None,
    internal_description=None,
)
BASE = Base(target=OWN, source_listed=replace(IN_FOLIO, proxy=None, access_type=None), source_full=IN_FOLIO)


def _returned(base: Base = BASE, **edited: Any) -> Holding:
    now = replace(IN_FOLIO, **edited)
    return returned(now, now, base, ALMA_HOLDING_FIELDS)


def _differing(home: Holding) -> list[str]:
    return [name for name in ALMA_HOLDING_FIELDS if getattr(home, name) != getattr(OWN, name)]


def test_what_nobody_edited_is_as_it_was_at_home() -> None:
    """design: the comparison — precision, volumes, rolling walls do not look like a change."""
    home = _returned()

    assert _differing(home) == []
    assert (home.key, home.package_key) == ("1-2-17", "1-2")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("available", False),
        ("url", "https://new.invalid"),
        ("coverage", (LATER,)),
        ("coverage", ()),
        ("embargo", YEAR),
        ("coverage_statement", ""),
        ("proxy", Proxy(False, "<n>")),
        ("access_type", "66d0b0c7"),
    ],
)
def test_one_edit_is_one_difference(field: str, value: Any) -> None:
    home = _returned(**{field: value})

    assert _differing(home) == [field]
    assert getattr(home, field) == value


def test_the_same_days_spelled_otherwise_are_no_edit() -> None:
    """Equal in meaning: the order and the spelling of dates do not count."""
    assert _differing(_returned(coverage=(CoverageRange(begin=PartialDate(2001), end=PartialDate(2003)),))) == []


@pytest.mark.parametrize("now", [None, YEAR])
def test_an_embargo_that_is_gone_or_spelled_otherwise_is_an_edit(now: Embargo | None) -> None:
    """Twelve months are not a year (facts: domain §3), and None says that there is no embargo."""
    base = Base(
        target=OWN, source_listed=replace(IN_FOLIO, embargo=MONTHS), source_full=replace(IN_FOLIO, embargo=MONTHS)
    )

    assert _returned(base, embargo=now).embargo == now
    assert _returned(base, embargo=MONTHS).embargo == WALL


@pytest.mark.parametrize("field", ["proxy", "access_type"])
def test_what_a_list_does_not_tell_did_not_change(field: str) -> None:
    """facts: folio §1.5, §2.4 — lists leave out proxies."""
    assert _differing(_returned(**{field: None})) == []


def test_what_only_the_record_by_id_told_is_compared_with_that() -> None:
    assert _differing(_returned(proxy=Proxy(True, "vpn"))) == ["proxy"]


def test_what_was_never_told_is_not_known_to_have_changed() -> None:
    untold = replace(BASE, source_full=replace(IN_FOLIO, proxy=None))

    assert _differing(_returned(untold, proxy=Proxy(True, "vpn"))) == []


def test_fields_that_do_not_flow_are_the_sources_fitted_ones() -> None:
    assert returned(IN_FOLIO, IN_FOLIO, BASE, ()) == IN_FOLIO


def test_a_base_moves_in_all_but_the_fields_that_wait() -> None:
    fields: UserDefined = ("was", None, None, None, None)
    before = Holding(key="1", package_key="2", title_key="3", url="https://was", public_note="was", user_defined=fields)
    now = replace(before, url="https://is", public_note="is", available=False, user_defined=("is", "", "", "", ""))
    assert held_back(now, before, ()) == now
    assert held_back(now, before, ("url",)) == replace(now, url="https://was")
    waiting = held_back(now, before, ("public_note",))
    assert waiting == replace(now, public_note="was", user_defined=fields), "a note stands in one of FOLIO's fields"
