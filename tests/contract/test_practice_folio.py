"""The practice FOLIO keeps to the published facts of mod-kb-ebsco-java v7.0.0, and to the bodies recorded from it."""

import asyncio
import functools
import json
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from urllib.parse import urljoin

import httpx
import jsonschema
import pytest
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

from sync.sandbox.controls import Controls, DropConnectionError, Faults
from sync.sandbox.folio import FolioSwitches, PracticeFolio, ProxyKind
from sync.sandbox.seed import SeedKnowledgeBase, SeedKnowledgeBasePackage, SeedKnowledgeBaseTitle

JSON_API = "application/vnd.api+json"
RECORDED = Path(__file__).resolve().parents[2].parent / "shared" / "data" / "folio"
MODULE = RECORDED / "fixtures" / "mod-kb-ebsco-java-v7.0.0" / "src" / "test" / "resources"
SCHEMAS = RECORDED / "schemas" / "types"
needs_recorded = pytest.mark.skipif(not MODULE.is_dir(), reason=f"no recorded bodies at {RECORDED}")

VENDOR = SeedKnowledgeBase(
    titles=(
        SeedKnowledgeBaseTitle(
            name="Journal of Tides", issn_print="0317-8471", issn_online="2049-3630", publisher="Sea"
        ),
        SeedKnowledgeBaseTitle(name="Tides and Dunes: a Journal", publisher="Land"),
        SeedKnowledgeBaseTitle(name="Handbook of Reeds", publication_type="Book", isbn_online="978-0-306-40615-7"),
        SeedKnowledgeBaseTitle(name="Tides without a Package"),
    ),
    packages=(
        SeedKnowledgeBasePackage(name="Coastal Complete", provider="Vendor", titles=(0, 1, 2), selected=True),
        SeedKnowledgeBasePackage(name="Coastal Extra", provider="Vendor", content_type="E-Book", titles=(0, 2)),
    ),
)
PROXIES = (
    ProxyKind(id="<n>", name="None"),
    ProxyKind(id="EZProxy", name="EZProxy", url_mask="https://proxy.invalid/login?url={targetURL}"),
    ProxyKind(id="Test-proxy-id", name="Test"),
    ProxyKind(id="Proxy-ID-234", name="Test 2"),
)


def body(kind: str, **attributes: Any) -> dict[str, Any]:
    """Return a request body."""
    return {"data": {"type": kind, "attributes": attributes}}


class Desk:
    """A logged-in user of one practice FOLIO. The token goes in a header: a Secure cookie is not sent over http."""

    def __init__(self, folio: PracticeFolio, http: httpx.AsyncClient) -> None:
        self.folio = folio
        self.http = http

    async def call(self, method: str, path: str, sent: Any = None, **params: Any) -> httpx.Response:
        content = None if sent is None else json.dumps(sent)
        headers = {} if sent is None else {"content-type": JSON_API}
        names = {name.replace("__", "[").rstrip("_") + ("]" if "__" in name else ""): params[name] for name in params}
        return await self.http.request(
            method, f"/eholdings{path}", content=content, headers=headers, params=names or None
        )

    async def ok(self, method: str, path: str, sent: Any = None, **params: Any) -> Any:
        answer = await self.call(method, path, sent, **params)
        assert answer.status_code in (200, 204), f"{answer.status_code} {answer.text}"
        if answer.status_code == 204:
            return None
        assert answer.headers["content-type"] == JSON_API
        return answer.json()

    async def refused(self, status: int, title: str, method: str, path: str, sent: Any = None, **params: Any) -> Any:
        answer = await self.call(method, path, sent, **params)
        assert answer.status_code == status, f"{answer.status_code} {answer.text}"
        error = answer.json()["errors"][0]
        assert error["title"] == title, error
        return error.get("detail")

    async def package(self, name: str = "Own Package", **more: Any) -> str:
        created = await self.ok("POST", "/packages", body("packages", name=name, contentType="E-Journal", **more))
        return str(created["data"]["id"])

    async def title(self, package: str, name: str = "Own Title", **more: Any) -> str:
        sent = body("titles", **{"name": name, "publicationType": "Journal", **more})
        sent["included"] = [{"type": "resource", "attributes": {"packageId": package}}]
        return str((await self.ok("POST", "/titles", sent))["data"]["id"])

    async def attributes(self, path: str) -> dict[str, Any]:
        found: dict[str, Any] = (await self.ok("GET", path))["data"]["attributes"]
        return found

    def managed(self, name: str = "Coastal Complete") -> str:
        return next(stored.id for stored in self.folio.packages() if stored.package.name == name)

    def managed_resource(self, title: str = "Journal of Tides", package: str = "Coastal Complete") -> str:
        found = self.folio.resources(self.managed(package))
        return next(stored.id for stored in found if stored.title.name == title)


@asynccontextmanager
async def open_desk(**switches: Any) -> AsyncIterator[Desk]:
    folio = PracticeFolio(switches=FolioSwitches(**{"proxies": PROXIES, **switches}), controls=Controls())
    folio.load(VENDOR)
    transport = httpx.ASGITransport(folio.app)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1") as http:
        http.headers["x-okapi-tenant"] = "diku"
        answer = await log_in(http)
        http.headers["x-okapi-token"] = answer.cookies["folioAccessToken"]
        http.cookies.clear()
        yield Desk(folio, http)


async def log_in(http: httpx.AsyncClient, password: str = "practice") -> httpx.Response:  # noqa: S107
    return await http.post("/authn/login-with-expiry", json={"username": "sync", "password": password})


@pytest.fixture
async def desk() -> AsyncIterator[Desk]:
    async with open_desk() as opened:
        yield opened


# --- logging in


async def test_login_gives_two_secure_cookies_and_their_times(desk: Desk) -> None:
    answer = await log_in(desk.http)
    assert answer.status_code == 201
    access, refresh = answer.headers.get_list("set-cookie")
    assert access.startswith("folioAccessToken=")
    assert refresh.startswith("folioRefreshToken=")
    assert "Max-Age=600; Path=/; Secure; HttpOnly" in access
    assert "Max-Age=604800; Path=/authn; Secure; HttpOnly" in refresh
    assert set(answer.json()) == {"accessTokenExpiration", "refreshTokenExpiration"}
    assert answer.json()["accessTokenExpiration"].endswith("Z")


async def test_a_token_is_taken_from_each_of_its_places_and_differing_ones_are_refused(desk: Desk) -> None:
    token = desk.http.headers.pop("x-okapi-token")
    for headers in (
        {"x-okapi-token": token},
        {"authorization": f"Bearer {token}"},
        {"cookie": f"folioAccessToken={token}"},
    ):
        assert (await desk.http.get("/eholdings/status", headers=headers)).status_code == 200
    differing = {"x-okapi-token": token, "cookie": "folioAccessToken=another"}
    assert (await desk.http.get("/eholdings/status", headers=differing)).status_code == 400
    desk.folio.switches.login_style = "eureka"
    assert (await desk.http.get("/eholdings/status", headers=differing)).status_code == 404


async def test_who_is_not_let_in_is_told_so_in_the_words_of_okapi_or_eureka(desk: Desk) -> None:
    without = httpx.Headers({"x-okapi-tenant": "diku"})
    desk.http.headers, with_token = without, desk.http.headers
    missing = await desk.call("GET", "/packages")
    assert (missing.status_code, missing.text) == (
        400,
        "Token missing, access requires permission: kb-ebsco.packages.collection.get",
    )
    desk.http.headers = with_token
    desk.folio.controls.clock.forward(seconds=601)
    expired = await desk.call("GET", "/packages")
    assert (expired.status_code, expired.text) == (401, "Invalid token")
    assert expired.headers["content-type"].startswith("text/plain")
    desk.folio.switches.login_style = "eureka"
    expired = await desk.call("GET", "/packages")
    assert expired.status_code == 401
    assert expired.json()["errors"][0]["message"] == "Unauthorized"
    del desk.http.headers["x-okapi-tenant"]
    assert (await desk.call("GET", "/packages")).status_code == 400


async def test_a_missing_permission_is_named() -> None:
    async with open_desk(permissions=frozenset({"kb-ebsco.status.get"})) as desk:
        await desk.ok("GET", "/status")
        answer = await desk.call("GET", "/packages/1-2")
        assert answer.status_code == 403
        assert answer.text.startswith("Access for user 'sync' (")
        assert answer.text.endswith("requires permission: kb-ebsco.packages.item.get")
        desk.folio.switches.login_style = "eureka"
        answer = await desk.call("GET", "/packages/1-2")
        assert answer.json()["errors"][0]["code"] == "AUTHORIZATION_ERROR"


