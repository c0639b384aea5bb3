"""The changes of plans, stored as they are made and read in batches: a plan of any size is never held in memory."""

from collections import Counter
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass

import msgspec
from sqlalchemy import RowMapping, func, select, text
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sync.errors import SyncError
from sync.model import Kind, Loss, System
from sync.plan.changes import Action, Change, FieldChange, Status
from sync.plan.guards import TAKEN_BACK
from sync.store.database import psycopg_connection
from sync.store.encoding import decode, decode_as, encode
from sync.store.queries import sql
from sync.store.tables import change

COLUMNS = "plan_id, seq, id, system, kind, action, name, source_keys, package_key, title_key, target_id, status, body"


NOTHING = msgspec.Raw(b"null")


class _Body(msgspec.Struct, frozen=True):
    """The part of a change that no query looks into."""

    package_name: str
    identifiers: tuple[str, ...]
    reason: str
    fields: tuple[FieldChange, ...]
    losses: tuple[Loss, ...]
    desired: msgspec.Raw
    origin: msgspec.Raw = NOTHING
    pending: tuple[str, ...] = ()


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a change: the reason in words, the kind of error ("" when none) and the advice."""

    reason: str = ""
    error: str = ""
    advice: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredChange:
    """A change with what became of it."""

    change: Change
    outcome: Outcome


async def add_changes(engine: AsyncEngine, plan_id: int, first_seq: int, changes: Sequence[Change]) -> int:
    """Store changes by COPY, numbered from `first_seq`; return the next number."""
    if not changes:
        return first_seq
    async with engine.begin() as connection:
        raw = await psycopg_connection(connection)
        async with raw.cursor() as cursor, cursor.copy(f"copy change ({COLUMNS}) from stdin") as stream:
            for seq, one in enumerate(changes, start=first_seq):
                await stream.write_row(
                    (
                        plan_id,
                        seq,
                        one.id,
                        one.system,
                        one.kind,
                        one.action,
                        one.name,
                        list(one.source_keys),
                        one.package_key,
                        one.title_key,
                        one.target_id,
                        one.status,
                        _body(one),
                    )
                )
    return first_seq + len(changes)


async def changes_of(
    engine: AsyncEngine,
    plan_id: int,
    *,
    system: System | None = None,
    kind: Kind | None = None,
    actions: Sequence[Action] = (),
    status: Status | None = None,
    batch: int = 500,
) -> AsyncIterator[StoredChange]:
    """Yield the changes of a plan in their order, read `batch` at a time, each batch after the one before is done with.

    Statuses may change meanwhile: a batch begins after the last number seen.
    """
    query = select(change).where(change.c.plan_id == plan_id).order_by(change.c.seq).limit(batch)
    if system is not None:
        query = query.where(change.c.system == system)
    if kind is not None:
        query = query.where(change.c.kind == kind)
    if actions:
        query = query.where(change.c.action.in_(actions))
    if status is not None:
        query = query.where(change.c.status == status)
    last = -1
    while True:
        async with engine.connect() as connection:
            rows = (await connection.execute(query.where(change.c.seq > last))).mappings().all()
        for row in rows:
            yield _stored(row)
        if len(rows) < batch:
            return
        last = int(rows[-1]["seq"])


async def set_statuses(connection: AsyncConnection, plan_id: int, items: Sequence[tuple[str, Status, Outcome]]) -> None:
    """Record what became of changes, given as (change id, status, outcome)."""
    rows = [
        {"plan_id": plan_id, "change_id": change_id, "status": status, "outcome": encode(outcome).decode()}
        for change_id, status, outcome in items
    ]
    if rows:
        await connection.execute(sql("set_status"), rows)


FOR_HOLDINGS = encode(Outcome(reason="waits for its holdings, which are withheld: let one of them through")).decode()
"""What is stored with a title that is withheld since its holdings are; the SQL knows it by its very words."""
WAITS_FOR_A_PERSON = f'%"reason":"guard {TAKEN_BACK}:%'
"""How the SQL knows what only a person brings again, by the text of a change's body."""


async def drop_needless_titles(engine: AsyncEngine, plan_id: int) -> tuple[dict[System, int], dict[System, int]]:
    """Take out the creation of titles that no planned holding needs; return how many there were, by system.

    Those whose holdings wait for a person are withheld instead; with them comes how many.
    """
    async with engine.begin() as connection:
        # without fresh statistics Postgres looks each title up the slow way: minutes for 20,000 of them
        await connection.execute(text("analyze change"))
        waiting = {"plan_id": plan_id, "outcome": FOR_HOLDINGS, "waiting": WAITS_FOR_A_PERSON}
        withheld = Counter(
            System(row.system) for row in await connection.execute(sql("withhold_waiting_titles"), waiting)
        )
        dropped = Counter(
            System(row.system) for row in await connection.execute(sql("drop_needless_titles"), {"plan_id": plan_id})
        )
        return dropped, withheld


