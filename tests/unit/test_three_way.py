"""The decision table of the two-way comparison, row by row and field by field, and what no table may ever do."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sync.model import (
    INHERITED,
    CoverageRange,
    Embargo,
    EmbargoKind,
    EmbargoUnit,
    Holding,
    Package,
    PartialDate,
    Proxy,
    Record,
    Title,
)
from sync.plan.three_way import (
    HOLDING_FLOWS,
    PACKAGE_FLOWS,
    TITLE_FLOWS,
    Comparison,
    Decision,
    FieldVerdict,
    Policy,
    Rules,
    Side,
    Verdict,
    compare,
)

HOLDING = Holding(key="1", package_key="2", title_key="3", url="https://a", coverage=(), coverage_statement="")
PACKAGE = Package(key="1", name="One", managed=False)
TITLE = Title(key="1", name="One")


def since(year: int) -> tuple[CoverageRange, ...]:
    return (CoverageRange(begin=PartialDate(year)),)


def months(number: int) -> Embargo:
    return Embargo(EmbargoKind.DELAY, EmbargoUnit.MONTHS, number)


VALUES: dict[str, tuple[Any, Any, Any]] = {
    "available": (True, False, None),
    "url": ("https://a", "https://b", "https://c"),
    "coverage": (since(1990), since(1991), since(1992)),
    "embargo": (None, months(6), months(12)),
    "coverage_statement": ("", "v. 1", "v. 2"),
    "public_note": ("", "ask Ida", "ask Bo"),
    "authentication_note": ("", "at the desk", "by mail"),
    "internal_description": ("", "checked", "wrong"),
    "proxy": (Proxy(enabled=False, code="<n>"), Proxy(enabled=True, code="A"), Proxy(enabled=True, code="B")),
    "access_type": ("", "current", "perpetual"),
}
"""Of each field of a holding what both agreed on, and two other values (None: there is no third)."""
FIELDS = [pytest.param(name, *values, id=name) for name, values in VALUES.items()]


def side(now: Record, before: Record | None, **fitted: Any) -> Side:
    """Return a side whose values the other one holds as they are, unless said otherwise."""
    return Side(now=now, before=before, fitted=replace(now, **fitted), fitted_before=before)


def holdings(name: str, base: Any, alma: Any, folio: Any, rules: Rules | None = None, **more: Any) -> Comparison:
    before = replace(HOLDING, **{name: base})
    return compare(
        side(replace(before, **{name: alma}), before),
        side(replace(before, **{name: folio}), before),
        rules or Rules(),
        **more,
    )


def only(found: Comparison) -> FieldVerdict:
    (one,) = found.verdicts
    return one


def test_every_field_that_travels_has_its_row_here() -> None:
    assert set(VALUES) == set(HOLDING_FLOWS)


@pytest.mark.parametrize(("name", "base", "one", "other"), FIELDS)
class TestTheTable:
    def test_same_and_same_is_nothing(self, name: str, base: Any, one: Any, other: Any) -> None:
        assert holdings(name, base, base, base).verdicts == ()
        assert holdings(name, one, one, one).verdicts == ()

    def test_changed_in_alma_goes_to_folio(self, name: str, base: Any, one: Any, other: Any) -> None:
        assert only(holdings(name, base, one, base)).verdict is Verdict.TO_FOLIO

    def test_changed_in_folio_goes_to_alma(self, name: str, base: Any, one: Any, other: Any) -> None:
        assert only(holdings(name, base, base, one)).verdict is Verdict.TO_ALMA

    def test_emptied_on_one_side_is_a_change_too(self, name: str, base: Any, one: Any, other: Any) -> None:
        assert only(holdings(name, one, base, one)).verdict is Verdict.TO_FOLIO
        assert only(holdings(name, one, one, base)).verdict is Verdict.TO_ALMA

    def test_changed_on_both_to_the_same_is_agreed(self, name: str, base: Any, one: Any, other: Any) -> None:
        assert only(holdings(name, base, one, one)).verdict is Verdict.AGREED

    def test_changed_on_both_differently_is_a_conflict(self, name: str, base: Any, one: Any, other: Any) -> None:
        if other is None:
            pytest.skip("of two values there are no two other ones")
        found = holdings(name, base, one, other)
        assert only(found).verdict is Verdict.CONFLICT
        assert [one.field for one in found.conflicts] == [name]

    @pytest.mark.parametrize(("policy", "verdict"), [(Policy.ALMA, Verdict.TO_FOLIO), (Policy.FOLIO, Verdict.TO_ALMA)])
    def test_a_policy_decides_what_both_changed(
        self, name: str, base: Any, one: Any, other: Any, policy: Policy, verdict: Verdict
    ) -> None:
        if other is None:
            pytest.skip("of two values there are no two other ones")
        for rules in (Rules(policy=policy), Rules(by_field={name: policy})):
            assert only(holdings(name, base, one, other, rules)).verdict is verdict
        assert only(holdings(name, base, one, base, Rules(policy=policy))).verdict is Verdict.TO_FOLIO
        assert only(holdings(name, base, base, one, Rules(policy=policy))).verdict is Verdict.TO_ALMA

    @pytest.mark.parametrize(
        ("decision", "verdict"),
        [(Decision.ALMA, Verdict.TO_FOLIO), (Decision.FOLIO, Verdict.TO_ALMA), (Decision.KEEP, Verdict.AGREED)],
    )
    def test_a_person_outranks_the_policy(
        self, name: str, base: Any, one: Any, other: Any, decision: Decision, verdict: Verdict
    ) -> None:
        if other is None:
            pytest.skip("of two values there are no two other ones")
        for policy in Policy:
            rules = Rules(policy=policy, decisions={name: decision})
            assert only(holdings(name, base, one, other, rules)).verdict is verdict

    def test_at_first_contact_a_gap_is_filled_and_what_differs_is_a_conflict(
        self, name: str, base: Any, one: Any, other: Any
    ) -> None:
        if name == "available":
            pytest.skip("it is never empty")
        unsettled = {"unsettled": (name,)}
        if name in ("url", "coverage"):
            base = type(base)()
        assert only(holdings(name, base, one, base, **unsettled)).verdict is Verdict.TO_FOLIO
        assert only(holdings(name, base, base, one, **unsettled)).verdict is Verdict.TO_ALMA
        assert only(holdings(name, base, one, other, **unsettled)).verdict is Verdict.CONFLICT
        assert only(holdings(name, base, one, one, **unsettled)).verdict is Verdict.AGREED
        assert only(holdings(name, base, one, other, **unsettled)).base is None


def test_at_first_contact_two_sides_that_differ_on_what_is_shown_are_a_conflict() -> None:
    alma, folio = side(HOLDING, None), side(replace(HOLDING, available=False), None)
    assert compare(alma, folio, Rules()).fields(Verdict.CONFLICT) == ("available",)
    alma, folio = side(PACKAGE, None), side(replace(PACKAGE, hidden=True), None)
    assert compare(alma, folio, Rules()).fields(Verdict.CONFLICT) == ("hidden",)


def test_a_value_that_the_other_side_holds_in_a_poorer_form_is_the_same() -> None:
    before = replace(HOLDING, coverage=since(1990))
    now = replace(HOLDING, coverage=since(1995))
    poorer = (CoverageRange(begin=PartialDate(1995, 1, 1)),)
    alma = side(now, before, coverage=poorer)
    folio = side(replace(HOLDING, coverage=poorer), replace(HOLDING, coverage=since(1990)))
    assert only(compare(alma, folio, Rules())).verdict is Verdict.AGREED


def test_what_the_other_side_cannot_hold_is_left_and_agreed_on() -> None:
    alma = side(replace(HOLDING, proxy=Proxy(enabled=True, code="X")), HOLDING, proxy=None)
    with_proxy = replace(HOLDING, proxy=Proxy(enabled=True, code="Y"))
    alma = replace(alma, before=with_proxy)
    assert only(compare(alma, side(HOLDING, HOLDING), Rules())).verdict is Verdict.NOT_IN_FOLIO
    folio = side(replace(HOLDING, access_type="b"), replace(HOLDING, access_type="c"), access_type=None)
    assert only(compare(side(HOLDING, HOLDING), folio, Rules())).verdict is Verdict.NOT_IN_ALMA
    rolling = Embargo(EmbargoKind.ROLLING, EmbargoUnit.YEARS, 1)
    alma = Side(now=replace(HOLDING, embargo=rolling), before=HOLDING, fitted=HOLDING, fitted_before=HOLDING)
    assert only(compare(alma, side(HOLDING, HOLDING), Rules())).verdict is Verdict.NOT_IN_FOLIO


def test_what_was_taken_away_is_nothing_that_the_other_side_could_not_hold() -> None:
    alma = side(replace(HOLDING, access_type=""), replace(HOLDING, access_type="a"), access_type=None)
    assert only(compare(replace(alma, tells_all=True), side(HOLDING, HOLDING), Rules())).verdict is Verdict.AGREED


def test_where_alma_is_right_an_embargo_of_folio_goes_though_alma_s_own_cannot_take_its_place() -> None:
    rolling = Embargo(EmbargoKind.ROLLING, EmbargoUnit.MONTHS, 12)
    delay = Embargo(EmbargoKind.DELAY, EmbargoUnit.MONTHS, 6)
    alma = Side(now=replace(HOLDING, embargo=rolling), before=HOLDING, fitted=HOLDING, fitted_before=HOLDING)
    folio = side(replace(HOLDING, embargo=delay), HOLDING)
    assert only(compare(alma, folio, Rules(policy=Policy.ASK))).verdict is Verdict.CONFLICT
    assert only(compare(alma, folio, Rules(policy=Policy.ALMA))).verdict is Verdict.TO_FOLIO
    assert only(compare(alma, folio, Rules(policy=Policy.FOLIO))).verdict is Verdict.TO_ALMA


def test_neither_is_asked_where_no_side_can_hold_what_the_other_has() -> None:
    alma = side(replace(HOLDING, access_type="a"), replace(HOLDING, access_type="x"), access_type=None)
    folio = side(replace(HOLDING, access_type="b"), replace(HOLDING, access_type="c"), access_type=None)
    assert only(compare(alma, folio, Rules())).verdict is Verdict.NOT_IN_FOLIO


def test_a_policy_for_the_side_whose_value_cannot_travel_leaves_both() -> None:
    alma = side(replace(HOLDING, access_type="a"), replace(HOLDING, access_type="x"), access_type=None)
    folio = side(replace(HOLDING, access_type="b"), replace(HOLDING, access_type="y"))
    assert only(compare(alma, folio, Rules())).verdict is Verdict.CONFLICT
    assert only(compare(alma, folio, Rules(policy=Policy.ALMA))).verdict is Verdict.NOT_IN_FOLIO
    assert only(compare(alma, folio, Rules(policy=Policy.FOLIO))).verdict is Verdict.TO_ALMA


@pytest.mark.parametrize("name", ["proxy", "access_type", "public_note"])
def test_what_a_side_does_not_tell_did_not_change(name: str) -> None:
    before = replace(HOLDING, **{name: VALUES[name][1]})
    untold = replace(before, **{name: None})
    for alma, folio in ((side(before, before), side(untold, before)), (side(before, before), side(before, untold))):
        assert compare(alma, folio, Rules()).verdicts == ()


@pytest.mark.parametrize("name", ["proxy", "url"])
def test_of_a_side_that_tells_all_none_is_a_value(name: str) -> None:
    """A proxy left to the level above, and an address made at each click, are what Alma says."""
    given, none = replace(HOLDING, **{name: VALUES[name][1]}), replace(HOLDING, **{name: None})
    set_now = Side(now=given, before=none, fitted=given, tells_all=True)
    assert compare(set_now, side(HOLDING, HOLDING), Rules()).fields(Verdict.TO_FOLIO) == (name,)
    taken_away = Side(now=none, before=given, fitted=none, tells_all=True)
    assert compare(taken_away, side(given, given), Rules()).fields(Verdict.AGREED) == (name,)


def test_a_proxy_that_is_inherited_fills_no_gap() -> None:
    folio = side(replace(HOLDING, proxy=INHERITED), None, proxy=None)
    assert compare(side(HOLDING, None), folio, Rules()).fields(Verdict.TO_ALMA, Verdict.CONFLICT) == ()


@pytest.mark.parametrize("name", [*TITLE_FLOWS, "content_type"])
def test_what_never_goes_to_alma_stays_in_folio(name: str) -> None:
    record: Any = PACKAGE if name in PACKAGE_FLOWS and name == "content_type" else TITLE
    values: dict[str, Any] = {
        "content_type": "E-Book",
        "publication_type": "Book",
        "identifiers": (),
        "contributors": (),
    }
    changed = replace(record, **{name: values.get(name, "Other")})
    found = compare(side(record, record), side(changed, record), Rules())
    assert found.fields(Verdict.TO_ALMA, Verdict.TO_FOLIO, Verdict.CONFLICT) == ()


def test_a_name_that_only_one_librarian_spells_in_capitals_is_the_same_at_first_contact_and_a_change_later() -> None:
    shouted = replace(PACKAGE, name="ONE")
    found = compare(side(shouted, None), side(PACKAGE, None), Rules())
    assert "name" in found.fields(Verdict.AGREED)
    assert found.conflicts == ()
    assert only(compare(side(shouted, PACKAGE), side(PACKAGE, PACKAGE), Rules())).verdict is Verdict.TO_FOLIO


def test_a_statement_made_of_almas_coverage_counts_as_folio_would_hold_it() -> None:
    before = replace(HOLDING, coverage=since(1990))
    now = replace(HOLDING, coverage=since(1991))
    alma = Side(
        now=now,
        before=before,
        fitted=replace(now, coverage_statement="v. 2 (1991)"),
        fitted_before=replace(before, coverage_statement="v. 1 (1990)"),
        tells_all=True,
    )
    folio = side(replace(before, coverage_statement="v. 1 (1990)"), replace(before, coverage_statement="v. 1 (1990)"))
    assert compare(alma, folio, Rules()).fields(Verdict.TO_FOLIO) == ("coverage", "coverage_statement")


values = {
    name: st.sampled_from([one for one in VALUES[name] if one is not None or name == "embargo"]) for name in VALUES
}
records = st.builds(lambda told: replace(HOLDING, **told), st.fixed_dictionaries(values))
rules = st.builds(
    Rules,
    policy=st.sampled_from(Policy),
    by_field=st.dictionaries(st.sampled_from(sorted(VALUES)), st.sampled_from(Policy), max_size=3),
    decisions=st.dictionaries(st.sampled_from(sorted(VALUES)), st.sampled_from(Decision), max_size=3),
)


@given(base=st.none() | records, alma=records, folio=records, by=rules)
def test_every_difference_is_written_listed_or_agreed_on_and_nothing_is_written_twice(
    base: Holding | None, alma: Holding, folio: Holding, by: Rules
) -> None:
    found = compare(side(alma, base), side(folio, base), by)
    assert len({one.field for one in found.verdicts}) == len(found.verdicts)
    told = {one.field: one.verdict for one in found.verdicts}
    for name in VALUES:
        before = getattr(base, name) if base is not None else None
        mine, theirs = getattr(alma, name), getattr(folio, name)
        verdict = told.get(name, Verdict.NOTHING)
        if base is not None and mine == theirs:
            assert verdict in (Verdict.NOTHING, Verdict.AGREED)
        elif base is not None and mine == before:
            assert verdict is Verdict.TO_ALMA, "an edit of FOLIO's librarian is never overwritten by an old value"
        elif base is not None and theirs == before:
            assert verdict is Verdict.TO_FOLIO, "an edit of Alma's librarian is never overwritten by an old value"
        elif mine != theirs and by.decisions.get(name) is not Decision.KEEP:
            assert verdict in (Verdict.CONFLICT, Verdict.TO_ALMA, Verdict.TO_FOLIO, Verdict.NOTHING)


@given(base=records, alma=records, folio=records, by=rules)
def test_both_systems_are_treated_alike(base: Holding, alma: Holding, folio: Holding, by: Rules) -> None:
    turned = {Policy.ALMA: Policy.FOLIO, Policy.FOLIO: Policy.ALMA, Policy.ASK: Policy.ASK}
    other = Rules(
        policy=turned[by.policy],
        by_field={name: turned[one] for name, one in by.by_field.items()},
        decisions={
            name: one if one is Decision.KEEP else Decision(turned[Policy(one)]) for name, one in by.decisions.items()
        },
    )
    mirrored = {Verdict.TO_ALMA: Verdict.TO_FOLIO, Verdict.TO_FOLIO: Verdict.TO_ALMA}
    one = {each.field: each.verdict for each in compare(side(alma, base), side(folio, base), by).verdicts}
    two = {each.field: each.verdict for each in compare(side(folio, base), side(alma, base), other).verdicts}
    assert {name: mirrored.get(verdict, verdict) for name, verdict in two.items()} == one


def test_a_statement_that_is_made_of_what_alma_has_is_written_though_neither_side_typed_one() -> None:
    rolling = Embargo(EmbargoKind.ROLLING, EmbargoUnit.MONTHS, 12)
    alma = Side(
        now=replace(HOLDING, embargo=rolling, coverage_statement=None),
        before=replace(HOLDING, coverage_statement=None),
        fitted=replace(HOLDING, coverage_statement="Most recent 12 months only"),
        fitted_before=replace(HOLDING, coverage_statement=None),
        tells_all=True,
    )
    found = compare(alma, side(HOLDING, HOLDING), Rules())
    assert found.fields(Verdict.TO_FOLIO) == ("coverage_statement",)
    assert found.fields(Verdict.NOT_IN_FOLIO) == ("embargo",), "FOLIO knows no rolling wall"
    first = replace(alma, before=None, fitted_before=None)
    assert "coverage_statement" in compare(first, side(HOLDING, None), Rules()).fields(Verdict.TO_FOLIO)


def numbered(volume: str) -> Holding:
    return replace(HOLDING, coverage=(replace(since(1998)[0], begin_volume=volume),), coverage_statement=None)


def test_volumes_are_a_change_of_alma_though_folio_sees_the_same_days() -> None:
    """So that a change of the days in FOLIO does not silently take the place of volumes that were just typed."""
    days = replace(HOLDING, coverage=since(1998), coverage_statement="")
    alma = Side(
        now=numbered("7"),
        before=numbered(""),
        fitted=replace(days, coverage_statement="1998 (v.7)"),
        fitted_before=replace(days, coverage_statement=None),
        tells_all=True,
    )
    alone = compare(alma, side(days, days), Rules())
    assert alone.fields(Verdict.TO_FOLIO) == ("coverage_statement",)
    moved = side(replace(days, coverage=since(2001)), days)
    both = compare(alma, moved, Rules())
    assert both.fields(Verdict.CONFLICT) == ("coverage",)
    assert both.fields(Verdict.TO_FOLIO) == (), "a statement waits for the coverage that it is made of"
    decided = compare(alma, moved, Rules(policy=Policy.ALMA))
    assert decided.fields(Verdict.TO_FOLIO) == ("coverage", "coverage_statement")
    assert compare(alma, moved, Rules(policy=Policy.FOLIO)).fields(Verdict.TO_FOLIO) == ()
    typed = replace(alma, now=replace(numbered("7"), coverage_statement="Print as well"))
    assert compare(typed, moved, Rules()).fields(Verdict.TO_FOLIO) == ("coverage_statement",)
