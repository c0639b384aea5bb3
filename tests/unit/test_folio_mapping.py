"""FOLIO's answers in canonical form, canonical records as the bodies FOLIO takes, and both ways round unchanged."""

from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.errors import DataError
from sync.folio import wire
from sync.folio.bodies import (
    needs_details,
    package_post,
    package_put,
    resource_post,
    resource_put,
    tags_put,
    title_post,
    title_put,
)
from sync.folio.fit import FolioMaps, fit_holding
from sync.folio.mapping import holding_from_wire, listed, package_from_wire, title_from_resource, title_from_wire
from sync.model import (
    PUBLICATION_TYPES,
    Contributor,
    CoverageRange,
    DayRange,
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
    Title,
    day_ranges,
    parse_isbn,
)
from sync.plan.compare import differences, fields_of
from tests.support import folio_schemas

needs_schemas = pytest.mark.skipif(not folio_schemas.available(), reason=folio_schemas.REASON)

PACKAGE_ID, TITLE_ID = "123355-2868997", "17059786"
RESOURCE_ID = f"{PACKAGE_ID}-{TITLE_ID}"
UUID = "66d0b0c7-9a9d-4b0a-8a3e-1d0d8a1f6f11"
CONTENT_TYPES = (
    "Aggregated Full Text", "Abstract and Index", "E-Book", "E-Journal", "Print", "Unknown", "Online Reference",
    "Streaming Media", "Mixed Content",
)  # fmt: skip

PACKAGE = Package(
    key=PACKAGE_ID,
    name="Tides",
    managed=False,
    content_type="E-Journal",
    proxy=Proxy(True, "EZP"),
    access_type="",
    url=None,
    description=None,
)
NEWER = {"visibilityData": None, "visibility": [], "url": "", "customDescription": ""}
"""How interface 5.0 answers where 4.0 has `visibilityData` (facts: folio §1.4)."""
TITLE = Title(
    key=TITLE_ID,
    name="Dunes",
    publication_type="Journal",
    identifiers=(Identifier(IdentifierKind.ISSN, "0317-8471", Medium.ONLINE),),
    publisher="Sand Press",
    edition="2nd",
    description="On sand",
    contributors=(Contributor("author", "Smith, J"),),
)
HOLDING = Holding(
    key=RESOURCE_ID,
    package_key=PACKAGE_ID,
    title_key=TITLE_ID,
    url="https://dunes.invalid",
    coverage=(DayRange(date(2010, 1, 1)).as_coverage(), DayRange(date(2001, 1, 1), date(2003, 12, 31)).as_coverage()),
    embargo=Embargo(EmbargoKind.DELAY, EmbargoUnit.MONTHS, 12),
    coverage_statement="",
    proxy=Proxy(False, "<n>"),
    access_type="",
    user_defined=("", "", "", "", ""),
)


# FOLIO's side, from its published shapes (facts: folio §1.5): what it answers to a body it took


def _answer(kind: str, key: str, attributes: dict[str, Any], access_type: str | None = None) -> dict[str, Any]:
    relation: dict[str, Any] = {"meta": {"included": bool(access_type)}}
    if access_type:
        relation["data"] = {"type": "accessTypes", "id": access_type}
    return {"id": key, "type": kind, "attributes": attributes, "relationships": {"accessType": relation}}


def _stored_package(body: dict[str, Any], **more: Any) -> wire.Package:
    told = body["data"]["attributes"]
    answer = {
        "name": told["name"],
        "packageId": 2868997,
        "isCustom": True,
        "providerId": 123355,
        "providerName": "API DEV GOVERNMENT CUSTOMER",
        "titleCount": 0,
        "isSelected": told.get("isSelected", True),
        "selectedCount": 0,
        "packageType": "Custom",
        "contentType": told["contentType"],
        "customCoverage": told.get("customCoverage", {"beginCoverage": "", "endCoverage": ""}),
        "visibilityData": {"isHidden": told.get("visibilityData", {}).get("isHidden", False), "reason": ""},
        "proxy": told.get("proxy", {"id": "<n>", "inherited": True}),
        "allowKbToAddTitles": False,
        "tags": {"tagList": []},
        **more,
    }
    return wire.Package.model_validate(_answer("packages", PACKAGE_ID, answer, told.get("accessTypeId")))


