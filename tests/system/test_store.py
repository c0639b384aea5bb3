"""The store: the schema and its upgrades, what is kept of a reading, locks, budgets, and commits made together."""

import asyncio
from contextlib import AsyncExitStack
from dataclasses import replace
from datetime import date
from typing import Any

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import Connection, func, select, text
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.errors import ConfigurationError, LockedError
from sync.match.titles import search_keys
from sync.model import (
    Holding,
    Identifier,
    IdentifierKind,
    Kind,
    Package,
    Parked,
    Reading,
    Record,
    System,
    Title,
)
from sync.store.bases import Agreement, agree, base_records
from sync.store.budgets import StoredBudget
from sync.store.comparison import source_records, titles_alike
from sync.store.database import engine_for
from sync.store.encoding import digest, encode
from sync.store.group_commit import MOST_TOGETHER, GroupCommit
from sync.store.links import Closing, Link, add_links, close_links, links
from sync.store.runs import RunState, pair_lock, recent_runs, start_run
from sync.store.schema import current_revision, upgrade_schema
from sync.store.snapshots import (
    add_entries,
    add_parked,
    all_records,
    begin_snapshot,
    drop_snapshots,
    finish_snapshot,
    parked_of,
    records,
    snapshot_info,
)
from sync.store.tables import base, entry, metadata, payload

CONTROLS = "".join(map(chr, [*range(0x20), *range(0x7F, 0xA0)]))
EVERYTHING_ODD = f"a{CONTROLS}z \u200f\ufeff\U0001f4da e\u0301 \\u0000 %s :name"

CATALOGUE = """
select 'column ' || table_name || '.' || column_name, concat_ws(' ', udt_name, is_nullable, column_default, is_identity)
from information_schema.columns where table_schema = 'public'
union all
select 'constraint ' || c.conname, pg_get_constraintdef(c.oid)
from pg_constraint c join pg_namespace n on n.oid = c.connamespace where n.nspname = 'public'
union all
select 'index ' || indexname, indexdef from pg_indexes where schemaname = 'public'
"""


# --- the schema


def _differences(connection: Connection) -> list[Any]:
    options = {"compare_type": True, "compare_server_default": True}
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), metadata))


async def _catalogue(engine: AsyncEngine) -> dict[str, str]:
    async with engine.connect() as connection:
        rows = await connection.execute(text(CATALOGUE))
        return {name: definition for name, definition in rows if "alembic_version" not in name + definition}


async def test_migrations_make_exactly_the_tables_the_code_works_with(
    database: AsyncEngine, bare_database: AsyncEngine
) -> None:
    async with database.connect() as connection:
        assert await connection.run_sync(_differences) == []
    async with bare_database.begin() as connection:
        await connection.run_sync(metadata.create_all)
    assert await _catalogue(database) == await _catalogue(bare_database)


async def test_an_upgrade_brings_an_empty_database_up_to_date_and_a_second_one_changes_nothing(
    bare_database: AsyncEngine,
) -> None:
    before, after = await upgrade_schema(bare_database)
    assert before == ""
    made = await _catalogue(bare_database)
    assert await upgrade_schema(bare_database) == (after, after)
    assert await _catalogue(bare_database) == made
    assert await current_revision(bare_database) == (after, after)


async def test_commands_that_start_at_the_same_moment_upgrade_once(bare_database: AsyncEngine) -> None:
    url = bare_database.url.render_as_string(hide_password=False)
    async with AsyncExitStack() as stack:
        engines = [await stack.enter_async_context(engine_for(url)) for _ in range(4)]
        outcomes = await asyncio.gather(*(upgrade_schema(engine) for engine in engines))
    assert sorted(before == "" for before, _ in outcomes) == [False, False, False, True]
    assert await _catalogue(bare_database)


async def test_a_schema_of_a_later_version_is_refused_and_left_alone(database: AsyncEngine) -> None:
    async with database.begin() as connection:
        await connection.execute(text("update alembic_version set version_num = '9999'"))
    before = await _catalogue(database)
    with pytest.raises(ConfigurationError) as refused:
        await upgrade_schema(database)
    assert "9999" in refused.value.message
    assert "--upgrade alma-folio-sync" in refused.value.advice
    assert await _catalogue(database) == before


# --- what is kept of a reading


async def _run(engine: AsyncEngine, pair: str = "main") -> int:
    return await start_run(engine, pair=pair, command="migrate")


async def _snapshot(engine: AsyncEngine, *, pair: str = "main", system: System = System.ALMA) -> int:
    run_id = await _run(engine, pair)
    return await begin_snapshot(engine, run_id=run_id, pair=pair, system=system, scope="all")