async def test_a_refresh_token_used_twice_revokes_all_of_them(desk: Desk) -> None:
    first = (await log_in(desk.http)).cookies["folioRefreshToken"]
    desk.http.cookies.clear()
    again = await desk.http.post("/authn/refresh", headers={"cookie": f"folioRefreshToken={first}"})
    assert again.status_code == 201
    second = again.cookies["folioRefreshToken"]
    desk.http.cookies.clear()
    spent = await desk.http.post("/authn/refresh", headers={"cookie": f"folioRefreshToken={first}"})
    assert spent.status_code == 422
    revoked = await desk.http.post("/authn/refresh", headers={"cookie": f"folioRefreshToken={second}"})
    assert revoked.status_code == 422
    assert (await desk.http.post("/authn/refresh")).status_code == 400


async def test_five_wrong_passwords_block_the_account(desk: Desk) -> None:
    for _ in range(5):
        wrong = await log_in(desk.http, "guess")
        assert wrong.status_code == 422
        assert wrong.json()["errors"][0]["code"] == "wrong.username.or.wrong.password.or.account.blocked"
    assert (await log_in(desk.http)).status_code == 422
    desk.folio.login.unblock()
    assert (await log_in(desk.http)).status_code == 201
    desk.folio.switches.login_style = "eureka"
    assert (await log_in(desk.http, "guess")).status_code == 401


async def test_the_legacy_login_is_for_legacy_tenants_only(desk: Desk) -> None:
    sent = {"username": "sync", "password": "practice"}
    refused = await desk.http.post("/authn/login", json=sent)
    assert refused.status_code == 404
    assert refused.text.startswith("Tenant not a legacy token tenant")
    desk.folio.switches.legacy_login = True
    answer = await desk.http.post("/authn/login", json=sent)
    assert answer.status_code == 201
    assert answer.headers["x-okapi-token"] == answer.json()["okapiToken"]


# --- media types and bodies


async def test_another_media_type_is_refused_in_text(desk: Desk) -> None:
    sent = json.dumps(body("packages", name="N", contentType="Print"))
    for headers in ({"content-type": "application/json"}, {}):
        answer = await desk.http.post("/eholdings/packages", content=sent, headers=headers)
        assert answer.status_code == 400
        assert answer.headers["content-type"].startswith("text/plain")
        assert answer.text.startswith(f'Content-type header must be ["{JSON_API}"] but it is')
    answer = await desk.http.get("/eholdings/packages", headers={"accept": "text/csv"})
    assert answer.status_code == 400


@pytest.mark.parametrize(
    ("sent", "status", "key"),
    [
        (body("packages", name="N"), 422, "data.attributes.contentType"),
        (body("packages", name="N", contentType="Print", colour="red"), 422, "data.attributes.colour"),
        (body("packages", name="N", contentType="Print", accessTypeId="1"), 422, "data.attributes.accessTypeId"),
        ({**body("packages", name="N", contentType="Print"), "included": []}, 422, "included"),
        (body("packages", name="N", contentType="Scroll"), 400, None),
        (body("boxes", name="N", contentType="Print"), 400, None),
        (body("packages", name=["N"], contentType="Print"), 400, None),
    ],
)
async def test_a_body_outside_the_schema_is_refused(desk: Desk, sent: Any, status: int, key: str | None) -> None:
    answer = await desk.call("POST", "/packages", sent)
    assert answer.status_code == status, answer.text
    if key is None:
        assert answer.headers["content-type"].startswith("text/plain")
    else:
        assert answer.headers["content-type"] == "application/json"
        assert answer.json()["errors"][0]["parameters"][0]["key"] == key


async def test_a_body_that_is_no_json_is_refused_in_text(desk: Desk) -> None:
    answer = await desk.http.post("/eholdings/packages", content=b"{", headers={"content-type": JSON_API})
    assert (answer.status_code, answer.text[:18]) == (400, "Json content error")


async def test_visibility_of_a_package_depends_on_the_version() -> None:
    hidden_now = {"visibilityData": {"isHidden": True}}
    hidden_next = {"visibility": [{"category": "PF", "hidden": True}]}
    common = {"name": "Own Package", "contentType": "Print", "isCustom": True, "isSelected": True}
    async with open_desk() as desk:
        package = await desk.package()
        assert (
            await desk.call("PUT", f"/packages/{package}", body("packages", **common, **hidden_next))
        ).status_code == 422
        await desk.ok("PUT", f"/packages/{package}", body("packages", **common, **hidden_now))
        found = await desk.attributes(f"/packages/{package}")
        assert found["visibilityData"] == {"isHidden": True, "reason": ""}
        assert "visibility" not in found
    async with open_desk(package_visibility="visibility") as desk:
        package = await desk.package()
        await desk.ok("PUT", f"/packages/{package}", body("packages", **common, **hidden_next))
        found = await desk.attributes(f"/packages/{package}")
        assert [entry["hidden"] for entry in found["visibility"]] == [True, False, False]
        assert "visibilityData" not in found


# --- packages


async def test_a_custom_package_is_created_selected_and_is_the_customers_own(desk: Desk) -> None:
    created = await desk.ok(
        "POST",
        "/packages",
        body(
            "packages",
            name="Mine",
            contentType="Print",
            customCoverage={"beginCoverage": "2003-01-01", "endCoverage": "2003-12-01"},
        ),
    )
    found = created["data"]["attributes"]
    assert created["data"]["id"] == f"123355-{found['packageId']}"
    assert (found["isCustom"], found["isSelected"], found["packageType"]) == (True, True, "Custom")
    assert found["customCoverage"] == {"beginCoverage": "2003-01-01", "endCoverage": "2003-12-01"}
    assert found["proxy"] == {"id": "<n>", "inherited": True}
    assert "packageToken" not in found


async def test_a_custom_name_is_taken_once(desk: Desk) -> None:
    package = await desk.package("Mine")
    sent = body("packages", name="Mine", contentType="Print")
    await desk.refused(400, "Custom Package with the provided name already exists", "POST", "/packages", sent)
    await desk.package("Other")
    common = {"contentType": "Print", "isCustom": True, "isSelected": True}
    sent = body("packages", name="Other", **common)
    await desk.refused(400, "Package name already exists", "PUT", f"/packages/{package}", sent)
    await desk.ok("PUT", f"/packages/{package}", body("packages", name="Mine too", **common))
    await desk.package("Mine")
    await desk.title(package, "Known")
    sent = body("titles", name="Known", publicationType="Book")
    sent["included"] = [{"type": "resource", "attributes": {"packageId": package}}]
    await desk.refused(400, "Custom Title with the provided name already exists", "POST", "/titles", sent)


@pytest.mark.parametrize(
    ("attributes", "title", "detail"),
    [
        ({"name": " "}, "Invalid name", "name must not be empty"),
        ({"name": "x" * 201}, "Invalid name", "name is too long (maximum is 200 characters)"),
        (
            {"customCoverage": {"beginCoverage": "2003", "endCoverage": ""}},
            "Invalid beginCoverage",
            "beginCoverage has invalid format. Should be YYYY-MM-DD",
        ),
        (
            {"customCoverage": {"beginCoverage": "", "endCoverage": "2003-01-01"}},
            "Invalid beginCoverage",
            "Begin Coverage has an invalid date.",
        ),
        (
            {"customCoverage": {"beginCoverage": "2004-01-01", "endCoverage": "2003-01-01"}},
            "Invalid beginCoverage",
            "Begin Coverage should be smaller than End Coverage",
        ),
    ],
)
async def test_what_the_module_refuses_of_a_new_package(
    desk: Desk, attributes: dict[str, Any], title: str, detail: str
) -> None:
    sent = body("packages", **{"name": "N", "contentType": "Print", **attributes})
    assert await desk.refused(422, title, "POST", "/packages", sent) == detail


async def test_is_custom_must_be_sent_and_right(desk: Desk) -> None:
    package = await desk.package()
    for sent in ({}, {"isCustom": False}):
        attributes = {"name": "N", "contentType": "Print", "isSelected": True, **sent}
        detail = await desk.refused(
            422, "Package isCustom not matched", "PUT", f"/packages/{package}", body("packages", **attributes)
        )
        assert detail == "Package isCustom: true"


async def test_a_managed_package_keeps_its_name_without_a_word(desk: Desk) -> None:
    package = desk.managed("Coastal Extra")
    sent = body("packages", name="Renamed", contentType="Print", isCustom=False, isSelected=True, isFullPackage=True)
    found = (await desk.ok("PUT", f"/packages/{package}", sent))["data"]["attributes"]
    assert (found["name"], found["contentType"], found["isSelected"]) == ("Coastal Extra", "E-Book", True)
    assert found["selectedCount"] == 2
    await desk.ok("PUT", f"/packages/{package}", body("packages", isCustom=False, isSelected=False))
    assert not any(stored.resource.is_selected for stored in desk.folio.resources(package))
    await desk.ok("PUT", f"/packages/{package}", body("packages", isCustom=False, isSelected=True, isFullPackage=False))
    found = await desk.attributes(f"/packages/{package}")
    assert (found["isSelected"], found["selectedCount"]) == (True, 0)


