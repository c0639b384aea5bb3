"""The base: what both sides held when they last agreed on a link, field by field where they did not agree on all."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from sync.model import Kind, Record
from sync.plan.return_home import held_back
from sync.store.encoding import decode, digest, encode
from sync.store.payloads import keep_payloads
from sync.store.queries import sql
from sync.store.tables import base, link


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


async def has_agreed(engine: AsyncEngine, pair: str) -> bool:
    """Return whether both sides of a pair ever agreed on anything: before that is the first contact."""
    query = select(base.c.link_id).join(link, link.c.id == base.c.link_id).where(link.c.pair == pair).limit(1)
    async with engine.connect() as connection:
        return (await connection.execute(query)).first() is not None


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
                "pending": list(item.pending),
                "run_id": run_id,
            }
        )
    if rows:
        await keep_payloads(connection)
        payloads = [{"hash": content, "body": body} for content, body in sorted(bodies.items())]
        await connection.execute(sql("add_payload"), payloads)
        await connection.execute(sql("move_base"), rows)


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
