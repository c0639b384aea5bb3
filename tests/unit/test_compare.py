"""What differs between a record as it is and as it shall be: meanings count, spellings do not."""

from dataclasses import replace

import pytest

from sync.model import (
    Contributor,
    CoverageRange,
    Embargo,
    EmbargoKind,
    EmbargoUnit,
    Holding,
    Identifier,
    IdentifierKind,
    Medium,
    Package,
    PartialDate,
    Proxy,
    Service,
    Title,
)
from sync.plan.compare import (
    HOLDING_FIELDS,
    PACKAGE_FIELDS,
    TITLE_FIELDS,
    differences,
    fields_of,
    meaning,
    shown,
)

PACKAGE = Package(key="1", name="Tides", managed=False, content_type="E-Journal", proxy=Proxy(True, "EZP"))
TITLE = Title(
    key="2",
    name="Dunes",
    publication_type="Journal",
    identifiers=(
        Identifier(IdentifierKind.ISSN, "0317-8471", Medium.ONLINE),
        Identifier(IdentifierKind.ISSN, "2434-561X", Medium.PRINT),
    ),
    publisher="Sand Press",
    contributors=(Contributor("author", "A"), Contributor("editor", "B")),
)
YEARS = CoverageRange(begin=PartialDate(2001), end=PartialDate(2003))
MONTHS = CoverageRange(begin=PartialDate(2001, 1), end=PartialDate(2003, 12))
DAYS = CoverageRange(begin=PartialDate(2001, 1, 1), end=PartialDate(2003, 12, 31))
DELAY = Embargo(EmbargoKind.DELAY, EmbargoUnit.MONTHS, 12)
HOLDING = Holding(
    key="3",
    package_key="1",
    title_key="2",
    url="https://dunes.invalid",
    coverage=(YEARS,),
    embargo=DELAY,
    coverage_statement="",
    proxy=Proxy(False, "<n>"),
    access_type="",
    user_defined=("one", "", "", "", ""),
)


def _fields(desired: Holding, current: Holding | None) -> dict[str, tuple[object, object]]:
    return {one.field: (one.before, one.after) for one in differences(desired, current, HOLDING_FIELDS)}


@pytest.mark.parametrize("record", [PACKAGE, TITLE, HOLDING], ids=["package", "title", "holding"])
def test_equal_records_do_not_differ(record: Package | Title | Holding) -> None:
    assert differences(record, replace(record, key="other"), fields_of(record)) == ()


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Currents"), ("content_type", "E-Book"), ("hidden", True), ("proxy", Proxy(False, "<n>")),
        ("access_type", "a"),
    ],
)  # fmt: skip
def test_each_field_of_a_package_is_seen(field: str, value: object) -> None:
    """Rows Package/name, content_type, hidden, proxy, access_type."""
    current = replace(PACKAGE, access_type="")
    found = differences(replace(current, **{field: value}), current, PACKAGE_FIELDS)

    assert [one.field for one in found] == [field]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "Currents"), ("publication_type", "Book"), ("identifiers", TITLE.identifiers[:1]),
        ("publisher", "Other"), ("edition", "2nd"), ("description", "d"), ("contributors", TITLE.contributors[:1]),
    ],
)  # fmt: skip
def test_each_field_of_a_title_is_seen(field: str, value: object) -> None:
    """Rows Title/name, identifiers, publication_type, publisher, edition, contributors, description."""
    found = differences(replace(TITLE, **{field: value}), TITLE, TITLE_FIELDS)

    assert [one.field for one in found] == [field]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("available", False), ("url", "https://other.invalid"), ("coverage", ()), ("embargo", None),
        ("coverage_statement", "s"), ("proxy", Proxy(True, "EZP")), ("access_type", "a"),
    ],
)  # fmt: skip
def test_each_field_of_a_holding_is_seen(field: str, value: object) -> None:
    """Rows Holding/available, url, coverage, embargo, coverage_statement, proxy, access_type."""
    found = differences(replace(HOLDING, **{field: value}), HOLDING, HOLDING_FIELDS)

    assert [one.field for one in found] == [field]


@pytest.mark.parametrize("other", [MONTHS, DAYS])
def test_a_year_and_its_days_are_the_same_coverage(other: CoverageRange) -> None:
    """Row Holding/coverage: a poorer spelling at the other side is no change."""
    assert _fields(HOLDING, replace(HOLDING, coverage=(other,))) == {}