def _stored_title(body: dict[str, Any], **more: Any) -> wire.Title:
    told = {key: value for key, value in body["data"]["attributes"].items() if value not in ("", None)}
    answer = {"subjects": [], "alternateTitles": [], "isTitleCustom": True, "identifiers": [], "contributors": []}
    return wire.Title.model_validate(_answer("titles", TITLE_ID, {**answer, **told, **more}))


def _stored_resource(body: dict[str, Any], **more: Any) -> wire.Resource:
    told = body["data"]["attributes"]
    newest_first = sorted(told.get("customCoverages", []), key=lambda one: str(one["beginCoverage"]), reverse=True)
    answer = {
        "titleId": int(TITLE_ID),
        "name": "Dunes",
        "publicationType": "Journal",
        "isTitleCustom": True,
        "packageId": PACKAGE_ID,
        "packageName": "Tides",
        "isPackageCustom": True,
        "providerId": 123355,
        "isSelected": told["isSelected"],
        "proxy": told.get("proxy", {"id": "<n>", "inherited": True}),
        "managedCoverages": [],
        "customCoverages": newest_first,
        "managedEmbargoPeriod": {"embargoValue": 0},
        "customEmbargoPeriod": told.get("customEmbargoPeriod", {"embargoValue": 0}),
        "visibilityData": {"isHidden": told.get("visibilityData", {}).get("isHidden", False), "reason": ""},
        "tags": {"tagList": []},
        "identifiers": [],
        "contributors": [],
    }
    texts = ("url", "coverageStatement", *(f"userDefinedField{number}" for number in range(1, 6)))
    answer |= {key: told[key] for key in texts if told.get(key)}
    return wire.Resource.model_validate(_answer("resources", RESOURCE_ID, {**answer, **more}, told.get("accessTypeId")))


def _resource(**attributes: Any) -> Holding:
    whole = {"titleId": int(TITLE_ID), "packageId": PACKAGE_ID, "isPackageCustom": True, "isSelected": True}
    return holding_from_wire(wire.Resource.model_validate(_answer("resources", RESOURCE_ID, {**whole, **attributes})))


# Both ways round

TEXT = st.text(alphabet=st.characters(codec="utf-8", exclude_categories=["Cc", "Cs"]), max_size=30).map(str.strip)
NAME = TEXT.filter(bool)
ACCESS = st.sampled_from(["", UUID])
PROXIES = st.sampled_from([Proxy(False, "<n>"), Proxy(True, "EZP")])
DAYS = st.dates(min_value=date(1700, 1, 1), max_value=date(2100, 12, 31))


@st.composite
def coverages(draw: st.DrawFn) -> tuple[CoverageRange, ...]:
    """Ranges of days as FOLIO holds them: newest first, apart from each other, the newest perhaps open."""
    days = draw(st.lists(DAYS, max_size=6, unique=True))
    points = iter(sorted(days))
    pairs = [
        CoverageRange(begin=PartialDate.from_date(begin), end=PartialDate.from_date(end))
        for begin, end in zip(points, points, strict=False)
    ]
    if pairs and draw(st.booleans()):
        pairs[-1] = replace(pairs[-1], end=None)
    merged = day_ranges(pairs)
    return tuple(one.as_coverage() for one in reversed(merged))


PACKAGES = st.builds(
    replace,
    st.just(PACKAGE),
    name=NAME,
    content_type=st.sampled_from(CONTENT_TYPES),
    hidden=st.booleans(),
    proxy=PROXIES,
    access_type=ACCESS,
)
TITLES = st.builds(
    replace,
    st.just(TITLE),
    name=NAME,
    publication_type=st.sampled_from(PUBLICATION_TYPES),
    publisher=TEXT,
    edition=TEXT,
    description=TEXT,
    identifiers=st.lists(
        st.sampled_from(
            [
                Identifier(IdentifierKind.ISSN, "0317-8471", Medium.ONLINE),
                Identifier(IdentifierKind.ISSN, "0317-8471", Medium.PRINT),
                Identifier(IdentifierKind.ISSN, "0317-8472", Medium.PRINT, valid=False),
                Identifier(IdentifierKind.ISBN, "9780306406157", Medium.ONLINE),
            ]
        ),
        unique=True,
    ).map(lambda found: tuple(sorted(found))),
    contributors=st.lists(
        st.builds(Contributor, st.sampled_from(["author", "editor", "illustrator"]), NAME), max_size=3
    ).map(tuple),
)
HOLDINGS = st.builds(
    replace,
    st.just(HOLDING),
    available=st.booleans(),
    url=st.sampled_from(["", "https://a.invalid/مجلة?x=[1]&y"]),
    coverage=coverages(),
    embargo=st.none()
    | st.builds(Embargo, st.just(EmbargoKind.DELAY), st.sampled_from(list(EmbargoUnit)), st.integers(1, 999)),
    coverage_statement=TEXT,
    proxy=PROXIES,
    access_type=ACCESS,
    user_defined=st.tuples(TEXT, TEXT, TEXT, TEXT, TEXT),
)


