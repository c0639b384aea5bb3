"""The real daemon: three pairs with librarians on both sides, a kill, a restart of Postgres, a bad configuration, and a
day's calls that are used up; in the end all sides agree, and each due run was done once.
"""

import asyncio
import os
import re
import signal
import sys
import time
from asyncio.subprocess import Process
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, ExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
import psycopg
import pytest

from sync.sandbox.alma import READ_WRITE_KEY, AlmaSwitches
from sync.sandbox.folio import FolioSwitches
from sync.store.database import engine_for
from sync.store.embedded import embedded_postgres
from sync.store.schema import upgrade_schema
from tests.support.commands import Place, free_port, until, writes
from tests.support.databases import NOT_DURABLE, open_folder, psycopg_address
from tests.support.libraries import journal, plain_library
from tests.support.practice import Exchange, Systems, practice_systems
from tests.system.test_database_away import away

NAMES = ("east", "north", "west")
EVERY_SECONDS = 3
SOAK_MINUTES = float(os.environ.get("ALMA_FOLIO_SYNC_SOAK_MINUTES", "30"))
PERMITTED = 50
"""Calls a second that the practice Almas permit; the daemon is told so."""


def section(name: str, systems: Systems) -> str:
    folio = FolioSwitches()
    return f"""
[pairs.{name}.alma]
base_url = "{systems.alma_url}"
api_key = "{READ_WRITE_KEY}-{name}"
requests_per_second = {PERMITTED}
daily_reserve = 0
settle_seconds = 0.1

[pairs.{name}.folio]
base_url = "{systems.folio_url}"
tenant = "{folio.tenant}"
username = "{folio.username}"
password = "{folio.password}"
requests_per_second = 0
daily_calls = 0
daily_reserve = 0
settle_seconds = 0.1

[pairs.{name}.policy]
max_removals = 100
max_shrink_percent = 100

[pairs.{name}.maps.proxies]
"EZPROXY" = "EZProxy"

[pairs.{name}.schedule]
run = "sync"
every_minutes = {EVERY_SECONDS / 60}
approve = {{ create = 1000, update = 1000, remove = 1000 }}
"""


@dataclass(slots=True)
class OwnPostgres:
    """A server for one test alone, which may be restarted."""

    folder: Path
    stack: AsyncExitStack
    url: str = ""
    files: Path = Path()

    async def start(self) -> None:
        server = await self.stack.enter_async_context(embedded_postgres(self.folder, settings=NOT_DURABLE))
        self.url, self.files = server.url, server.data_directory

    async def restart(self) -> None:
        """End it as `pg_ctl restart` does, which lets no connection live, and start it again."""
        process = int((self.files / "postmaster.pid").read_text(encoding="utf-8").split()[0])
        os.kill(process, signal.SIGINT)
        await until(lambda: not _lives(process))
        await self.start()


