"""Links: the ids of one canonical record on both sides, made once and ended when a record is gone or another."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import RowMapping, func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sync.model import Kind, System
from sync.plan.three_way import HOLDING_FLOWS
from sync.store.queries import sql
from sync.store.tables import entry, link, parked

TAKEN_BACK = ", taken back"
"""How the word ends that says what matched a link, once an undo has ended it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One record on both sides. `how` says what matched them.

    `name` is the name FOLIO was given where the record's own was taken; `managed` marks a title that belongs to the
    knowledge base and is never written; `id` and `run_id`, the run that made it, are 0 until the link is stored.
    """

    kind: Kind
    alma_id: str
    folio_id: str
    how: str
    name: str = ""
    managed: bool = False
    id: int = 0
    run_id: int = 0


@dataclass(frozen=True, slots=True, kw_only=True)
class Closing:
    """Links that end: those of one FOLIO record, but for the Alma records in `keep`; or the one of one Alma record.

    `taken_back`: an undo ended them, and the two records are not to be brought together again unasked.
    """

    kind: Kind
    folio_id: str = ""
    alma_id: str = ""
    keep: tuple[str, ...] = ()
    taken_back: bool = False


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


async def links_ever(engine: AsyncEngine, pair: str, kind: Kind, system: System, record_id: str) -> list[Link]:
    """Return every link that a record of a system has or had, the oldest first."""
    column = link.c.alma_id if system is System.ALMA else link.c.folio_id
    query = select(link).where(link.c.pair == pair, link.c.kind == kind, column == record_id).order_by(link.c.id)
    async with engine.connect() as connection:
        return [_link(row) for row in (await connection.execute(query)).mappings()]


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
    """Store links that matching found, in a transaction of their own, but for those a person took apart before."""
    if not items:
        return
    apart = await separated(engine, pair, [one.folio_id for one in items])
    async with engine.begin() as connection:
        wanted = [one for one in items if (one.kind, one.alma_id, one.folio_id) not in apart]
        await add_links(connection, pair, run_id, wanted)


async def separated(engine: AsyncEngine, pair: str, folio_ids: Sequence[str]) -> set[tuple[Kind, str, str]]:
    """Return which packages and titles a person said are not the same: kind, Alma id and FOLIO id.

    Holdings are the same wherever their packages and titles are.
    """
    later = link.alias()
    joined_again = select(later.c.id).where(
        later.c.pair == link.c.pair,
        later.c.kind == link.c.kind,
        later.c.alma_id == link.c.alma_id,
        later.c.folio_id == link.c.folio_id,
        later.c.id > link.c.id,
    )
    query = select(link.c.kind, link.c.alma_id, link.c.folio_id).where(
        link.c.pair == pair,
        link.c.kind.in_([Kind.PACKAGE, Kind.TITLE]),
        link.c.folio_id.in_(folio_ids),
        link.c.how.like("%, separated"),
        ~joined_again.exists(),
    )
    async with engine.connect() as connection:
        return {(Kind(kind), alma_id, folio_id) for kind, alma_id, folio_id in await connection.execute(query)}


async def close_links(connection: AsyncConnection, pair: str, closings: Sequence[Closing]) -> None:
    """Close these links; their bases stay, for whoever asks later what was.

    Where one of several portfolios that were one title ends, the others agree anew on what that title holds.
    """
    rows = [
        {
            "pair": pair,
            "kind": one.kind,
            "folio_id": one.folio_id,
            "alma_id": one.alma_id,
            "keep": list(one.keep),
            "ending": TAKEN_BACK if one.taken_back else "",
        }
        for one in closings
    ]
    if not rows:
        return
    await connection.execute(sql("close_links"), rows)
    gone = [
        {"pair": pair, "kind": one.kind, "alma_id": one.alma_id, "fields": list(HOLDING_FLOWS)}
        for one in closings
        if one.alma_id and one.kind is Kind.HOLDING
    ]
    if gone:
        await connection.execute(sql("unsettle_others"), gone)


async def taken_back(engine: AsyncEngine, pair: str) -> dict[tuple[System, Kind], set[str]]:
    """Return the packages and holdings that only a person brings together again, since an undo took them apart.

    By system and kind their ids there; one that was linked again since then is none of them.
    """
    found: dict[tuple[System, Kind], set[str]] = {}
    async with engine.connect() as connection:
        for row in await connection.execute(sql("taken_back"), {"pair": pair, "ending": f"%{TAKEN_BACK}"}):
            found.setdefault((System.ALMA, Kind(row.kind)), set()).add(row.alma_id)
            found.setdefault((System.FOLIO, Kind(row.kind)), set()).add(row.folio_id)
    return found


@dataclass(frozen=True, slots=True)
class Partners:
    """What a record was linked to last on the other side; `linked_now`: one of these, or the record itself, is."""

    ids: tuple[str, ...]
    linked_now: bool


async def last_partners(
    engine: AsyncEngine, pair: str, kind: Kind, system: System, ids: Sequence[str]
) -> dict[str, Partners]:
    """Return, for records of a system, what they were linked to last on the other side."""
    query = sql("last_partners_in_alma" if system is System.FOLIO else "last_partners_in_folio")
    async with engine.connect() as connection:
        rows = await connection.execute(query, {"pair": pair, "kind": kind, "ids": list(ids)})
        return {row.id: Partners(tuple(row.partners), row.linked_now) for row in rows}


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


def _link(row: RowMapping) -> Link:
    return Link(
        kind=Kind(row["kind"]),
        alma_id=row["alma_id"],
        folio_id=row["folio_id"],
        how=row["how"],
        name=row["name"],
        managed=bool(row["managed"]),
        id=row["id"],
        run_id=row["run_id"] or 0,
    )
