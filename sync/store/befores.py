"""The records as they were before each write, kept with its intent."""

from collections.abc import Sequence

import msgspec
from sqlalchemy import Text, cast, or_, select
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.model import Kind, Loss, Title, kind_of
from sync.plan.writes import Before, IntentState
from sync.store.encoding import decode, decode_as, encode
from sync.store.tables import intent, run

REMOVING = ("remove", "delete")
"""How the operations begin that take a record away."""


class _Before(msgspec.Struct, frozen=True, kw_only=True):
    kind: Kind
    record: msgspec.Raw
    title: Title | None = None
    lost: tuple[Loss, ...] = ()
    wire: str = ""


def stored_before(before: Before | None) -> str | None:
    """Return a record before its write as JSON."""
    if before is None:
        return None
    body = _Before(
        kind=kind_of(before.record),
        record=msgspec.Raw(encode(before.record)),
        title=before.title,
        lost=before.lost,
        wire=before.wire,
    )
    return encode(body).decode()


async def written_over(engine: AsyncEngine, plan_id: int, change_ids: Sequence[str]) -> dict[str, Before]:
    """Return what these changes of a plan wrote over or removed, as it was before the first of their writes."""
    surely_not = [IntentState.REFUSED, IntentState.ABSENT]
    query = (
        select(intent.c.change_id, cast(intent.c.before, Text).label("before"))
        .join(run, run.c.id == intent.c.run_id)
        .where(
            run.c.plan_id == plan_id,
            intent.c.change_id.in_(change_ids),
            intent.c.before.is_not(None),
            # a removal may be carried out after it was refused; whether it was is seen before it is made again
            or_(intent.c.state.not_in(surely_not), *(intent.c.operation.like(f"{word} %") for word in REMOVING)),
        )
        .order_by(intent.c.made_at.desc())
    )
    async with engine.connect() as connection:
        rows = (await connection.execute(query)).all()
    # the first of several writes comes last, and stays
    return {row.change_id: _before(row.before) for row in rows}


def _before(text: str) -> Before:
    body = decode_as(_Before, text)
    return Before(record=decode(body.kind, bytes(body.record)), title=body.title, lost=body.lost, wire=body.wire)
