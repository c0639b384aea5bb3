"""Changing records and finding bibs in the practice Alma: exactly the fields named change, whatever a PUT may mean."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

import httpx
import pytest
from starlette.types import Receive, Scope, Send

from sync.alma.bodies import Body, changed_collection, changed_portfolio, changed_service
from sync.alma.codes import AlmaCodes
from sync.alma.mapping import holding_from_portfolio, package_from_collection, service_from_wire
from sync.alma.marc import read_marc, title_from_marc
from sync.alma.marc_write import bib_xml, own_number
from sync.alma.search import open_search
from sync.errors import ConfigurationError, OutcomeUnknownError, RefusedError
from sync.model import (
    Contributor,
    CoverageRange,
    Embargo,
    EmbargoKind,
    EmbargoUnit,
    Identifier,
    IdentifierKind,
    Medium,
    PartialDate,
    Proxy,
    Title,
    parse_isbn,
    parse_issn,
)
from sync.sandbox.alma import PracticeAlma
from sync.sandbox.controls import Faults
from sync.sandbox.seed import PublicationKind, SeedBib, SeedLibrary
from tests.support.alma_desk import CODES, LATER, REEDS, TIDES, AlmaDesk, open_alma_desk
from tests.support.transports import quick

READINGS = pytest.mark.parametrize(
    "switches",
    [
        {"put_clears_omitted": False},
        {"put_clears_omitted": True},
        {"managed_fields": "reject"},
        {
            "put_clears_omitted": True,
            "managed_fields": "reject",
            "put_null_clears": False,
            "month_form": "strings",
            "unset_form": "value_only",
            "unset_date": "absent",
            "group_settings_key": "group_setting",
        },
    ],
    ids=["omitted is kept", "omitted is cleared", "zone fields refused", "all at once"],
)
"""What a PUT may mean (facts: alma §2e, §4), and in which form records are read."""

Case = tuple[dict[str, Any], set[str], set[str]]
"""The changes, and what differs afterwards in a local record and in one of the Community Zone."""

ADDRESS = {"static_url", "url", "static_url_override", "url_type_override"}
OVERRIDE = {"linking_details.static_url_override", "linking_details.url_type_override"}
LOCAL_RANGES = "coverage_details.local_date_coverage_parameters"
LOCAL_EMBARGO = "coverage_details.local_embargo_information"
IN_USE = "coverage_details.coverage_in_use"
BOTH_LISTS = {LOCAL_RANGES, LOCAL_EMBARGO, IN_USE}
"""Where the global list was in use, the local one takes over with ranges and embargo as they were in effect."""
RANGES = (
    CoverageRange(begin=PartialDate(2003, 2, 28), end=PartialDate(2004, 12), begin_volume="3", end_issue="11"),
    CoverageRange(begin=PartialDate(2010)),
)
PORTFOLIO_CASES: dict[str, Case] = {
    "available": ({"available": False}, {"availability"}, {"availability"}),
    "url": ({"url": "https://new.invalid/a?b=c"}, {f"linking_details.{one}" for one in ADDRESS}, OVERRIDE),
    "no url": ({"url": ""}, {f"linking_details.{one}" for one in ADDRESS - {"url"}}, set()),
    "coverage": ({"coverage": RANGES}, {LOCAL_RANGES}, BOTH_LISTS),
    "no coverage": ({"coverage": ()}, {LOCAL_RANGES}, {LOCAL_EMBARGO, IN_USE}),
    "embargo": ({"embargo": Embargo(EmbargoKind.DELAY, EmbargoUnit.MONTHS, 18)}, {LOCAL_EMBARGO}, BOTH_LISTS),
    "wall": ({"embargo": Embargo(EmbargoKind.ROLLING, EmbargoUnit.YEARS, 2)}, {LOCAL_EMBARGO}, BOTH_LISTS),
    "no embargo": ({"embargo": None}, {LOCAL_EMBARGO}, {LOCAL_RANGES, IN_USE}),
    "public note": ({"public_note": "Seats: 5"}, {"public_note"}, {"public_note"}),
    "statement": ({"coverage_statement": "Some years"}, {"public_note"}, {"public_note"}),
    "notes": (
        {"authentication_note": "", "internal_description": "Checked in June"},
        {"authentication_note", "internal_description"},
        {"authentication_note", "internal_description"},
    ),
    "access type": ({"access_type": "perpetual"}, {"access_type"}, {"access_type"}),
    "no proxy": (
        {"proxy": Proxy(enabled=False)},
        {"linking_details.proxy_enabled", "linking_details.proxy"},
        {"linking_details.proxy_enabled", "linking_details.proxy"},
    ),
    "nothing": ({}, set(), set()),
}
PROXY = {"proxy": Proxy(enabled=True, code="ezproxy")}
COLLECTION_CASES: dict[str, Case] = {
    "name": ({"name": "Renamed"}, {"public_name"}, {"public_name_override"}),
    "url": ({"url": "https://new.invalid"}, {"url", "url_override"}, {"url_override"}),
    "description": ({"description": "About it"}, {"description"}, {"description_override"}),
    "access type": ({"access_type": "perpetual"}, {"access_type"}, {"access_type"}),
    "proxy": (PROXY, {"proxy_enabled", "proxy"}, {"proxy_enabled", "proxy"}),
    "nothing": ({}, set(), set()),
}


def plain(value: Any) -> Any:
    """Return a value in the one form all ways of saying it share: codes without labels, nothing for what is unset."""
    if isinstance(value, Mapping):
        parts = {name: plain(one) for name, one in value.items() if name not in ("desc", "link")}
        return parts["value"] if "value" in parts else {name: one for name, one in parts.items() if one} or ""
    return [plain(one) for one in value] if isinstance(value, list) else "" if value is None else value


def differences(one: Mapping[str, Any], other: Mapping[str, Any], groups: bool = True) -> set[str]:
    """Return the names of the fields that differ or that only one has; those of groups as "group.field"."""
    found = {name for name in set(one) | set(other) if plain(one.get(name)) != plain(other.get(name))}
    if not groups:
        return found
    nested = {name for name in found if name in ("linking_details", "coverage_details")}
    inner = {f"{name}.{each}" for name in nested for each in differences(one[name], other[name], groups=False)}
    return (found - nested) | inner


def assert_only(desk: AlmaDesk, before: Body, after: Body, expected: set[str]) -> None:
    """Exactly these fields were changed, in what was sent (with all keys that were read) and in what is stored."""
    (sent,) = desk.sent
    assert set(sent) >= set(before) | set(LATER)
    assert differences(before | LATER, sent) == expected
    assert sent.get("library") == before.get("library")
    assert differences(before, after) == expected


@READINGS
@pytest.mark.parametrize("case", PORTFOLIO_CASES)
@pytest.mark.parametrize("place", ["local", "zone", "standalone"])
async def test_a_portfolio_changes_in_the_fields_named_and_in_no_other(
    switches: dict[str, Any], case: str, place: str
) -> None:
    changes, in_local, in_zone = PORTFOLIO_CASES[case]
    async with open_alma_desk(**switches) as desk:
        alma, client, bib = desk.alma, desk.client, REEDS if place == "zone" else TIDES
        held, mms_id = desk.portfolio_of(bib), alma.mms_id(bib.key)
        at, service = desk.place("Zone" if place == "zone" else "Coastal")
        if place == "local":
            override = {"url_type_override": "static", "static_url_override": "jkey=https://mine.invalid"}
            alma.edit_portfolio(held, linking_details=override)
        if place != "zone":
            delay = {"embargo_operator": ">", "number_of_years": "1"}
            alma.edit_portfolio(held, coverage_details={"local_embargo_information": delay})
        if place == "standalone":
            alma.detach_portfolio(held)
            in_local = in_local - OVERRIDE  # it has none
        before = alma.portfolio(held)

        def reading(model: Any) -> Any:
            found = holding_from_portfolio(
                model, collection_id=at, service=None, package_hidden=False, codes=AlmaCodes()
            )
            return replace(found, losses=())

        alone = place == "standalone"
        got = await (client.get_bib_portfolio(mms_id, held) if alone else client.get_portfolio(at, service, held))
        current = reading(got.model)
        body = changed_portfolio(got.raw, replace(current, **changes), current, frozenset(changes), CODES)
        if alone:
            answer = await client.update_bib_portfolio(mms_id, held, body)
        else:
            answer = await client.update_portfolio(at, service, held, body)
        assert_only(desk, before, alma.portfolio(held), in_zone if place == "zone" else in_local)
        wanted = replace(current, **changes)
        if place == "zone" and case == "no url":
            wanted = current  # without an address of its own, that of the zone counts
        assert reading(answer.model) == wanted


@READINGS
@pytest.mark.parametrize("case", COLLECTION_CASES)
@pytest.mark.parametrize("place", ["Coastal", "Zone"])
async def test_a_collection_changes_in_the_fields_named_and_in_no_other(
    switches: dict[str, Any], case: str, place: str
) -> None:
    changes, in_local, in_zone = COLLECTION_CASES[case]
    async with open_alma_desk(**switches) as desk:
        at, _ = desk.place(place)
        before = desk.alma.collection(at)
        got = await desk.client.get_collection(at)
        wanted = replace(package_from_collection(got.model, (), ()), **changes)
        answer = await desk.client.update_collection(at, changed_collection(got.raw, wanted, frozenset(changes)))
        assert_only(desk, before, desk.alma.collection(at), in_zone if place == "Zone" else in_local)
        assert package_from_collection(answer.model, (), ()) == wanted


@READINGS
@pytest.mark.parametrize("fields", [{"available"}, set()])
@pytest.mark.parametrize("place", ["Coastal", "Zone"])
async def test_a_service_changes_in_its_status_and_in_nothing_else(
    switches: dict[str, Any], fields: set[str], place: str
) -> None:
    async with open_alma_desk(**switches) as desk:
        at, service = desk.place(place)
        desk.alma.edit_service(service, parser="Bulk", public_note="Ask", active_from_date="2020-01-01")
        before = desk.alma.service(service)
        got = await desk.client.get_service(at, service)
        wanted = replace(service_from_wire(got.model, at), available=not fields)
        answer = await desk.client.update_service(at, service, changed_service(got.raw, wanted, frozenset(fields)))
        assert_only(desk, before, desk.alma.service(service), {"activation_status"} if fields else set())
        assert service_from_wire(answer.model, at) == wanted


async def test_what_alma_does_not_take_is_refused_with_its_code_and_nothing_is_changed() -> None:
    async with open_alma_desk() as desk:
        at, service = desk.place()
        held = desk.portfolio_of(TIDES)
        before = desk.everything()
        with pytest.raises(RefusedError, match="60168"):
            await desk.client.update_portfolio(at, service, held, {"linking_details": {"proxy": "nobody"}})
        with pytest.raises(RefusedError, match="60153"):
            await desk.client.update_service(at, service, {"type": {"value": "getSelectedFullTxt"}})
        with pytest.raises(RefusedError, match="60128"):
            await desk.client.create_collection({"public_name": "New", "type": {"value": "0"}})
        with pytest.raises(RefusedError, match="60159"):
            await desk.client.create_portfolio(at, service, {})
        assert desk.everything() == before


# --- bibs

ISSN, PRINT_ISSN, ISBN = "2049-3630", "0317-8471", "9780306406157"
TITLE = Title(
    key="17059786",
    name="Harbours & <Quays>",
    publication_type="Journal",
    identifiers=(
        Identifier(IdentifierKind.ISSN, PRINT_ISSN, Medium.PRINT),
        Identifier(IdentifierKind.ISSN, ISSN, Medium.ONLINE),
    ),
    publisher="Åland Press",
    edition="2nd",
    description="Quarterly",
    contributors=(Contributor("author", "Ray, A."), Contributor("editor", "Lund, Ö.")),
)


@pytest.mark.parametrize("miss", ["empty", "error"])
@pytest.mark.parametrize("total_null", [True, False])
async def test_a_bib_is_created_and_found_again_by_its_own_number(miss: str, total_null: bool) -> None:
    async with open_alma_desk(bib_lookup_miss=miss, bibs_total_null=total_null) as desk:
        number = own_number(TITLE.key)
        assert (await desk.client.find_bibs(number)).records == ()
        mms_id = await desk.client.create_bib(bib_xml(TITLE, today=date(2026, 11, 20)))
        assert mms_id in desk.alma.state.bibs
        (found,) = (await desk.client.find_bibs(number)).records
        assert title_from_marc(found.model.mms_id, read_marc(found.model.marc_xml)) == replace(TITLE, key=mms_id)
        assert found.model.suppress_from_publishing is False
        assert (await desk.client.find_bibs(own_number("1705978"))).records == ()


async def test_a_bib_that_is_no_marc_is_refused_and_one_whose_answer_is_lost_can_be_found() -> None:
    async with open_alma_desk() as desk:
        before = set(desk.alma.state.bibs)
        with pytest.raises(RefusedError, match="402209"):
            await desk.client.create_bib(b"<bib/>")
        assert set(desk.alma.state.bibs) == before
        for form in range(3):  # of the answers that a broken gateway gives
            title = replace(TITLE, key=str(form))
            desk.alma.controls.set_faults(Faults(fail_after=1, methods=frozenset({"POST"}), seed=form))
            with pytest.raises(OutcomeUnknownError):
                await desk.client.create_bib(bib_xml(title, today=date(2026, 11, 20)))
            assert len((await desk.client.find_bibs(own_number(title.key))).records) == 1
        assert len(desk.alma.state.bibs) == len(before) + 3


# --- searching by number

SEARCH = "https://alma.invalid/view/sru/01PRACTICE_INST"
BIBS = (
    SeedBib(key="tides", title="Tides", issn_online=ISSN, issn_print=PRINT_ISSN),
    SeedBib(key="dunes", title="Dunes", kind=PublicationKind.BOOK, isbn_online=ISBN),
    SeedBib(key="twin", title="Tides again", issn_online=ISSN),
)


def numbers(*texts: str) -> list[Identifier]:
    found = [parse_issn(text) if len(text) == 9 else parse_isbn(text) for text in texts]
    return [one for one in found if one is not None]


def shelf() -> PracticeAlma:
    alma = PracticeAlma()
    alma.load(SeedLibrary(bibs=BIBS))
    return alma


@pytest.mark.parametrize(
    ("asked", "keys"),
    [
        ((ISSN,), {"tides", "twin"}),
        ((PRINT_ISSN,), {"tides"}),
        ((ISBN,), {"dunes"}),
        (("0-306-40615-2",), {"dunes"}),
        ((PRINT_ISSN, ISBN), {"tides", "dunes"}),
        (("1234-5679", ISBN, ISSN), {"tides", "dunes", "twin"}),
        (("1234-5679",), set()),
    ],
)
async def test_bibs_are_found_by_any_of_several_numbers(asked: tuple[str, ...], keys: set[str]) -> None:
    alma = shelf()
    async with open_search(SEARCH, quick(httpx.ASGITransport(alma.app))) as search:
        found = await search.titles_numbered(numbers(*asked))
        assert {one.key for one in found} == {alma.mms_id(key) for key in keys}
        assert len(found) == len(keys)
        assert alma.controls.counts["calls"] == 1
        assert alma.calls_left == alma.switches.daily_calls  # a search takes none of the day's calls


async def test_what_is_found_is_read_whole_and_a_suppressed_bib_is_not_found() -> None:
    alma = shelf()
    async with open_search(SEARCH, quick(httpx.ASGITransport(alma.app))) as search:
        (found,) = await search.titles_numbered(numbers(PRINT_ISSN))
        assert (found.name, found.publication_type) == ("Tides", "Journal")
        assert {(one.value, one.medium) for one in found.identifiers} == {
            (ISSN, Medium.ONLINE),
            (PRINT_ISSN, Medium.PRINT),
        }
        alma.state.bibs[found.key].suppressed = True
        assert await search.titles_numbered(numbers(PRINT_ISSN)) == []


async def test_only_valid_numbers_are_searched_for() -> None:
    alma = shelf()
    async with open_search(SEARCH, quick(httpx.ASGITransport(alma.app))) as search:
        assert await search.titles_numbered([]) == []
        assert await search.titles_numbered(numbers("2049-3631", "0000-0000")) == []
        assert alma.controls.counts["calls"] == 0


async def test_a_search_that_is_refused_is_a_matter_of_the_configuration() -> None:
    alma = shelf()

    async def not_as_asked(scope: Scope, receive: Receive, send: Send) -> None:
        query = scope["query_string"].replace(b"searchRetrieve", b"scan")
        await alma.app({**scope, "query_string": query}, receive, send)

    async with open_search(SEARCH, quick(httpx.ASGITransport(not_as_asked))) as search:
        with pytest.raises(ConfigurationError, match="Unsupported operation") as refused:
            await search.titles_numbered(numbers(ISSN))
    assert "sru_url" in refused.value.advice