async def test_a_managed_package_that_is_not_selected_takes_no_settings(desk: Desk) -> None:
    package = desk.managed("Coastal Extra")
    for attributes, title in (
        ({"allowKbToAddTitles": True}, "Invalid allowKbToAddTitles"),
        ({"visibilityData": {"isHidden": True}}, "Invalid visibilityData.isHidden"),
        ({"customCoverage": {"beginCoverage": "2003-01-01"}}, "Invalid beginCoverage"),
        ({"packageToken": {"value": "t"}}, "Invalid packageToken.value"),
    ):
        sent = body("packages", isCustom=False, isSelected=False, **attributes)
        await desk.refused(422, title, "PUT", f"/packages/{package}", sent)
    sent = body("packages", isCustom=False)
    await desk.refused(400, "Attribute IsSelected is missing.", "PUT", f"/packages/{package}", sent)


@pytest.mark.parametrize(("keeps", "end"), [(True, "2003-12-01"), (False, "")])
async def test_what_becomes_of_fields_left_out_of_a_package_is_a_switch(keeps: bool, end: str) -> None:
    async with open_desk(upstream_keeps_omitted=keeps) as desk:
        package = await desk.package(customCoverage={"beginCoverage": "2003-01-01", "endCoverage": "2003-12-01"})
        sent = body("packages", name="Own Package", contentType="Print", isCustom=True, isSelected=True)
        found = (await desk.ok("PUT", f"/packages/{package}", sent))["data"]["attributes"]
        assert found["customCoverage"]["endCoverage"] == end


async def test_deselecting_a_custom_package_deletes_it_although_the_answer_is_404(desk: Desk) -> None:
    package = await desk.package()
    title = await desk.title(package)
    sent = body("packages", name="Own Package", contentType="Print", isCustom=True, isSelected=False)
    await desk.refused(404, "Package not found", "PUT", f"/packages/{package}", sent)
    await desk.refused(404, "Package not found", "GET", f"/packages/{package}")
    await desk.refused(404, "Title not found", "GET", f"/titles/{title}")
    assert not any(stored.package.is_custom for stored in desk.folio.packages())


async def test_deleting_a_package(desk: Desk) -> None:
    package = await desk.package()
    await desk.ok(
        "PUT", f"/packages/{package}/tags", body("tags", name="N", contentType="Print", tags={"tagList": ["a"]})
    )
    await desk.ok("DELETE", f"/packages/{package}")
    await desk.refused(404, "Package not found", "DELETE", f"/packages/{package}")
    assert (await desk.ok("GET", "/tags/summary"))["data"] == []
    managed = f"/packages/{desk.managed()}"
    assert await desk.refused(400, "Package cannot be deleted", "DELETE", managed) == "Invalid package"


async def test_access_types_are_assigned_by_id_and_taken_off_by_leaving_them_out(desk: Desk) -> None:
    package = await desk.package()
    access_type = (await desk.ok("GET", "/access-types"))["data"][0]["id"]
    common = {"name": "Own Package", "contentType": "Print", "isCustom": True, "isSelected": True}
    answer = await desk.ok("PUT", f"/packages/{package}", body("packages", **common, accessTypeId=access_type))
    assert answer["data"]["relationships"]["accessType"]["data"] == {"type": "accessTypes", "id": access_type}
    assert [item["type"] for item in answer["included"]] == ["accessTypes"]
    answer = await desk.ok("PUT", f"/packages/{package}", body("packages", **common))
    assert "accessType" not in answer["data"]["relationships"]
    unknown = "99999999-9999-1999-a999-999999999999"
    sent = body("packages", **common, accessTypeId=unknown)
    await desk.refused(400, f"Access type not found: id = {unknown}", "PUT", f"/packages/{package}", sent)


async def test_tags_need_a_name_and_come_back(desk: Desk) -> None:
    package = await desk.package()
    tags = {"tagList": ["b", "a"]}
    await desk.refused(
        422, "Invalid name", "PUT", f"/packages/{package}/tags", body("tags", contentType="Print", tags=tags)
    )
    await desk.refused(
        422, "Invalid contentType", "PUT", f"/packages/{package}/tags", body("tags", name="N", tags=tags)
    )
    await desk.ok("PUT", f"/packages/{package}/tags", body("tags", name="N", contentType="Print", tags=tags))
    assert (await desk.attributes(f"/packages/{package}"))["tags"] == tags
    summary = await desk.ok("GET", "/tags/summary", filter__rectype="package")
    assert [item["attributes"]["value"] for item in summary["data"]] == ["a", "b"]
    listed = await desk.ok("GET", "/packages", filter__tags="a")
    assert [item["id"] for item in listed["data"]] == [package]
    assert (await desk.ok("GET", f"/providers/{desk.managed().partition('-')[0]}/packages", filter__tags="a"))[
        "data"
    ] == []
    resource = f"/resources/{package}-{await desk.title(package, tags={'tagList': ['t']})}"
    await desk.ok("PUT", f"{resource}/tags", body("tags", name="N", tags={"tagList": ["r"]}))
    listed = await desk.ok("GET", f"/packages/{package}/resources", filter__tags="r")
    assert [item["attributes"]["tags"] for item in listed["data"]] == [{"tagList": ["r"]}]
    assert len((await desk.ok("GET", "/titles", filter__tags="t", include="resources"))["data"][0]["included"]) == 1
    ignored = await desk.ok("GET", "/packages", filter__tags="a", q="coastal")
    assert len(ignored["data"]) == 2


# --- titles


@pytest.mark.parametrize(
    ("attributes", "status", "title"),
    [
        ({"name": " "}, 422, "Invalid Title Name"),
        ({"name": "x" * 401}, 422, "Invalid Title Name"),
        ({"publisherName": "x" * 251}, 422, "Invalid Publisher name"),
        ({"edition": "x" * 251}, 422, "Invalid Edition"),
        ({"description": "x" * 401}, 422, "Invalid Description"),
        ({"identifiers": [{"id": "1" * 21, "type": "ISSN", "subtype": "Print"}]}, 422, "Invalid Identifier id"),
        ({"userDefinedField3": "x" * 501}, 422, "Invalid userDefinedField3"),
        (
            {"contributors": [{"type": "Author", "contributor": "Ray, A."}]},
            400,
            "Parameter contributorsList.contributorType must be one of (author, editor, illustrator).",
        ),
        ({"publicationType": "Web site"}, 400, "Attribute PubType is missing."),
    ],
)
async def test_what_is_refused_of_a_new_title(desk: Desk, attributes: dict[str, Any], status: int, title: str) -> None:
    sent = body("titles", **{"name": "T", "publicationType": "Journal", **attributes})
    sent["included"] = [{"type": "resource", "attributes": {"packageId": await desk.package()}}]
    await desk.refused(status, title, "POST", "/titles", sent)
    assert not any(stored.title.is_custom for stored in desk.folio.titles())


async def test_a_new_title_needs_a_package_of_the_customers_own(desk: Desk) -> None:
    sent = {**body("titles", name="T", publicationType="Journal"), "included": []}
    await desk.refused(422, "Missing resource", "POST", "/titles", sent)
    sent["included"] = [{"type": "resource", "attributes": {"packageId": ""}}]
    assert await desk.refused(422, "Invalid package Id", "POST", "/titles", sent) == ""
    sent["included"] = [{"type": "resource", "attributes": {"packageId": desk.managed()}}]
    await desk.refused(400, "Cannot create custom title because Customer is not the Provider", "POST", "/titles", sent)
    no_list = body("titles", name="T", publicationType="Journal", identifiers=None)
    no_list["included"] = [{"type": "resource", "attributes": {"packageId": await desk.package()}}]
    answer = await desk.call("POST", "/titles", no_list)
    assert (answer.status_code, answer.headers["content-type"][:10]) == (400, "text/plain")


async def test_a_new_title_comes_with_its_resource(desk: Desk) -> None:
    package = await desk.package()
    title = await desk.title(package, userDefinedField2="note", tags={"tagList": ["new"]})
    found = await desk.attributes(f"/resources/{package}-{title}")
    assert (found["isSelected"], found["isTitleCustom"], found["userDefinedField2"]) == (True, True, "note")
    assert "url" not in found
    assert found["customEmbargoPeriod"] == {"embargoValue": 0}
    assert (await desk.attributes(f"/titles/{title}"))["tags"] == {"tagList": ["new"]}