def _lives(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


@pytest.fixture
async def own_postgres() -> AsyncIterator[OwnPostgres]:
    with open_folder() as folder:
        async with AsyncExitStack() as stack:
            own = OwnPostgres(folder / "data", stack)
            await own.start()
            async with engine_for(own.url) as engine:
                await upgrade_schema(engine)
            yield own


@dataclass(slots=True)
class House:
    """The daemon's place, its pairs, and how often Alma found it too fast."""

    place: Place
    pairs: dict[str, Systems]
    postgres: OwnPostgres
    listen: str
    too_fast: int = 0

    def configure(self, more: str = "") -> None:
        head = f'[database]\nurl = "{self.postgres.url}"\ndata_dir = "data"\n\n[daemon]\nlisten = "{self.listen}"\n'
        sections = "".join(section(name, systems) for name, systems in self.pairs.items())
        self.place.configure(f"{head}poll_seconds = 1\nretry_seconds = 1\n{sections}{more}")

    def count_refusals(self) -> None:
        def look(exchange: Exchange) -> None:
            self.too_fast += exchange.status == 429

        for systems in self.pairs.values():
            systems.alma_front.meddler = look

    @asynccontextmanager
    async def daemon(self) -> AsyncIterator[Process]:
        async with self.place.started("--log-level", "info", "daemon") as process:
            reader = asyncio.create_task(_drain(process))
            try:
                yield process
            finally:
                reader.cancel()

    def readdress(self, name: str, number: int, *, alma: str = "", folio: str = "") -> None:
        """Let the librarians of either side give a title another address."""
        systems = self.pairs[name]
        (own,) = systems.alma.portfolios(mms_id=systems.alma.mms_id(journal(number).key))
        (held,) = [one for one in systems.folio.resources() if one.title.name == journal(number).title]
        if alma:
            systems.alma.edit_portfolio(str(own["id"]), linking_details={"static_url": f"jkey={alma}"})
        if folio:
            systems.folio.edit_resource(held.id, url=folio)

    def addresses(self, name: str, number: int) -> tuple[str, str]:
        """Return a title's address in Alma and in FOLIO."""
        systems = self.pairs[name]
        (own,) = systems.alma.portfolios(mms_id=systems.alma.mms_id(journal(number).key))
        (held,) = [one for one in systems.folio.resources() if one.title.name == journal(number).title]
        return str(own["linking_details"]["static_url"]).removeprefix("jkey="), held.resource.url

    def ask(self, query: str) -> list[tuple[object, ...]]:
        address = psycopg_address(self.postgres.url)
        with psycopg.connect(address, autocommit=True) as connection:
            found = connection.execute(query)
            return list(found.fetchall()) if found.description else []


async def _drain(process: Process) -> None:
    assert process.stderr is not None
    while line := await process.stderr.readline():
        LOG.append(line.decode())


LOG: list[str] = []


@pytest.fixture
def house(tmp_path: Path, own_postgres: OwnPostgres) -> Iterator[House]:
    LOG.clear()
    with ExitStack() as stack:
        pairs = {}
        for name in NAMES:
            switches = AlmaSwitches(requests_per_second=PERMITTED, api_key=f"{READ_WRITE_KEY}-{name}")
            pairs[name] = stack.enter_context(practice_systems(plain_library([3, 2]), alma=switches))
        house = House(Place(folder=tmp_path), pairs, own_postgres, f"127.0.0.1:{free_port()}")
        house.configure()
        house.count_refusals()
        yield house
        print("".join(LOG[-60:]))  # what a failed test is judged by


async def moved_once(house: House, process: Process) -> None:
    """Wait until each pair's first run has ended: then both sides have met."""
    first = "select distinct pair from tick where state = 'done'"
    await until(lambda: len(house.ask(first)) == len(NAMES), within=process)
    assert [len(one.folio.resources()) for one in house.pairs.values()] == [5] * len(NAMES)


async def settled(house: House, name: str, number: int, url: str, seconds: float = 90) -> None:
    await until(lambda: house.addresses(name, number) == (url, url), seconds=seconds)


def assert_each_due_run_was_done_once(house: House) -> None:
    overlapping = house.ask(
        "select a.id, b.id from run a join run b on a.pair = b.pair and a.id < b.id "
        "and b.started_at < coalesce(a.ended_at, 'infinity')"
    )
    assert overlapping == []
    states = dict(house.ask("select state, count(*) from tick group by state"))
    assert set(states) <= {"done", "due", "skipped"}
    twice = house.ask(
        "select run_id from tick where run_id is not null and state = 'done' group by 1 having count(*) > 1"
    )
    assert twice == []


async def in_step(house: House) -> None:
    """Assert that nothing is left to do by hand."""
    for name in NAMES:
        before = writes(house.pairs[name])
        ended = await house.place.run("--pair", name, "sync", "--yes")
        assert ended.code == 0, ended.err
        assert writes(house.pairs[name]) == before, f"{name}: {ended.err}"


@pytest.mark.timeout(300)
async def test_three_pairs_are_kept_in_step_whatever_happens(house: House) -> None:
    async with house.daemon() as process:
        await moved_once(house, process)
        for name in NAMES:
            house.readdress(name, 0, alma="https://alma.example.org/0")
            house.readdress(name, 1, folio="https://folio.example.org/1")
        for name in NAMES:
            await settled(house, name, 0, "https://alma.example.org/0")
            await settled(house, name, 1, "https://folio.example.org/1")
        async with httpx.AsyncClient(base_url=f"http://{house.listen}") as client:
            assert (await client.get("/healthz")).status_code == (await client.get("/readyz")).status_code == 200
            numbers = (await client.get("/metrics")).text
        assert re.search(r'alma_folio_sync_runs_total\{outcome="done",pair="east"\} [1-9]', numbers)

        # a configuration that cannot be read is refused, and the old one goes on
        house.configure(more='\n[pairs.east.scheduel]\nrun = "sync"\n')
        process.send_signal(signal.SIGHUP)
        await until(lambda: any("refused" in line for line in LOG), within=process)
        house.configure()
        process.send_signal(signal.SIGHUP)
        await until(lambda: any("is in force" in line for line in LOG), within=process)

        # Postgres takes no connections for a while, and then it is restarted
        async with away(house.postgres.url):
            house.readdress("north", 2, alma="https://alma.example.org/2")
            await until(lambda: any("database is away" in line for line in LOG), within=process)
        await house.postgres.restart()
        await settled(house, "north", 2, "https://alma.example.org/2")

        # killed in the midst of something
        house.readdress("west", 2, alma="https://alma.example.org/2")
        before = writes(house.pairs["west"])
        await until(lambda: writes(house.pairs["west"]) > before, within=process)
        process.kill()
        await process.wait()

    async with house.daemon() as process:
        await settled(house, "west", 2, "https://alma.example.org/2")
        # the day's calls are used up: it pauses, and goes on by itself when they are renewed
        east = house.pairs["east"].alma
        east.use_up(east.calls_left - 1)
        house.readdress("east", 2, alma="https://alma.example.org/2")
        paused = (
            "select begins_at from tick where pair = 'east' and state = 'due' and begins_at > now() + interval '1 s'"
        )
        await until(lambda: bool(house.ask(paused)), within=process)
        status = await house.place.run("--pair", "east", "status")
        assert "waits: the run due at" in status.out
        east.controls.clock.forward(days=1)
        house.ask("delete from budget")
        house.ask("update tick set begins_at = now() where pair = 'east' and state = 'due'")
        await settled(house, "east", 2, "https://alma.example.org/2")

        began = time.monotonic()
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0
        assert time.monotonic() - began < 30
        assert process.stdout is not None
        told = (await process.stdout.read()).decode()
        assert told.startswith("Keeps in step: east (sync, next ")
        assert told.endswith(f"State: http://{house.listen}/readyz\n")
    assert_each_due_run_was_done_once(house)
    assert house.too_fast == 0
    await in_step(house)


async def test_without_a_schedule_it_says_so_and_ends(house: House) -> None:
    text = (house.place.folder / "alma-folio-sync.toml").read_text(encoding="utf-8")
    house.place.configure(re.sub(r"\[pairs\.\w+\.schedule\]\n(?:.+\n)+", "", text))
    ended = await house.place.run("daemon")
    assert ended.code == 1
    assert "No pair has a schedule" in ended.err
    house.place.configure(text.replace("every_minutes", "every_hours"))
    ended = await house.place.run("daemon")
    assert (ended.code, "every_hours: unknown key" in ended.err) == (1, True)


def memory(process: Process) -> int:
    """Return what the process holds in memory, in kilobytes (Linux)."""
    found = re.search(r"VmRSS:\s+(\d+)", Path(f"/proc/{process.pid}/status").read_text(encoding="ascii"))
    assert found is not None
    return int(found[1])


@pytest.mark.soak
@pytest.mark.timeout(0)
@pytest.mark.skipif(sys.platform != "linux", reason="reads its memory from /proc")
async def test_for_half_an_hour_its_memory_stays_flat(house: House) -> None:
    ends, number, cycles = time.monotonic() + 60 * SOAK_MINUTES, 0, "select count(*) from tick where state = 'done'"
    held: list[int] = []
    async with house.daemon() as process:
        await moved_once(house, process)
        while time.monotonic() < ends:
            number += 1
            for name in NAMES:
                house.readdress(name, number % 5, alma=f"https://alma.example.org/{number}")
                await settled(house, name, number % 5, f"https://alma.example.org/{number}")
            held.append(memory(process))
        done = house.ask(cycles)[0][0]
        print(f"\n{done} cycles, {number * len(NAMES)} edits; memory in MB: {[one // 1024 for one in held[::20]]}")
        process.terminate()
        assert await asyncio.wait_for(process.wait(), 30) == 0
    assert_each_due_run_was_done_once(house)
    early, late = max(held[: len(held) // 3]), max(held[2 * len(held) // 3 :])
    assert late < early + 30_000, f"{early} kB at first, {late} kB in the end"
    await in_step(house)
