"""Links: the ids of one canonical record on both sides; and the base: what both sides held when they last agreed."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import RowMapping, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sync.model import Kind, Record
from sync.plan.return_home import held_back
from sync.store.encoding import decode, digest, encode
from sync.store.payloads import keep_payloads
from sync.store.queries import sql
from sync.store.tables import base, entry, link, parked


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One record on both sides. `how` says what matched them.

    `name` is the name FOLIO was given where the record's own was taken; `managed` marks a title that belongs to the
    knowledge base and is never written; `id` is 0 until the link is stored.
    """

    kind: Kind
    alma_id: str
    folio_id: str
    how: str
    name: str = ""
    managed: bool = False
    id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Links that end: those of one FOLIO record, but for the Alma records in `keep`; or the one of one Alma record."""

    kind: Kind
    folio_id: str = ""
    alma_id: str = ""
    keep: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Agreement:
    """What both sides held when they agreed.

    `alma_hash` is Alma's record as a reading holds it, or `alma_record` that record where no reading does, since it
    was just written; `folio_listed` is FOLIO's as lists tell it, `written` FOLIO's in full, as meant or as read. The
    base of the fields in `pending` stays as it is: on them the sides do not agree yet. Then `alma_record` is needed.
    """

    kind: Kind
    alma_id: str
    folio_listed: Record
    written: Record
    alma_hash: bytes = b""
    alma_record: Record | None = None
    pending: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseRecords:
    """What both sides held when they last agreed on a link, as `Agreement` has it, under which mapping rules.

    On the fields in `unsettled` they never did.
    """

    alma_id: str
    folio_id: str
    rules: str
    alma: Record
    folio_listed: Record
    written: Record
    unsettled: tuple[str, ...] = ()


async def links(engine: AsyncEngine, pair: str, kind: Kind, alma_ids: Sequence[str]) -> dict[str, Link]:
    """Return the open links of these Alma ids."""
    query = select(link).where(
        link.c.pair == pair, link.c.kind == kind, link.c.alma_id.in_(alma_ids), link.c.closed_at.is_(None)
    )
    async with engine.connect() as connection:
        return {row["alma_id"]: _link(row) for row in (await connection.execute(query)).mappings()}


async def package_links(engine: AsyncEngine, pair: str) -> dict[str, Link]:
    """Return every open link of a package, by its Alma id."""
    query = select(link).where(link.c.pair == pair, link.c.kind == Kind.PACKAGE, link.c.closed_at.is_(None))
    async with engine.connect() as connection:
        return {row["alma_id"]: _link(row) for row in (await connection.execute(query)).mappings()}


async def links_from_folio(
    engine: AsyncEngine, pair: str, kind: Kind, folio_ids: Sequence[str] | None = None
) -> dict[str, list[Link]]:
    """Return the open links of these FOLIO ids (None: of all); several records of Alma may be one in FOLIO."""
    query = select(link).where(link.c.pair == pair, link.c.kind == kind, link.c.closed_at.is_(None))
    if folio_ids is not None:
        query = query.where(link.c.folio_id.in_(folio_ids))
    query = query.order_by(link.c.alma_id)
    found: dict[str, list[Link]] = {}
    async with engine.connect() as connection:
        for row in (await connection.execute(query)).mappings():
            found.setdefault(row["folio_id"], []).append(_link(row))
    return found


async def base_records(engine: AsyncEngine, kind: Kind, link_ids: Sequence[int]) -> dict[int, BaseRecords]:
    """Return what both sides held when they last agreed, by link; links that never agreed are missing."""
    async with engine.connect() as connection:
        rows = await connection.execute(sql("base_records"), {"link_ids": list(link_ids)})
        return {
            row.id: BaseRecords(
                alma_id=row.alma_id,
                folio_id=row.folio_id,
                rules=row.rules,
                alma=decode(kind, row.alma),
                folio_listed=decode(kind, row.folio),
                written=decode(kind, row.written),
                unsettled=tuple(row.unsettled),
            )
            for row in rows
        }


async def linked_from(
    engine: AsyncEngine, pair: str, kind: Kind, folio_ids: Sequence[str], *, among: int | None = None
) -> dict[str, set[str]]:
    """Return, for these FOLIO ids, the Alma ids that are linked to them; with `among`, those that snapshot holds."""
    query = select(link.c.folio_id, link.c.alma_id).where(
        link.c.pair == pair, link.c.kind == kind, link.c.folio_id.in_(folio_ids), link.c.closed_at.is_(None)
    )
    if among is not None:
        held = select(entry.c.key).where(
            entry.c.snapshot_id == among, entry.c.kind == kind, entry.c.key == link.c.alma_id
        )
        query = query.where(held.exists())
    found: dict[str, set[str]] = {}
    async with engine.connect() as connection:
        for folio_id, alma_id in await connection.execute(query):
            found.setdefault(folio_id, set()).add(alma_id)
    return found


async def taken_by(
    engine: AsyncEngine, pair: str, kind: Kind, alma_ids: Sequence[str], *, among: int | None, run_id: int
) -> dict[str, str]:
    """Return, for these Alma ids, the FOLIO ids they are linked to.

    With `among`, a complete snapshot of FOLIO, only those it holds or the run had to park: what FOLIO no longer has
    keeps its record of Alma from nobody.
    """
    query = select(link.c.alma_id, link.c.folio_id).where(
        link.c.pair == pair, link.c.kind == kind, link.c.alma_id.in_(alma_ids), link.c.closed_at.is_(None)
    )
    if among is not None:
        held = select(entry.c.key).where(
            entry.c.snapshot_id == among, entry.c.kind == kind, entry.c.key == link.c.folio_id
        )
        unreadable = select(parked.c.key).where(parked.c.run_id == run_id, parked.c.key == link.c.folio_id)
        query = query.where(held.exists() | unreadable.exists())
    async with engine.connect() as connection:
        return {row.alma_id: row.folio_id for row in await connection.execute(query)}


async def linked_below(engine: AsyncEngine, pair: str, kind: Kind, package_id: str) -> list[str]:
    """Return the ids of FOLIO records of a package that are linked, in order."""
    query = (
        select(link.c.folio_id)
        .where(
            link.c.pair == pair,
            link.c.kind == kind,
            link.c.folio_id.startswith(f"{package_id}-", autoescape=True),
            link.c.closed_at.is_(None),
        )
        .distinct()
        .order_by(link.c.folio_id)
    )
    async with engine.connect() as connection:
        return list((await connection.execute(query)).scalars())


async def remembered_names(engine: AsyncEngine, pair: str, kind: Kind) -> dict[str, str]:
    """Return the names FOLIO was given where they differ from the record's own, by Alma id."""
    query = select(link.c.alma_id, link.c.name).where(
        link.c.pair == pair, link.c.kind == kind, link.c.name != "", link.c.closed_at.is_(None)
    )
    async with engine.connect() as connection:
        return {row.alma_id: row.name for row in await connection.execute(query)}