@given(PACKAGES)
@settings(max_examples=60, deadline=2000)
def test_a_package_written_and_read_back_is_the_same(package: Package) -> None:
    """Rows Package/name, content_type, hidden, proxy, access_type."""
    created = _stored_package(package_post(package).body())
    back = package_from_wire(_stored_package(package_put(package, created).body()))

    assert differences(package, back, fields_of(package)) == ()
    assert replace(back, coverage=(), tags=None, provider_name="") == package


@given(PACKAGES, st.sampled_from(["", "https://tides.invalid"]), TEXT)
@settings(max_examples=30, deadline=2000)
def test_a_package_of_a_newer_folio_written_and_read_back_is_the_same(
    package: Package, url: str, description: str
) -> None:
    """Rows Package/url, description, hidden: interface 5.0 (facts: folio §1.4)."""
    whole = replace(package, url=url, description=description)
    created = _stored_package(package_post(whole).body(), **NEWER)
    written = package_put(whole, created).body()
    told = {key: value for key, value in written["data"]["attributes"].items() if key in NEWER}

    back = package_from_wire(_stored_package(written, **{**NEWER, **told}))

    assert replace(back, coverage=(), tags=None, provider_name="") == whole


@given(TITLES)
@settings(max_examples=60, deadline=2000)
def test_a_title_written_and_read_back_is_the_same(title: Title) -> None:
    """Rows Title/name, identifiers, publication_type, publisher, edition, description, contributors."""
    created = _stored_title(title_post(title, PACKAGE_ID).body())

    assert title_from_wire(created) == title
    assert title_from_wire(_stored_title(title_put(title, created).body())) == title


@given(HOLDINGS)
@settings(max_examples=100, deadline=2000)
def test_a_holding_written_and_read_back_is_the_same(holding: Holding) -> None:
    """Rows Holding/available, url, coverage, embargo, coverage_statement, proxy, access_type, user-defined fields."""
    created = _stored_resource({"data": {"attributes": {"isSelected": True}}})
    back = holding_from_wire(_stored_resource(resource_put(holding, created).body()))

    assert differences(holding, back, fields_of(holding)) == ()
    assert replace(back, tags=None) == holding


@needs_schemas
@given(PACKAGES, TITLES, HOLDINGS)
@settings(max_examples=25, deadline=2000)
def test_whatever_is_written_has_the_form_folio_publishes(package: Package, title: Title, holding: Holding) -> None:
    stored_package = _stored_package(package_post(package).body())
    stored_title = _stored_title(title_post(title, PACKAGE_ID).body())
    bodies = [
        ("POST", "/eholdings/packages", package_post(package)),
        ("PUT", f"/eholdings/packages/{PACKAGE_ID}", package_put(package, stored_package)),
        ("POST", "/eholdings/titles", title_post(title, PACKAGE_ID)),
        ("PUT", f"/eholdings/titles/{TITLE_ID}", title_put(title, stored_title)),
        ("POST", "/eholdings/resources", resource_post(holding, PACKAGE_ID, TITLE_ID)),
        ("PUT", f"/eholdings/resources/{RESOURCE_ID}", resource_put(holding, None)),
    ]
    for method, path, request in bodies:
        folio_schemas.check_request(method, path, request.body())


# Reading