async def test_a_title_is_rewritten_as_a_whole_and_a_managed_one_not_at_all(desk: Desk) -> None:
    title = await desk.title(await desk.package(), publisherName="P", edition="1")
    sent = body("titles", name="New Name", publicationType="Book")
    await desk.refused(400, "Attribute IsPeerReviewed is missing.", "PUT", f"/titles/{title}", sent)
    sent["data"]["attributes"] |= {"isPeerReviewed": True, "edition": "2"}
    found = (await desk.ok("PUT", f"/titles/{title}", sent))["data"]["attributes"]
    assert (found["name"], found["publicationType"], found["edition"]) == ("New Name", "Book", "2")
    managed = desk.managed_resource().rpartition("-")[2]
    sent["data"]["attributes"]["tags"] = {"tagList": ["kept"]}
    found = (await desk.ok("PUT", f"/titles/{managed}", sent))["data"]["attributes"]
    assert (found["name"], found["tags"]) == ("Journal of Tides", {"tagList": ["kept"]})


async def test_titles_are_found_by_words_not_exactly(desk: Desk) -> None:
    async def names(**params: Any) -> set[str]:
        found = await desk.ok("GET", "/titles", **params)
        return {item["attributes"]["name"] for item in found["data"]}

    tides, dunes, reeds = (title.name for title in VENDOR.titles[:3])
    assert await names(filter__name="journal of tides") == {tides}
    assert await names(filter__name="tides journal") == {tides, dunes}
    assert await names(filter__name='"tides journal"') == set()
    assert await names(filter__name="reeds OR dunes") == {reeds, dunes}
    assert await names(filter__name="tides NOT dunes") == {tides}
    assert await names(filter__name="hand*") == {reeds}
    assert await names(filter__name="*") == {tides, dunes, reeds}
    assert await names(filter__isxn="03178471") == await names(filter__isxn="0317-8471") == {tides}
    assert await names(filter__isxn="9780306406157") == {reeds}
    assert await names(filter__publisher="land") == {dunes}
    assert await names(filter__name="tides", filter__type="book") == set()
    extra = desk.managed("Coastal Extra").rpartition("-")[2]
    assert await names(filter__name="*", filter__packageIds=extra) == {tides, reeds}


async def test_a_title_in_no_package_is_dropped_and_taken_off_the_total(desk: Desk) -> None:
    found = await desk.ok("GET", "/titles", filter__name="tides")
    assert len(found["data"]) == found["meta"]["totalResults"] == 2


async def test_a_title_lists_the_packages_it_is_in(desk: Desk) -> None:
    found = await desk.ok("GET", "/titles", filter__isxn="2049-3630", include="resources")
    (item,) = found["data"]
    packages = {desk.managed("Coastal Complete"), desk.managed("Coastal Extra")}
    assert {resource["attributes"]["packageId"] for resource in item["included"]} == packages
    related = item["attributes"]["relationships"]["resources"]
    assert related["meta"] == {"included": True}
    assert {facet["name"] for facet in found["facets"]["packages"]} == {"Coastal Complete", "Coastal Extra"}
    by_id = await desk.ok("GET", f"/titles/{item['id']}", include="resources")
    assert len(by_id["included"]) == 2


# --- resources


async def test_a_managed_title_can_be_put_into_a_custom_package_once(desk: Desk) -> None:
    package, title = await desk.package(), desk.managed_resource().rpartition("-")[2]
    sent = body("resources", packageId=package, titleId=title, url="https://here.invalid")
    created = await desk.ok("POST", "/resources", sent)
    assert created["data"]["id"] == f"{package}-{title}"
    assert created["data"]["attributes"]["url"] == "https://here.invalid"
    detail = await desk.refused(422, "Invalid Title", "POST", "/resources", sent)
    assert detail == "Package already associated with Title"
    sent["data"]["attributes"]["packageId"] = desk.managed()
    detail = await desk.refused(422, "Invalid PackageId", "POST", "/resources", sent)
    assert detail == "Packageid Cannot associate Title with a managed Package"
    sent["data"]["attributes"] = {"packageId": package, "titleId": "999"}
    await desk.refused(404, "Title not found", "POST", "/resources", sent)
    sent["data"]["attributes"] = {"packageId": package, "titleId": title, "url": "here"}
    detail = await desk.refused(422, "Invalid Url", "POST", "/resources", sent)
    assert detail == "Url has invalid format. Should start with https:// or http://"


async def test_what_is_left_out_of_a_resource_is_kept_but_for_coverage_embargo_and_access_type(desk: Desk) -> None:
    package = await desk.package()
    resource = f"/resources/{package}-{await desk.title(package)}"
    access_type = (await desk.ok("GET", "/access-types"))["data"][0]["id"]
    full = {
        "isSelected": True,
        "url": "https://here.invalid",
        "coverageStatement": "Some issues",
        "visibilityData": {"isHidden": True},
        "proxy": {"id": "EZProxy"},
        "userDefinedField1": "one",
        "customEmbargoPeriod": {"embargoUnit": "Months", "embargoValue": 6},
        "customCoverages": [
            {"beginCoverage": "2001-01-01", "endCoverage": "2004-02-01"},
            {"beginCoverage": "2006-01-01", "endCoverage": ""},
        ],
        "accessTypeId": access_type,
    }
    stored = (await desk.ok("PUT", resource, body("resources", **full)))["data"]["attributes"]
    assert [one["beginCoverage"] for one in stored["customCoverages"]] == ["2006-01-01", "2001-01-01"]
    assert stored["proxy"] == {
        "id": "EZProxy",
        "inherited": False,
        "proxiedUrl": "https://proxy.invalid/login?url=https://here.invalid",
    }
    brief = await desk.ok("PUT", resource, body("resources", isSelected=True))
    kept = brief["data"]["attributes"]
    for name in ("url", "coverageStatement", "visibilityData", "proxy", "userDefinedField1"):
        assert kept[name] == stored[name], name
    assert kept["customEmbargoPeriod"] == {"embargoValue": 0}
    assert kept["customCoverages"] == []
    assert "accessType" not in brief["data"]["relationships"]
    cleared = body("resources", isSelected=True, coverageStatement="", url="")
    assert (await desk.ok("PUT", resource, cleared))["data"]["attributes"]["coverageStatement"] == ""
    desk.folio.switches.empty_text_reads_back = "omitted"
    assert "coverageStatement" not in await desk.attributes(resource)


async def test_the_whole_answer_can_be_sent_back_without_its_relationships(desk: Desk) -> None:
    package = await desk.package()
    resource = f"/resources/{package}-{await desk.title(package, description='D')}"
    before = await desk.attributes(resource)
    await desk.ok("PUT", resource, body("resources", **before))
    assert await desk.attributes(resource) == {**before, "proxy": {"id": "<n>", "inherited": False}}
    echo = (await desk.ok("GET", resource))["data"]
    assert (await desk.call("PUT", resource, {"data": echo})).status_code == 422


@pytest.mark.parametrize(
    ("attributes", "status", "title"),
    [
        ({"coverageStatement": "x" * 251}, 422, "Invalid coverageStatement"),
        ({"coverageStatement": "x" * 201}, 400, "Attribute CoverageStatement is longer than 200 characters."),
        ({"url": "here"}, 422, "Invalid url"),
        ({"userDefinedField5": "x" * 501}, 422, "Invalid userDefinedField5"),
        ({"customCoverages": [{"beginCoverage": "2001"}]}, 422, "Invalid beginCoverage"),
        (
            {"customCoverages": [{"beginCoverage": "2005-01-01", "endCoverage": "2004-01-01"}]},
            400,
            "BeginCoverage should be smaller than EndCoverage.",
        ),
        (
            {"customCoverages": [{"beginCoverage": "1999-01-01", "endCoverage": "2004-01-01"}]},
            400,
            "Title custom coverage date should be within the package custom coverage date limit",
        ),
        (
            {"customCoverages": [{"beginCoverage": "2001-01-01", "endCoverage": ""}]},
            400,
            "Title custom coverage date should be within the package custom coverage date limit",
        ),
        ({"proxy": {"id": "nobody's"}}, 400, "Invalid Proxy ID"),
    ],
)
async def test_what_is_refused_of_a_resource(desk: Desk, attributes: dict[str, Any], status: int, title: str) -> None:
    package = await desk.package(customCoverage={"beginCoverage": "2000-01-01", "endCoverage": "2010-12-31"})
    resource = f"/resources/{package}-{await desk.title(package)}"
    before = desk.folio.resources(package)
    await desk.refused(status, title, "PUT", resource, body("resources", isSelected=True, **attributes))
    assert desk.folio.resources(package) == before


