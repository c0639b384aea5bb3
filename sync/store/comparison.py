"""The comparison in sets: Postgres finds the records that differ, Python sees only those, in batches."""

from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.model import Kind, Record
from sync.store.encoding import decode, storable
from sync.store.queries import sql
from sync.store.tables import identity, to_decide


@dataclass(frozen=True, slots=True, kw_only=True)
class Comparison:
    """Which two readings are compared, under which mapping rules."""

    pair: str
    alma: int
    folio: int
    rules: str

    def parameters(self) -> dict[str, object]:
        """Return the comparison as parameters of a statement."""
        return {"pair": self.pair, "alma": self.alma, "folio": self.folio, "rules": self.rules}


@dataclass(frozen=True, slots=True)
class Group:
    """Records of the source that are one record at the target: bibs of one title, portfolios of one holding."""

    package_key: str
    identity_key: str
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Differing:
    """A record of FOLIO that needs a decision. `linked`: whether it is linked to any record of Alma.

    `moved`: it was made for a record of Alma that is linked to another one since, and stands for none now.
    `present` are those of its records that Alma's reading holds, `unreadable` those it had to park.
    """

    key: str
    package_key: str
    title_key: str
    linked: bool
    moved: bool
    present: tuple[str, ...]
    unreadable: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """A record of the source with the hash under which the reading holds it; empty where it is not as read."""

    record: Record
    hash: bytes = b""


async def differing_packages(engine: AsyncEngine, comparison: Comparison) -> list[str]:
    """Return the keys of the collections that need a decision."""
    async with engine.connect() as connection:
        rows = await connection.execute(sql("differing_packages"), comparison.parameters())
        return [row.key for row in rows]


async def differing_titles(engine: AsyncEngine, comparison: Comparison, batch: int) -> AsyncIterator[list[Group]]:
    """Yield the titles that need a decision, `batch` at a time, in the order of their keys."""
    async with engine.connect() as connection:
        options = {"yield_per": batch}
        result = await connection.stream(sql("differing_titles"), comparison.parameters(), execution_options=options)
        async for rows in result.partitions(batch):
            yield [Group("", row.identity_key, tuple(row.keys)) for row in rows]


async def differing_holdings(engine: AsyncEngine, comparison: Comparison, batch: int) -> AsyncIterator[list[Group]]:
    """Yield the holdings that need a decision, `batch` at a time, package by package."""
    async with engine.connect() as connection:
        options = {"yield_per": batch}
        result = await connection.stream(sql("differing_holdings"), comparison.parameters(), execution_options=options)
        async for rows in result.partitions(batch):
            yield [Group(row.package_key, row.identity_key, tuple(row.keys)) for row in rows]


async def differing_from_folio(
    engine: AsyncEngine, comparison: Comparison, kind: Kind, *, run_id: int, batch: int
) -> AsyncIterator[list[Differing]]:
    """Yield FOLIO's packages or holdings that need a decision, `batch` at a time, package by package.

    What needs one is settled before the first is yielded; no transaction is open while they are decided.
    """
    noted = to_decide.c.run_id == run_id, to_decide.c.kind == kind
    async with engine.begin() as connection:
        await connection.execute(delete(to_decide).where(*noted))
        parameters = {**comparison.parameters(), "kind": kind, "run": run_id}
        await connection.execute(sql("add_to_decide"), parameters)
    last = 0
    while True:
        query = select(to_decide).where(*noted, to_decide.c.seq > last).order_by(to_decide.c.seq).limit(batch)
        async with engine.connect() as connection:
            rows = (await connection.execute(query)).all()
        if not rows:
            break
        last = int(rows[-1].seq)
        yield [
            Differing(
                key=row.key,
                package_key=row.package_key,
                title_key=row.title_key,
                linked=bool(row.linked),
                moved=bool(row.moved),
                present=tuple(row.present),
                unreadable=tuple(row.unreadable),
            )
            for row in rows
        ]
    async with engine.begin() as connection:
        await connection.execute(delete(to_decide).where(*noted))


async def unlinked_titles(engine: AsyncEngine, comparison: Comparison, batch: int) -> AsyncIterator[list[str]]:
    """Yield the keys of FOLIO's titles that are linked to no bib, `batch` at a time."""
    async with engine.connect() as connection:
        parameters = {"pair": comparison.pair, "folio": comparison.folio}
        result = await connection.stream(sql("unlinked_titles"), parameters, execution_options={"yield_per": batch})
        async for rows in result.partitions(batch):
            yield [row.key for row in rows]


