"""The cross-walk: links with the names of their records, and a file of corrected links, staged, weighed and stored."""

from collections.abc import AsyncGenerator, AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import func, select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sync.errors import TransientError
from sync.model import Kind, System, same_name_key
from sync.plan.crosswalk import MOST_SHOWN, Fault, Found, Row
from sync.store.database import psycopg_connection
from sync.store.encoding import decode_as, storable
from sync.store.queries import raw_sql, sql
from sync.store.tables import snapshot

ROWS_AT_ONCE = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedLink:
    """An open link. `name` and `package` are empty where no reading tells them; `agreed`: both sides agreed once."""

    kind: Kind
    alma_id: str
    folio_id: str
    how: str
    name: str
    package: str
    agreed: bool
    made_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """Which links are wanted: of these kinds, with these texts anywhere in the names ("": any)."""

    kinds: Sequence[Kind]
    package: str = ""
    name: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proposal:
    """What a file of links comes to, in records of Alma.

    `left_behind` are linked portfolios it does not name, though it links their collection or bib elsewhere.
    """

    set: int = 0
    changed: int = 0
    separated: int = 0
    unchanged: int = 0
    left_behind: int = 0

    @property
    def changes(self) -> int:
        """Return how many links end or begin."""
        return self.set + self.changed + self.separated


@dataclass(frozen=True, slots=True)
class _Named:
    """What is of interest in a body."""

    name: str


async def named_links(engine: AsyncEngine, pair: str, search: Search) -> AsyncGenerator[NamedLink, None]:
    """Yield open links in the order of kinds and FOLIO ids, all as of one moment, a thousand at a time."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ")
        parameters = {
            **await _readings(connection, pair),
            "package": storable(same_name_key(search.package)),
            "name": storable(same_name_key(search.name)),
        }
        for kind in search.kinds:
            query = sql("list_links").execution_options(yield_per=ROWS_AT_ONCE)
            async for row in await connection.stream(query, {**parameters, "kind": kind}):
                yield NamedLink(
                    kind=kind,
                    alma_id=row.alma_id,
                    folio_id=row.folio_id,
                    how=row.how,
                    name=_name(row.named),
                    package=_name(row.package),
                    agreed=row.agreed,
                    made_at=row.made_at,
                )


def _name(body: str | None) -> str:
    return decode_as(_Named, body).name if body is not None else ""


async def _readings(connection: AsyncConnection, pair: str) -> dict[str, object]:
    """Return the pair and the ids of its newest readings that came to an end, None where there is none."""
    query = (
        select(snapshot.c.system, func.max(snapshot.c.id))
        .where(snapshot.c.pair == pair, snapshot.c.state != "reading")
        .group_by(snapshot.c.system)
    )
    newest = {system: int(key) for system, key in await connection.execute(query)}
    return {"pair": pair, **{str(system): newest.get(system) for system in System}}


class Staging:
    """The rows of a file on their way in: staged on one connection, weighed, and stored at once or not at all."""

    def __init__(self, connection: AsyncConnection, pair: str) -> None:
        self._connection = connection
        self._pair = pair
        self._beside: dict[str, object] = {}

    async def load(self, rows: Iterable[Row]) -> None:
        """Take the rows in, one by one; nothing but this connection sees them."""
        *tables, copy = (part.strip() for part in raw_sql("stage_links").split(";") if part.strip())
        async with self._connection.begin():
            for table in tables:
                await self._connection.execute(text(table))
            raw = await psycopg_connection(self._connection)
            async with raw.cursor() as cursor, cursor.copy(copy.encode()) as stream:
                for one in rows:
                    await stream.write_row((one.number, one.kind, one.alma_id, one.folio_id, one.sound))
            await self._connection.execute(text("analyze imported"))
            self._beside = await _readings(self._connection, self._pair)
            await self._connection.execute(sql("propose_links"), self._beside)
            await self._connection.execute(text("analyze proposed"))

    async def faults(self) -> tuple[list[Found], int]:
        """Return the first faults by row that the readings and the other links show, and how many there are in all."""
        async with self._connection.begin():
            parameters = {**self._beside, "most": MOST_SHOWN}
            rows = (await self._connection.execute(sql("faults_of_links"), parameters)).all()
        found = [
            Found(
                row=row.file_row,
                fault=Fault(row.fault),
                kind=Kind(row.kind),
                alma_id=row.alma_id,
                folio_id=row.folio_id,
                other=row.other,
                detail=row.detail,
            )
            for row in rows
        ]
        return found, int(rows[0].total) if rows else 0

    async def proposal(self) -> Proposal:
        """Return what the rows come to."""
        async with self._connection.begin():
            query = text("select effect, count(*) from proposed group by effect")
            counts = {effect: int(count) for effect, count in await self._connection.execute(query)}
            left_behind = (await self._connection.execute(sql("left_behind"), self._beside)).scalar_one()
        return Proposal(
            set=counts.get("set", 0),
            changed=counts.get("change", 0),
            separated=counts.get("separate", 0),
            unchanged=counts.get("same", 0),
            left_behind=int(left_behind),
        )

    async def store(self, proposal: Proposal, run_id: int) -> None:
        """Close and make the links, all in one transaction.

        Raises:
            TransientError: when links are not as they were weighed; then nothing is changed.
        """
        async with self._connection.begin():
            closed = await self._connection.execute(sql("close_proposed"))
            made = await self._connection.execute(sql("add_proposed"), {**self._beside, "run_id": run_id})
            wanted = proposal.changed + proposal.separated, proposal.set + proposal.changed
            if (closed.rowcount, made.rowcount) != wanted:
                raise TransientError("Somebody else changed the links in the meantime; nothing was changed.")


@asynccontextmanager
async def staging(engine: AsyncEngine, pair: str) -> AsyncIterator[Staging]:
    """Yield a place for the rows of a file, gone at the end."""
    async with engine.connect() as connection:
        try:
            yield Staging(connection, pair)
        finally:
            with suppress(DBAPIError):  # they are gone already when the connection died
                await connection.rollback()
                await connection.execute(text("drop table if exists pg_temp.imported, pg_temp.proposed"))
                await connection.commit()