@pytest.mark.parametrize(
    ("attributes", "available", "managed"),
    [
        ({"isPackageCustom": True, "isSelected": True}, True, False),
        ({"isPackageCustom": True, "isSelected": True, "visibilityData": {"isHidden": True}}, False, False),
        ({"isPackageCustom": False, "isSelected": True}, True, True),
        ({"isPackageCustom": False, "isSelected": False}, False, True),
        ({"isPackageCustom": False, "isSelected": True, "visibilityData": {"isHidden": True}}, False, True),
    ],
)
def test_available_is_selected_in_managed_packages_and_not_hidden_in_custom_ones(
    attributes: dict[str, Any], *, available: bool, managed: bool
) -> None:
    """Row Holding/available."""
    holding = _resource(**attributes)

    assert (holding.available, holding.managed) == (available, managed)


def test_custom_coverage_goes_before_managed_coverage() -> None:
    """Row Holding/coverage: the custom list replaces the managed one (facts: domain §3)."""
    managed = [{"beginCoverage": "1990-01-01", "endCoverage": ""}]
    custom = [{"beginCoverage": "2001-01-01", "endCoverage": "2003-12-31"}]

    assert day_ranges(_resource(managedCoverages=managed, customCoverages=custom).coverage) == (
        DayRange(date(2001, 1, 1), date(2003, 12, 31)),
    )
    assert day_ranges(_resource(managedCoverages=managed, customCoverages=[]).coverage) == (DayRange(date(1990, 1, 1)),)


@pytest.mark.parametrize("end", ["", "9999-12-31", "9999-01-01", None])
def test_an_open_end_is_read_however_it_is_spelled(end: str | None) -> None:
    """Row Holding/coverage: open end = ""; 9999 read as open."""
    holding = _resource(customCoverages=[{"beginCoverage": "2001-01-01", "endCoverage": end}])

    assert holding.coverage == (CoverageRange(begin=PartialDate(2001, 1, 1)),)


def test_ranges_are_read_newest_first_and_without_the_empty_one() -> None:
    holding = _resource(
        customCoverages=[
            {"beginCoverage": "", "endCoverage": ""},
            {"beginCoverage": "1990-02-01", "endCoverage": "1992-02-29"},
            {"beginCoverage": "2001-01-01", "endCoverage": ""},
        ]
    )

    assert [str(one) for one in holding.coverage] == ["2001-01-01 –", "1990-02-01 – 1992-02-29"]


@pytest.mark.parametrize(
    ("begin", "end"), [("2003-02-29", ""), ("2003-01-01", "2002-12-31"), ("2003", "abc"), ("2003-01-01", "2004-13-01")]
)
def test_a_date_that_cannot_be_parks_the_record_and_names_it(begin: str, end: str) -> None:
    bad = {"beginCoverage": begin, "endCoverage": end}
    package = _answer("packages", PACKAGE_ID, {"name": "Tides", "customCoverage": bad})

    with pytest.raises(DataError, match=f"resource {RESOURCE_ID}: its coverage cannot be understood"):
        _resource(customCoverages=[bad])
    with pytest.raises(DataError, match=f"package {PACKAGE_ID}: its coverage cannot be understood"):
        package_from_wire(wire.Package.model_validate(package))


@pytest.mark.parametrize(
    ("custom", "managed", "embargo"),
    [
        ({"embargoValue": 0}, {"embargoValue": 0}, None),
        (None, None, None),
        ({"embargoUnit": "", "embargoValue": 0}, None, None),
        (
            {"embargoUnit": "Months", "embargoValue": 6},
            {"embargoUnit": "Years", "embargoValue": 2},
            (EmbargoUnit.MONTHS, 6),
        ),
        ({"embargoValue": 0}, {"embargoUnit": "Years", "embargoValue": 2}, (EmbargoUnit.YEARS, 2)),
        ({"embargoUnit": "Days", "embargoValue": 180}, None, (EmbargoUnit.DAYS, 180)),
        ({"embargoUnit": "Weeks", "embargoValue": 4}, None, (EmbargoUnit.WEEKS, 4)),
    ],
)
def test_an_embargo_is_a_delay_and_the_custom_one_goes_first(
    custom: dict[str, Any] | None, managed: dict[str, Any] | None, embargo: tuple[EmbargoUnit, int] | None
) -> None:
    """Row Holding/embargo."""
    holding = _resource(customEmbargoPeriod=custom, managedEmbargoPeriod=managed)

    assert holding.embargo == (Embargo(EmbargoKind.DELAY, *embargo) if embargo else None)