async def test_a_list_set_to_null_is_too_much_for_the_module(desk: Desk) -> None:
    sent = body("resources", isSelected=True, customCoverages=None)
    assert (await desk.call("PUT", f"/resources/{desk.managed_resource()}", sent)).status_code == 500
    answer = await desk.call("PUT", f"/resources/{desk.managed_resource()}", body("resources"))
    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("policy", "expected"),
    [("accept", ["2002-01-01", "2001-01-01"]), ("merge", ["2001-01-01"]), ("reject", None)],
)
async def test_overlapping_coverages_are_a_switch(policy: str, expected: list[str] | None) -> None:
    async with open_desk(overlapping_coverages=policy) as desk:
        overlapping = [
            {"beginCoverage": "2001-01-01", "endCoverage": "2003-01-01"},
            {"beginCoverage": "2002-01-01", "endCoverage": ""},
        ]
        answer = await desk.call(
            "PUT",
            f"/resources/{desk.managed_resource()}",
            body("resources", isSelected=True, customCoverages=overlapping),
        )
        if expected is None:
            assert answer.json()["errors"][0]["title"] == "CoverageList cannot contain overlapping dates."
        else:
            stored = answer.json()["data"]["attributes"]["customCoverages"]
            assert [one["beginCoverage"] for one in stored] == expected


async def test_the_url_in_a_managed_package_is_ignored_without_a_word(desk: Desk) -> None:
    resource = desk.managed_resource()
    before = await desk.attributes(f"/resources/{resource}")
    sent = body("resources", isSelected=True, url="https://elsewhere.invalid", coverageStatement="C")
    after = (await desk.ok("PUT", f"/resources/{resource}", sent))["data"]["attributes"]
    assert (after["url"], after["coverageStatement"]) == (before["url"], "C")


async def test_deselecting_a_managed_resource_with_settings_is_refused(desk: Desk) -> None:
    resource = f"/resources/{desk.managed_resource()}"
    await desk.ok("PUT", resource, body("resources", isSelected=True, coverageStatement="C"))
    detail = await desk.refused(
        422,
        "Resource cannot be updated unless added to holdings",
        "PUT",
        resource,
        body("resources", isSelected=False, coverageStatement="C"),
    )
    assert detail == "Resource must be added to holdings to be able to update"
    after = (await desk.ok("PUT", resource, body("resources", isSelected=False)))["data"]["attributes"]
    assert after["isSelected"] is False
    assert "coverageStatement" not in after
    assert await desk.refused(400, "Resource cannot be deleted", "DELETE", resource) == (
        "Resource is not in a custom package"
    )


async def test_taking_a_title_out_of_a_custom_package(desk: Desk) -> None:
    first, second = await desk.package("First"), await desk.package("Second")
    title = await desk.title(first)
    await desk.ok("POST", "/resources", body("resources", packageId=second, titleId=title))
    gone = "Title is no longer in this package."
    await desk.refused(404, gone, "PUT", f"/resources/{first}-{title}", body("resources", isSelected=False))
    await desk.refused(404, gone, "GET", f"/resources/{first}-{title}")
    await desk.ok("GET", f"/titles/{title}")
    await desk.ok("DELETE", f"/resources/{second}-{title}")
    await desk.refused(404, "Title not found", "GET", f"/titles/{title}")
    assert (await desk.ok("GET", "/titles", filter__name="own title"))["data"] == []


async def test_bad_ids(desk: Desk) -> None:
    for path, title in (
        ("/packages/19", "Package and provider id are required"),
        ("/packages/a-1", "Package or provider id are invalid"),
        ("/packages/1-9223372036854775808", "Package or provider id are invalid"),
        ("/resources/1-2", "Resource id is invalid - 1-2"),
        ("/titles/x", "Title id is invalid - x"),
        ("/providers/x", "Provider id is invalid - x"),
    ):
        await desk.refused(400, title, "GET", path)
    await desk.refused(404, "Provider not found", "GET", "/packages/1-2")
    await desk.refused(404, "Provider not found", "GET", "/providers/1")


# --- lists


async def test_lists_say_what_is_wrong_with_their_parameters(desk: Desk) -> None:
    resources = f"/packages/{desk.managed()}/resources"
    for path, params, title in (
        ("/packages", {"q": ""}, "Search parameter cannot be empty"),
        ("/packages", {"sort": "date"}, "Invalid Query Parameter for sort"),
        ("/packages", {"filter__selected": "all"}, "Invalid Query Parameter for filter[selected]"),
        ("/packages", {"filter__type": "scroll"}, "Invalid Query Parameter for filter[type]"),
        (
            "/packages",
            {"filter__custom": "false"},
            "Invalid Query Parameter for filter[custom]: only 'true' is supported",
        ),
        (
            "/packages",
            {"count": 120},
            "'count' parameter is incorrect. parameter value {120} is not valid: must be less than or equal to 100",
        ),
        (
            "/packages",
            {"page": 0},
            "'page' parameter is incorrect. parameter value {0} is not valid: must be greater than or equal to 1",
        ),
        (
            "/titles",
            {},
            "All of filter[name], filter[isxn], filter[subject] and filter[publisher] cannot be missing.",
        ),
        ("/titles", {"filter__name": "a", "filter__isxn": "1"}, "Conflicting filter parameters"),
        ("/titles", {"filter__name": "a", "filter__type": "all"}, "Invalid Query Parameter for filter[type]"),
        (
            "/titles",
            {"filter__name": "a", "filter__packageIds": "1-2"},
            "Invalid Query Parameter for filter[packageIds]",
        ),
        (
            "/titles",
            {"filter__name": ""},
            "Value of required parameter filter[name], filter[isxn], filter[subject] or filter[publisher] is missing.",
        ),
        (resources, {"filter__name": "a", "filter__isxn": "1"}, "Conflicting filter parameters"),
    ):
        await desk.refused(400, title, "GET", path, **params)
    answer = await desk.call("GET", "/packages", count="many")
    assert (answer.status_code, answer.headers["content-type"][:10]) == (400, "text/plain")


async def test_packages_are_filtered_and_ordered_by_name(desk: Desk) -> None:
    await desk.package("A Package of our own")

    async def names(**params: Any) -> list[str]:
        return [item["attributes"]["name"] for item in (await desk.ok("GET", "/packages", **params))["data"]]

    assert await names() == ["A Package of our own", "Coastal Complete", "Coastal Extra"]
    assert await names(filter__selected="true") == ["A Package of our own", "Coastal Complete"]
    assert await names(filter__selected="false") == ["Coastal Extra"]
    assert await names(filter__custom="true") == ["A Package of our own"]
    assert await names(filter__type="ebook") == ["Coastal Extra"]
    assert await names(q="extra") == ["Coastal Extra"]
    assert await names(page=2, count=2) == ["Coastal Extra"]


async def test_lists_show_less_than_a_record_by_id(desk: Desk) -> None:
    package = desk.managed()
    by_id = await desk.attributes(f"/packages/{package}")
    listed = (await desk.ok("GET", "/packages", q="complete"))["data"][0]["attributes"]
    assert set(by_id) - set(listed) == {"proxy", "allowKbToAddTitles", "tags"}
    resource = await desk.attributes(f"/resources/{desk.managed_resource()}")
    found = await desk.ok("GET", f"/packages/{package}/resources", filter__name="journal of tides")
    assert set(resource) - set(found["data"][0]["attributes"]) == {"proxy", "isPeerReviewed", "tags"}


async def test_resources_of_a_package_are_filtered(desk: Desk) -> None:
    package = desk.managed()
    path = f"/packages/{package}/resources"
    await desk.ok("PUT", f"/resources/{desk.managed_resource()}", body("resources", isSelected=False))

    async def names(**params: Any) -> set[str]:
        return {item["attributes"]["name"] for item in (await desk.ok("GET", path, **params))["data"]}

    assert len(await names()) == 3
    assert await names(filter__selected="false") == {"Journal of Tides"}
    assert await names(filter__type="book") == {"Handbook of Reeds"}
    assert await names(filter__isxn="978-0306406157") == {"Handbook of Reeds"}
    await desk.refused(404, "Package not found", "GET", "/packages/123355-1/resources")


async def test_only_the_first_results_can_be_reached() -> None:
    async with open_desk(result_cap=10) as desk:
        titles = tuple(SeedKnowledgeBaseTitle(name=f"Volume {number}") for number in range(15))
        package = desk.folio.add_managed_package(
            SeedKnowledgeBasePackage(name="Big", provider="Vendor", titles=tuple(range(15))), titles
        )
        path = f"/packages/{package}/resources"
        second = await desk.ok("GET", path, page=2, count=8)
        assert (len(second["data"]), second["meta"]["totalResults"]) == (2, 10)
        assert (await desk.ok("GET", path, page=3, count=8))["data"] == []
        assert (await desk.attributes(f"/packages/{package}"))["titleCount"] == 15
        desk.folio.switches.beyond_10000 = "400"
        assert (await desk.call("GET", path, page=3, count=8)).status_code == 400


