"""Snapshots: one complete reading of one side, loaded by COPY; bodies are kept once per content."""

from collections.abc import AsyncIterator, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, Text, cast, delete, func, insert, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sync.match.titles import search_keys
from sync.model import Kind, Package, Parked, Reading, Record, System, Title, bounded_key, name_key, same_name_key
from sync.plan.guards import Size
from sync.store.database import psycopg_connection
from sync.store.encoding import decode, digest, encode, storable
from sync.store.payloads import PAYLOAD_LOCK, keep_payloads
from sync.store.queries import raw_sql
from sync.store.tables import entry, identifier, identity, parked, payload, snapshot

MOST_DECLARED = 2**31 - 1
"""A system that declares more lies; its column holds no more."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SnapshotInfo:
    """A snapshot's id and whether absence from it means anything."""

    id: int
    system: System
    complete: bool
    declared: int
    counted: int
    shortfalls: tuple[str, ...] = ()


async def begin_snapshot(engine: AsyncEngine, *, run_id: int, pair: str, system: System, scope: str) -> int:
    """Return the id of a new snapshot in state "reading"."""
    async with engine.begin() as connection:
        row = insert(snapshot).values(run_id=run_id, pair=pair, system=system, scope=scope, state="reading")
        return int((await connection.execute(row.returning(snapshot.c.id))).scalar_one())


async def add_entries(engine: AsyncEngine, snapshot_id: int, entries: Sequence[Reading]) -> None:
    """Store a batch, in one transaction. A key that was stored before is kept as it was first read."""
    rows: list[tuple[Any, ...]] = []
    bodies: dict[bytes, str] = {}
    identifiers: list[tuple[int, str, str]] = []
    for one in entries:
        listed = encode(one.listed)
        content = digest(listed)
        bodies[content] = listed.decode()
        raw_hash = None
        if one.raw is not None:
            raw = encode(one.raw)
            raw_hash = digest(raw)
            bodies[raw_hash] = raw.decode()
        name = one.record.name if isinstance(one.record, Title | Package) else ""
        key = one.record.key
        wanted = storable(bounded_key(same_name_key(name)))
        rows.append((snapshot_id, one.kind, key, one.package_key, one.title_key, wanted, content, raw_hash))
        if isinstance(one.record, Title):
            identifiers += [(snapshot_id, key, storable(match)) for match in sorted(search_keys(one.record))]
    async with engine.begin() as connection:
        await keep_payloads(connection)
        await _copy_in(connection, "add_payloads", bodies.items())
        await _copy_in(connection, "add_entries", rows)
        await _copy_in(connection, "add_identifiers", identifiers)


async def _copy_in(connection: AsyncConnection, name: str, rows: Iterable[tuple[Any, ...]]) -> None:
    """COPY the rows through a temporary table: sql/NAME.sql makes the table, fills it and moves its rows on."""
    rows = list(rows)
    if not rows:
        return
    create, copy, move = (part.strip() for part in raw_sql(name).split(";") if part.strip())
    raw = await psycopg_connection(connection)
    async with raw.cursor() as cursor:
        await cursor.execute(create.encode())
        async with cursor.copy(copy.encode()) as stream:
            for row in rows:
                await stream.write_row(row)
        await cursor.execute(move.encode())


async def finish_snapshot(engine: AsyncEngine, snapshot_id: int, *, declared: int, shortfalls: Sequence[str]) -> None:
    """Close a snapshot: complete when nothing fell short of what the system declared."""
    async with engine.begin() as connection:
        counted = select(func.count()).select_from(entry).where(entry.c.snapshot_id == snapshot_id)
        await connection.execute(
            update(snapshot)
            .where(snapshot.c.id == snapshot_id)
            .values(
                state="incomplete" if shortfalls else "complete",
                declared=min(declared, MOST_DECLARED),
                counted=counted.scalar_subquery(),
                shortfalls=list(shortfalls),
                ended_at=func.now(),
            )
        )


async def snapshot_info(engine: AsyncEngine, snapshot_id: int) -> SnapshotInfo:
    """Return a snapshot's standing."""
    async with engine.connect() as connection:
        row = (await connection.execute(select(snapshot).where(snapshot.c.id == snapshot_id))).one()
    return SnapshotInfo(
        id=snapshot_id,
        system=System(row.system),
        complete=row.state == "complete",
        declared=row.declared,
        counted=row.counted,
        shortfalls=tuple(row.shortfalls or ()),
    )


async def refresh_statistics(engine: AsyncEngine) -> None:
    """Tell Postgres how much was just loaded; without that it compares large readings the slow way."""
    async with engine.begin() as connection:
        await connection.execute(text("analyze entry, identifier, identity, link, base, payload"))


async def drop_snapshots(engine: AsyncEngine, *, pair: str, keep: Sequence[int]) -> None:
    """Empty a pair's other snapshots, and remove the bodies nobody refers to any longer.

    How many records a snapshot held that a plan was carried out of stays known.
    """
    others = select(snapshot.c.id).where(snapshot.c.pair == pair, snapshot.c.id.not_in(keep))
    async with engine.begin() as connection:
        await connection.execute(text("select pg_advisory_xact_lock(:key)"), {"key": PAYLOAD_LOCK})
        await connection.execute(delete(snapshot).where(snapshot.c.id.in_(others), snapshot.c.accepted.is_(None)))
        for table in (entry, identifier, identity):
            await connection.execute(delete(table).where(table.c.snapshot_id.in_(others)))
        await connection.exec_driver_sql(raw_sql("drop_unused_payloads"))


