"""How changes to FOLIO are taken back: by the same steps, with FOLIO's own ids in the place of Alma's."""

from collections.abc import Awaitable, Sequence

from sync.engine.apart import package_places, taking_back, there_again, there_still
from sync.engine.application import Application, Batch, Step
from sync.engine.stages import Way
from sync.engine.to_folio import steps as ordinary
from sync.errors import NotFoundError
from sync.folio import wire
from sync.model import Kind, System
from sync.plan.changes import Action, Change, Status, change_id
from sync.store.bases import base_records
from sync.store.befores import written_over
from sync.store.changes import changes_by_id, planned_places
from sync.store.comparison import SourceRecord
from sync.store.intents import Result
from sync.store.links import Link, links
from sync.transport.records import Record


async def _packages(application: Application) -> dict[str, Link]:
    return await package_places(application, System.FOLIO)


async def load(application: Application, changes: Sequence[Change]) -> Batch:
    """Return what the steps of these changes, all of one kind, need to know."""
    database, kind = application.work.database, changes[0].kind
    sources = await _alma_as_agreed(application, kind, changes)
    title_keys = sorted({change.title_key for change in changes if change.action is not Action.UPDATE})
    if kind is Kind.TITLE:
        own = {change.title_key: SourceRecord(change.desired) for change in changes if change.title_key in title_keys}
        places = await planned_places(database, application.plan_id, title_keys)
        return Batch(sources=sources | own, places=places)
    if kind is not Kind.HOLDING:
        return Batch(sources=sources)
    title_ids = [change_id(System.FOLIO, Kind.TITLE, key) for key in title_keys]
    title_changes = await changes_by_id(database, application.plan_id, title_ids)
    return Batch(
        sources=sources,
        titles=await _titles_now(application, title_keys, [one.change for one in title_changes.values()]),
        title_changes=title_changes,
    )


async def _alma_as_agreed(application: Application, kind: Kind, changes: Sequence[Change]) -> dict[str, SourceRecord]:
    """Return what Alma held when both sides last agreed: with what is restored the base moves on FOLIO's side only."""
    restored = [change for change in changes if change.action is Action.UPDATE]
    keys = [key for change in restored for key in change.source_keys]
    known = await links(application.work.database, application.work.name, kind, keys)
    targets = {key: change.target_id for change in restored for key in change.source_keys}
    linked = {key: link.id for key, link in known.items() if link.folio_id == targets[key]}
    bases = await base_records(application.work.database, kind, list(linked.values()))
    return {key: SourceRecord(bases[link_id].alma) for key, link_id in linked.items() if link_id in bases}


async def _titles_now(application: Application, title_keys: Sequence[str], again: Sequence[Change]) -> dict[str, Link]:
    """Return where titles are now, by their ids before; one that is to be made again, and is not yet, is missing."""
    waiting = {change.title_key for change in again}
    written = [change for change in again if change.status in (Status.APPLIED, Status.VERIFIED)]
    partners = {key: change.title_key for change in written for key in change.source_keys}
    found = await links(application.work.database, application.work.name, Kind.TITLE, list(partners))
    titles = {
        key: Link(kind=Kind.TITLE, alma_id="", folio_id=key, how="as it was")
        for key in title_keys
        if key not in waiting
    }
    return titles | {partners[key]: link for key, link in found.items()}


async def write_package(application: Application, batch: Batch, change: Change) -> Result:
    """Make a package again, unless it is there still, or somebody has made one of its name again."""
    if change.action is not Action.CREATE or change.id in application.already.records:
        return await ordinary.write_package(application, batch, change)
    if await _is_there(application.work.folio.get_package(change.desired.key)):
        return there_still(change)
    named: set[str] = set()
    claims = ordinary.claims_of(application, change, change.package_key)
    await application.folio.loader.lookup.package(change.name, claims, named)
    return there_again(change) if named else await ordinary.write_package(application, batch, change)


async def place_holding(application: Application, batch: Batch, change: Change) -> Result | None:
    """Put a title into a package again, unless it is there."""
    own = change.desired.key
    ours = change.id in application.already.records or own in application.folio.made
    if change.action is Action.UPDATE or ours or not await _is_there(application.work.folio.get_resource(own)):
        return await ordinary.place_holding(application, batch, change)
    # an earlier run of this plan may have selected it, and died before it could say so
    begun = await written_over(application.work.database, application.plan_id, [change.id])
    return await ordinary.place_holding(application, batch, change) if begun else there_again(change)


async def _is_there(answer: Awaitable[Record[wire.Package]] | Awaitable[Record[wire.Resource]]) -> bool:
    try:
        found = (await answer).model
    except NotFoundError:
        return False
    return found.attributes.is_selected is not False


WRITES_BACK: dict[Kind, tuple[Step, ...]] = {
    **ordinary.WRITES,
    Kind.PACKAGE: (write_package,),
    Kind.HOLDING: (place_holding, ordinary.write_holding),
}

UNDO_IN_FOLIO = Way(
    package_links=_packages, load=load, writes=taking_back(WRITES_BACK), removals=taking_back(ordinary.REMOVALS)
)