async def test_pages_can_be_short_in_three_ways(desk: Desk) -> None:
    path = f"/packages/{desk.managed()}/resources"
    desk.folio.switches.drop_random_items = 1.0
    dropped = await desk.ok("GET", path)
    assert (dropped["data"], dropped["meta"]["totalResults"]) == ([], 0)
    desk.folio.switches.drop_random_items = 0.0
    desk.folio.controls.set_faults(Faults(truncate_pages=1.0))
    cut = await desk.ok("GET", path)
    assert (len(cut["data"]), cut["meta"]["totalResults"]) == (1, 3)
    desk.folio.controls.set_faults(Faults(shuffle_pages=True))
    orders = {tuple(item["id"] for item in (await desk.ok("GET", path))["data"]) for _ in range(20)}
    assert len(orders) > 1
    assert len({frozenset(order) for order in orders}) == 1


async def test_lists_searches_and_counts_lag_behind() -> None:
    async with open_desk(search_lag_seconds=15, new_record_lag_seconds=5, deleted_record_lag_seconds=5) as desk:
        clock = desk.folio.controls.clock
        package = await desk.package("Late")
        title = await desk.title(package)
        resource = f"/resources/{package}-{title}"
        await desk.ok("GET", f"/packages/{package}")
        await desk.ok("GET", f"/titles/{title}")
        await desk.refused(404, "Title not found", "GET", resource)
        clock.forward(seconds=6)
        await desk.ok("PUT", resource, body("resources", isSelected=True, coverageStatement="C"))
        assert (await desk.attributes(resource))["coverageStatement"] == "C"
        assert (await desk.attributes(f"/packages/{package}"))["titleCount"] == 0
        assert (await desk.ok("GET", "/packages", q="late"))["data"] == []
        clock.forward(seconds=10)
        listed = (await desk.ok("GET", f"/packages/{package}/resources"))["data"][0]["attributes"]
        assert "coverageStatement" not in listed
        clock.forward(seconds=10)
        listed = (await desk.ok("GET", f"/packages/{package}/resources"))["data"][0]["attributes"]
        assert listed["coverageStatement"] == "C"
        assert (await desk.attributes(f"/packages/{package}"))["titleCount"] == 1
        await desk.ok("DELETE", resource)
        await desk.ok("GET", resource)
        assert (await desk.call("PUT", resource, body("resources", isSelected=True))).status_code == 404
        clock.forward(seconds=6)
        await desk.refused(404, "Title not found", "GET", resource)
        assert len((await desk.ok("GET", f"/packages/{package}/resources"))["data"]) == 1
        clock.forward(seconds=10)
        assert (await desk.ok("GET", f"/packages/{package}/resources"))["data"] == []


async def test_a_bulk_fetch_is_stale_for_a_day_and_lists_what_failed(desk: Desk) -> None:
    resource = desk.managed_resource()
    sent = {"resources": [resource, "1-2-3", "1-9223372036854775808-234"]}
    found = await desk.ok("POST", "/resources/bulk/fetch", sent)
    assert found["meta"]["failed"]["resources"] == sent["resources"][1:]
    assert set(found["included"][0]["attributes"]) == {
        "titleId",
        "name",
        "publicationType",
        "packageId",
        "providerId",
        "providerName",
        "managedCoverages",
        "customCoverages",
    }
    await desk.ok("PUT", f"/resources/{resource}", body("resources", isSelected=True, coverageStatement="C"))
    found = await desk.ok("POST", "/resources/bulk/fetch", sent)
    assert "coverageStatement" not in found["included"][0]["attributes"]
    desk.folio.controls.clock.forward(hours=25)
    desk.http.headers["x-okapi-token"] = (await log_in(desk.http)).cookies["folioAccessToken"]
    desk.http.cookies.clear()
    found = await desk.ok("POST", "/resources/bulk/fetch", sent)
    assert found["included"][0]["attributes"]["coverageStatement"] == "C"
    for too_much in ([f"1-{number}" for number in range(21)], ["1-1", "1-1"], ["18s-1"]):
        answer = await desk.call("POST", "/packages/bulk/fetch", {"packages": too_much})
        assert answer.status_code == 422
        assert answer.json()["errors"][0]["parameters"][0]["key"] == "packages"


async def test_providers_and_what_they_include(desk: Desk) -> None:
    listed = await desk.ok("GET", "/providers")
    assert [item["attributes"]["name"] for item in listed["data"]] == ["Practice Library", "Vendor"]
    assert "proxy" not in listed["data"][0]["attributes"]
    vendor = listed["data"][1]["id"]
    by_id = await desk.ok("GET", f"/providers/{vendor}", include="packages")
    assert (by_id["data"]["attributes"]["packagesTotal"], by_id["data"]["attributes"]["packagesSelected"]) == (2, 1)
    assert [item["type"] for item in by_id["included"]] == ["packages", "packages"]
    own = await desk.ok("GET", f"/providers/{vendor}/packages", filter__selected="true")
    assert [item["attributes"]["name"] for item in own["data"]] == ["Coastal Complete"]


async def test_includes(desk: Desk) -> None:
    package = await desk.ok("GET", f"/packages/{desk.managed()}", include="resources,provider")
    assert [item["type"] for item in package["included"]] == ["resources"] * 3 + ["providers"]
    assert package["data"]["relationships"]["resources"]["meta"] == {"included": True}
    resource = await desk.ok("GET", f"/resources/{desk.managed_resource()}", include="provider,package,title")
    assert {item["type"] for item in resource["included"]} == {"titles", "providers", "packages"}


async def test_the_settings_can_be_read(desk: Desk) -> None:
    status = await desk.ok("GET", "/status")
    assert status["data"]["attributes"] == {"isConfigurationValid": True}
    proxies = await desk.ok("GET", "/proxy-types")
    assert [item["id"] for item in proxies["data"]] == [kind.id for kind in PROXIES]
    assert (await desk.ok("GET", "/root-proxy"))["data"]["attributes"]["proxyTypeId"] == "<n>"
    assert [item["attributes"]["id"] for item in (await desk.ok("GET", "/custom-labels"))["data"]] == [1, 2]
    assert (await desk.ok("GET", "/user-kb-credential"))["attributes"]["apiKey"] == "*" * 40
    types = (await desk.ok("GET", "/access-types"))["data"]
    one = await desk.ok("GET", f"/access-types/{types[0]['id']}")
    assert one["attributes"]["name"] == "Subscribed"
    await desk.refused(400, "Invalid id 'x'", "GET", "/access-types/x")
    await desk.ok("DELETE", "/cache")
    assert (await desk.call("GET", "/nowhere")).status_code == 404


async def test_a_user_without_credentials_at_ebsco(desk: Desk) -> None:
    desk.folio.switches.kb_credentials = "missing"
    resource = f"/resources/{desk.managed_resource()}"
    assert (await desk.call("GET", "/packages")).status_code == 500
    assert (await desk.call("GET", resource)).status_code == 404
    assert (await desk.call("PUT", resource, body("resources", isSelected=True))).status_code == 400
    assert (await desk.call("GET", "/user-kb-credential")).status_code == 404
    desk.folio.switches.kb_credentials = "invalid"
    assert (await desk.call("GET", "/packages")).status_code == 403
    assert (await desk.ok("GET", "/status"))["data"]["attributes"] == {"isConfigurationValid": False}


# --- quota, rate, faults


async def test_each_call_costs_as_many_calls_at_ebsco_as_the_module_makes(desk: Desk) -> None:
    async def cost(method: str, path: str, sent: Any = None, **params: Any) -> int:
        before = desk.folio.state.quota.used
        await desk.ok(method, path, sent, **params)
        return desk.folio.state.quota.used - before

    await desk.package("Known customer")
    assert await cost("POST", "/packages", body("packages", name="P", contentType="Print")) == 2
    package = next(stored.id for stored in desk.folio.packages() if stored.package.name == "P")
    new_title = body("titles", name="T", publicationType="Book", isPeerReviewed=False)
    assert await cost("POST", "/titles", {**new_title, "included": [
        {"type": "resource", "attributes": {"packageId": package}}
    ]}) == 2  # fmt: skip
    title = next(stored.id for stored in desk.folio.titles() if stored.title.name == "T")
    managed = desk.managed_resource().rpartition("-")[2]
    assert await cost("PUT", f"/titles/{title}", new_title) == 3
    assert await cost("GET", f"/resources/{package}-{title}") == 1
    assert await cost("PUT", f"/resources/{package}-{title}", body("resources", isSelected=True)) == 3
    assert await cost("POST", "/resources", body("resources", packageId=package, titleId=managed)) == 5
    assert await cost("DELETE", f"/resources/{package}-{title}") == 2
    same = body("packages", name="P", contentType="Print", isCustom=True, isSelected=True)
    assert await cost("PUT", f"/packages/{package}", same) == 3
    assert await cost("GET", f"/packages/{package}", include="resources,provider") == 3
    assert await cost("GET", "/packages") == 1
    assert await cost("POST", "/packages/bulk/fetch", {"packages": [package, desk.managed()]}) == 2
    assert await cost("POST", "/packages/bulk/fetch", {"packages": [package, desk.managed()]}) == 0
    assert await cost("PUT", f"/resources/{package}-{managed}/tags", body("tags", name="N", tags={"tagList": []})) == 0
    assert await cost("DELETE", f"/packages/{package}") == 2


