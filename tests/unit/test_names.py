"""Names that must be unique: stable in any order and from run to run, within the limit, changed when the record is."""

from itertools import islice

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.model import name_key
from sync.plan.names import NameClaim, name_candidates, unique_names, with_hint


def _claim(key: str, name: str, *hints: str, remembered: str = "") -> NameClaim:
    return NameClaim(key=key, name=name, hints=hints, remembered=remembered)


def test_a_name_nobody_else_wants_stays_as_it_is() -> None:
    assert unique_names([_claim("1", "Tides", "Sand Press"), _claim("2", "Dunes")], limit=400) == {
        "1": "Tides",
        "2": "Dunes",
    }


def test_of_two_with_one_name_the_second_is_told_apart_by_its_publisher() -> None:
    """Title: "two Alma bibs with the same title need a disambiguated name (publisher or year in brackets)"."""
    claims = [_claim("2", "Tides", "Sea Press"), _claim("1", "Tides", "Sand Press")]

    assert unique_names(claims, limit=400) == {"1": "Tides", "2": "Tides (Sea Press)"}


def test_more_hints_are_used_as_needed_and_the_own_id_last() -> None:
    claims = [_claim(key, "Tides", "Sea Press", "2001") for key in ("1", "2", "3", "4")]

    assert unique_names(claims, limit=400) == {
        "1": "Tides",
        "2": "Tides (Sea Press)",
        "3": "Tides (Sea Press, 2001)",
        "4": "Tides (4)",
    }


def test_names_that_differ_in_case_spacing_or_accents_only_are_one_name() -> None:
    claims = [_claim("1", "Tides"), _claim("2", "TIDES"), _claim("3", "Müller"), _claim("4", "Mu\u0308ller")]

    assert unique_names(claims, limit=400) == {"1": "Tides", "2": "TIDES (2)", "3": "Müller", "4": "Mu\u0308ller (4)"}


def test_empty_hints_are_passed_over() -> None:
    assert list(islice(name_candidates(_claim("9", "Tides", "", "2001"), 400), 3)) == [
        "Tides",
        "Tides (2001)",
        "Tides (9)",
    ]


def test_a_name_taken_by_somebody_else_is_not_given_out() -> None:
    assert unique_names([_claim("1", "Tides")], limit=400, taken={name_key("tides"): "elsewhere"}) == {"1": "Tides (1)"}
    assert unique_names([_claim("1", "Tides")], limit=400, taken={name_key("tides"): "1"}) == {"1": "Tides"}


def test_every_record_gets_a_name_even_when_its_own_id_stands_in_other_names() -> None:
    claims = [_claim("0", "Tides"), _claim("1", "Tides (2)"), _claim("2", "Tides")]

    assert unique_names(claims, limit=400) == {"0": "Tides", "1": "Tides (2)", "2": "Tides (2/2)"}


def test_a_remembered_name_is_kept_when_the_other_one_is_gone() -> None:
    """Title: the disambiguated name is "remembered on the link": nothing is renamed because a neighbour left."""
    assert unique_names([_claim("2", "Tides", "Sea Press", remembered="Tides (Sea Press)")], limit=400) == {
        "2": "Tides (Sea Press)"
    }


def test_a_newcomer_takes_no_name_from_those_who_have_one() -> None:
    claims = [_claim("1", "Tides", "Sand Press"), _claim("2", "Tides", "Sea Press", remembered="Tides")]

    assert unique_names(claims, limit=400) == {"1": "Tides (Sand Press)", "2": "Tides"}


def test_a_renamed_record_gets_a_new_name() -> None:
    claim = _claim("2", "Currents", "Sea Press", remembered="Tides (Sea Press)")

    assert unique_names([claim], limit=400) == {"2": "Currents"}


def test_a_renamed_record_takes_no_name_from_those_who_keep_theirs() -> None:
    claims = [_claim("1", "Tides", "Sand Press", remembered="Dunes"), _claim("2", "Tides", remembered="Tides")]

    assert unique_names(claims, limit=400) == {"1": "Tides (Sand Press)", "2": "Tides"}


def test_the_remembered_name_is_tried_first() -> None:
    claim = _claim("2", "Tides", "Sea Press", remembered="Tides (Sea Press)")

    assert list(islice(name_candidates(claim, 400), 3)) == ["Tides (Sea Press)", "Tides", "Tides (Sea Press)"]


def test_there_are_not_endlessly_many_candidates() -> None:
    """Each candidate may cost calls when a system refuses it."""
    assert len(list(name_candidates(_claim("2", "Tides", "a", "b"), 400))) < 15


@pytest.mark.parametrize("limit", [200, 400])
def test_a_long_name_makes_room_for_its_hint(limit: int) -> None:
    long = "word " * limit
    names = unique_names([_claim("1", long), _claim("2", long, "h" * limit)], limit=limit)

    assert all(len(name) <= limit for name in names.values())
    assert len(set(names.values())) == 2
    assert names["1"].endswith("word…")
    assert "hhh" in names["2"]


def test_a_name_exactly_at_the_limit_is_kept() -> None:
    assert unique_names([_claim("1", "x" * 200)], limit=200) == {"1": "x" * 200}
    assert with_hint("x" * 200, "2001", 200) == "x" * 192 + "… (2001)"


def test_long_names_that_differ_only_beyond_the_limit_are_told_apart() -> None:
    claims = [_claim("1", "x" * 200 + "a"), _claim("2", "x" * 200 + "b")]
    names = unique_names(claims, limit=200)

    assert names["1"] != names["2"]
    assert names["2"].endswith("(2)")


FEW_NAMES = st.sampled_from(["Tides", "TIDES", "Dunes", "Tides (Sea)", "Tides (1)", "x" * 60])
CLAIMS = st.lists(
    st.builds(
        NameClaim,
        key=st.integers(1, 9).map(str),
        name=FEW_NAMES,
        hints=st.lists(st.sampled_from(["", "Sea", "Sand", "y" * 60]), max_size=2).map(tuple),
        remembered=st.sampled_from(["", "", "Tides", "Tides (Sea)", "Tides (2)", "Dunes"]),
    ),
    max_size=7,
    unique_by=lambda claim: claim.key,
)


@given(CLAIMS, st.randoms(use_true_random=False))
@settings(max_examples=80, deadline=2000)
def test_names_are_unique_within_the_limit_and_the_same_in_any_order(claims: list[NameClaim], chance: object) -> None:
    names = unique_names(claims, limit=50)
    shuffled = list(claims)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    assert unique_names(shuffled, limit=50) == names
    assert set(names) == {claim.key for claim in claims}
    assert len({name_key(name) for name in names.values()}) == len(claims)
    assert all(len(name) <= 50 for name in names.values())


@given(CLAIMS, CLAIMS)
@settings(max_examples=80, deadline=2000)
def test_a_second_run_gives_the_names_of_the_first_to_all_who_were_there(
    claims: list[NameClaim], newcomers: list[NameClaim]
) -> None:
    first = unique_names(claims, limit=50)
    again = [_claim(one.key, one.name, *one.hints, remembered=first[one.key]) for one in claims]
    new = [_claim(f"1{one.key}", one.name, *one.hints) for one in newcomers]

    second = unique_names([*new, *again], limit=50)

    assert {key: second[key] for key in first} == first