def test_a_resource_that_tells_little_is_read_with_empty_fields() -> None:
    holding = _resource()

    assert holding == replace(
        HOLDING, url="", coverage=(), embargo=None, proxy=None, user_defined=("",) * 5, access_type=""
    )


def test_ids_are_taken_from_the_record_id_where_nothing_else_tells_them() -> None:
    holding = holding_from_wire(wire.Resource.model_validate(_answer("resources", RESOURCE_ID, {"isSelected": True})))

    assert (holding.package_key, holding.title_key) == (PACKAGE_ID, TITLE_ID)


@pytest.mark.parametrize(
    ("proxy", "canonical"),
    [
        (None, None),
        ({"id": None}, None),
        ({"id": "<n>", "inherited": True}, Proxy(False, "<n>")),
        ({"id": "EZP", "inherited": False}, Proxy(True, "EZP")),
    ],
)
def test_a_proxy_is_read_and_not_told_where_a_list_leaves_it_out(
    proxy: dict[str, Any] | None, canonical: Proxy | None
) -> None:
    """Rows Package/proxy, Holding/proxy: absent from FOLIO lists."""
    assert _resource(proxy=proxy).proxy == canonical


def test_a_title_in_a_package_is_read_with_its_identifiers() -> None:
    """Row Title/identifiers: other kinds are dropped, ISBN-10 becomes 13, print and online told apart."""
    record = wire.Resource.model_validate(
        _answer(
            "resources",
            RESOURCE_ID,
            {
                "titleId": int(TITLE_ID),
                "name": "Dunes",
                "publicationType": "Book",
                "isTitleCustom": False,
                "publisherName": "Sand Press",
                "identifiers": [
                    {"id": "0-306-40615-2", "type": "ISBN", "subtype": "Online"},
                    {"id": "9780306406157", "type": "ISBN", "subtype": "Print"},
                    {"id": "2434-561x", "type": "ISSN", "subtype": "Empty"},
                    {"id": "123", "type": "ZDB", "subtype": "Online"},
                    {"id": "", "type": "ISSN", "subtype": "Online"},
                ],
                "contributors": [{"type": "Author", "contributor": "Smith, J"}],
            },
        )
    )

    title = title_from_resource(record)

    assert title == Title(
        key=TITLE_ID,
        name="Dunes",
        publication_type="Book",
        managed=True,
        publisher="Sand Press",
        identifiers=(
            Identifier(IdentifierKind.ISBN, "9780306406157", Medium.ONLINE),
            Identifier(IdentifierKind.ISBN, "9780306406157", Medium.PRINT),
            Identifier(IdentifierKind.ISSN, "2434-561X", Medium.UNKNOWN),
        ),
        contributors=(Contributor("author", "Smith, J"),),
    )


def test_a_title_without_a_name_or_an_id_parks_the_record() -> None:
    nameless = wire.Resource.model_validate(_answer("resources", RESOURCE_ID, {"titleId": 1}))
    without_id = wire.Resource.model_validate(_answer("resources", RESOURCE_ID, {"name": "Dunes"}))

    with pytest.raises(DataError, match="FOLIO title 1 has no name"):
        title_from_resource(nameless)
    with pytest.raises(DataError, match=f"resource {RESOURCE_ID} names no title"):
        title_from_resource(without_id)


@pytest.mark.parametrize(
    ("attributes", "hidden"),
    [
        ({"visibilityData": {"isHidden": True, "reason": "Set by system"}}, True),
        ({"visibilityData": {"isHidden": False}}, False),
        ({}, False),
        ({"visibility": []}, False),
        ({"visibility": [{"category": "PF", "hidden": True}, {"category": "FTF", "hidden": True}]}, True),
        ({"visibility": [{"category": "PF", "hidden": True}, {"category": "FTF", "hidden": False}]}, False),
        ({"visibility": [{"category": "MARC", "hidden": True}]}, False),
    ],
)
def test_a_package_is_hidden_when_readers_see_it_nowhere(attributes: dict[str, Any], *, hidden: bool) -> None:
    """Row Package/hidden: `visibilityData.isHidden` / `visibility[]`."""
    record = wire.Package.model_validate(_answer("packages", PACKAGE_ID, {"name": "Tides", **attributes}))

    assert package_from_wire(record).hidden is hidden