async def test_the_daily_quota_ends_the_day_even_in_the_middle_of_a_write(desk: Desk) -> None:
    resource = f"/resources/{desk.managed_resource()}"
    desk.folio.state.quota.use_up(desk.folio.switches.daily_calls - desk.folio.state.quota.used - 2)
    answer = await desk.call("PUT", resource, body("resources", isSelected=True, coverageStatement="written"))
    assert (answer.status_code, answer.json()["errors"][0]["title"]) == (429, "Limit Exceeded")
    assert "retry-after" not in answer.headers
    assert any(stored.resource.coverage_statement == "written" for stored in desk.folio.resources())
    desk.folio.controls.clock.forward(days=1)
    desk.http.headers["x-okapi-token"] = (await log_in(desk.http)).cookies["folioAccessToken"]
    desk.http.cookies.clear()
    await desk.ok("GET", resource)


async def test_the_rate_limit_refuses_what_is_above_it() -> None:
    async with open_desk(requests_per_second=5) as desk:
        answers = await asyncio.gather(*(desk.call("GET", "/status") for _ in range(10)))
        codes = [answer.status_code for answer in answers]
        assert codes.count(200) == 4, "the login was the first of the five"
        assert codes.count(429) == 6


async def test_faults_break_calls_before_and_after_the_effect(desk: Desk) -> None:
    controls = desk.folio.controls
    package = await desk.package()
    resource = f"/resources/{package}-{await desk.title(package)}"

    def statement() -> str | None:
        return desk.folio.resources(package)[0].resource.coverage_statement

    controls.set_faults(Faults(fail_before=1.0))
    codes = set()
    for _ in range(40):
        answer = await desk.call("PUT", resource, body("resources", isSelected=True, coverageStatement="before"))
        codes.add(answer.status_code)
        if answer.status_code == 503:
            assert int(answer.headers["retry-after"]) > 0
    assert codes == {500, 502, 503, 408}
    assert statement() is None
    desk.folio.switches.login_style = "eureka"
    codes = {(await desk.call("GET", resource)).status_code for _ in range(60)}
    assert codes == {500, 502, 503, 408, 403}
    controls.set_faults(Faults(fail_after=1.0))
    answers = [
        await desk.call("PUT", resource, body("resources", isSelected=True, coverageStatement="after"))
        for _ in range(60)
    ]
    assert any(answer.status_code == 200 and answer.content == b"" for answer in answers)
    assert statement() == "after"
    controls.set_faults(Faults(drop_after=1.0))
    with pytest.raises(DropConnectionError):
        await desk.call("PUT", resource, body("resources", isSelected=True, coverageStatement="dropped"))
    assert statement() == "dropped"
    assert controls.counts["fault drop_after"] == 1


async def test_a_librarian_can_change_things_meanwhile(desk: Desk) -> None:
    package = await desk.package("Before")
    title = await desk.title(package)
    desk.folio.edit_package(
        package, name="After", hidden=frozenset({"PF", "FTF", "MARC"}), hidden_reason="Hidden by EP"
    )
    found = await desk.attributes(f"/packages/{package}")
    assert found["name"] == "After"
    assert found["visibilityData"] == {"isHidden": True, "reason": "Set by system"}
    desk.folio.edit_resource(f"{package}-{title}", url="https://mine.invalid")
    assert (await desk.attributes(f"/resources/{package}-{title}"))["url"] == "https://mine.invalid"
    desk.folio.edit_title(title, name="Renamed by hand")
    assert (await desk.attributes(f"/titles/{title}"))["name"] == "Renamed by hand"
    await desk.package("Before")
    desk.folio.remove_resource(f"{package}-{title}")
    desk.folio.remove_package(package)
    assert (await desk.call("GET", f"/packages/{package}")).status_code == 404
    assert package not in {stored.id for stored in desk.folio.packages()}