async def records(engine: AsyncEngine, snapshot_id: int, kind: Kind, keys: Sequence[str]) -> dict[str, Record]:
    """Return the records of these keys; those the snapshot does not hold are missing."""
    query = _records_of(snapshot_id, kind).where(entry.c.key.in_(keys))
    async with engine.connect() as connection:
        return {row.key: decode(kind, row.body) for row in await connection.execute(query)}


async def all_records(engine: AsyncEngine, snapshot_id: int, kind: Kind) -> AsyncIterator[Record]:
    """Yield every record of a kind, by key, a thousand at a time from the server."""
    query = _records_of(snapshot_id, kind).order_by(entry.c.key).execution_options(yield_per=1000)
    async with engine.connect() as connection:
        async for row in await connection.stream(query):
            yield decode(kind, row.body)


async def accept_snapshot(engine: AsyncEngine, snapshot_id: int, size: int) -> None:
    """Record how many packages and holdings there were once a plan made of a snapshot was carried out.

    The next readings are measured by it, if it was complete.
    """
    accepted = update(snapshot).where(snapshot.c.id == snapshot_id, snapshot.c.state == "complete")
    async with engine.begin() as connection:
        await connection.execute(accepted.values(accepted=size))


async def adjust_accepted(engine: AsyncEngine, pair: str, system: System, grown: int) -> None:
    """Record that a system holds so many packages and holdings more than when a plan was last carried out."""
    accepted = select(snapshot.c.id).where(
        snapshot.c.pair == pair, snapshot.c.system == system, snapshot.c.accepted.is_not(None)
    )
    async with engine.begin() as connection:
        values = {"accepted": func.greatest(snapshot.c.accepted + grown, 0)}
        await connection.execute(update(snapshot).where(snapshot.c.id.in_(accepted)).values(values))


async def last_accepted(engine: AsyncEngine, pair: str, system: System, scope: str) -> Size | None:
    """Return the size of the last reading of a system that a plan was carried out of; of this scope if there is one."""
    query = (
        select(snapshot.c.accepted, snapshot.c.scope)
        .where(snapshot.c.pair == pair, snapshot.c.system == system, snapshot.c.accepted.is_not(None))
        .order_by((snapshot.c.scope == scope).desc(), snapshot.c.id.desc())
        .limit(1)
    )
    async with engine.connect() as connection:
        row = (await connection.execute(query)).one_or_none()
    return Size(records=row.accepted, scope=row.scope) if row is not None else None


async def count_records(engine: AsyncEngine, snapshot_id: int) -> dict[Kind, int]:
    """Return how many records of each kind a snapshot holds."""
    query = select(entry.c.kind, func.count()).where(entry.c.snapshot_id == snapshot_id).group_by(entry.c.kind)
    async with engine.connect() as connection:
        return {Kind(kind): int(count) for kind, count in await connection.execute(query)}


async def count_by_package(engine: AsyncEngine, snapshot_id: int, kind: Kind) -> dict[str, int]:
    """Return how many records of a kind each package of a snapshot holds."""
    query = (
        select(entry.c.package_key, func.count())
        .where(entry.c.snapshot_id == snapshot_id, entry.c.kind == kind)
        .group_by(entry.c.package_key)
    )
    async with engine.connect() as connection:
        return {package_key: int(count) for package_key, count in await connection.execute(query)}


def _records_of(snapshot_id: int, kind: Kind) -> Select[tuple[str, str]]:
    body = cast(payload.c.body, Text)
    return (
        select(entry.c.key, body.label("body"))
        .join(payload, payload.c.hash == entry.c.hash)
        .where(entry.c.snapshot_id == snapshot_id, entry.c.kind == kind)
    )


async def add_parked(engine: AsyncEngine, run_id: int, items: Sequence[Parked]) -> None:
    """Store records that cannot take part, with reason and advice."""
    if not items:
        return
    rows = [
        {
            "run_id": run_id,
            "system": one.system,
            "kind": one.kind,
            "key": storable(one.key),
            "name": storable(one.name),
            "field": one.field,
            "reason": storable(one.reason),
            "advice": storable(one.advice),
            "place": storable(one.place),
        }
        for one in items
    ]
    async with engine.begin() as connection:
        await connection.execute(insert(parked), rows)


async def count_parked(engine: AsyncEngine, run_id: int) -> int:
    """Return how many records a run had to park."""
    query = select(func.count()).select_from(parked).where(parked.c.run_id == run_id)
    async with engine.connect() as connection:
        return int((await connection.execute(query)).scalar_one())


async def parked_of(engine: AsyncEngine, run_id: int) -> list[Parked]:
    """Return what a run had to park, in the order of kind, name and key."""
    query = select(parked).where(parked.c.run_id == run_id).order_by(parked.c.kind, parked.c.name, parked.c.key)
    async with engine.connect() as connection:
        return [
            Parked(
                system=System(row.system),
                kind=Kind(row.kind),
                key=row.key,
                name=row.name,
                field=row.field,
                reason=row.reason,
                advice=row.advice,
                place=row.place,
            )
            for row in await connection.execute(query)
        ]


async def parked_keys(engine: AsyncEngine, run_id: int, system: System) -> frozenset[str]:
    """Return the keys of the records of a system that a run had to park."""
    query = select(parked.c.key).where(parked.c.run_id == run_id, parked.c.system == system)
    async with engine.connect() as connection:
        return frozenset((await connection.execute(query)).scalars())


async def parked_places(engine: AsyncEngine, run_id: int) -> frozenset[str]:
    """Return where the portfolios stand that a run had to park: "collection/bib", and "collection/name" as well."""
    query = select(parked.c.place, parked.c.name).where(parked.c.run_id == run_id, parked.c.place != "")
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    named = (f"{row.place.partition('/')[0]}/{name_key(row.name)}" for row in rows if row.name)
    return frozenset({row.place for row in rows} | set(named))
