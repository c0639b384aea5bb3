"""The practice Alma keeps to the published facts of the Alma API, and to the bodies recorded from real ones."""

import asyncio
import json
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import httpx
import pytest

from sync.sandbox.alma import READ_ONLY_KEY, AlmaSwitches, PracticeAlma
from sync.sandbox.controls import Controls, DropConnectionError, Faults
from sync.sandbox.library import practice_library
from sync.sandbox.seed import (
    PublicationKind,
    SeedBib,
    SeedCollection,
    SeedEmbargo,
    SeedLibrary,
    SeedPortfolio,
    SeedRange,
    SeedService,
)

RECORDED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "alma"
NAMESPACE = "{http://com/exlibris/urm/general/xmlbeans}"
API = "http://127.0.0.1/almaws/v1"
COLLECTIONS = "/electronic/e-collections"

LIBRARY = SeedLibrary(
    bibs=(
        SeedBib(key="tides", title="Tides", subtitle="a quarterly", issn_online="2049-3630", issn_print="0317-8471"),
        SeedBib(
            key="dunes", title="Dunes", kind=PublicationKind.BOOK, isbn_online="9780306406157", authors=("Ray, A.",)
        ),
        SeedBib(key="reeds", title="Reeds"),
    ),
    collections=(
        SeedCollection(
            name="Coastal Package",
            description="All about coasts",
            services=(
                SeedService(
                    portfolios=(
                        SeedPortfolio(
                            bib="tides",
                            url="https://tides.invalid/1",
                            local_coverage=(SeedRange(from_year="1993", from_month="3", from_day="1"),),
                            local_embargo=SeedEmbargo(operator=">=", months="6"),
                        ),
                        SeedPortfolio(bib="dunes", available=False, url="https://dunes.invalid", raw_url=True),
                    )
                ),
            ),
        ),
        SeedCollection(
            name="Zone Package",
            is_local=False,
            url="https://zone.invalid",
            services=(SeedService(portfolios=(SeedPortfolio(bib="reeds", url="https://reeds.invalid"),)),),
        ),
        SeedCollection(name="Empty Package"),
    ),
)


def practice(**switches: Any) -> PracticeAlma:
    alma = PracticeAlma(switches=AlmaSwitches(**{"requests_per_second": 0, **switches}))
    alma.load(LIBRARY)
    return alma