@pytest.mark.bench
async def test_lookups_stay_quick_with_twenty_thousand_resources() -> None:
    count = 20_000
    async with open_desk(daily_calls=0) as desk:
        titles = tuple(
            SeedKnowledgeBaseTitle(name=f"Journal {number}", issn_print=f"{number // 1000:04d}-{number % 1000:04d}")
            for number in range(count)
        )
        package = desk.folio.add_managed_package(
            SeedKnowledgeBasePackage(name="Huge", provider="Vendor", titles=tuple(range(count)), selected=True), titles
        )
        resource = desk.folio.resources(package)[count // 2].id
        for path in (
            f"/resources/{resource}",
            "/titles?filter[isxn]=00100010&include=resources",
            f"/packages/{package}/resources?page=70&count=25",
        ):
            await desk.http.get(f"/eholdings{path}")
            started = time.perf_counter()
            for _ in range(50):
                assert (await desk.http.get(f"/eholdings{path}")).status_code == 200
            # about 1 ms each on an idle machine; a linear scan would take some 20
            assert time.perf_counter() - started < 50 * 0.010, path


# --- held against what was published and recorded


def recorded(name: str) -> Any:
    return json.loads((MODULE / name).read_text(encoding="utf-8"))


@functools.cache
def registry() -> Any:
    """Return the published schemas by their place; those they take from elsewhere stand for themselves."""
    elsewhere: dict[str, Any] = {
        "tags.schema": {
            "type": "object",
            "additionalProperties": False,
            "properties": {"tagList": {"type": "array", "items": {"type": "string"}}},
        },
        "uuid.schema": {"type": "string"},
        "metadata.schema": {"type": "object"},
    }

    def retrieve(uri: str) -> Any:
        path = uri.removeprefix("http://folio.invalid/types/")
        if "raml-util" in uri:
            return Resource.from_contents(elsewhere[path.rpartition("/")[2]], default_specification=DRAFT4)
        contents = json.loads((SCHEMAS / path).read_text(encoding="utf-8"))
        extended = contents.pop("extends", None)
        if extended is not None:
            # not JSON Schema, but what RAML's class generator reads: the properties of both
            base = retrieve(urljoin(uri, extended["$ref"])).contents
            contents["properties"] = {**base["properties"], **contents["properties"]}
        return Resource.from_contents(contents, default_specification=DRAFT4)

    return Registry(retrieve=retrieve)  # type: ignore[call-arg]


def assert_fits(schema: str, answer: Any) -> None:
    validator = jsonschema.Draft4Validator({"$ref": f"http://folio.invalid/types/{schema}"}, registry=registry())
    errors = [f"{error.json_path}: {error.message}" for error in validator.iter_errors(answer)]
    assert not errors, f"{schema}: {errors}"


@needs_recorded
async def test_answers_fit_the_published_schemas(desk: Desk) -> None:
    package = await desk.package()
    title = await desk.title(
        package,
        contributors=[{"type": "author", "contributor": "Ray, A."}],
        identifiers=[{"id": "2049-3630", "type": "ISSN", "subtype": "Online"}],
    )
    access_type = (await desk.ok("GET", "/access-types"))["data"][0]["id"]
    own = f"/resources/{package}-{title}"
    await desk.ok(
        "PUT",
        own,
        body(
            "resources",
            isSelected=True,
            accessTypeId=access_type,
            customCoverages=[{"beginCoverage": "2001-01-01", "endCoverage": ""}],
            customEmbargoPeriod={"embargoUnit": "Days", "embargoValue": 3},
        ),
    )
    tags = body("tags", name="N", tags={"tagList": ["a"]})
    for schema, method, path, sent in (
        ("packages/package.json", "GET", f"/packages/{package}?include=resources,provider", None),
        ("packages/packageCollection.json", "GET", "/packages", None),
        ("packages/packageBulkFetchCollection.json", "POST", "/packages/bulk/fetch", {"packages": [package, "1-1"]}),
        ("resources/resource.json", "GET", f"{own}?include=provider,package,title", None),
        ("resources/resource.json", "GET", f"/resources/{desk.managed_resource()}", None),
        ("resources/resourceTags.json", "PUT", f"{own}/tags", tags),
        ("resources/resourceCollection.json", "GET", f"/packages/{package}/resources", None),
        ("resources/resourceCollection.json", "GET", f"/packages/{desk.managed()}/resources", None),
        ("resources/resourceBulkFetchCollection.json", "POST", "/resources/bulk/fetch", {"resources": ["1-1-1"]}),
        ("titles/title.json", "GET", f"/titles/{title}?include=resources", None),
        ("titles/titleCollection.json", "GET", "/titles?filter[name]=tides&include=resources", None),
        ("providers/provider.json", "GET", "/providers/123355?include=packages", None),
        ("providers/providerCollection.json", "GET", "/providers", None),
        ("proxies/proxyTypes.json", "GET", "/proxy-types", None),
        ("proxies/rootProxy.json", "GET", "/root-proxy", None),
        ("customLabels/customLabelsCollection.json", "GET", "/custom-labels", None),
        ("accessTypes/accessTypesCollection.json", "GET", "/access-types", None),
        ("status/status.json", "GET", "/status", None),
        ("tags/tagUniqueCollection.json", "GET", "/tags/summary", None),
        ("tags/tagCollection.json", "GET", "/tags", None),
    ):
        answer = await desk.http.request(
            method,
            f"/eholdings{path}",
            content=None if sent is None else json.dumps(sent),
            headers={"content-type": JSON_API},
        )
        assert answer.status_code == 200, f"{path} {answer.text}"
        assert_fits(schema, answer.json())
    for path in ("/packages/1-1", "/packages?sort=x"):
        assert_fits("jsonapiError.json", (await desk.call("GET", path)).json())


@needs_recorded
async def test_answers_have_the_attributes_of_the_recorded_ones(desk: Desk) -> None:
    """What was recorded leaves out lists and tags that are empty, and texts that were never set."""
    package, resource = desk.managed(), desk.managed_resource()
    desk.folio.edit_package(package, token="t")  # noqa: S106
    filled = {f"userDefinedField{number}": f"test {number}" for number in (1, 2, 3, 5)}
    await desk.ok("PUT", f"/resources/{resource}", body("resources", isSelected=True, coverageStatement="C", **filled))
    sometimes = {"tags", "alternateTitles", "contributors", "titleHasSelectedResources", "hasSelectedResources"}

    def held_against(path: str, ours: dict[str, Any], item: dict[str, Any], also: frozenset[str] = frozenset()) -> None:
        theirs = set(item["attributes"])
        assert theirs - set(ours) <= also, f"{path}: missing {theirs - set(ours)}"
        assert set(ours) - theirs <= sometimes | also, f"{path}: too much {set(ours) - theirs}"

    by_id = recorded("responses/kb-ebsco/packages/expected-package-by-id.json")["data"]
    held_against("package", await desk.attributes(f"/packages/{package}"), by_id)
    listed = recorded("responses/kb-ebsco/packages/expected-package-collection-with-one-element.json")["data"][0]
    held_against("packages", (await desk.ok("GET", "/packages", q="complete"))["data"][0]["attributes"], listed)
    by_id = recorded("responses/kb-ebsco/resources/expected-managed-resource.json")["data"]
    held_against("resource", await desk.attributes(f"/resources/{resource}"), by_id)
    listed = recorded("responses/kb-ebsco/resources/expected-resources-by-package-id.json")["data"][0]
    ours = await desk.ok("GET", f"/packages/{package}/resources", filter__name="journal of tides")
    held_against("resources", ours["data"][0]["attributes"], listed, frozenset({"coverageStatement"}))
    title = resource.rpartition("-")[2]
    by_id = recorded("responses/kb-ebsco/titles/expected-title-by-id.json")["data"]
    held_against("title", await desk.attributes(f"/titles/{title}"), by_id)
    listed = recorded("responses/kb-ebsco/titles/expected-titles.json")["data"][0]
    ours = await desk.ok("GET", "/titles", filter__isxn="0317-8471")
    held_against("titles", ours["data"][0]["attributes"], listed, frozenset({"publisherName"}))
    by_id = recorded("responses/kb-ebsco/providers/expected-provider.json")["data"]
    vendor = package.partition("-")[0]
    ours = await desk.attributes(f"/providers/{vendor}")
    held_against("provider", ours, by_id, frozenset({"providerToken"}))


@needs_recorded
@pytest.mark.parametrize(
    ("name", "method", "path", "status"),
    [
        ("package/post-package-request.json", "POST", "/packages", 200),
        ("package/post-package-with-access-type-request.json", "POST", "/packages", 200),
        ("package/post-package-with-invalid-access-type-request.json", "POST", "/packages", 422),
        ("package/post-package-with-not-existed-access-type-request.json", "POST", "/packages", 400),
        ("package/put-package-custom-multiple-attributes.json", "PUT", "/packages/{own}", 200),
        ("package/put-package-custom-with-access-type.json", "PUT", "/packages/{own}", 200),
        ("package/put-package-custom-not-selected.json", "PUT", "/packages/{own}", 404),
        ("package/put-package-with-invalid-access-type.json", "PUT", "/packages/{own}", 422),
        ("package/put-package-with-not-existed-access-type.json", "PUT", "/packages/{own}", 400),
        ("package/put-package-selected.json", "PUT", "/packages/{managed}", 200),
        ("package/put-package-selected-with-access-type.json", "PUT", "/packages/{managed}", 200),
        ("package/put-package-not-selected-non-empty-fields.json", "PUT", "/packages/{managed}", 422),
        ("package/put-package-tags.json", "PUT", "/packages/{managed}/tags", 200),
        ("package/post-packages-bulk.json", "POST", "/packages/bulk/fetch", 200),
        ("package/post-packages-bulk-empty.json", "POST", "/packages/bulk/fetch", 200),
        ("package/post-packages-bulk-with-invalid-id-format.json", "POST", "/packages/bulk/fetch", 422),
        ("resource/post-resources-bulk-with-invalid-ids.json", "POST", "/resources/bulk/fetch", 200),
        ("resource/post-resources-bulk-with-invalid-id-format.json", "POST", "/resources/bulk/fetch", 422),
        ("resource/post-resource-with-too-long-id.json", "POST", "/resources/bulk/fetch", 200),
        ("resource/post-resources-request.json", "POST", "/resources", 200),
        ("resource/put-managed-resource.json", "PUT", "/resources/{managed_resource}", 200),
        ("resource/put-managed-resource-is-not-selected.json", "PUT", "/resources/{managed_resource}", 200),
        ("resource/put-managed-resource-with-invalid-access-type.json", "PUT", "/resources/{managed_resource}", 422),
        ("resource/put-managed-resource-with-missing-access-type.json", "PUT", "/resources/{managed_resource}", 400),
        ("resource/put-resource-with-access-type.json", "PUT", "/resources/{managed_resource}", 200),
        ("resource/put-custom-resource.json", "PUT", "/resources/{own_resource}", 200),
        ("resource/put-custom-resource-with-proxied-url.json", "PUT", "/resources/{own_resource}", 200),
        ("resource/put-custom-resource-invalid-url.json", "PUT", "/resources/{own_resource}", 422),
        ("resource/put-resource-tags.json", "PUT", "/resources/{managed_resource}/tags", 200),
        ("title/post-title-request.json", "POST", "/titles", 200),
        ("title/put-title.json", "PUT", "/titles/{own_title}", 200),
        ("title/put-title-null-name.json", "PUT", "/titles/{own_title}", 422),
        ("provider/put-provider-tags.json", "PUT", "/providers/123355/tags", 200),
    ],
)
async def test_the_requests_of_the_modules_own_tests(
    desk: Desk, name: str, method: str, path: str, status: int
) -> None:
    package = await desk.package()
    title = await desk.title(package)
    text = (MODULE / "requests" / "kb-ebsco" / name).read_text(encoding="utf-8")
    access_type = (await desk.ok("GET", "/access-types"))["data"][0]["id"]
    sent = json.loads(text.replace("%s", access_type))
    if name == "title/post-title-request.json":
        sent["included"][0]["attributes"]["packageId"] = package
    if name == "resource/post-resources-request.json":
        managed = desk.managed_resource().rpartition("-")[2]
        sent["data"]["attributes"] |= {"packageId": package, "titleId": managed}
    place = path.format(
        own=package,
        own_title=title,
        own_resource=f"{package}-{title}",
        managed=desk.managed("Coastal Extra"),
        managed_resource=desk.managed_resource(),
    )
    answer = await desk.call(method, place, sent)
    assert answer.status_code == status, answer.text
