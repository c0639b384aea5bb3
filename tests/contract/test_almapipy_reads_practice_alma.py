"""A client somebody else wrote for the real Alma reads the practice Alma: almapipy, as published."""

import socket
import threading
import time
from collections.abc import Iterator

import pytest
import uvicorn
from almapipy import AlmaCnxn, SubClientBibs, SubClientConfiguration, SubClientElectronic
from almapipy.utils import AlmaError

from sync.sandbox.alma import READ_WRITE_KEY, AlmaSwitches, PracticeAlma
from sync.sandbox.seed import SeedBib, SeedCollection, SeedLibrary, SeedPortfolio, SeedService

COLLECTIONS = 120
START_SECONDS = 10.0


def library() -> SeedLibrary:
    collections = [SeedCollection(name=f"Package {number:03}") for number in range(1, COLLECTIONS)]
    portfolios = tuple(SeedPortfolio(bib=key, url=f"https://{key}.invalid") for key in ("tides", "dunes"))
    first = SeedCollection(name="Package 000", services=(SeedService(portfolios=portfolios),))
    bibs = (SeedBib(key="tides", title="Tides"), SeedBib(key="dunes", title="Dunes"))
    return SeedLibrary(bibs=bibs, collections=(first, *collections))


@pytest.fixture(scope="module")
def alma() -> Iterator[tuple[PracticeAlma, str]]:
    """Serve a practice Alma on a free local port, from a thread of its own."""
    practice = PracticeAlma(switches=AlmaSwitches(requests_per_second=0))
    practice.load(library())
    listening = socket.socket()
    listening.bind(("127.0.0.1", 0))
    server = uvicorn.Server(uvicorn.Config(practice.app, log_level="warning", access_log=False))
    thread = threading.Thread(target=server.run, args=([listening],), daemon=True)
    thread.start()
    deadline = time.monotonic() + START_SECONDS
    while not server.started and time.monotonic() < deadline:
        time.sleep(0.01)
    yield practice, f"http://127.0.0.1:{listening.getsockname()[1]}"
    server.should_exit = True
    thread.join(START_SECONDS)
    listening.close()


def connected(url: str, key: str = READ_WRITE_KEY, data_format: str = "json") -> AlmaCnxn:
    """Return almapipy's client, pointed at the practice Alma instead of a region."""
    client = AlmaCnxn(key, data_format=data_format)
    client.cnxn_params["base_uri"] = url
    client.electronic = SubClientElectronic(client.cnxn_params)
    client.bibs = SubClientBibs(client.cnxn_params)
    client.conf = SubClientConfiguration(client.cnxn_params)
    return client


@pytest.fixture(autouse=True)
def _directly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")


def test_it_reads_every_collection_page_by_page(alma: tuple[PracticeAlma, str]) -> None:
    practice, url = alma
    answer = connected(url).electronic.collections.get(all_records=True, limit=100)
    names = [each["public_name"] for each in answer["electronic_collection"]]
    assert names == [each["public_name"] for each in practice.collections()]
    assert len(names) == COLLECTIONS


def test_it_reads_services_portfolios_and_bibs(alma: tuple[PracticeAlma, str]) -> None:
    practice, url = alma
    client = connected(url)
    collection_id = client.electronic.collections.get(query={"name": "Package 000"})["electronic_collection"][0]["id"]
    service = client.electronic.services.get(collection_id)["electronic_service"][0]
    brief = client.electronic.portfolios.get(collection_id, service["id"])["portfolio"]
    whole = [client.electronic.portfolios.get(collection_id, service["id"], each["id"]) for each in brief]
    assert whole == practice.portfolios(collection_id=collection_id)
    mms_ids = [each["resource_metadata"]["mms_id"]["value"] for each in whole]
    assert [each["title"] for each in client.bibs.catalog.get(mms_ids)["bib"]] == ["Tides", "Dunes"]
    assert client.bibs.catalog.get_portfolios(mms_ids[0], brief[0]["id"]) == whole[0]
    assert client.conf.general.get_code_table("CoverageInUse")["row"][0]["code"] == "0"


def test_it_reads_xml(alma: tuple[PracticeAlma, str]) -> None:
    _, url = alma
    answer = connected(url, data_format="xml").electronic.collections.get(limit=5)
    assert answer.attrib["total_record_count"] == str(COLLECTIONS)
    assert len(answer.findall("electronic_collection")) == 5


def test_it_understands_the_errors(alma: tuple[PracticeAlma, str]) -> None:
    _, url = alma
    with pytest.raises(AlmaError, match="60121"):
        connected(url).electronic.collections.get("61")
    with pytest.raises(AlmaError, match="UNAUTHORIZED"):
        connected(url, key="wrong").electronic.collections.get()