def test_neither_order_nor_overlap_of_ranges_is_a_difference() -> None:
    later = CoverageRange(begin=PartialDate(2010))
    touching = CoverageRange(begin=PartialDate(2004), end=PartialDate(2005))
    whole = CoverageRange(begin=PartialDate(2001), end=PartialDate(2005))

    assert _fields(replace(HOLDING, coverage=(YEARS, later)), replace(HOLDING, coverage=(later, YEARS))) == {}
    assert _fields(replace(HOLDING, coverage=(touching, YEARS)), replace(HOLDING, coverage=(whole,))) == {}


def test_an_open_end_is_not_an_end() -> None:
    open_ended = CoverageRange(begin=PartialDate(2001))

    assert _fields(replace(HOLDING, coverage=(open_ended,)), HOLDING) == {
        "coverage": (("2001 – 2003",), ("2001 –",)),
    }


def test_neither_order_of_identifiers_nor_of_people_is_a_difference() -> None:
    turned = replace(TITLE, identifiers=TITLE.identifiers[::-1], contributors=(TITLE.contributors or ())[::-1])

    assert differences(turned, TITLE, TITLE_FIELDS) == ()


def test_twelve_months_and_a_year_differ() -> None:
    year = Embargo(EmbargoKind.DELAY, EmbargoUnit.YEARS, 1)

    assert _fields(replace(HOLDING, embargo=year), HOLDING) == {
        "embargo": ("not the most recent 12 months", "not the most recent 1 year")
    }


@pytest.mark.parametrize("field", ["url", "coverage_statement", "proxy", "access_type"])
def test_what_is_not_said_is_left_alone(field: str) -> None:
    current = replace(HOLDING, coverage_statement="kept", proxy=Proxy(True, "EZP"), access_type="a")

    assert _fields(replace(current, **{field: None}), current) == {}


def test_an_embargo_that_is_gone_is_cleared() -> None:
    """None is no embargo, not "not said": FOLIO clears it when it is left out (facts: folio §2.1)."""
    assert _fields(replace(HOLDING, embargo=None), HOLDING) == {"embargo": ("not the most recent 12 months", None)}


def test_an_empty_text_clears_and_a_text_not_said_does_not() -> None:
    current = replace(HOLDING, coverage_statement="old", user_defined=("one", "two", "", "", ""))
    desired = replace(current, coverage_statement="", user_defined=("", None, "new", "", None))

    assert _fields(desired, current) == {
        "coverage_statement": ("old", ""),
        "userDefinedField1": ("one", ""),
        "userDefinedField3": ("", "new"),
    }


def test_a_new_record_lists_every_filled_field_and_no_empty_one() -> None:
    assert _fields(HOLDING, None) == {
        "available": (None, True),
        "url": (None, "https://dunes.invalid"),
        "coverage": (None, ("2001 – 2003",)),
        "embargo": (None, "not the most recent 12 months"),
        "proxy": (None, "none"),
        "userDefinedField1": (None, "one"),
    }


def test_a_new_holding_that_is_not_available_says_so() -> None:
    assert _fields(replace(HOLDING, available=False), None)["available"] == (None, False)


def test_a_field_the_current_reading_does_not_tell_counts_when_it_is_filled() -> None:
    listed = replace(HOLDING, proxy=None, access_type=None)

    assert _fields(replace(HOLDING, access_type=""), listed) == {"proxy": (None, "none")}


def test_a_service_has_no_field_that_flows() -> None:
    """Row Package/services: kept on the Alma side."""
    assert not {"type_code", "key"} & set(fields_of(Service(key="1", package_key="2")))
    assert "services" not in PACKAGE_FIELDS


def test_values_are_shown_in_words() -> None:
    assert shown(TITLE.identifiers) == ("ISSN 0317-8471 (online)", "ISSN 2434-561X (print)")
    assert shown(TITLE.contributors) == ("A (author)", "B (editor)")
    assert shown(Proxy(True, "EZP")) == "EZP"
    assert shown(None) is None
    assert shown(("a", "b")) == ("a", "b")


def test_tags_mean_the_same_in_any_order() -> None:
    assert meaning(("a", "b")) == meaning(("b", "a"))
    assert meaning(("a",)) != meaning(())