async def holdings_at(
    engine: AsyncEngine, snapshot_id: int, wanted: Sequence[tuple[str, str, str]]
) -> dict[str, list[str]]:
    """Return the keys of the holdings in places given as (place, package key, title key), by place."""
    parameters = {
        "snapshot": snapshot_id,
        "places": [place for place, _, _ in wanted],
        "package_keys": [package_key for _, package_key, _ in wanted],
        "title_keys": [title_key for _, _, title_key in wanted],
    }
    found: dict[str, list[str]] = {}
    async with engine.connect() as connection:
        for row in await connection.execute(sql("holdings_at"), parameters):
            found.setdefault(row.place, []).append(row.key)
    return found


async def publication_types(engine: AsyncEngine, snapshot_id: int) -> dict[str, frozenset[str]]:
    """Return what the titles of each package are."""
    async with engine.connect() as connection:
        rows = await connection.execute(sql("publication_types"), {"snapshot": snapshot_id})
        return {row.package_key: frozenset(one for one in row.publication_types if one) for row in rows}


async def same_names(engine: AsyncEngine, snapshot_id: int) -> AsyncIterator[tuple[str, ...]]:
    """Yield the keys of titles that share one name."""
    async with engine.connect() as connection:
        result = await connection.stream(
            sql("same_names"), {"snapshot": snapshot_id}, execution_options={"yield_per": 500}
        )
        async for row in result:
            yield tuple(row.keys)


async def add_identities(engine: AsyncEngine, snapshot_id: int, identities: dict[str, str]) -> None:
    """Store which titles are the same as another one: key → key of the one that stands for all."""
    rows = [{"snapshot_id": snapshot_id, "title_key": key, "identity_key": other} for key, other in identities.items()]
    if rows:
        async with engine.begin() as connection:
            await connection.execute(insert(identity), rows)


async def join_linked_titles(engine: AsyncEngine, pair: str, snapshot_id: int) -> None:
    """Store that bibs linked to one title are the same, whatever their names: the lowest id stands for all."""
    async with engine.begin() as connection:
        rows = await connection.execute(sql("titles_linked_together"), {"pair": pair, "snapshot": snapshot_id})
        for leaders in [tuple(row.leaders) for row in rows]:
            first, *others = leaders
            followers = update(identity).where(
                identity.c.snapshot_id == snapshot_id, identity.c.identity_key.in_(others)
            )
            await connection.execute(followers.values(identity_key=first))
            values = [{"snapshot_id": snapshot_id, "title_key": key, "identity_key": first} for key in others]
            await connection.execute(insert(identity), values)


async def titles_alike(
    engine: AsyncEngine, snapshot_id: int, wanted: Mapping[str, Collection[str]]
) -> dict[str, list[str]]:
    """Return the keys of a reading's titles that have one of these search keys, by what they are wanted for."""
    rows = [(key, storable(one)) for key, keys in wanted.items() for one in sorted(keys)]
    parameters = {"snapshot": snapshot_id, "keys": [key for key, _ in rows], "match_keys": [one for _, one in rows]}
    found: dict[str, list[str]] = {}
    async with engine.connect() as connection:
        for row in await connection.execute(sql("titles_alike"), parameters):
            found.setdefault(row.wanted_key, []).append(row.title_key)
    return found


async def identities(engine: AsyncEngine, snapshot_id: int, keys: Collection[str]) -> dict[str, str]:
    """Return the key that stands for each of these titles, itself where it stands alone."""
    query = select(identity.c.title_key, identity.c.identity_key).where(
        identity.c.snapshot_id == snapshot_id, identity.c.title_key.in_(keys)
    )
    async with engine.connect() as connection:
        found = {row.title_key: row.identity_key for row in await connection.execute(query)}
    return {key: found.get(key, key) for key in keys}


async def source_records(
    engine: AsyncEngine, snapshot_id: int, kind: Kind, keys: Sequence[str]
) -> dict[str, SourceRecord]:
    """Return records with their hashes, by key."""
    parameters = {"snapshot": snapshot_id, "kind": kind, "keys": list(keys)}
    async with engine.connect() as connection:
        rows = await connection.execute(sql("source_records"), parameters)
        return {row.key: SourceRecord(decode(kind, row.body), bytes(row.hash)) for row in rows}


async def count_identities(engine: AsyncEngine, snapshot_id: int) -> dict[Kind, int]:
    """Return how many titles and holdings there are once those that are one are counted once."""
    async with engine.connect() as connection:
        rows = await connection.execute(sql("count_identities"), {"snapshot": snapshot_id})
        return {Kind(row.kind): int(row.records) for row in rows}
