"""A file of corrected links: checked as a whole, shown, and taken over at once. Writes to neither system."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from dataclasses import dataclass

import structlog
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.alma.read_portfolios import STANDALONE_KEY
from sync.errors import ConfigurationError, SyncError
from sync.plan.crosswalk import Mistakes, mistake_of, rows_of
from sync.store.approval import supersede_unfinished
from sync.store.crosswalk import Proposal, Staging, staging
from sync.store.runs import RunState, end_run, pair_lock, start_run

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

COMMAND = "links import"

Confirm = Callable[[Proposal], Awaitable[bool]]
"""Shows somebody what a file comes to, and returns whether it may be taken over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Imported:
    """A file that was right, and what it came to; `declined`: somebody said no, and nothing was changed."""

    run_id: int
    proposal: Proposal
    declined: bool = False


async def import_links(database: AsyncEngine, pair: str, table: Iterable[Sequence[str]], confirm: Confirm) -> Imported:
    """Make the links of a pair what the rows of a file say, its header first; links that it does not name stay.

    Raises:
        ConfigurationError: when anything is wrong with the file, naming each mistake; then nothing is changed.
        LockedError: when a run works on the pair.
        TransientError: when somebody else changed the links in the meantime; then nothing is changed.
    """
    async with pair_lock(database, pair):
        run_id = await start_run(database, pair=pair, command=COMMAND)
        try:
            imported = await _import(database, pair, table, confirm, run_id)
        except SyncError as error:
            message = error.message.partition("\n")[0]
            await end_run(database, run_id, state=RunState.FAILED, message=message)
            raise
        except asyncio.CancelledError:
            await asyncio.shield(end_run(database, run_id, state=RunState.STOPPED, message="stopped by the user"))
            raise
        await _close(database, imported)
        return imported


async def _import(
    database: AsyncEngine, pair: str, table: Iterable[Sequence[str]], confirm: Confirm, run_id: int
) -> Imported:
    async with staging(database, pair) as place:
        await _check(place, table)
        proposal = await place.proposal()
        if proposal.changes and not await confirm(proposal):
            return Imported(run_id=run_id, proposal=proposal, declined=True)
        await place.store(proposal, run_id)
        await supersede_unfinished(database, pair)
        return Imported(run_id=run_id, proposal=proposal)


async def _check(place: Staging, table: Iterable[Sequence[str]]) -> None:
    mistakes = Mistakes()
    await place.load(rows_of(table, mistakes, collections=(STANDALONE_KEY,)))
    found, count = await place.faults()
    mistakes.add(*map(mistake_of, found), count=count)
    if mistakes.count:
        wrong = "1 mistake" if mistakes.count == 1 else f"{mistakes.count:,} mistakes"
        lines = "\n  ".join(mistakes.lines())
        raise ConfigurationError(
            f"The file was refused as a whole, and nothing was changed: {wrong}.\n  {lines}",
            advice="Mend these rows, or take them out, and import the file again. The links as they are: "
            "alma-folio-sync links export",
        )


async def _close(database: AsyncEngine, imported: Imported) -> None:
    proposal = imported.proposal
    numbers = {"set": proposal.set, "changed": proposal.changed, "separated": proposal.separated}
    log.info(COMMAND, action="links.import", run_id=imported.run_id, declined=imported.declined, **numbers)
    message = "not approved" if imported.declined else ""
    result = None if imported.declined else numbers
    await end_run(database, imported.run_id, state=RunState.DONE, message=message, result=result)
