"""settle: find out what became of the writes whose answers an interrupted run did not live to record.

What may have been made is looked for by its natural key among records that nobody is linked to (design: writing): one
is adopted, with its links; none was surely not made, and may be sent again; of several a person decides. Changes and
removals need no search: their records are read again before anything is written over them.
"""

import asyncio
from collections.abc import Mapping
from types import MappingProxyType

import structlog

from sync.alma.lookup import SeveralError
from sync.engine.adopting import Adopted, Search
from sync.engine.apart import APART, apart_links
from sync.engine.to_alma import settle as in_alma
from sync.engine.to_folio import settle as in_folio
from sync.engine.work import Work
from sync.model import System
from sync.plan.writes import IntentState
from sync.store.intents import LeftOpen, left_open, settle_left_open

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

SEARCHES: Mapping[System, Mapping[str, Search]] = MappingProxyType(
    {System.FOLIO: in_folio.SEARCHES, System.ALMA: in_alma.SEARCHES}
)
Doubts = Mapping[str, SeveralError]
"""Changes that nobody can go on with before a person decided, by id."""


async def settle(work: Work, waiting: float) -> Doubts:
    """Settle the writes that earlier runs left open, after `waiting` seconds: until then lists may not show them.

    Raises:
        SyncError: when a system cannot be asked.
    """
    writes = await left_open(work.database, work.name)
    if not writes:
        return {}
    await asyncio.sleep(waiting)
    doubts: dict[str, SeveralError] = {}
    work.progress.begin("settle", len(writes))
    for write in writes:
        try:
            await _settle(work, write)
        except SeveralError as error:
            if write.change is not None:
                doubts[write.change.id] = error
        work.progress.advance("settle", 1)
    work.progress.end("settle")
    return doubts


async def _settle(work: Work, write: LeftOpen) -> None:
    search = SEARCHES[write.system].get(write.operation)
    if search is None or write.change is None:
        await settle_left_open(work.database, work.name, work.run_id, write.id, IntentState.SUPERSEDED)
        return
    found = await search(work, write.change, write.natural_key) or Adopted(answer_id="")
    if write.takes_back and found.links and write.change.kind in APART:
        links, closings = apart_links(write.change, found.links)
        found = Adopted(answer_id=found.answer_id, links=links, closings=closings)
    state = IntentState.ADOPTED if found.answer_id else IntentState.ABSENT
    await settle_left_open(
        work.database,
        work.name,
        work.run_id,
        write.id,
        state,
        answer_id=found.answer_id,
        links=found.links,
        closings=found.closings,
    )
    log.info(
        "a write of an earlier run is settled",
        action="settle.write",
        run_id=work.run_id,
        change_id=write.change.id,
        operation=write.operation,
        state=state,
    )