def test_a_package_is_read_with_its_coverage_tags_and_access_type() -> None:
    """Rows Package/coverage, tags, access_type, selected."""
    package = package_from_wire(
        _stored_package(
            {"data": {"attributes": {"name": "Tides", "contentType": "E-Book", "accessTypeId": UUID}}},
            customCoverage={"beginCoverage": "2003-01-01", "endCoverage": "2003-12-01"},
            tags={"tagList": ["x"]},
            isSelected=False,
        )
    )

    assert [str(one) for one in package.coverage] == ["2003-01-01 – 2003-12-01"]
    assert (package.tags, package.access_type, package.selected) == (("x",), UUID, False)


def test_what_lists_leave_out_is_unsaid_in_the_listed_form() -> None:
    package = listed(replace(PACKAGE, tags=("x",)))
    title = listed(TITLE)
    holding = listed(HOLDING)

    assert isinstance(package, Package)
    assert (package.proxy, package.access_type, package.tags) == (None, None, None)
    assert isinstance(title, Title)
    assert (title.edition, title.description, title.contributors) == (None, None, None)
    assert isinstance(holding, Holding)
    assert (holding.proxy, holding.access_type, holding.tags) == (None, None, None)
    assert listed(listed(HOLDING)) == holding


# Writing


def test_a_new_package_has_name_content_type_and_access_type() -> None:
    """facts: folio §1.3 — neither proxy nor visibility on creation."""
    body = package_post(replace(PACKAGE, access_type=UUID, hidden=True)).body()

    assert body == {
        "data": {
            "type": "packages",
            "attributes": {"name": "Tides", "contentType": "E-Journal", "accessTypeId": UUID},
        }
    }


def test_a_package_is_written_with_all_that_was_read() -> None:
    """facts: folio §2.1 — what is left out may be cleared, and without isCustom it is refused."""
    stored = _stored_package(
        package_post(PACKAGE).body(), customCoverage={"beginCoverage": "2003-01-01", "endCoverage": ""}
    )

    assert package_put(replace(PACKAGE, hidden=True), stored).attributes() == {
        "isCustom": True,
        "isSelected": True,
        "name": "Tides",
        "contentType": "E-Journal",
        "customCoverage": {"beginCoverage": "2003-01-01", "endCoverage": ""},
        "allowKbToAddTitles": False,
        "proxy": {"id": "EZP", "inherited": False},
        "visibilityData": {"isHidden": True},
    }


@pytest.mark.parametrize(
    ("own", "stored", "written"),
    [
        (None, {"id": "EZP", "inherited": False}, {"id": "EZP", "inherited": False}),
        (None, {"id": "EZP", "inherited": True}, None),
        (Proxy(False, "<n>"), {"id": "EZP", "inherited": False}, {"id": "<n>", "inherited": False}),
    ],
)
def test_a_proxy_not_said_is_kept_unless_it_is_inherited(
    own: Proxy | None, stored: dict[str, Any], written: dict[str, Any] | None
) -> None:
    """Rows Package/proxy, Holding/proxy: an inherited one stays inherited."""
    package = package_put(replace(PACKAGE, proxy=own), _stored_package(package_post(PACKAGE).body(), proxy=stored))
    resource = resource_put(
        replace(HOLDING, proxy=own), _stored_resource({"data": {"attributes": {"isSelected": True}}}, proxy=stored)
    )

    assert package.attributes().get("proxy") == written
    assert resource.attributes().get("proxy") == written


@pytest.mark.parametrize(
    ("own", "stored", "written"), [(None, UUID, UUID), (None, None, None), ("", UUID, None), (UUID, None, UUID)]
)
def test_an_access_type_not_said_is_kept_and_an_empty_one_is_taken_off(
    own: str | None, stored: str | None, written: str | None
) -> None:
    """Rows Package/access_type, Holding/access_type: left out it is unassigned; "" would be refused as no UUID."""
    there = {"data": {"attributes": {"isSelected": True, "accessTypeId": stored}}}
    package_there = {"data": {"attributes": {"name": "T", "contentType": "Print", "accessTypeId": stored}}}

    assert resource_put(replace(HOLDING, access_type=own), _stored_resource(there)).attributes().get(
        "accessTypeId"
    ) == (written)
    assert package_put(replace(PACKAGE, access_type=own), _stored_package(package_there)).attributes().get(
        "accessTypeId"
    ) == (written)