def _reading(record: Record, raw: object = None) -> Reading:
    kind = {Package: Kind.PACKAGE, Title: Kind.TITLE, Holding: Kind.HOLDING}[type(record)]
    places = {"package_key": record.package_key, "title_key": record.title_key} if isinstance(record, Holding) else {}
    return Reading(kind=kind, record=record, listed=record, raw=raw, **places)


async def test_every_control_character_comes_back_as_it_was_read(database: AsyncEngine) -> None:
    package = Package(key="61", name=EVERYTHING_ODD, managed=False, description=EVERYTHING_ODD)
    title = Title(key="99", name=EVERYTHING_ODD, publisher=CONTROLS)
    raw = {"name": EVERYTHING_ODD, CONTROLS: [None, 1.5, {"nested": CONTROLS}]}
    snapshot_id = await _snapshot(database)
    await add_entries(database, snapshot_id, [_reading(package, raw), _reading(title)])

    assert await records(database, snapshot_id, Kind.PACKAGE, ["61"]) == {"61": package}
    assert [one async for one in all_records(database, snapshot_id, Kind.TITLE)] == [title]
    async with database.connect() as connection:
        query = select(func.cast(payload.c.body, payload.c.body.type)).where(payload.c.hash == digest(encode(raw)))
        assert (await connection.execute(query)).scalar_one() == raw


async def test_a_parked_record_may_have_any_name(database: AsyncEngine) -> None:
    run_id = await _run(database)
    odd = Parked(
        system=System.ALMA, kind=Kind.HOLDING, key="53", name=EVERYTHING_ODD, field="", reason="r\x00", advice="a"
    )
    await add_parked(database, run_id, [odd])
    (kept,) = await parked_of(database, run_id)
    assert "\U0001f4da" in kept.name
    assert (kept.key, kept.advice) == ("53", "a")


async def test_half_a_character_in_what_was_read_stops_nobody(database: AsyncEngine) -> None:
    snapshot_id = await _snapshot(database)
    package = Package(key="61", name="Half", managed=False)
    await add_entries(database, snapshot_id, [_reading(package, {"unknown_key": "\ud83d"})])
    assert await records(database, snapshot_id, Kind.PACKAGE, ["61"]) == {"61": package}


async def test_a_key_read_twice_is_kept_as_it_was_first_read(database: AsyncEngine) -> None:
    first, second = (Title(key="99", name=name) for name in ("First reading", "Second reading"))
    snapshot_id = await _snapshot(database)
    await add_entries(database, snapshot_id, [_reading(first), _reading(second)])
    await add_entries(database, snapshot_id, [_reading(second)])
    await finish_snapshot(database, snapshot_id, declared=1, shortfalls=[])
    assert await records(database, snapshot_id, Kind.TITLE, ["99"]) == {"99": first}
    info = await snapshot_info(database, snapshot_id)
    assert (info.complete, info.counted) == (True, 1)


async def test_a_snapshot_that_fell_short_is_not_complete_and_says_why(database: AsyncEngine) -> None:
    snapshot_id = await _snapshot(database)
    await finish_snapshot(database, snapshot_id, declared=7, shortfalls=["2 of 7 were never listed"])
    info = await snapshot_info(database, snapshot_id)
    assert (info.complete, info.declared, info.shortfalls) == (False, 7, ("2 of 7 were never listed",))


async def test_titles_are_proposed_by_a_shared_identifier_or_the_same_name(database: AsyncEngine) -> None:
    issn = Identifier(IdentifierKind.ISSN, "0317-8471")
    source, target = await _snapshot(database), await _snapshot(database, system=System.FOLIO)
    await add_entries(database, source, [_reading(Title(key="991", name="Tides", identifiers=(issn,)))])
    there = [
        Title(key="1", name="Another name", identifiers=(issn,)),
        Title(key="2", name="TIDES  "),
        Title(key="3", name="Tides and more"),
    ]
    await add_entries(database, target, [_reading(one) for one in there])
    wanted = {"991": search_keys(Title(key="991", name="Tides", identifiers=(issn,)))}
    assert await titles_alike(database, target, wanted) == {"991": ["1", "2"]}


async def _payloads(engine: AsyncEngine) -> set[bytes]:
    async with engine.connect() as connection:
        return {bytes(content) for (content,) in await connection.execute(select(payload.c.hash))}


