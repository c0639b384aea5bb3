"""The practice systems as served: over real sockets, in a thread, together, and in a process of their own."""

import asyncio
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from sync.errors import ConfigurationError, UnreachableError
from sync.sandbox.alma import READ_WRITE_KEY, AlmaSwitches, PracticeAlma
from sync.sandbox.controls import Controls, Faults
from sync.sandbox.folio import FolioSwitches, PracticeFolio
from sync.sandbox.process import PracticeProcess, PracticeSetup
from sync.sandbox.seed import SeedBib, SeedCollection, SeedLibrary, SeedPortfolio, SeedService
from sync.sandbox.serve import PracticeServer, PracticeUrls, serve

REPOSITORY = Path(__file__).resolve().parents[2]
COLLECTIONS = "/almaws/v1/electronic/e-collections"
KEY = {"Authorization": f"apikey {READ_WRITE_KEY}", "Accept": "application/json"}
LIBRARY = SeedLibrary(
    bibs=(SeedBib(key="limnology", title="Annals of Limnology"),),
    collections=(
        SeedCollection(
            name="Freshwater Journals", services=(SeedService(portfolios=(SeedPortfolio(bib="limnology"),)),)
        ),
    ),
)


@pytest.fixture
def alma() -> PracticeAlma:
    practice = PracticeAlma(switches=AlmaSwitches(requests_per_second=0))
    practice.load(LIBRARY)
    return practice


@pytest.fixture
def server(alma: PracticeAlma) -> Iterator[PracticeServer]:
    with PracticeServer(alma) as running:
        yield running


async def test_answers_on_a_port_of_this_machine_and_on_none_after_the_end(alma: PracticeAlma) -> None:
    with PracticeServer(alma) as running:
        assert running.url.startswith("http://127.0.0.1:")
        async with httpx.AsyncClient(base_url=running.url, headers=KEY) as client:
            answer = await client.get(COLLECTIONS)
            assert answer.json()["total_record_count"] == 1
        port = int(running.url.rpartition(":")[2])
    async with httpx.AsyncClient(base_url=running.url) as client:
        with pytest.raises(httpx.ConnectError):
            await client.get(COLLECTIONS)
    with PracticeServer(alma, port=port) as again:
        assert again.url == running.url
        with pytest.raises(ConfigurationError, match=f"port {port} "), PracticeServer(alma, port=port):
            pass


async def test_a_dropped_connection_is_a_broken_answer_to_the_client_and_no_news_in_the_log(
    alma: PracticeAlma, server: PracticeServer, caplog: pytest.LogCaptureFixture
) -> None:
    async with httpx.AsyncClient(base_url=server.url, headers=KEY) as client:
        for faults in (Faults(drop_before=1.0), Faults(drop_after=1.0)):
            alma.controls.set_faults(faults)
            for _time in range(3):
                with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
                    await client.get(COLLECTIONS)
        alma.controls.set_faults(Faults())
        assert (await client.get(COLLECTIONS)).status_code == 200
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


async def test_stopping_does_not_wait_for_slow_answers(alma: PracticeAlma) -> None:
    alma.controls.set_faults(Faults(slow=1.0, slow_seconds=60))
    with PracticeServer(alma) as running:
        async with httpx.AsyncClient(base_url=running.url, headers=KEY) as client:
            answer = asyncio.create_task(client.get(COLLECTIONS))
            await asyncio.sleep(0.3)
            began = time.monotonic()
            await asyncio.to_thread(running.stop)
            assert time.monotonic() - began < 50, "the answer takes 60 seconds"
            assert (await answer).status_code == 500


async def test_connections_are_kept_for_the_next_call(server: PracticeServer) -> None:
    own_ports = set()
    async with httpx.AsyncClient(base_url=server.url, headers=KEY) as client:
        for _time in range(5):
            stream = (await client.get(COLLECTIONS)).extensions["network_stream"]
            own_ports.add(stream.get_extra_info("client_addr"))
    assert len(own_ports) == 1


async def test_the_steering_paths_need_no_key_count_as_no_call_and_meet_no_fault(
    alma: PracticeAlma, server: PracticeServer
) -> None:
    async with httpx.AsyncClient(base_url=server.url, headers=KEY) as client:
        await client.get(COLLECTIONS)
        set_faults = await client.put("/_practice/faults", json={"fail_before": 1.0, "methods": ["GET"]})
        assert set_faults.json()["methods"] == ["GET"]
        assert (await client.get(COLLECTIONS)).status_code >= 500
    async with httpx.AsyncClient(base_url=server.url) as stranger:
        state = (await stranger.get("/_practice/state")).json()
    assert (state["calls"], state["writes"]) == (2, 0)
    assert state["counts"]["GET 200"] == 1
    assert state["counts"]["fault fail_before"] == 1
    assert alma.controls.faults == Faults(fail_before=1.0, methods=frozenset({"GET"}))


@pytest.mark.parametrize(
    "faults", [{"fail_befor": 0.1}, {"slow": 1.5}, {"slow": "often"}, {"slow": 0.6, "drop_after": 0.6}, [1]]
)
async def test_faults_that_make_no_sense_are_refused_and_change_nothing(
    alma: PracticeAlma, server: PracticeServer, faults: object
) -> None:
    async with httpx.AsyncClient(base_url=server.url) as client:
        answer = await client.put("/_practice/faults", json=faults)
        assert answer.status_code == 400
        assert answer.json()["error"]
    assert alma.controls.faults == Faults()


