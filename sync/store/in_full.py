"""Records of FOLIO that were read singly, kept as long as lists tell the same: reading them costs EBSCO's calls.

So a plan that ran out of calls goes on where it was, and a migration after a diff does not pay twice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import cast

from sqlalchemy import Text, func, select
from sqlalchemy import cast as sql_cast
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.model import Holding, Kind, Title
from sync.store.encoding import decode, digest, encode
from sync.store.payloads import keep_payloads
from sync.store.queries import sql
from sync.store.tables import in_full, payload

OLDEST = timedelta(days=7)
"""What no list tells (a proxy, a description) is read again after this time."""


@dataclass(frozen=True, slots=True, kw_only=True)
class InFull:
    """A resource read singly: its holding and its title, and its holding as a list told it then."""

    listed: Holding
    holding: Holding
    title: Title


async def read_before(engine: AsyncEngine, pair: str, listed: Sequence[Holding]) -> dict[str, InFull]:
    """Return what was read of these holdings lately, by resource id, where a list tells the same of them as then."""
    hashes = {one.key: digest(encode(one)) for one in listed}
    holding, title = payload.alias(), payload.alias()
    query = (
        select(
            in_full.c.key,
            in_full.c.listed_hash,
            sql_cast(holding.c.body, Text).label("holding"),
            sql_cast(title.c.body, Text).label("title"),
        )
        .join(holding, holding.c.hash == in_full.c.holding_hash)
        .join(title, title.c.hash == in_full.c.title_hash)
        .where(in_full.c.pair == pair, in_full.c.key.in_(hashes), in_full.c.read_at > func.now() - OLDEST)
    )
    by_key = {one.key: one for one in listed}
    async with engine.connect() as connection:
        return {
            row.key: InFull(
                listed=by_key[row.key],
                holding=cast("Holding", decode(Kind.HOLDING, row.holding)),
                title=cast("Title", decode(Kind.TITLE, row.title)),
            )
            for row in await connection.execute(query)
            if bytes(row.listed_hash) == hashes[row.key]
        }


async def keep(engine: AsyncEngine, pair: str, items: Sequence[InFull]) -> None:
    """Keep what was read of these resources, in one transaction."""
    if not items:
        return
    bodies: dict[bytes, str] = {}
    rows = []
    for one in items:
        holding, title = encode(one.holding), encode(one.title)
        bodies |= {digest(holding): holding.decode(), digest(title): title.decode()}
        rows.append(
            {
                "pair": pair,
                "key": one.holding.key,
                "listed_hash": digest(encode(one.listed)),
                "holding_hash": digest(holding),
                "title_hash": digest(title),
            }
        )
    async with engine.begin() as connection:
        await keep_payloads(connection)
        await connection.execute(
            sql("add_payload"), [{"hash": content, "body": body} for content, body in sorted(bodies.items())]
        )
        await connection.execute(sql("keep_in_full"), rows)