def test_a_newer_folio_gets_visibility_by_place_and_keeps_its_marc_setting() -> None:
    """Rows Package/hidden, url, description: interface 5.0 (facts: folio §1.4)."""
    stored = _stored_package(
        package_post(PACKAGE).body(),
        visibilityData=None,
        visibility=[{"category": "MARC", "hidden": True}, {"category": "PF", "hidden": False}],
        url="https://kept.invalid",
    )

    written = package_put(replace(PACKAGE, hidden=True, description="On tides"), stored).attributes()

    assert "visibilityData" not in written
    assert written["customDescription"] == "On tides"
    assert {one["category"]: one["hidden"] for one in written["visibility"]} == {"MARC": True, "PF": True, "FTF": True}
    assert written["url"] == "https://kept.invalid"


def test_a_new_title_names_its_package_beside_it() -> None:
    """Rows Title/*: exactly the published body (facts: folio §1.3)."""
    isbn = parse_isbn("9780306406157", Medium.PRINT)
    assert isbn is not None

    assert title_post(replace(TITLE, identifiers=(*TITLE.identifiers, isbn)), PACKAGE_ID).body() == {
        "data": {
            "type": "titles",
            "attributes": {
                "name": "Dunes",
                "publicationType": "Journal",
                "isPeerReviewed": False,
                "publisherName": "Sand Press",
                "edition": "2nd",
                "description": "On sand",
                "contributors": [{"type": "author", "contributor": "Smith, J"}],
                "identifiers": [
                    {"id": "0317-8471", "type": "ISSN", "subtype": "Online"},
                    {"id": "9780306406157", "type": "ISBN", "subtype": "Print"},
                ],
            },
        },
        "included": [{"type": "resource", "attributes": {"packageId": PACKAGE_ID}}],
    }


def test_a_title_written_again_keeps_what_is_not_ours() -> None:
    """Row Title/peer_reviewed: none."""
    stored = _stored_title(title_post(TITLE, PACKAGE_ID).body(), isPeerReviewed=True, tags={"tagList": ["a"]})

    written = title_put(TITLE, stored).attributes()

    assert written["isPeerReviewed"] is True
    assert written["tags"] == {"tagList": ["a"]}
    assert "included" not in title_put(TITLE, stored).body()


def test_a_holding_is_written_whole() -> None:
    """Rows Holding/*: coverages, embargo and access type are cleared when left out (facts: folio §2.1)."""
    holding = replace(HOLDING, available=False, coverage_statement="Ask", user_defined=("a", "", None, None, "e"))

    assert resource_put(holding, None).body() == {
        "data": {
            "type": "resources",
            "attributes": {
                "isSelected": True,
                "customCoverages": [
                    {"beginCoverage": "2010-01-01", "endCoverage": ""},
                    {"beginCoverage": "2001-01-01", "endCoverage": "2003-12-31"},
                ],
                "customEmbargoPeriod": {"embargoUnit": "Months", "embargoValue": 12},
                "url": "https://dunes.invalid",
                "coverageStatement": "Ask",
                "proxy": {"id": "<n>", "inherited": False},
                "visibilityData": {"isHidden": True},
                "userDefinedField1": "a",
                "userDefinedField2": "",
                "userDefinedField5": "e",
            },
        }
    }


def test_years_are_written_as_their_first_and_last_day() -> None:
    """Row Holding/coverage: begin → first day, end → last day, of months too."""
    ranges = (CoverageRange(begin=PartialDate(2003, 2), end=PartialDate(2004, 2)), CoverageRange(begin=PartialDate(1)))

    written = resource_put(replace(HOLDING, coverage=ranges), None).attributes()["customCoverages"]

    assert written == [
        {"beginCoverage": "2003-02-01", "endCoverage": "2004-02-29"},
        {"beginCoverage": "0001-01-01", "endCoverage": ""},
    ]