class Caller:
    """Calls the practice Alma as a client would, with the key in the header and JSON asked for."""

    def __init__(self, alma: PracticeAlma) -> None:
        self.alma = alma
        headers = {"Authorization": f"apikey {alma.switches.api_key}", "Accept": "application/json"}
        self.http = httpx.AsyncClient(transport=httpx.ASGITransport(alma.app), headers=headers)
        self.local, self.zone, self.empty = (each["id"] for each in alma.collections()[:3])

    async def call(self, method: str, path: str, **more: Any) -> httpx.Response:
        return await self.http.request(method, path if path.startswith("http") else API + path, **more)

    async def get(self, path: str, **query: Any) -> Any:
        answer = await self.call("GET", path, params=query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def error(self, method: str, path: str, **more: Any) -> tuple[int, str]:
        answer = await self.call(method, path, **more)
        return answer.status_code, answer.json()["errorList"]["error"][0]["errorCode"]

    def portfolios_path(self, collection_id: str = "") -> str:
        service = self.alma.services(collection_id or self.local)[0]
        return service["link"].partition("/almaws/v1")[2] + "/portfolios"

    def portfolio_path(self, key: str) -> str:
        portfolio = self.alma.portfolios(mms_id=self.alma.mms_id(key))[0]
        return f"{self.portfolios_path(portfolio['electronic_collection']['id']['value'])}/{portfolio['id']}"


def recorded(name: str) -> Any:
    path = RECORDED / name
    if not path.exists():
        pytest.skip(f"the recorded answers ({name}) are not here")
    return json.loads(path.read_text())


def parsed(text: str) -> ET.Element:
    return ET.fromstring(text.encode())  # noqa: S314  (our own answers and recorded ones)


def assert_same_shape(ours: Any, theirs: Any, at: str = "") -> None:
    """Every key of the recorded body is there, nested ones too, with null where it has null."""
    if isinstance(theirs, dict):
        assert isinstance(ours, dict), at
        assert set(theirs) <= set(ours), (at, set(theirs) - set(ours))
        for name, value in theirs.items():
            if value is None and name in ("library", "license", "pda", "source", "creator", "url", "free", "proxy"):
                assert ours[name] is None, f"{at}.{name}"
            assert_same_shape(ours[name], value, f"{at}.{name}")
    elif isinstance(theirs, list) and theirs and isinstance(theirs[0], dict):
        assert_same_shape(ours[0], theirs[0], f"{at}[0]")


# Reads


async def test_full_records_have_every_recorded_key() -> None:
    caller = Caller(practice())
    assert_same_shape(
        await caller.get(caller.portfolio_path("dunes")), recorded("scriptotek-php-alma-client/portfolio_response.json")
    )
    collection = await caller.get(f"{COLLECTIONS}/{caller.zone}")
    assert_same_shape(collection, recorded("scriptotek-php-alma-client/e-collection_response.json"))


async def test_older_shape_has_exactly_the_recorded_keys() -> None:
    caller = Caller(practice(later_fields=False))
    theirs = recorded("scriptotek-php-alma-client/portfolio_response.json")
    ours = await caller.get(caller.portfolio_path("reeds"))
    assert set(ours) == set(theirs)
    for group in ("linking_details", "coverage_details", "resource_metadata", "electronic_collection"):
        assert set(ours[group]) == set(theirs[group])
    collection = recorded("scriptotek-php-alma-client/e-collection_response.json")
    assert set(await caller.get(f"{COLLECTIONS}/{caller.zone}")) == set(collection)


async def test_brief_lists_have_the_recorded_keys_and_nulls() -> None:
    caller = Caller(practice())
    theirs = recorded("scriptotek-php-alma-client/e-collections_response.json")
    ours = await caller.get(COLLECTIONS)
    assert_same_shape(ours, theirs)
    assert set(ours["electronic_collection"][0]) == set(theirs["electronic_collection"][0])
    theirs = recorded("scriptotek-php-alma-client/portfolios_response.json")
    ours = await caller.get(caller.portfolios_path())
    assert_same_shape(ours, theirs)
    assert set(ours["portfolio"][0]) == set(theirs["portfolio"][0])
    assert ours["total_record_count"] == 2


async def test_bib_has_the_recorded_keys() -> None:
    caller = Caller(practice())
    theirs = recorded("scriptotek-php-alma-client/bib_response.json")
    for unset in ("date_of_publication", "place_of_publication", "publisher_const"):
        del theirs[unset]
    assert_same_shape(await caller.get(f"/bibs/{caller.alma.mms_id('tides')}"), theirs)


async def test_portfolio_says_what_was_seeded() -> None:
    caller = Caller(practice())
    portfolio = await caller.get(caller.portfolio_path("tides"))
    assert portfolio["availability"] == {"value": "11", "desc": "Available"}
    assert portfolio["linking_details"]["static_url"] == "jkey=https://tides.invalid/1"
    assert portfolio["linking_details"]["proxy_enabled"] == {"value": "false", "desc": "No"}
    coverage = portfolio["coverage_details"]
    assert coverage["coverage_in_use"] == {"value": "0", "desc": "Only local"}
    ranges = coverage["local_date_coverage_parameters"][0]
    assert (ranges["from_year"], ranges["from_month"]["value"], ranges["until_year"]) == ("1993", "3", "")
    assert ranges["until_month"] == {"value": "", "desc": None}
    assert coverage["local_embargo_information"]["number_of_months"] == "6"
    assert coverage["global_embargo_information"] is None
    raw = await caller.get(caller.portfolio_path("dunes"))
    assert raw["linking_details"]["static_url"] == "https://dunes.invalid"
    assert raw["access_type"] == {"value": "", "desc": None}


async def test_month_form_and_unset_form_are_switches() -> None:
    caller = Caller(practice(month_form="strings", unset_form="value_only", group_settings_key="group_setting"))
    portfolio = await caller.get(caller.portfolio_path("tides"))
    ranges = portfolio["coverage_details"]["local_date_coverage_parameters"]
    assert ranges == [{"from_year": "1993", "from_month": "3", "from_day": "1"}]
    assert portfolio["access_type"] == {"value": ""}
    assert "group_setting" in portfolio


async def test_ids_and_links_are_shaped_as_in_alma() -> None:
    caller = Caller(practice())
    portfolio = await caller.get(caller.portfolio_path("tides"))
    parents = portfolio["electronic_collection"]
    mms_id = portfolio["resource_metadata"]["mms_id"]["value"]
    ids = [portfolio["id"], parents["id"]["value"], parents["service"]["value"], mms_id]
    assert [each[:2] for each in ids] == ["53", "61", "62", "99"]
    assert len({each[-4:] for each in ids}) == 1
    assert all(16 <= len(each) <= 19 and each.isdigit() for each in ids)
    assert portfolio["link"].startswith("https://")
    assert portfolio["link"].endswith(f"/almaws/v1/bibs/{mms_id}/portfolios/{portfolio['id']}")
    collection = await caller.get(f"{COLLECTIONS}/{caller.local}")
    assert collection["activation_date"].endswith("Z")
    assert collection["portfolios"] == {"value": 2, "link": None}


async def test_a_portfolio_is_the_same_below_its_bib_and_below_any_service() -> None:
    caller = Caller(practice())
    path = caller.portfolio_path("tides")
    portfolio = await caller.get(path)
    assert await caller.get(portfolio["link"].partition("/almaws/v1")[2]) == portfolio
    elsewhere = f"{caller.portfolios_path(caller.zone)}/{portfolio['id']}"
    assert await caller.get(elsewhere) == portfolio
    caller.alma.switches.validate_portfolio_parents = True
    assert await caller.error("GET", elsewhere) == (400, "60123")


async def test_bibs_by_list_with_their_numbers() -> None:
    caller = Caller(practice())
    ids = [caller.alma.mms_id(key) for key in ("tides", "reeds")]
    bibs = (await caller.get("/bibs", mms_id=",".join([*ids, "991234"])))["bib"]
    assert [bib["mms_id"] for bib in bibs] == ids
    first, second = bibs
    assert first["anies"][0].startswith('<?xml version="1.0" encoding="UTF-16"?>\n<record>')
    record = parsed(first["anies"][0].partition("?>")[2])
    fields = {(field.get("tag"), part.get("code")): part.text for field in record for part in field}
    assert record.findtext("controlfield[@tag='001']") == ids[0]
    assert fields["022", "a"] == "2049-3630"
    assert fields["776", "x"] == "0317-8471"
    assert first["title"] == "Tides : a quarterly"
    assert second["linked_record_id"]["type"] == "CZ"
    assert f"(EXLCZ){second['linked_record_id']['value']}" in second["anies"][0]
    assert "(EXLCZ)" not in first["anies"][0]
    assert [bib["mms_id"] for bib in (await caller.get("/bibs", other_system_id="(PRACTICE)tides"))["bib"]] == ids[:1]
    assert "anies" not in (await caller.get(f"/bibs/{ids[0]}", view="brief"))
    inventory = (await caller.get(f"/bibs/{ids[0]}", expand="e_avail"))["anies"][0]
    assert 'tag="AVE"' in inventory
    assert caller.portfolio_path("tides").rpartition("/")[2] in inventory
    assert await caller.error("GET", "/bibs", params={"mms_id": ",".join(["99"] * 101)}) == (400, "402203")
    assert await caller.error("GET", "/bibs/banana") == (400, "402204")
    assert await caller.error("GET", "/bibs/99123") == (400, "402203")


async def test_search_by_number_finds_bibs() -> None:
    caller = Caller(practice())
    for query in ("alma.issn=03178471", 'alma.isbn="978-0-306-40615-7" or alma.issn=0317-8471'):
        answer = await caller.call(
            "GET",
            "http://127.0.0.1/view/sru/01PRACTICE_INST",
            params={"version": "1.2", "operation": "searchRetrieve", "query": query},
        )
        assert answer.status_code == 200
        assert caller.alma.mms_id("tides") in answer.text
        assert (caller.alma.mms_id("dunes") in answer.text) is ("isbn" in query)
        parsed(answer.text)


async def test_code_tables_explain_every_code() -> None:
    caller = Caller(practice())
    names = {each["name"] for each in (await caller.get("/conf/code-tables"))["code_table"]}
    assert {"MovingWallOperator", "CoverageInUse", "CollectionAccessType", "Months", "ServiceType"} <= names
    table = await caller.get("/conf/code-tables/CoverageInUse")
    assert [row["code"] for row in table["row"]] == ["0", "1", "2", "3"]
    assert set(table["row"][0]) == {"code", "description", "default", "enabled"}
    german = await caller.get("/conf/code-tables/CoverageInUse", lang="de")
    assert german["row"][0]["description"] != table["row"][0]["description"]
    assert await caller.error("GET", "/conf/code-tables/NoSuchTable") == (400, "40166411")
    assert (await caller.get("/conf/general"))["environment_type"] == "SANDBOX"
    proxies = await caller.get("/conf/integration-profiles", type="PROXY_DEFINITION")
    assert proxies["integration_profile"][0]["code"] == "ezproxy"


async def test_libraries_have_the_recorded_keys() -> None:
    theirs = recorded("scriptotek-php-alma-client/libraries_response.json")["library"][0]
    library = (await Caller(practice()).get("/conf/libraries"))["library"][0]
    assert set(library) == set(theirs)


# Formats


async def test_xml_unless_json_is_asked_for() -> None:
    caller = Caller(practice())
    for accept in ("*/*", "", "application/xml"):
        answer = await caller.call("GET", caller.portfolios_path(), headers={"Accept": accept})
        root = parsed(answer.text)
        assert (root.tag, root.get("total_record_count")) == ("portfolios", "2")
        assert root.find("portfolio/availability").get("desc") == "Available"
        assert "/portfolios/53" in root.find("portfolio").get("link")
    answer = await caller.call("GET", caller.portfolios_path() + "?format=json", headers={"Accept": "*/*"})
    assert answer.headers["Content-Type"] == "application/json;charset=UTF-8"
    assert answer.json()["total_record_count"] == 2
    bib = await caller.call("GET", f"/bibs/{caller.alma.mms_id('tides')}", headers={"Accept": "*/*"})
    assert parsed(bib.text).findtext("record/controlfield[@tag='001']") == caller.alma.mms_id("tides")


async def test_the_test_endpoints_name_the_institution() -> None:
    caller = Caller(practice())
    for path in ("/bibs/test", "/conf/test"):
        for method in ("GET", "POST"):
            answer = await caller.call(method, path)
            assert answer.text == f"<test>{method} - OK - institutionCode: 01PRACTICE_INST</test>"
    assert (await caller.call("GET", "/electronic/test")).status_code == 404


# Lists


async def test_pages_cover_the_list_and_an_empty_one_has_no_array() -> None:
    caller = Caller(practice())
    assert await caller.get(COLLECTIONS, limit=0) == {"total_record_count": 3}
    assert await caller.get(f"{COLLECTIONS}/{caller.empty}/e-services") == {"total_record_count": 0}
    assert await caller.get(COLLECTIONS, offset=3) == {"total_record_count": 3}
    pages = [await caller.get(COLLECTIONS, limit=1, offset=offset) for offset in range(3)]
    found = [page["electronic_collection"][0]["id"] for page in pages]
    assert found == [caller.local, caller.zone, caller.empty]
    for limit in ("101", "-1", "x"):
        assert (await caller.call("GET", COLLECTIONS, params={"limit": limit})).status_code == 400
    named = await caller.get(COLLECTIONS, q="name~coastal_package")
    assert [each["id"] for each in named["electronic_collection"]] == [caller.local]
    assert await caller.error("GET", COLLECTIONS, params={"q": "coastal"}) == (400, "60106")


async def test_a_service_list_may_not_say_its_count() -> None:
    caller = Caller(practice(service_list_total_null=True))
    services = await caller.get(f"{COLLECTIONS}/{caller.local}/e-services")
    assert services["total_record_count"] is None
    assert services["electronic_service"][0]["activation_status"]["value"] == "11"


async def test_a_truncated_page_keeps_its_count_and_a_shuffled_one_its_records() -> None:
    caller = Caller(practice())
    whole = [each["id"] for each in caller.alma.portfolios(collection_id=caller.local)]
    caller.alma.controls.set_faults(Faults(truncate_pages=1.0))
    cut = await caller.get(caller.portfolios_path())
    assert cut["total_record_count"] == 2
    assert len(cut["portfolio"]) == 1
    caller.alma.controls.set_faults(Faults(shuffle_pages=True))
    orders = set()
    for _ in range(20):
        orders.add(tuple(each["id"] for each in (await caller.get(caller.portfolios_path()))["portfolio"]))
    assert orders == {tuple(whole), tuple(reversed(whole))}


async def test_records_can_come_and_go_between_two_pages() -> None:
    caller = Caller(practice())
    first = await caller.get(caller.portfolios_path(), limit=1)
    caller.alma.remove_portfolio(first["portfolio"][0]["id"])
    second = await caller.get(caller.portfolios_path(), limit=1, offset=1)
    assert second == {"total_record_count": 1}
    service = caller.alma.services(caller.local)[0]["id"]
    added = caller.alma.add_portfolio(service, SeedPortfolio(bib="reeds"))
    assert (await caller.get(caller.portfolios_path(), offset=1))["portfolio"][0]["id"] == added


# Errors


async def test_what_is_not_there_is_a_400_with_its_own_code() -> None:
    caller = Caller(practice())
    gone = {
        f"{COLLECTIONS}/61": "60121",
        f"{COLLECTIONS}/61/e-services": "60121",
        f"{COLLECTIONS}/{caller.local}/e-services/62": "60122",
        f"{COLLECTIONS}/{caller.local}/e-services/62/portfolios": "60122",
        f"{caller.portfolios_path()}/53": "60123",
        f"/bibs/{caller.alma.mms_id('tides')}/portfolios/53": "60123",
        "/bibs/99/portfolios": "402203",
    }
    for path, code in gone.items():
        assert await caller.error("GET", path) == (400, code), path
    assert await caller.error("DELETE", f"{caller.portfolios_path()}/53") == (400, "60122")
    assert await caller.error("PUT", f"{caller.portfolios_path()}/53", json={}) == (400, "60123")


async def test_error_bodies_have_the_recorded_shape() -> None:
    caller = Caller(practice())
    answer = await caller.call("GET", f"{COLLECTIONS}/61")
    theirs = recorded("scriptotek-php-alma-client/error_response.json")
    assert_same_shape(answer.json(), theirs)
    assert answer.json()["errorsExist"] is True
    as_xml = await caller.call("GET", f"{COLLECTIONS}/61", headers={"Accept": "*/*"})
    ours, theirs = (
        parsed(as_xml.text),
        parsed((RECORDED / "scriptotek-php-alma-client" / "error_response.xml").read_text()),
    )
    assert [each.tag for each in ours.iter()] == [each.tag for each in theirs.iter()]
    assert as_xml.headers["Content-Type"].startswith("application/xml")


async def test_error_variants_are_switches() -> None:
    caller = Caller(practice(wrapped_errors=True, error_as_object=True, error_without_result=True))
    body = (await caller.call("GET", f"{COLLECTIONS}/61")).json()["web_service_result"]
    assert body["errorList"]["error"]["errorCode"] == "60121"
    assert "result" not in body


async def test_a_wrong_key_is_refused_in_xml_whatever_was_asked_for() -> None:
    caller = Caller(practice(key_areas={"practice-alma-key": frozenset({"electronic"})}))
    refused = [
        ("GET", COLLECTIONS, {"Authorization": "apikey wrong"}),
        ("GET", COLLECTIONS, {"Authorization": ""}),
        ("GET", "/conf/general", {}),
        ("POST", COLLECTIONS, {"Authorization": f"apikey {READ_ONLY_KEY}"}),
    ]
    for method, path, headers in refused:
        answer = await caller.call(method, path, headers=headers)
        assert answer.status_code == 400
        assert answer.headers["Content-Type"].startswith("application/xml")
        assert parsed(answer.text).find(f".//{NAMESPACE}errorCode").text == "UNAUTHORIZED"
        assert "trackingId" not in answer.text
    for headers in ({"Authorization": f"apikey {READ_ONLY_KEY}"}, {"Authorization": "APIKEY practice-alma-key"}):
        assert (await caller.call("GET", COLLECTIONS, headers=headers)).status_code == 200
    in_query = await caller.call(
        "GET", COLLECTIONS, params={"apikey": "practice-alma-key"}, headers={"Authorization": ""}
    )
    assert in_query.status_code == 200


async def test_a_broken_call_has_one_of_the_known_forms() -> None:
    caller = Caller(practice())
    forms: dict[str, set[tuple[int, str]]] = {}
    for when in ("before", "after"):
        caller.alma.controls.set_faults(Faults(**{f"fail_{when}": 1.0}))
        answers = [await caller.call("GET", COLLECTIONS) for _ in range(60)]
        forms[when] = {(each.status_code, each.headers.get("Content-Type", "")) for each in answers}
    json_type = "application/json;charset=UTF-8"
    assert forms["before"] == {(503, ""), (502, "text/html"), (503, json_type), (500, json_type)}
    assert forms["after"] - forms["before"] == {(200, "text/plain;charset=UTF-8")}


async def test_a_write_may_be_carried_out_although_its_answer_is_lost() -> None:
    for fault in ("fail_after", "drop_after"):
        caller = Caller(practice())
        caller.alma.controls.set_faults(Faults(**{fault: 1.0}))
        body = {"resource_metadata": {"mms_id": {"value": caller.alma.mms_id("reeds")}}}
        if fault == "drop_after":
            with pytest.raises(DropConnectionError):
                await caller.call("POST", caller.portfolios_path(), json=body)
        else:
            await caller.call("POST", caller.portfolios_path(), json=body)
        assert len(caller.alma.portfolios(mms_id=caller.alma.mms_id("reeds"))) == 2


# Limits


async def test_the_26th_call_within_a_second_is_refused() -> None:
    caller = Caller(practice(requests_per_second=25))
    answers = [await caller.call("GET", f"{COLLECTIONS}?limit=0") for _ in range(26)]
    assert [each.status_code for each in answers] == [200] * 25 + [429]
    assert "Retry-After" not in answers[25].headers
    await asyncio.sleep(1.05)
    assert (await caller.call("GET", COLLECTIONS)).status_code == 200


async def test_a_call_too_many_is_refused_in_the_recorded_words() -> None:
    caller = Caller(practice(requests_per_second=1))
    theirs = recorded("scriptotek-php-alma-client/per_second_threshold_error_response.json")
    assert [(await caller.call("GET", COLLECTIONS)).json() for _ in range(2)][1] == theirs


async def test_the_days_calls_run_out_and_start_anew_at_midnight_utc() -> None:
    caller = Caller(practice(daily_calls=3))
    left = [(await caller.call("GET", COLLECTIONS)).headers["X-Exl-Api-Remaining"] for _ in range(3)]
    assert left == ["2", "1", "0"]
    assert await caller.error("GET", COLLECTIONS) == (429, "DAILY_THRESHOLD")
    caller.alma.controls.clock.forward(days=1)
    assert (await caller.call("GET", f"{COLLECTIONS}/61")).headers["X-Exl-Api-Remaining"] == "2"
    caller.alma.use_up(2)
    assert caller.alma.calls_left == 0


# Writes


async def test_a_collection_a_service_and_a_portfolio_can_be_created() -> None:
    caller = Caller(practice())
    wanted = {"public_name": "New", "type": {"value": "0"}, "access_type": {"value": "current"}}
    for missing, code in (("public_name", "60126"), ("type", "60127"), ("access_type", "60128")):
        part = {name: value for name, value in wanted.items() if name != missing}
        assert await caller.error("POST", COLLECTIONS, json=part) == (400, code)
    collection = (await caller.call("POST", COLLECTIONS, json=wanted)).json()
    assert collection["is_local"] is True
    services = f"{COLLECTIONS}/{collection['id']}/e-services"
    body = {
        "is_local": True,
        "type": {"value": "getFullTxt", "desc": "Full Text"},
        "activation_status": {"value": "11", "desc": "Available"},
        "parser": None,
        "free": None,
        "proxy": None,
    }
    service = (await caller.call("POST", services, json=body)).json()
    portfolios = f"{services}/{service['id']}/portfolios"
    assert await caller.error("POST", portfolios, json={}) == (400, "60159")
    unknown = {"resource_metadata": {"mms_id": {"value": "99"}}}
    assert await caller.error("POST", portfolios, json=unknown) == (400, "60172")
    wanted = {
        "resource_metadata": {"mms_id": {"value": caller.alma.mms_id("dunes")}},
        "material_type": {"value": "BOOK"},
        "linking_details": {"url_type": {"value": "static"}, "static_url": "jkey=https://new.invalid"},
        "coverage_details": {"local_date_coverage_parameters": [{"from_year": "1913", "until_year": "1914"}]},
    }
    for path in (portfolios, portfolios + "/"):
        answer = await caller.call("POST", path, json=wanted)
        assert answer.status_code == 200
    created = answer.json()
    assert created["coverage_details"]["local_date_coverage_parameters"] == []
    coverage = {"local_date_coverage_parameters": [{"from_year": "1913", "from_month": {"value": "2"}}]}
    changed = {**created, "coverage_details": {**created["coverage_details"], **coverage}}
    put = await caller.call("PUT", created["link"].partition("/almaws/v1")[2], json=changed)
    assert put.json()["coverage_details"]["local_date_coverage_parameters"][0]["from_month"]["value"] == "2"
    assert put.json()["linking_details"] == created["linking_details"]


async def test_put_keeps_what_is_omitted_and_clears_what_is_empty_unless_it_replaces_all() -> None:
    for replaces in (False, True):
        caller = Caller(practice(put_clears_omitted=replaces))
        path = caller.portfolio_path("tides")
        before = await caller.get(path)
        sent = {"public_note": "kept", "availability": {"value": "10"}}
        after = (await caller.call("PUT", path, json=sent)).json()
        assert after["public_note"] == "kept"
        assert after["availability"] == {"value": "10", "desc": "Not Available"}
        assert (after["linking_details"] == before["linking_details"]) is not replaces
        assert (await caller.call("PUT", path, json={"public_note": ""})).json()["public_note"] == ""
    whole = await caller.get(caller.portfolio_path("dunes"))
    assert (await caller.call("PUT", caller.portfolio_path("dunes"), json=whole)).json() == whole


@pytest.mark.parametrize(
    "switches",
    [
        {},
        {"managed_fields": "reject"},
        {"put_clears_omitted": True},
        {"month_form": "strings", "unset_form": "value_only", "unset_date": "absent"},
    ],
)
async def test_writing_back_a_whole_record_changes_nothing(switches: dict[str, Any]) -> None:
    alma = PracticeAlma(switches=AlmaSwitches(requests_per_second=0, **switches))
    alma.load(practice_library(portfolios=300))
    caller = Caller(alma)
    for record in [*alma.portfolios(), *alma.services(), *alma.collections()]:
        answer = await caller.call("PUT", record["link"].partition("/almaws/v1")[2], json=record)
        assert answer.json() == record


async def test_writing_back_a_whole_record_as_xml_changes_nothing() -> None:
    caller = Caller(practice())
    alma = caller.alma
    group = {"group": {"value": "CAMPUS"}, "proxy_enabled": "true", "public_name": "Campus", "public_note": "a & b"}
    for portfolio in alma.portfolios():
        alma.edit_portfolio(portfolio["id"], group_settings=[group], number=[{"value": "7"}, {"value": "8"}])
    for record in [*alma.portfolios(), *alma.services(), *alma.collections()]:
        path = record["link"].partition("/almaws/v1")[2]
        as_xml = await caller.call("GET", path, headers={"Accept": "application/xml"})
        answer = await caller.call("PUT", path, content=as_xml.content, headers={"Content-Type": "application/xml"})
        assert answer.json() == record


async def test_xml_leaves_out_what_xml_cannot_hold() -> None:
    caller = Caller(practice())
    caller.alma.edit_collection(caller.local, public_note="ring\x07 \x00twice", public_name="Bells & \x1b[31mwhistles")
    answer = await caller.call("GET", f"{COLLECTIONS}/{caller.local}", headers={"Accept": "*/*"})
    assert parsed(answer.text).findtext("public_name") == "Bells & [31mwhistles"
    assert (await caller.get(f"{COLLECTIONS}/{caller.local}"))["public_note"] == "ring\x07 \x00twice"


async def test_put_refuses_wrong_values_with_the_code_of_their_field() -> None:
    caller = Caller(practice())
    path = caller.portfolio_path("tides")
    before = await caller.get(path)
    wrong = {
        "60161": {"availability": {"value": "99"}},
        "60166": {"linking_details": {"url_type": {"value": "telepathy"}}},
        "60168": {"linking_details": {"proxy": "nobody"}},
        "60170": {"coverage_details": {"coverage_in_use": {"value": "9"}}},
        "60171": {"material_type": {"value": "PAPYRUS"}},
        "402469": {"library": {"value": "ATLANTIS"}},
    }
    for code, body in wrong.items():
        assert await caller.error("PUT", path, json={"public_note": "x", **body}) == (400, code)
    assert await caller.error("PUT", path, content=b"{") == (400, "401652")
    assert await caller.get(path) == before


async def test_base_fields_of_the_community_zone_are_not_written() -> None:
    caller = Caller(practice())
    path = caller.portfolio_path("reeds")
    body = await caller.get(path)
    body["linking_details"] |= {"static_url": "jkey=https://mine.invalid", "static_url_override": "jkey=https://ours"}
    after = (await caller.call("PUT", path, json={**body, "is_standalone": True, "is_local": True})).json()
    assert after["linking_details"]["static_url"] == "jkey=https://reeds.invalid"
    assert after["linking_details"]["static_url_override"] == "jkey=https://ours"
    assert (after["is_local"], after["is_standalone"]) == (False, False)
    named = {"public_name": "Mine", "public_name_override": "Ours"}
    collection = (await caller.call("PUT", f"{COLLECTIONS}/{caller.zone}", json=named)).json()
    assert (collection["public_name"], collection["public_name_override"]) == ("Zone Package", "Ours")
    caller.alma.switches.managed_fields = "reject"
    assert (await caller.call("PUT", path, json=body)).status_code == 400
    assert (await caller.call("PUT", path, json=await caller.get(path))).status_code == 200
    assert (await caller.call("PUT", f"{COLLECTIONS}/{caller.zone}", json=collection)).status_code == 200


async def test_the_type_of_a_service_stays() -> None:
    caller = Caller(practice())
    path = caller.portfolios_path().removesuffix("/portfolios")
    assert await caller.error("PUT", path, json={"type": {"value": "getSelectedFullTxt"}}) == (400, "60153")
    changed = await caller.call("PUT", path, json={"type": {"value": "getFullTxt"}, "public_note": "seen"})
    assert changed.json()["public_note"] == "seen"


async def test_deletes_go_from_the_bottom_up() -> None:
    caller = Caller(practice())
    portfolios = caller.portfolios_path()
    service, collection = portfolios.removesuffix("/portfolios"), f"{COLLECTIONS}/{caller.local}"
    assert await caller.error("DELETE", collection) == (400, "60289")
    assert await caller.error("DELETE", service) == (400, "60289")
    dunes = caller.alma.mms_id("dunes")
    for key in ("tides", "dunes"):
        treatment = {"bib": "delete"} if key == "dunes" else {}
        assert (await caller.call("DELETE", caller.portfolio_path(key), params=treatment)).status_code == 204
    for path in (service, collection):
        assert (await caller.call("DELETE", path)).status_code == 204
    assert await caller.error("GET", collection) == (400, "60121")
    assert await caller.error("GET", f"/bibs/{dunes}") == (400, "402203")
    assert (await caller.get(f"/bibs/{caller.alma.mms_id('tides')}"))["suppress_from_publishing"] == "false"


async def test_a_delete_may_stay_in_process() -> None:
    caller = Caller(practice(delete_in_process_seconds=30))
    path = caller.portfolio_path("tides")
    assert (await caller.call("DELETE", path)).status_code == 204
    assert await caller.error("DELETE", path) == (400, "60174")
    assert (await caller.get(caller.portfolios_path()))["total_record_count"] == 2
    caller.alma.controls.clock.forward(seconds=31)
    assert await caller.error("DELETE", path) == (400, "60122")
    assert (await caller.get(caller.portfolios_path()))["total_record_count"] == 1


async def test_standalone_portfolios_live_below_their_bib_only() -> None:
    caller = Caller(practice())
    path = f"/bibs/{caller.alma.mms_id('reeds')}/portfolios/"
    created = (await caller.call("POST", path, json={"is_standalone": True, "availability": {"value": "11"}})).json()
    assert created["is_standalone"] is True
    assert created["electronic_collection"]["id"] == {"value": "", "link": None}
    assert (await caller.get(path.rstrip("/")))["total_record_count"] == 2
    assert (await caller.call("DELETE", path + created["id"], params={"bib": "retain"})).status_code == 204


async def test_bibs_are_created_in_xml_only_and_found_by_their_number() -> None:
    caller = Caller(practice())
    assert await caller.error("POST", "/bibs", json={"record": {}}) == (400, "60105")
    body = (
        "<bib><record><leader>00000cam a2200000 i 4500</leader><controlfield tag='001'>ignored</controlfield>"
        "<datafield tag='020' ind1=' ' ind2=' '><subfield code='a'>9781402894626</subfield></datafield>"
        "<datafield tag='035' ind1=' ' ind2=' '><subfield code='a'>(FOLIO-EH)7</subfield></datafield>"
        "<datafield tag='245' ind1='0' ind2='0'><subfield code='a'>Marsh &amp; mire</subfield></datafield>"
        "</record></bib>"
    )
    headers = {"Content-Type": "application/xml"}
    answer = await caller.call("POST", "/bibs", content=body, headers=headers)
    assert answer.status_code == 200
    mms_id = parsed(answer.text).findtext("mms_id")
    found = await caller.get("/bibs", other_system_id="(FOLIO-EH)7")
    assert [(bib["mms_id"], bib["title"], bib["isbn"]) for bib in found["bib"]] == [
        (mms_id, "Marsh & mire", "9781402894626")
    ]
    broken = await caller.call("POST", "/bibs", content="<bib/>", headers=headers)
    assert (broken.status_code, "402209" in broken.text) == (400, True)


async def test_xml_writes_do_what_json_writes_do() -> None:
    caller = Caller(practice())
    body = (
        "<portfolio><public_note>by xml</public_note><availability>10</availability><linking_details>"
        "<url_type_override>param</url_type_override></linking_details><coverage_details>"
        "<local_date_coverage_parameters><from_year>2001</from_year></local_date_coverage_parameters>"
        "</coverage_details></portfolio>"
    )
    after = (await caller.call("PUT", caller.portfolio_path("tides"), content=body)).json()
    assert (after["public_note"], after["availability"]["value"]) == ("by xml", "10")
    assert after["linking_details"]["url_type_override"]["value"] == "param"
    assert [each["from_year"] for each in after["coverage_details"]["local_date_coverage_parameters"]] == ["2001"]


# Behind the API's back


async def test_a_librarians_edits_are_seen_by_the_next_read() -> None:
    caller = Caller(practice())
    alma, path = caller.alma, caller.portfolio_path("tides")
    before = await caller.get(path)
    alma.edit_portfolio(before["id"], availability="10", linking_details={"static_url": "jkey=https://moved.invalid"})
    alma.set_coverage(before["id"], SeedRange(from_year="2005", until_year="2010"))
    alma.edit_bib(alma.mms_id("tides"), SeedBib(key="tides", title="Ebbs"))
    after = await caller.get(path)
    assert after["availability"]["value"] == "10"
    assert after["linking_details"]["url_type"] == before["linking_details"]["url_type"]
    assert after["linking_details"]["static_url"] == "jkey=https://moved.invalid"
    assert after["coverage_details"]["local_date_coverage_parameters"][0]["until_year"] == "2010"
    assert after["coverage_details"]["local_embargo_information"] is None
    assert after["resource_metadata"]["title"] == "Ebbs"
    alma.rename_collection(caller.local, "Renamed")
    assert (await caller.get(f"{COLLECTIONS}/{caller.local}"))["public_name"] == "Renamed"
    alma.remove_collection(caller.local)
    assert await caller.error("GET", path) == (400, "60123")
    assert (await caller.get(COLLECTIONS))["total_record_count"] == 2


async def test_calls_are_counted_and_refused_ones_too() -> None:
    controls = Controls()
    alma = PracticeAlma(switches=AlmaSwitches(requests_per_second=2), controls=controls)
    alma.load(LIBRARY)
    caller = Caller(alma)
    for _ in range(3):
        await caller.call("GET", COLLECTIONS)
    assert (controls.counts["GET 200"], controls.counts["GET 429"]) == (2, 1)
    assert alma.calls_left == alma.switches.daily_calls - 2
