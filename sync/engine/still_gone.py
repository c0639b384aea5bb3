"""A last look at the other side before a record is removed: what stands there, again or all along, stays here."""

from sync.alma.read_portfolios import STANDALONE_KEY
from sync.engine.application import Application, Batch, Step
from sync.engine.work import Work
from sync.errors import NotFoundError
from sync.model import Holding, Kind, System
from sync.plan.changes import Change, Status
from sync.store.bases import BaseRecords, base_records
from sync.store.changes import Outcome
from sync.store.intents import Result
from sync.store.links import Link, links, links_ever
from sync.store.snapshots import records

LOOK_AGAIN = "Run the command again: both sides are read anew, and it is decided by what is there then."


async def leave_if_it_stands(application: Application, batch: Batch, change: Change) -> Result | None:  # noqa: ARG001
    """Skip the removal of a record whose counterpart the source shows after all; None: it is gone there.

    A reading says that something is gone; between it and the removal hours may pass, and a reading may be wrong.
    """
    if change.kind is Kind.SERVICE:  # goes with its collection
        return None
    work, source = application.work, application.direction.source
    known = await links_ever(work.database, work.name, change.kind, change.system, change.target_id)
    bases = await base_records(work.database, change.kind, [one.id for one in known])
    seen: set[str] = set()
    for link in reversed(known):
        base = bases.get(link.id)
        counterpart = link.alma_id if source is System.ALMA else link.folio_id
        if base is None or counterpart in seen:
            continue
        seen.add(counterpart)
        if await _belongs_elsewhere(work, change, link):
            continue
        if link.alma_id in await records(work.database, application.source, change.kind, [counterpart]):
            return _left(change, f"{counterpart} moved in {source.label}, and is not in its new place here yet")
        if await _stands(work, source, change.kind, base):
            return _left(
                change, f"{source.label} shows {counterpart}, which the plan took for gone; nothing was removed"
            )
    return None


def _left(change: Change, reason: str) -> Result:
    outcome = Outcome(reason=reason, error="changed", advice=LOOK_AGAIN)
    return Result(change_id=change.id, status=Status.SKIPPED, outcome=outcome)


async def _belongs_elsewhere(work: Work, change: Change, link: Link) -> bool:
    """Return whether the counterpart is linked to another record by now: Alma or a person has moved it there."""
    if change.system is System.ALMA:
        return False  # each record of Alma is linked to one of FOLIO
    now = (await links(work.database, work.name, change.kind, [link.alma_id])).get(link.alma_id)
    return now is not None and now.folio_id != change.target_id


async def _stands(work: Work, source: System, kind: Kind, base: BaseRecords) -> bool:
    """Return whether a system shows a record where it was when both sides last agreed."""
    try:
        if source is System.FOLIO:
            folio = work.folio
            if kind is Kind.PACKAGE:
                return (await folio.get_package(base.folio_id)).model.attributes.is_selected is not False
            return (await folio.get_resource(base.folio_id)).model.attributes.is_selected is not False
        if isinstance(base.alma, Holding):
            return await _stands_in_place(work, base.alma)
        return bool((await work.alma.get_collection(base.alma_id)).model.id)
    except NotFoundError:
        return False


async def _stands_in_place(work: Work, was: Holding) -> bool:
    if was.package_key == STANDALONE_KEY:
        found = (await work.alma.get_bib_portfolio(was.title_key, was.key)).model
    else:
        found = (await work.alma.get_portfolio(was.package_key, was.service_key, was.key)).model
    return (found.collection_id or STANDALONE_KEY, found.mms_id) == (was.package_key, was.title_key)


def looked_at_again(removals: dict[Kind, tuple[Step, ...]]) -> dict[Kind, tuple[Step, ...]]:
    """Return the steps of removals, each with a last look at the source before it."""
    return {kind: (leave_if_it_stands, *steps) for kind, steps in removals.items()}