@pytest.mark.parametrize("managed", [["2001-01-01", "2003-12-31"], ["2001-01-01", "9999-12-31"]])
def test_no_custom_coverage_is_written_where_it_equals_the_managed_one(managed: list[str]) -> None:
    """Row Holding/coverage: "empty when equal to `managedCoverages`", so that the knowledge base goes on updating."""
    begin, end = managed
    stored = _stored_resource(
        {"data": {"attributes": {"isSelected": True}}},
        managedCoverages=[{"beginCoverage": begin, "endCoverage": end}],
    )
    same = CoverageRange(begin=PartialDate(2001), end=None if end.startswith("9999") else PartialDate(2003))
    other = CoverageRange(begin=PartialDate(2002))

    assert resource_put(replace(HOLDING, coverage=(same,)), stored).custom_coverages == ()
    assert len(resource_put(replace(HOLDING, coverage=(other,)), stored).custom_coverages) == 1


def test_user_defined_fields_not_said_are_kept_and_empty_ones_cleared() -> None:
    stored = _stored_resource(
        {"data": {"attributes": {"isSelected": True, "userDefinedField1": "theirs", "userDefinedField2": "ours"}}}
    )

    written = resource_put(replace(HOLDING, user_defined=(None, "", "new", None, None)), stored).attributes()

    assert [written.get(f"userDefinedField{number}") for number in range(1, 6)] == ["theirs", "", "new", "", ""]


def test_a_title_is_put_into_a_package_with_its_address() -> None:
    assert resource_post(HOLDING, PACKAGE_ID, TITLE_ID).attributes() == {
        "packageId": PACKAGE_ID,
        "titleId": TITLE_ID,
        "url": "https://dunes.invalid",
    }
    assert "url" not in resource_post(replace(HOLDING, url=None), PACKAGE_ID, TITLE_ID).attributes()


BARE = Holding(key="53", package_key="61", title_key="99", url="https://dunes.invalid")


@pytest.mark.parametrize(
    ("values", "needed"),
    [
        ({}, False),
        ({"user_defined": ("", "", None, None, None)}, False),
        ({"coverage": HOLDING.coverage}, True),
        ({"embargo": HOLDING.embargo}, True),
        ({"coverage_statement": "Ask"}, True),
        ({"proxy": Proxy(False, "<n>")}, True),
        ({"access_type": UUID}, True),
        ({"user_defined": (None, "x", None, None, None)}, True),
        ({"available": False}, True),
    ],
)
def test_a_new_resource_costs_a_second_call_only_where_there_is_more_to_say(
    values: dict[str, Any], *, needed: bool
) -> None:
    assert needs_details(replace(BARE, **values)) is needed


def test_tags_are_written_with_a_name_cut_to_what_folio_takes() -> None:
    """Row Package/tags; facts: folio §1.3 — a title name of 201..400 characters must be cut."""
    assert tags_put("x" * 201, ["a"]).attributes() == {"name": "x" * 200, "tags": {"tagList": ["a"]}}
    assert tags_put("Tides", [], "E-Book").attributes() == {
        "name": "Tides",
        "tags": {"tagList": []},
        "contentType": "E-Book",
    }


def test_what_was_fitted_for_folio_comes_back_unchanged() -> None:
    """From Alma's precision to FOLIO and back: the same days, and the notes in their fields."""
    alma = replace(
        BARE,
        key=RESOURCE_ID,
        package_key=PACKAGE_ID,
        title_key=TITLE_ID,
        coverage=(CoverageRange(begin=PartialDate(2001), end=PartialDate(2004, 2), begin_volume="1"),),
        embargo=HOLDING.embargo,
        proxy=Proxy(True, "EZP"),
        public_note="نص <b>",
    )
    fitted = fit_holding(alma, FolioMaps(proxies={"EZP": "EZProxy"}, notes={"public_note": 3})).record

    back = holding_from_wire(_stored_resource(resource_put(fitted, None).body()))

    assert differences(fitted, back, fields_of(fitted)) == ()
    assert day_ranges(back.coverage) == day_ranges(alma.coverage)
    assert back.coverage_statement == "2001 (v.1) – 2004-02"
    assert back.user_defined[2] == "نص <b>"
