"""Every recorded answer of Alma and FOLIO is read by the models, and every recorded error by the parser."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from sync.alma.client import open_alma
from sync.alma.wire import Bib, Collection, CoverageDetails, Portfolio, Service
from sync.folio.client import open_folio
from sync.folio.wire import (
    AccessType,
    Package,
    ProxyType,
    Resource,
    RootProxy,
    Title,
    VisibilityForm,
    package_visibility_form,
)
from sync.transport.bodies import Family, read_error
from sync.transport.records import Record, read_page, read_record
from tests.support.transports import FolioScript, Script, answer, quick

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
ALMA = SHARED / "data" / "alma"
FOLIO = SHARED / "data" / "folio" / "fixtures" / "mod-kb-ebsco-java-v7.0.0"
KB = FOLIO / "src" / "test" / "resources" / "responses" / "kb-ebsco"
EXAMPLES = FOLIO / "ramls" / "examples"

pytestmark = pytest.mark.skipif(not SHARED.is_dir(), reason="the recorded bodies are not at hand (shared/data)")

KEY = SecretStr("l8xx0123456789")

MODELS: dict[
    str, type[Package] | type[Resource] | type[Title] | type[ProxyType] | type[RootProxy] | type[AccessType]
] = {
    "packages": Package,
    "resources": Resource,
    "titles": Title,
    "proxyTypes": ProxyType,
    "rootProxies": RootProxy,
    "accessTypes": AccessType,
}


def load(path: Path) -> Any:
    return json.loads(path.read_text(encoding="utf-8"))


def recorded_answers() -> Iterator[Path]:
    for folder in ("packages", "resources", "titles", "proxytypes", "root-proxy"):
        yield from sorted((KB / folder).glob("*.json"))
    for folder in ("packages", "resources", "titles", "proxies", "accessTypes"):
        yield from sorted((EXAMPLES / folder).glob("*_20?_response.json"))


def recorded_errors() -> Iterator[Path]:
    yield from sorted(EXAMPLES.glob("*/*_4??_response.json"))
    yield from sorted((FOLIO / "src" / "test" / "resources" / "responses" / "rmapi").glob("*/*400*.json"))
    yield from sorted((FOLIO / "src" / "test" / "resources" / "responses" / "rmapi").glob("*/*not-found*.json"))


def named(path: Path) -> str:
    return f"{path.parent.name}/{path.name}"


def items_of(document: Any) -> list[dict[str, Any]]:
    data = document.get("data") or document.get("included") or []
    return data if isinstance(data, list) else [data]


@pytest.mark.parametrize("path", list(recorded_answers()), ids=named)
def test_each_recorded_answer_of_folio_is_read(path: Path) -> None:
    read = 0
    for item in items_of(load(path)):
        # examples in the API's own description leave out ids and types here and there
        kind = item.get("type") or path.parent.name
        if kind not in MODELS:
            continue
        record = read_record(MODELS[kind], {"id": "1", **item})
        assert isinstance(record, Record), record.reason
        _values_survive(record.model.model_dump(by_alias=True)["attributes"], item["attributes"])
        read += 1
    assert read or not items_of(load(path)) or "tags" in path.name


def _values_survive(read: dict[str, Any], sent: dict[str, Any]) -> None:
    for key, value in sent.items():
        assert key in read, f"{key} was lost"
        if isinstance(value, str | int | float | bool):
            assert str(read[key]) == str(value), key
        elif isinstance(value, list) and all(isinstance(each, dict) for each in value):
            assert len(read[key]) == len(value), key


@pytest.mark.parametrize("path", list(recorded_errors()), ids=named)
def test_each_recorded_error_of_folio_and_ebsco_has_words(path: Path) -> None:
    found = read_error(path.read_bytes(), "application/vnd.api+json")

    assert found.family in {Family.JSON_API, Family.RMB, Family.EBSCO}
    assert found.complaints
    assert all(complaint.text and not complaint.text.startswith("{") for complaint in found.complaints)


def test_a_title_list_holds_its_resources_inside_each_item() -> None:
    page = read_page(Title, load(KB / "titles" / "expected-titles-with-resources.json")["data"], None)
    title = page.records[0].model

    assert len(title.resources) == len(title.resource_ids) == 6
    assert title.resources[0].id == "58251-22551-1175655"
    assert title.resources[0].attributes.package_name == "123Library eBooks"


async def test_a_title_by_id_reads_like_one_of_a_list() -> None:
    body = load(KB / "titles" / "get-title-by-id-include-resources-response.json")
    async with open_folio(
        "http://folio.invalid", "diku", "sync", SecretStr("pass-word"), options=quick(FolioScript(answer(200, body)))
    ) as folio:
        record = await folio.get_title(body["data"]["id"], include_resources=True)

    assert {each.id for each in record.model.resources} == {each["id"] for each in body["included"]}
    assert record.raw["included"] == body["included"]


def test_a_resource_tells_its_coverage_embargo_and_access_type() -> None:
    body = load(KB / "resources" / "expected-resource-by-id-with-access-type.json")
    record = read_record(Resource, {**body["data"], "included": body["included"]})
    assert isinstance(record, Record)
    resource = record.model

    assert resource.attributes.custom_embargo_period is not None
    assert resource.attributes.custom_embargo_period.embargo_unit == "Years"
    assert resource.attributes.managed_embargo_period is not None
    assert resource.attributes.managed_embargo_period.embargo_unit is None
    assert resource.attributes.managed_coverages[0].end_coverage == "2005-12-31"
    assert resource.attributes.user_defined_field3 == ""
    assert resource.attributes.user_defined_field4 is None
    assert resource.access_type_id == "%s"


def test_the_form_of_the_visibility_tells_the_version() -> None:
    released = Package.model_validate(load(KB / "packages" / "expected-package-by-id.json")["data"])
    later = Package.model_validate(
        {"id": "1-2", "attributes": {"visibility": [{"category": "PF", "hidden": True, "reason": ""}]}}
    )

    assert package_visibility_form(released) is VisibilityForm.DATA
    assert package_visibility_form(later) is VisibilityForm.LIST


def test_a_full_collection_of_alma() -> None:
    collection = Collection.model_validate(load(ALMA / "scriptotek-php-alma-client" / "e-collection_response.json"))

    assert collection.id == "61173723710002204"
    assert collection.is_local is False
    assert collection.type.value == "0"
    assert collection.access_type.value == ""
    assert collection.license.value == "070001039"
    assert collection.interface.name == "Springer Link"
    assert collection.portfolios.value == 55900
    assert collection.mms_id == "999919849150002204"


def test_a_full_portfolio_of_alma() -> None:
    portfolio = Portfolio.model_validate(load(ALMA / "scriptotek-php-alma-client" / "portfolio_response.json"))

    assert (portfolio.collection_id, portfolio.service_id) == ("61173723710002204", "62173726760002204")
    assert portfolio.mms_id == "999919790879802204"
    assert portfolio.availability.value == "11"
    assert portfolio.linking_details.proxy_enabled.value == "false"
    assert portfolio.coverage_details.coverage_in_use.value == "0"
    assert portfolio.coverage_details.local_date_coverage_parameters == ()


async def test_brief_lists_of_alma_keep_what_is_not_included_apart_from_what_is_empty() -> None:
    folder = ALMA / "scriptotek-php-alma-client"
    script = Script(
        answer(200, load(folder / "e-collections_response.json")),
        answer(200, load(folder / "portfolios_response.json")),
    )
    async with open_alma("http://alma.invalid", KEY, options=quick(script)) as alma:
        collections = await alma.list_collections(0)
        portfolios = await alma.list_portfolios("61173723710002204", "62173726760002204", 0)

    assert (collections.total, portfolios.total) == (1, 1)
    assert collections.invalid == portfolios.invalid == ()
    assert collections.records[0].model.url == ""
    assert collections.records[0].raw["url"] is None
    assert portfolios.records[0].model.library.value == ""
    assert portfolios.records[0].raw["library"] is None


def test_coverage_with_plain_months_as_one_library_recorded_it() -> None:
    found = load(ALMA / "derived" / "portfolio_coverage_tau_2026-09-14.json")["coverage_details"]
    coverage = CoverageDetails.model_validate(found)

    assert coverage.global_date_coverage_parameters[0].from_month == "3"
    assert coverage.local_date_coverage_parameters[0].from_month == ""
    assert coverage.local_date_coverage_parameters[0].until_volume == "35"


@pytest.mark.parametrize("name", ["portfolio_post_body_cuni.json", "portfolio_put_body_cuni.json"])
def test_bodies_that_work_for_others_are_portfolios_too(name: str) -> None:
    portfolio = Portfolio.model_validate(load(ALMA / "derived" / name))

    assert portfolio.linking_details.static_url_override.startswith("jkey=https://")


async def test_bibs_of_alma_come_with_marc_that_can_be_parsed() -> None:
    several = load(ALMA / "tulibraries" / "alma_rb_multiple_bibs.json")
    ids = [bib["mms_id"] for bib in several["bib"]]
    script = Script(answer(200, several))
    async with open_alma("http://alma.invalid", KEY, options=quick(script)) as alma:
        page = await alma.get_bibs(ids)

    assert [record.model.mms_id for record in page.records] == ids
    assert all(record.model.marc_xml.startswith("<record>") for record in page.records)
    assert script.requests[0].url.params["mms_id"] == ",".join(ids)

    one = Bib.model_validate(load(ALMA / "scriptotek-php-alma-client" / "bib_response.json"))
    assert one.suppress_from_publishing is False
    assert one.issn == ""
    assert len(one.network_number) == 4


@pytest.mark.parametrize(
    ("name", "code"),
    [
        ("scriptotek-php-alma-client/error_response.json", "401664"),
        ("scriptotek-php-alma-client/error_response.xml", "401664"),
        ("scriptotek-php-alma-client/item_barcode_error_response.json", "401689"),
        ("scriptotek-php-alma-client/per_second_threshold_error_response.json", "PER_SECOND_THRESHOLD"),
        ("tulibraries/alma_rb_error.json", "402203"),
        ("derived/error_bad_request_402204.json", "402204"),
        ("derived/error_unauthorized.xml", "UNAUTHORIZED"),
    ],
)
def test_each_recorded_error_of_alma_has_its_code(name: str, code: str) -> None:
    found = read_error((ALMA / name).read_bytes())

    assert found.family is Family.ALMA
    assert found.codes == {code}


def test_values_read_the_same_in_every_form_alma_uses() -> None:
    forms = [
        {"type": {"value": "getFullTxt", "desc": "Full Text"}, "portfolios": {"value": "3"}, "free": {"value": ""}},
        {"type": {"value": "getFullTxt"}, "portfolios": 3, "free": None, "activate_new_portfolios": "true"},
        {"type": "getFullTxt", "portfolios": {"value": 3, "link": None}, "free": "", "activate_new_portfolios": True},
    ]
    for form in forms:
        service = Service.model_validate(form)
        assert (service.type.value, service.portfolios.value, service.free.value) == ("getFullTxt", 3, "")
        assert service.activate_new_portfolios in {None, True}
    for key in ("group_settings", "group_setting"):
        assert len(Service.model_validate({key: [{"group": {"value": "A"}}]}).group_settings) == 1