async def add_links(connection: AsyncConnection, pair: str, run_id: int, items: Iterable[Link]) -> None:
    """Store links; an older open link of the same Alma record is closed in favour of the new one."""
    rows = [
        {
            "pair": pair,
            "kind": one.kind,
            "alma_id": one.alma_id,
            "folio_id": one.folio_id,
            "how": one.how,
            "name": one.name,
            "managed": int(one.managed),
            "run_id": run_id,
        }
        for one in items
    ]
    if rows:
        await connection.execute(sql("close_other_links"), rows)
        await connection.execute(sql("add_link"), rows)


async def store_links(engine: AsyncEngine, pair: str, run_id: int, items: Sequence[Link]) -> None:
    """Store links in a transaction of their own; see `add_links`."""
    if items:
        async with engine.begin() as connection:
            await add_links(connection, pair, run_id, items)


async def close_links(connection: AsyncConnection, pair: str, closings: Iterable[Closing]) -> None:
    """Close these links; their bases stay, for whoever asks later what was."""
    rows = [
        {
            "pair": pair,
            "kind": one.kind,
            "folio_id": one.folio_id,
            "alma_id": one.alma_id,
            "keep": list(one.keep),
        }
        for one in closings
    ]
    if rows:
        await connection.execute(sql("close_links"), rows)