async def test_bodies_go_with_their_last_snapshot_unless_a_base_refers_to_them(database: AsyncEngine) -> None:
    old, kept, meant = (Holding(key="53", package_key="61", title_key="99", url=f"https://{n}") for n in "okm")
    forgotten = Holding(key="54", package_key="61", title_key="99", url="https://forgotten")
    seen = replace(meant, key="1-2-3")
    first = await _snapshot(database)
    await add_entries(database, first, [_reading(old, {"raw": 1}), _reading(forgotten)])
    async with database.begin() as connection:
        link = Link(kind=Kind.HOLDING, alma_id="53", folio_id="1-2-3", how="created")
        await add_links(connection, "main", 1, [link])
        agreement = Agreement(
            kind=Kind.HOLDING, alma_id="53", alma_hash=digest(encode(old)), folio_listed=seen, written=meant
        )
        await agree(connection, "main", 1, "rules", [agreement])
    second = await _snapshot(database)
    await add_entries(database, second, [_reading(kept)])

    await drop_snapshots(database, pair="main", keep=[second])

    assert await _payloads(database) == {digest(encode(one)) for one in (old, kept, meant, seen)}
    stored = (await links(database, "main", Kind.HOLDING, ["53"]))["53"]
    base = (await base_records(database, Kind.HOLDING, [stored.id]))[stored.id]
    assert (base.alma, base.folio_listed, base.written, base.rules) == (old, seen, meant, "rules")
    async with database.connect() as connection:
        assert set((await connection.execute(select(entry.c.snapshot_id))).scalars()) == {second}


async def test_another_pairs_snapshots_are_left_alone(database: AsyncEngine) -> None:
    mine, other = await _snapshot(database), await _snapshot(database, pair="other")
    title = Title(key="99", name="In both")
    await add_entries(database, mine, [_reading(title)])
    await add_entries(database, other, [_reading(title)])
    await drop_snapshots(database, pair="main", keep=[])
    assert await records(database, other, Kind.TITLE, ["99"]) == {"99": title}


async def test_two_pairs_that_hold_the_same_record_never_take_its_body_from_each_other(database: AsyncEngine) -> None:
    titles = [Title(key=f"99{number}", name=f"Shared title {number}") for number in range(300)]

    async def reload(pair: str) -> None:
        for _ in range(6):
            snapshot_id = await _snapshot(database, pair=pair)
            await asyncio.gather(
                *(add_entries(database, snapshot_id, [_reading(one) for one in titles[at::6]]) for at in range(6))
            )
            held = await source_records(database, snapshot_id, Kind.TITLE, [one.key for one in titles])
            assert len(held) == len(titles)
            await drop_snapshots(database, pair=pair, keep=[])

    await asyncio.gather(reload("one"), reload("two"), reload("three"))


# --- links and the base


async def test_a_new_link_closes_the_older_one_of_the_same_record(database: AsyncEngine) -> None:
    for folio_id in ("1-2-3", "1-2-4"):
        async with database.begin() as connection:
            link = Link(kind=Kind.HOLDING, alma_id="53", folio_id=folio_id, how="created")
            await add_links(connection, "main", 1, [link])
    found = await links(database, "main", Kind.HOLDING, ["53"])
    assert found["53"].folio_id == "1-2-4"
    async with database.connect() as connection:
        rows = await connection.execute(text("select folio_id from link where closed_at is not null"))
        assert list(rows.scalars()) == ["1-2-3"]


async def test_the_base_of_an_unchanged_link_moves_and_portfolios_that_left_are_closed(database: AsyncEngine) -> None:
    holding = Holding(key="1-2-3", package_key="1-2", title_key="3")
    members = [Link(kind=Kind.HOLDING, alma_id=key, folio_id="1-2-3", how="created") for key in ("53", "54")]
    for rules in ("old rules", "new rules"):
        agreement = Agreement(
            kind=Kind.HOLDING, alma_id="53", alma_hash=b"h", folio_listed=holding, written=replace(holding, url=rules)
        )
        async with database.begin() as connection:
            await add_links(connection, "main", 1, members)
            await agree(connection, "main", 1, rules, [agreement])
    async with database.begin() as connection:
        await close_links(connection, "main", [Closing(kind=Kind.HOLDING, folio_id="1-2-3", keep=("53",))])
        assert list((await connection.execute(select(base.c.rules))).scalars()) == ["new rules"]
    assert set(await links(database, "main", Kind.HOLDING, ["53", "54"])) == {"53"}


# --- one run per pair


async def test_a_second_run_of_a_pair_is_refused_and_the_first_one_named(database: AsyncEngine) -> None:
    async with pair_lock(database, "main"):
        run_id = await _run(database)
        with pytest.raises(LockedError, match=rf"run {run_id} \(migrate\)"):
            async with pair_lock(database, "main"):
                pass
        async with pair_lock(database, "other"):
            pass
    async with pair_lock(database, "main"):
        pass


async def test_the_lock_of_a_run_whose_connection_died_is_free(database: AsyncEngine) -> None:
    url = database.url.render_as_string(hide_password=False)
    async with engine_for(url) as dying, pair_lock(dying, "main"):
        await _run(database)
        async with database.begin() as connection:
            kill = "select pg_terminate_backend(pid) from pg_locks where locktype = 'advisory'"
            await connection.execute(text(kill))
        async with asyncio.timeout(10):
            await _until_free(database)
    (left,) = await recent_runs(database, pair="main", limit=1)
    assert left.state is RunState.RUNNING
    await _run(database)
    _, before = await recent_runs(database, pair="main", limit=2)
    assert before.state is RunState.STOPPED


