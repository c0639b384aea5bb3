"""A client of somebody else's, the PyPI package folioclient, logs in to the practice FOLIO and works with it.

folioclient takes the Secure cookies from the login's answer and sends them by hand in a Cookie header, so that they
also travel over plain http.
"""

import asyncio
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest
import uvicorn
from folioclient import FolioClient
from folioclient._httpx import FolioAuth, FolioConnectionParameters

from sync.sandbox.controls import Controls, Faults
from sync.sandbox.folio import FolioSwitches, PracticeFolio
from sync.sandbox.seed import SeedKnowledgeBase, SeedKnowledgeBasePackage, SeedKnowledgeBaseTitle

JSON_API = {"content-type": "application/vnd.api+json"}
VENDOR = SeedKnowledgeBase(
    titles=tuple(SeedKnowledgeBaseTitle(name=f"Review {number}") for number in range(150)),
    packages=(SeedKnowledgeBasePackage(name="Reviews", provider="Vendor", titles=tuple(range(150)), selected=True),),
)


@dataclass(frozen=True)
class Served:
    folio: PracticeFolio
    url: str


@pytest.fixture
def served() -> Iterator[Served]:
    folio = PracticeFolio(switches=FolioSwitches(), controls=Controls())
    folio.load(VENDOR)
    server = uvicorn.Server(uvicorn.Config(folio.app, host="127.0.0.1", port=0, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    until = time.monotonic() + 10
    while not server.started and time.monotonic() < until:
        time.sleep(0.01)
    assert server.started, "the practice server did not start within ten seconds"
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Served(folio, f"http://127.0.0.1:{port}")
    server.should_exit = True
    thread.join(timeout=10)
    assert not thread.is_alive()


def client(served: Served, password: str = "practice") -> FolioClient:  # noqa: S107
    return FolioClient(served.url, "diku", "sync", password, timeout=10.0)


def package(served: Served) -> str:
    return served.folio.packages()[0].id


def test_it_logs_in_reads_all_pages_and_logs_out(served: Served) -> None:
    with client(served) as folio:
        (found,) = folio.folio_get("/eholdings/packages", "data", query_params={"filter[selected]": "true"})
        assert found["attributes"]["name"] == "Reviews"
        names = set()
        for page in (1, 2):
            items = folio.folio_get(
                f"/eholdings/packages/{found['id']}/resources", "data", query_params={"page": page, "count": 100}
            )
            names |= {item["attributes"]["name"] for item in items}
        assert names == {title.name for title in VENDOR.titles}
    until = time.monotonic() + 5
    while not served.folio.controls.counts["POST 204"] and time.monotonic() < until:
        time.sleep(0.01)  # a call is counted once it is answered
    assert served.folio.controls.counts["POST 204"] == 1, "the logout"
    assert served.folio.state.quota.total == 3


def test_it_writes_when_told_the_media_type(served: Served) -> None:
    resource = f"/eholdings/resources/{served.folio.resources()[0].id}"
    sent: dict[str, Any] = {
        "data": {"type": "resources", "attributes": {"isSelected": True, "coverageStatement": "By another client"}}
    }
    with client(served) as folio:
        with pytest.raises(httpx.HTTPStatusError) as refused:
            folio.folio_put(resource, sent)
        assert refused.value.response.status_code == 400
        folio.folio_put(resource, sent, headers=JSON_API)
        read = folio.folio_get(resource)
    assert read["data"]["attributes"]["coverageStatement"] == "By another client"
    assert served.folio.resources()[0].resource.coverage_statement == "By another client"


def test_it_is_refused_with_a_wrong_password(served: Served) -> None:
    with pytest.raises(httpx.HTTPStatusError) as refused:
        client(served, "guess")
    assert refused.value.response.status_code == 422


async def test_its_login_serves_a_client_of_ours_and_survives_expiry(served: Served) -> None:
    parameters = FolioConnectionParameters(
        served.url, "diku", "sync", "practice", ssl_verify=True, timeout=httpx.Timeout(10)
    )
    auth = await asyncio.to_thread(FolioAuth, parameters)
    async with httpx.AsyncClient(auth=auth, base_url=served.url, timeout=10) as http:
        path = f"/eholdings/packages/{package(served)}"
        assert (await http.get(path)).status_code == 200
        served.folio.controls.clock.forward(minutes=11)
        assert (await http.get(path)).status_code == 200
        served.folio.switches.requests_per_second = 1
        codes = {answer.status_code for answer in await asyncio.gather(*(http.get(path) for _ in range(4)))}
        assert 429 in codes, "passed through untouched"


async def test_a_dropped_connection_is_seen_as_one(served: Served) -> None:
    resource = served.folio.resources()[0]
    async with httpx.AsyncClient(base_url=served.url, timeout=10, headers={"x-okapi-tenant": "diku"}) as http:
        login = await http.post("/authn/login-with-expiry", json={"username": "sync", "password": "practice"})
        headers = {"x-okapi-token": login.cookies["folioAccessToken"], **JSON_API}
        served.folio.controls.set_faults(Faults(drop_after=1.0))
        body = b'{"data":{"type":"resources","attributes":{"isSelected":true,"coverageStatement":"applied"}}}'
        with pytest.raises(httpx.RemoteProtocolError):
            await http.put(f"/eholdings/resources/{resource.id}", content=body, headers=headers)
    assert served.folio.resources()[0].resource.coverage_statement == "applied"