async def agree(connection: AsyncConnection, pair: str, run_id: int, rules: str, items: Iterable[Agreement]) -> None:
    """Move the base of these records to what was just read back. Records without a link are left out."""
    bodies: dict[bytes, str] = {}
    rows = []
    for item in items:
        one, unsettled = await _without_pending(connection, pair, item)
        seen, written = encode(one.folio_listed), encode(one.written)
        hashes = digest(seen), digest(written)
        bodies |= {hashes[0]: seen.decode(), hashes[1]: written.decode()}
        alma_hash = one.alma_hash
        if one.alma_record is not None:
            alma = encode(one.alma_record)
            alma_hash = digest(alma)
            bodies[alma_hash] = alma.decode()
        rows.append(
            {
                "pair": pair,
                "kind": one.kind,
                "alma_id": one.alma_id,
                "alma_hash": alma_hash,
                "folio_hash": hashes[0],
                "written_hash": hashes[1],
                "rules": rules,
                "unsettled": list(unsettled),
                "run_id": run_id,
            }
        )
    if rows:
        await keep_payloads(connection)
        payloads = [{"hash": content, "body": body} for content, body in sorted(bodies.items())]
        await connection.execute(sql("add_payload"), payloads)
        await connection.execute(sql("move_base"), rows)


async def has_agreed(engine: AsyncEngine, pair: str) -> bool:
    """Return whether both sides of a pair ever agreed on anything: before that is the first contact."""
    query = select(base.c.link_id).join(link, link.c.id == base.c.link_id).where(link.c.pair == pair).limit(1)
    async with engine.connect() as connection:
        return (await connection.execute(query)).first() is not None


async def count_linked(engine: AsyncEngine, pair: str) -> dict[Kind, int]:
    """Return how many records of FOLIO are linked, by kind."""
    query = (
        select(link.c.kind, func.count(func.distinct(link.c.folio_id)))
        .where(link.c.pair == pair, link.c.closed_at.is_(None))
        .group_by(link.c.kind)
    )
    async with engine.connect() as connection:
        return {Kind(kind): int(number) for kind, number in await connection.execute(query)}


async def close_gone_links(engine: AsyncEngine, pair: str, run_id: int, *, alma: int, folio: int) -> None:
    """Close the links of packages and holdings that are gone on both sides, by two complete readings."""
    parameters = {"pair": pair, "run": run_id, "alma": alma, "folio": folio}
    async with engine.begin() as connection:
        await connection.execute(sql("close_gone_links"), parameters)


async def _without_pending(connection: AsyncConnection, pair: str, one: Agreement) -> tuple[Agreement, tuple[str, ...]]:
    """Return the agreement with the former base in its pending fields, and those on which there never was one.

    The base is read anew: another change of the same record may have moved it since this one was planned.
    """
    if not one.pending or one.alma_record is None:
        return one, ()
    parameters = {"pair": pair, "kind": one.kind, "alma_id": one.alma_id}
    row = (await connection.execute(sql("base_of"), parameters)).one_or_none()
    if row is None:
        return one, one.pending
    former = {name: decode(one.kind, getattr(row, name)) for name in ("alma", "folio", "written")}
    merged = replace(
        one,
        alma_record=held_back(one.alma_record, former["alma"], one.pending),
        folio_listed=held_back(one.folio_listed, former["folio"], one.pending),
        written=held_back(one.written, former["written"], one.pending),
    )
    return merged, tuple(name for name in row.unsettled if name in one.pending)


def _link(row: RowMapping) -> Link:
    return Link(
        kind=Kind(row["kind"]),
        alma_id=row["alma_id"],
        folio_id=row["folio_id"],
        how=row["how"],
        name=row["name"],
        managed=bool(row["managed"]),
        id=row["id"],
    )
