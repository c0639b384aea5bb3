"""The database goes away in the midst of a migration: a clean end that says so, and everything once afterwards."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy.engine import make_url

from sync.sandbox.controls import Faults
from tests.support.commands import Place, configuration, custom_titles, ended, moved, until, writes
from tests.support.databases import psycopg_address
from tests.support.libraries import plain_library
from tests.support.practice import practice_systems

MIGRATE = ("migrate", "--from", "alma", "--to", "folio", "--yes")
TITLES = 40
SLOW_WRITES = Faults(slow=1.0, slow_seconds=0.05, methods=frozenset({"POST", "PUT"}))


@asynccontextmanager
async def away(database_url: str) -> AsyncIterator[None]:
    """Let the database end all its connections, and take no new ones meanwhile."""
    url = make_url(database_url)
    name = sql.Identifier(url.database or "")
    address = psycopg_address(url.set(database="postgres").render_as_string(hide_password=False))
    async with await psycopg.AsyncConnection.connect(address, autocommit=True) as admin:
        await admin.execute(sql.SQL("alter database {} allow_connections false").format(name))
        await admin.execute("select pg_terminate_backend(pid) from pg_stat_activity where datname = %s", [url.database])
        try:
            yield
        finally:
            await admin.execute(sql.SQL("alter database {} allow_connections true").format(name))


async def test_a_database_that_goes_away_ends_the_run_cleanly_and_the_next_one_goes_on(
    database_url: str, tmp_path: Path
) -> None:
    place = Place(folder=tmp_path)
    with practice_systems(plain_library([TITLES])) as systems:
        place.configure(configuration(systems, database_url))
        systems.folio.controls.set_faults(SLOW_WRITES)
        before = writes(systems)
        async with place.started(*MIGRATE) as process:
            await until(lambda: writes(systems) > before + 10, within=process)
            async with away(database_url):
                stopped = await ended(process, seconds=60)
        assert stopped.code == 1
        assert "The database went away" in stopped.err
        assert "then run the same command again" in stopped.err
        assert "Traceback" not in stopped.err
        systems.folio.controls.set_faults(Faults())
        answer = await place.run(*MIGRATE)
        assert answer.code == 0, answer.err
        assert {name: len(titles) for name, titles in moved(systems).items()} == {"Collection 1": TITLES}
        assert custom_titles(systems) == sorted(f"Journal {number} of Harbour Studies" for number in range(TITLES))
        before = writes(systems)
        again = await place.run(*MIGRATE)
        assert again.code == 0
        assert writes(systems) == before