async def _until_free(database: AsyncEngine) -> None:
    while True:
        try:
            async with pair_lock(database, "main"):
                return
        except LockedError:
            await asyncio.sleep(0.02)


# --- budgets


async def test_the_calls_of_a_day_are_counted_by_account_whoever_makes_them(database: AsyncEngine) -> None:
    day = date(2026, 3, 1)
    one = StoredBudget(database, {"FOLIO": "folio", "Alma": "alma"})
    two = StoredBudget(database, {"FOLIO": "folio", "Alma": "other"})
    assert await one.load("FOLIO", day) == 0
    await asyncio.gather(
        *(ledger.take("FOLIO", day, 10, at_most=100, reported=29_000) for ledger in [one, two] * 6),
        return_exceptions=True,
    )
    assert await one.load("FOLIO", day) == await two.load("FOLIO", day) == 100
    assert not await two.take("FOLIO", day, 1, at_most=100, reported=None)
    assert await two.take("FOLIO", day, -40, at_most=None, reported=None)
    assert await two.take("FOLIO", day, 40, at_most=100, reported=None)
    assert not await one.take("Alma", day, 5, at_most=4, reported=None)
    assert await two.take("Alma", day, 3, at_most=None, reported=None)
    assert await two.take("FOLIO", date(2026, 3, 2), 1, at_most=None, reported=None)
    assert [await one.load(system, day) for system in ("FOLIO", "Alma")] == [100, 0]
    async with database.connect() as connection:
        kept = await connection.execute(
            text("select reported from budget where account = 'folio' and day = '2026-03-01'")
        )
        assert kept.scalar_one() == 29_000


# --- commits made together


class Slow:
    """Stores what it is given after a moment; keeps the groups; fails for those that hold a bad item."""

    def __init__(self) -> None:
        self.groups: list[list[str]] = []
        self.may_go_on = asyncio.Event()

    async def __call__(self, items: list[str]) -> None:
        self.groups.append(items)
        await self.may_go_on.wait()
        if "bad" in items:
            raise ValueError("a bad item")


async def _settled(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_what_waits_for_a_commit_at_the_same_moment_shares_the_next_one_in_order() -> None:
    store = Slow()
    commits = GroupCommit(store)
    tasks = [asyncio.create_task(commits.submit("first"))]
    await _settled()
    tasks += [asyncio.create_task(commits.submit(str(number))) for number in range(MOST_TOGETHER + 5)]
    await _settled()
    assert store.groups == [["first"]]
    assert not any(task.done() for task in tasks)
    store.may_go_on.set()
    await asyncio.gather(*tasks)
    numbers = [str(number) for number in range(MOST_TOGETHER + 5)]
    assert store.groups == [["first"], numbers[:MOST_TOGETHER], numbers[MOST_TOGETHER:]]


async def test_an_error_reaches_all_of_its_group_and_nobody_else() -> None:
    store = Slow()
    commits = GroupCommit(store)
    alone = asyncio.create_task(commits.submit("alone"))
    await _settled()
    together = [asyncio.create_task(commits.submit(item)) for item in ("good", "bad", "better")]
    await _settled()
    store.may_go_on.set()
    outcomes = await asyncio.gather(alone, *together, return_exceptions=True)
    assert outcomes[0] is None
    assert [str(outcome) for outcome in outcomes[1:]] == ["a bad item"] * 3
    await commits.submit("later")
    assert store.groups[-1] == ["later"]


async def test_one_who_stops_waiting_neither_stops_the_commit_nor_the_others() -> None:
    store = Slow()
    commits = GroupCommit(store)
    tasks = [asyncio.create_task(commits.submit(item)) for item in ("one", "two", "three")]
    await _settled()
    tasks[0].cancel()
    tasks[2].cancel()
    await _settled()
    store.may_go_on.set()
    outcomes = await asyncio.gather(*tasks, return_exceptions=True)
    assert [type(outcome) for outcome in outcomes] == [asyncio.CancelledError, type(None), asyncio.CancelledError]
    assert [item for group in store.groups for item in group] == ["one", "two", "three"]


async def test_finishing_waits_for_what_nobody_waits_for_any_longer() -> None:
    store = Slow()
    commits = GroupCommit(store)
    task = asyncio.create_task(commits.submit("left behind"))
    await _settled()
    task.cancel()
    finishing = asyncio.create_task(commits.finish())
    await _settled()
    assert not finishing.done()
    store.may_go_on.set()
    await finishing
    assert store.groups == [["left behind"]]