async def planned_places(
    engine: AsyncEngine, plan_id: int, title_keys: Sequence[str]
) -> dict[str, list[tuple[str, tuple[str, ...]]]]:
    """Return, for titles, the packages in which a plan puts them: (package key, keys of the holdings there)."""
    query = (
        select(change.c.title_key, change.c.package_key, change.c.source_keys)
        .where(
            change.c.plan_id == plan_id,
            change.c.system == System.FOLIO,
            change.c.kind == Kind.HOLDING,
            change.c.title_key.in_(title_keys),
            change.c.action == Action.CREATE,
            change.c.status == Status.PLANNED,
        )
        .order_by(change.c.title_key, change.c.package_key)
    )
    found: dict[str, list[tuple[str, tuple[str, ...]]]] = {}
    async with engine.connect() as connection:
        for row in await connection.execute(query):
            found.setdefault(row.title_key, []).append((row.package_key, tuple(row.source_keys)))
    return found


async def planned_services(engine: AsyncEngine, plan_id: int) -> dict[str, int]:
    """Return how many services are still to be hidden or shown with their packages, by package key."""
    query = (
        select(change.c.package_key, func.count())
        .where(
            change.c.plan_id == plan_id,
            change.c.kind == Kind.SERVICE,
            change.c.action == Action.UPDATE,
            change.c.status == Status.PLANNED,
        )
        .group_by(change.c.package_key)
    )
    async with engine.connect() as connection:
        return {package_key: int(count) for package_key, count in await connection.execute(query)}


async def changes_by_id(engine: AsyncEngine, plan_id: int, ids: Sequence[str]) -> dict[str, StoredChange]:
    """Return the changes of a plan that have these ids."""
    query = select(change).where(change.c.plan_id == plan_id, change.c.id.in_(ids))
    async with engine.connect() as connection:
        return {row["id"]: _stored(row) for row in (await connection.execute(query)).mappings()}


async def count_by_package(
    engine: AsyncEngine, plan_id: int, system: System, actions: Sequence[Action]
) -> dict[tuple[Kind, str], int]:
    """Return how many planned changes of a system there are of these actions, by kind and package."""
    columns = (change.c.kind, change.c.package_key)
    query = (
        select(*columns, func.count())
        .where(
            change.c.plan_id == plan_id,
            change.c.system == system,
            change.c.action.in_(actions),
            change.c.status == Status.PLANNED,
        )
        .group_by(*columns)
    )
    async with engine.connect() as connection:
        return {(Kind(kind), key): int(number) for kind, key, number in await connection.execute(query)}


async def count_planned(engine: AsyncEngine, plan_id: int) -> int:
    """Return how many changes of a plan are still to be carried out."""
    query = select(func.count()).where(change.c.plan_id == plan_id, change.c.status == Status.PLANNED)
    async with engine.connect() as connection:
        return int((await connection.execute(query)).scalar_one())


async def withhold(engine: AsyncEngine, plan_id: int, reasons: Mapping[str, SyncError]) -> None:
    """Withhold the planned changes of these ids, each with its reason."""
    planned = select(change.c.id).where(
        change.c.plan_id == plan_id, change.c.id.in_(reasons), change.c.status == Status.PLANNED
    )
    async with engine.begin() as connection:
        items = [
            (one, Status.WITHHELD, Outcome(reason=reasons[one].message, error="data", advice=reasons[one].advice))
            for one in (await connection.execute(planned)).scalars()
        ]
        await set_statuses(connection, plan_id, items)


async def count_statuses(
    engine: AsyncEngine, plan_id: int, *, system: System | None = None
) -> dict[tuple[Kind, Action, Status], int]:
    """Return how many changes of each kind and action, of one system or of both, stand where."""
    columns = (change.c.kind, change.c.action, change.c.status)
    query = select(*columns, func.count()).where(change.c.plan_id == plan_id).group_by(*columns)
    if system is not None:
        query = query.where(change.c.system == system)
    async with engine.connect() as connection:
        rows = await connection.execute(query)
        return {(Kind(kind), Action(action), Status(status)): int(count) for kind, action, status, count in rows}


def _body(one: Change) -> str:
    desired = msgspec.Raw(encode(one.desired))
    origin = msgspec.Raw(encode(one.origin)) if one.origin is not None else NOTHING
    return encode(
        _Body(one.package_name, one.identifiers, one.reason, one.fields, one.losses, desired, origin, one.pending)
    ).decode()


def _stored(row: RowMapping) -> StoredChange:
    body = decode_as(_Body, encode(row["body"]))
    kind = Kind(row["kind"])
    return StoredChange(
        change=Change(
            id=row["id"],
            system=System(row["system"]),
            kind=kind,
            action=Action(row["action"]),
            name=row["name"],
            desired=decode(kind, bytes(body.desired)),
            origin=decode(kind, bytes(body.origin)) if body.origin != NOTHING else None,
            source_keys=tuple(row["source_keys"]),
            package_key=row["package_key"],
            package_name=body.package_name,
            title_key=row["title_key"],
            target_id=row["target_id"],
            identifiers=body.identifiers,
            reason=body.reason,
            status=Status(row["status"]),
            fields=body.fields,
            losses=body.losses,
            pending=body.pending,
        ),
        outcome=msgspec.convert(row["outcome"] or {}, Outcome),
    )
