"""Which linked records of the target are gone at the source, by the two readings and the links."""

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass

from sqlalchemy import TextClause, text
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.model import Kind, System
from sync.store.comparison import Comparison
from sync.store.queries import raw_sql


@dataclass(frozen=True, slots=True)
class Gone:
    """A record of the target whose counterparts at the source are gone; `link_ids` tell what it was linked to."""

    target_id: str
    package_key: str
    link_ids: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class PackageAbsence:
    """Of the linked records in a package of the target, how many are gone at the source, and of these moved there."""

    package_key: str
    gone: int
    linked: int
    moved: int


@dataclass(frozen=True, slots=True, kw_only=True)
class AbsenceSearch:
    """Where absence is looked for: the two readings, which system is the target, and which run parked what."""

    comparison: Comparison
    target: System
    run_id: int

    def parameters(self, kind: Kind) -> dict[str, object]:
        """Return the search as parameters of a statement."""
        return {**self.comparison.parameters(), "kind": kind, "run": self.run_id}


def _statement(target: System, before: str, after: str) -> TextClause:
    name = "gone_in_alma" if target is System.FOLIO else "gone_in_folio"
    return text(f"{before} from (\n{raw_sql(name)}) as found {after}")


async def count_gone(engine: AsyncEngine, search: AbsenceSearch, kind: Kind) -> list[PackageAbsence]:
    """Return, for each package of the target, how many of its linked records are gone at the source."""
    query = _statement(
        search.target,
        "select package_key, count(*) filter (where gone) as gone, count(*) as linked, "
        "count(*) filter (where gone and moved) as moved",
        "group by package_key order by package_key",
    )
    async with engine.connect() as connection:
        rows = await connection.execute(query, search.parameters(kind))
        return [PackageAbsence(row.package_key, int(row.gone), int(row.linked), int(row.moved)) for row in rows]


async def gone(engine: AsyncEngine, search: AbsenceSearch, kind: Kind, batch: int) -> AsyncIterator[Sequence[Gone]]:
    """Yield the linked records of the target that are gone at the source, `batch` at a time, package by package."""
    query = _statement(
        search.target, "select target_id, package_key, link_ids", "where gone order by package_key, target_id"
    )
    async with engine.connect() as connection:
        result = await connection.stream(query, search.parameters(kind), execution_options={"yield_per": batch})
        async for rows in result.partitions(batch):
            yield [Gone(row.target_id, row.package_key, tuple(row.link_ids)) for row in rows]
