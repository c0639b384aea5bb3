"""Both readings beside each other, by the links alone: what is on both sides, what on one only, how it was matched.

Only one page is in memory, and each of what is compared comes in a short transaction of its own, so that none is open
while other systems are asked. What both sides agreed on before plays no part here.
"""

from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import IO, Any, Generic, TypeVar, cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.model import Kind, Record, System, Title
from sync.store.approval import WAITING
from sync.store.comparison import Comparison
from sync.store.encoding import decode, decode_as, encode, storable
from sync.store.queries import sql
from sync.store.snapshots import drop_snapshots
from sync.store.tables import conflict, plan

IN_MEMORY = 1_000_000
"""So many bytes of what is kept are held in memory; more goes to a file."""

T = TypeVar("T")


class Kept(Generic[T]):
    """Records kept on disk in the order in which they were added, to be read as often as wanted, then let go of."""

    def __init__(self, type_: type[T]) -> None:
        self._type = type_
        self._file = cast("IO[bytes]", SpooledTemporaryFile(max_size=IN_MEMORY))  # noqa: SIM115  (see `close`)
        self.count = 0

    def add(self, one: T) -> None:
        """Keep a record."""
        self._file.write(encode(one) + b"\n")
        self.count += 1

    def __iter__(self) -> Iterator[T]:
        self._file.seek(0)
        for line in self._file:
            yield decode_as(self._type, line)

    def close(self) -> None:
        """Let go of the file."""
        self._file.close()


@dataclass(frozen=True, slots=True)
class Linked:
    """A record of FOLIO and the records of Alma it is linked to, all of them in the readings."""

    folio_id: str
    title_key: str
    alma_ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Alone:
    """A record that the other side does not have, a holding with its title where that could be read.

    `other_id`: it is linked to one that is gone there ("": to none).
    """

    record: Record
    title: Title | None
    other_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OnlyHere:
    """A package or a holding that only one side has. `reason` says why, where more is known than that."""

    system: System
    kind: Kind
    id: str
    name: str
    package: str
    package_id: str
    identifiers: tuple[str, ...] = ()
    reason: str = ""
    conflict: int | None = None


@dataclass(frozen=True, slots=True)
class Matches:
    """How many records of FOLIO are linked in one way: `fresh` of them by this run, the others before."""

    kind: Kind
    how: str
    records: int
    fresh: int


@dataclass(frozen=True, slots=True)
class ByNumber:
    """A title that was matched by its numbers, though its name is another one on each side; `fresh`: by this run."""

    alma_id: str
    alma_name: str
    folio_id: str
    folio_name: str
    fresh: bool


async def linked_below(
    engine: AsyncEngine, comparison: Comparison, kind: Kind, package_key: str, batch: int
) -> AsyncIterator[list[Linked]]:
    """Yield the linked holdings of a package of FOLIO, by title; of the kind package all packages, by "" above them."""
    parameters = {**comparison.parameters(), "kind": kind, "package": package_key}
    async for rows in _pages(engine, "pairs_in_package", parameters, batch):
        yield [Linked(row.folio_id, row.title_key, tuple(row.alma_ids)) for row in rows]


async def linked_titles(engine: AsyncEngine, comparison: Comparison, batch: int) -> AsyncIterator[list[Linked]]:
    """Yield the linked titles of FOLIO, by their ids."""
    async for rows in _pages(engine, "pairs_of_titles", comparison.parameters(), batch):
        yield [Linked(row.folio_id, "", tuple(row.alma_ids)) for row in rows]


async def alone_below(
    engine: AsyncEngine,
    comparison: Comparison,
    system: System,
    kind: Kind,
    package_key: str,
    *,
    run_id: int,
    batch: int,
) -> AsyncIterator[list[Alone]]:
    """Yield the holdings of a package of one system that the other one does not have; of the kind package all such.

    What the run had to park on the other side is there, only not readable.
    """
    name = "only_in_alma" if system is System.ALMA else "only_in_folio"
    parameters = {**comparison.parameters(), "kind": kind, "package": package_key, "run": run_id}
    async for rows in _pages(engine, name, parameters, batch):
        yield [
            Alone(
                record=decode(kind, row.body),
                title=cast("Title", decode(Kind.TITLE, row.title)) if row.title is not None else None,
                other_id=row.other_id,
            )
            for row in rows
        ]


async def count_matches(engine: AsyncEngine, comparison: Comparison, *, run_id: int) -> tuple[Matches, ...]:
    """Return how many packages, titles and holdings are linked, by what matched them."""
    async with engine.connect() as connection:
        rows = await connection.execute(sql("count_matches"), {**comparison.parameters(), "run": run_id})
        return tuple(Matches(Kind(row.kind), row.how, int(row.records), int(row.fresh)) for row in rows)


async def matches_by_number(
    engine: AsyncEngine, comparison: Comparison, *, run_id: int, batch: int
) -> AsyncIterator[list[ByNumber]]:
    """Yield the titles that were matched though their names differ, in the order in which they were linked."""
    parameters = {**comparison.parameters(), "run": run_id}
    async with engine.connect() as connection:
        options = {"yield_per": batch}
        result = await connection.stream(sql("matches_by_number"), parameters, execution_options=options)
        async for rows in result.partitions(batch):
            yield [
                ByNumber(row.alma_id, _name(row.in_alma), row.folio_id, _name(row.in_folio), bool(row.fresh))
                for row in rows
            ]


async def conflict_numbers(
    engine: AsyncEngine, pair: str, kind: Kind, folio_ids: Sequence[str]
) -> dict[str, dict[str, int]]:
    """Return the numbers of the open conflicts of these records of FOLIO, by id and field."""
    query = select(conflict.c.folio_id, conflict.c.field, conflict.c.id).where(
        conflict.c.pair == pair,
        conflict.c.kind == kind,
        conflict.c.folio_id.in_(folio_ids),
        conflict.c.closed_at.is_(None),
    )
    found: dict[str, dict[str, int]] = {}
    async with engine.connect() as connection:
        for folio_id, name, number in await connection.execute(query):
            found.setdefault(folio_id, {})[name] = int(number)
    return found


async def drop_other_readings(engine: AsyncEngine, pair: str, keep: Sequence[int]) -> None:
    """Empty a pair's other readings, but for those of plans that can still be carried out.

    To look at both sides takes its readings from no plan; one that new links would change refuses by its fingerprint.
    """
    query = select(plan.c.alma_snapshot, plan.c.folio_snapshot).where(plan.c.pair == pair, plan.c.status.in_(WAITING))
    async with engine.connect() as connection:
        used = [int(one) for row in await connection.execute(query) for one in row if one is not None]
    await drop_snapshots(engine, pair=pair, keep=[*keep, *used])


async def _pages(
    engine: AsyncEngine, name: str, parameters: dict[str, object], batch: int
) -> AsyncIterator[Sequence[Any]]:
    """Yield the rows of a statement page by page, each beginning after the last record of the one before."""
    after = {"after_title": "", "after": ""}
    while True:
        async with engine.connect() as connection:
            rows = (await connection.execute(sql(name), {**parameters, **after, "batch": batch})).all()
        if rows:
            yield rows
        if len(rows) < batch:
            return
        last = rows[-1]
        after = {"after_title": last.title_key, "after": last.folio_id if hasattr(last, "folio_id") else last.key}


def _name(body: str) -> str:
    return storable(cast("Title", decode(Kind.TITLE, body)).name)