async def test_the_practice_clock_moves_forward_only(alma: PracticeAlma, server: PracticeServer) -> None:
    before = alma.controls.clock.now()
    async with httpx.AsyncClient(base_url=server.url) as client:
        assert (await client.post("/_practice/clock", json={"seconds": 86_400})).status_code == 200
        assert (await client.post("/_practice/clock", json={"seconds": -1})).status_code == 400
        assert (await client.post("/_practice/clock", content=b"soon")).status_code == 400
    assert 86_400 <= (alma.controls.clock.now() - before).total_seconds() < 86_500


async def test_the_calls_are_read_page_by_page_and_the_lost_ones_counted() -> None:
    practice = PracticeAlma(switches=AlmaSwitches(requests_per_second=0), controls=Controls(keep_calls=4))
    with PracticeServer(practice) as running:
        async with httpx.AsyncClient(base_url=running.url, headers=KEY) as client:
            for number in range(6):
                await client.get(COLLECTIONS, params={"offset": number})
            first = (await client.get("/_practice/calls?since=0&limit=3")).json()
            rest = (await client.get(f"/_practice/calls?since={first['next']}")).json()
            end = (await client.get(f"/_practice/calls?since={rest['next']}")).json()
            assert (await client.get("/_practice/calls?since=-1")).status_code == 400
    assert [call["query"] for call in first["calls"] + rest["calls"]] == [f"offset={n}" for n in range(2, 6)]
    assert (first["lost"], rest["lost"], end["calls"], end["next"]) == (2, 0, [], 6)


async def test_both_systems_serve_together_until_told_to_end(alma: PracticeAlma) -> None:
    stop, known = asyncio.Event(), asyncio.get_running_loop().create_future()
    serving = asyncio.create_task(serve(alma, PracticeFolio(), ready=known.set_result, stop=stop))
    urls: PracticeUrls = await asyncio.wait_for(known, 10)
    async with httpx.AsyncClient() as client:
        assert (await client.get(urls.alma + COLLECTIONS, headers=KEY)).status_code == 200
        assert (await client.get(urls.folio + "/eholdings/packages")).status_code in (400, 401, 403)
        os.kill(os.getpid(), signal.SIGTERM)
        await asyncio.wait_for(serving, 10)
        with pytest.raises(httpx.ConnectError):
            await client.get(urls.alma)


async def test_a_process_of_its_own_serves_what_the_setup_says_and_can_be_steered() -> None:
    setup = PracticeSetup(
        alma=AlmaSwitches(api_key="another-key", requests_per_second=0), folio=FolioSwitches(), library=LIBRARY
    )
    async with PracticeProcess(setup) as process:
        assert process.pid != os.getpid()
        async with httpx.AsyncClient(headers={"Authorization": "apikey another-key"}) as client:
            url = process.alma_url + COLLECTIONS
            found = await client.get(url, headers={"Accept": "application/json"})
            assert found.json()["electronic_collection"][0]["public_name"] == "Freshwater Journals"
            await process.set_faults("alma", Faults(drop_before=1.0))
            with pytest.raises(httpx.RemoteProtocolError):
                await client.get(url)
        state = await process.state("alma")
        assert (state.calls, state.counts["fault drop_before"]) == (2, 1)
        assert [call.path for call in (await process.calls("alma")).calls] == [COLLECTIONS] * 2
        assert (await process.state("folio")).calls == 0
        before = (await process.state("folio")).now
        await process.forward("folio", seconds=10 * 86_400)
        assert (await process.state("folio")).now[:10] > before[:10]
        with pytest.raises(ValueError, match="shares"):
            await process.set_faults("folio", Faults(slow=2.0))
        assert process.log_end() == ""
    with pytest.raises(UnreachableError):
        await process.state("alma")


async def test_a_taken_port_is_said_by_the_process(server: PracticeServer) -> None:
    port = int(server.url.rpartition(":")[2])
    with pytest.raises(ConfigurationError, match=f"port {port} "):
        async with PracticeProcess(PracticeSetup(folio_port=port)):
            pass


PARENT = """
import asyncio
from sync.sandbox.process import PracticeProcess

async def main() -> None:
    async with PracticeProcess() as process:
        print(process.pid, process.alma_url, flush=True)
        await asyncio.sleep(60)

asyncio.run(main())
"""


def test_the_process_ends_with_a_parent_that_was_killed() -> None:
    environment = {**os.environ, "PYTHONPATH": str(REPOSITORY)}
    with subprocess.Popen(  # noqa: S603  (this file's own text)
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=environment
    ) as parent:
        assert parent.stdout is not None
        pid, url = parent.stdout.readline().split()
        assert httpx.get(f"{url}/_practice/state").status_code == 200
        parent.kill()
    deadline = time.monotonic() + 10
    while _runs(int(pid)):
        assert time.monotonic() < deadline, "the practice process outlived its parent"
        time.sleep(0.05)


def _runs(pid: int) -> bool:
    state = subprocess.run(  # noqa: S603
        ["/bin/ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    ).stdout.strip()
    return bool(state) and not state.startswith("Z")
