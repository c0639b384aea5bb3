"""What an institution's codes mean: the configuration has the last word, then its code tables, then what is known."""

from typing import Any

import pytest

from sync.alma.codes import (
    AlmaCodes,
    CoverageInUse,
    Operator,
    interpret,
    read_coverage_description,
    read_operator_description,
    write_codes,
)
from sync.model import PUBLICATION_TYPES, EmbargoKind


def _codes(**values: Any) -> AlmaCodes:
    names = ("coverage_table", "operator_table", "coverage_in_use", "embargo_operators", "material_types")
    return interpret(**{name: values.get(name, {}) for name in names})


@pytest.mark.parametrize(
    ("description", "meaning"),
    [
        ("Only local", CoverageInUse.LOCAL),
        ("Only global", CoverageInUse.GLOBAL),
        ("Global and local", CoverageInUse.BOTH),
        ("Local AND Global (both)", CoverageInUse.BOTH),
        ("Global or local", CoverageInUse.EITHER),
        ("Local, or global", CoverageInUse.EITHER),
        ("Global/local", None),
        ("Only local.", CoverageInUse.LOCAL),
        ("Nur lokal", None),
        ("", None),
        ("Locality", None),
    ],
)
def test_coverage_in_use_is_read_from_its_english_description(description: str, meaning: CoverageInUse | None) -> None:
    assert read_coverage_description(description) is meaning


@pytest.mark.parametrize(
    ("description", "meaning"),
    [
        ("Most recent period is not available", Operator(EmbargoKind.DELAY)),
        ("Most recent unavailable", Operator(EmbargoKind.DELAY)),
        ("Only the most recent is not available", Operator(EmbargoKind.DELAY)),
        ("Delay", Operator(EmbargoKind.DELAY)),
        ("Available when older than", Operator(EmbargoKind.DELAY, 1)),
        ("Available when as old as or older than", Operator(EmbargoKind.DELAY)),
        ("Only most recent available", Operator(EmbargoKind.ROLLING)),
        ("Available when younger than", Operator(EmbargoKind.ROLLING, -1)),
        ("Available when as old as or younger than", Operator(EmbargoKind.ROLLING)),
        ("Available", None),
        (">", None),
        (">=", None),
        ("", None),
    ],
)
def test_an_operator_is_read_from_its_english_description(description: str, meaning: Operator | None) -> None:
    assert read_operator_description(description) == meaning


@pytest.mark.parametrize(
    ("table", "delay", "rolling"),
    [
        ({}, (">=", 0), ("<=", 0)),
        ({">": ">", "<": "<"}, (">", 1), ("<", -1)),
        ({"OLD": "Most recent not available", "NEW": "Only the most recent is available"}, ("OLD", 0), ("NEW", 0)),
        ({"=": "Available when exactly as old as"}, ("", 0), ("", 0)),
    ],
)
def test_a_wall_is_written_with_the_code_that_says_its_number_or_with_what_that_adds(
    table: dict[str, str], delay: tuple[str, int], rolling: tuple[str, int]
) -> None:
    written = write_codes(_codes(operator_table=table), material_table=(), access_type_table={}, access_type="")
    assert (written.delay, written.delay_more) == delay
    assert (written.rolling, written.rolling_more) == rolling


def test_without_tables_and_maps_what_is_known_counts() -> None:
    codes = _codes()

    assert codes == AlmaCodes()
    assert codes.coverage_in_use == {
        "0": CoverageInUse.LOCAL,
        "1": CoverageInUse.GLOBAL,
        "2": CoverageInUse.BOTH,
        "3": CoverageInUse.EITHER,
    }


def test_the_institutions_table_goes_before_what_is_known() -> None:
    """facts: alma §2c — the order of the codes 1, 2, 3 is unverified; the table tells."""
    codes = _codes(
        coverage_table={"0": "Only local", "2": "Global or local", "3": "Global and local", "8": "Only global"},
        operator_table={">": "Only the most recent is available", "X": "Most recent not available"},
    )

    assert codes.coverage_in_use["2"] is CoverageInUse.EITHER
    assert codes.coverage_in_use["3"] is CoverageInUse.BOTH
    assert codes.coverage_in_use["8"] is CoverageInUse.GLOBAL
    assert codes.embargo_operators[">"].kind is EmbargoKind.ROLLING
    assert codes.embargo_operators["X"].kind is EmbargoKind.DELAY


def test_a_description_in_other_words_leaves_what_is_known() -> None:
    codes = _codes(coverage_table={"1": "Nur global erfasst", "9": "???"}, operator_table={">": "größer", "Y": "?"})

    assert codes.coverage_in_use["0"] is CoverageInUse.LOCAL
    assert "9" not in codes.coverage_in_use
    assert codes.embargo_operators[">"].kind is EmbargoKind.DELAY
    assert "Y" not in codes.embargo_operators


def test_the_configuration_has_the_last_word() -> None:
    codes = _codes(
        coverage_table={"2": "Global or local"},
        operator_table={">": "Most recent not available"},
        coverage_in_use={"2": "global", "9": "both"},
        embargo_operators={">": "rolling", "Z": "delay"},
        material_types={"DOCUMENT": "Report", "BOOK": "Report"},
    )

    assert codes.coverage_in_use["2"] is CoverageInUse.GLOBAL
    assert codes.coverage_in_use["9"] is CoverageInUse.BOTH
    assert codes.embargo_operators[">"].kind is EmbargoKind.ROLLING
    assert codes.embargo_operators["Z"].kind is EmbargoKind.DELAY
    assert codes.publication_types["DOCUMENT"] == "Report"
    assert codes.publication_types["BOOK"] == "Report"
    assert codes.publication_types["JOURNAL"] == "Journal"


def test_one_institutions_codes_do_not_change_anothers() -> None:
    _codes(coverage_in_use={"0": "both"}, embargo_operators={">": "rolling"}, material_types={"JOURNAL": "Book"})

    assert AlmaCodes().coverage_in_use["0"] is CoverageInUse.LOCAL
    assert AlmaCodes().embargo_operators[">"] == Operator(EmbargoKind.DELAY, 1)
    assert AlmaCodes().publication_types["JOURNAL"] == "Journal"


def test_every_material_type_known_is_one_of_folios_publication_types() -> None:
    """Row Title/publication_type."""
    assert set(AlmaCodes().publication_types.values()) <= set(PUBLICATION_TYPES)
