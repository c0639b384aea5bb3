"""How changes to Alma are taken back: by the same steps, with Alma's own ids in the place of FOLIO's."""

from collections.abc import Awaitable, Sequence
from dataclasses import replace
from typing import cast

from sync.alma.client import BibTreatment
from sync.engine.apart import package_places, taking_back, there_again, there_still
from sync.engine.application import Application, Batch, Step
from sync.engine.stages import Way
from sync.engine.to_alma import steps as ordinary
from sync.errors import NotFoundError
from sync.model import Holding, Kind, Package, Service, System, Title
from sync.plan.changes import REMOVALS as REMOVING
from sync.plan.changes import Action, Change, Status, change_id
from sync.plan.writes import Before
from sync.store.bases import BaseRecords, base_records
from sync.store.befores import written_over
from sync.store.changes import Outcome, changes_by_id, planned_services
from sync.store.comparison import SourceRecord
from sync.store.intents import Result, made_by
from sync.store.links import Closing, Link, links
from sync.store.plans import plan_info


async def _packages(application: Application) -> dict[str, Link]:
    return await package_places(application, System.ALMA)


async def load(application: Application, changes: Sequence[Change]) -> Batch:
    """Return what the steps of these changes, all of one kind, need to know."""
    kind = changes[0].kind
    if changes[0].action in REMOVING:
        return Batch(bibs=await _bibs_made(application, changes)) if kind is Kind.HOLDING else Batch()
    before = await _before(application, changes)
    wires = {key: one.wire for key, one in before.items()}
    if kind is Kind.SERVICE:
        return Batch(packages=await _packages_of(application, changes), wires=wires)
    again = [change for change in changes if change.action is Action.CREATE]
    own = {
        key: SourceRecord(one.desired) for one in again for key in (one.package_key, one.title_key, *one.source_keys)
    }
    sources = own | await _folio_as_agreed(application, kind, changes)
    if kind is not Kind.HOLDING:
        return Batch(sources=sources, wires=wires)
    await _find_services(application, again)
    return Batch(
        sources=sources,
        titles=await _bibs_now(application, again),
        source_titles={
            one.title_key: title for one in again if one.id in before and (title := before[one.id].title) is not None
        },
        wires=wires,
    )


async def _folio_as_agreed(application: Application, kind: Kind, changes: Sequence[Change]) -> dict[str, SourceRecord]:
    """Return what FOLIO held when both sides last agreed: with what is restored the base moves on Alma's side only."""
    restored = {change.target_id: change.source_keys[0] for change in changes if change.action is Action.UPDATE}
    bases = await _bases(application, kind, list(restored))
    return {restored[key]: SourceRecord(one.folio_listed) for key, one in bases.items()}


async def _bases(application: Application, kind: Kind, alma_ids: Sequence[str]) -> dict[str, BaseRecords]:
    found = await links(application.work.database, application.work.name, kind, alma_ids)
    bases = await base_records(application.work.database, kind, [link.id for link in found.values()])
    return {key: bases[link.id] for key, link in found.items() if link.id in bases}


async def _packages_of(application: Application, changes: Sequence[Change]) -> dict[str, Package]:
    application.services_left |= await planned_services(application.work.database, application.plan_id)
    places = {cast("Service", one.desired).package_key: one.package_key for one in changes}
    bases = await _bases(application, Kind.PACKAGE, list(places))
    both = {key: one.alma for key, one in bases.items()} | {places[key]: one.folio_listed for key, one in bases.items()}
    return {key: one for key, one in both.items() if isinstance(one, Package)}


async def _find_services(application: Application, again: Sequence[Change]) -> None:
    """Note below which service each portfolio is made again: the one it was in, which may be made again itself."""
    keys = {cast("Holding", change.desired).service_key for change in again} - {""}
    ids = {key: change_id(System.ALMA, Kind.SERVICE, key) for key in keys}
    planned = await changes_by_id(application.work.database, application.plan_id, list(ids.values()))
    made = (await made_by(application.work.database, application.plan_id, list(ids.values()))).records
    for key in keys:
        if ids[key] not in planned:
            application.alma.services[key] = made.get(ids[key], key)
        elif ids[key] in made:
            application.alma.services[key] = made[ids[key]]


async def _bibs_now(application: Application, again: Sequence[Change]) -> dict[str, Link]:
    """Return the bibs by their MMS IDs before; one that is to be made again, and is not yet, is missing."""
    work = application.work
    keys = sorted({change.title_key for change in again})
    ids = {key: change_id(System.ALMA, Kind.TITLE, key) for key in keys}
    planned = await changes_by_id(work.database, application.plan_id, list(ids.values()))
    made = (await made_by(work.database, application.plan_id, list(ids.values()))).records
    now: dict[str, Link] = {}
    for key in keys:
        stored = planned.get(ids[key])
        if stored is None or stored.change.status is Status.VERIFIED:
            now[key] = Link(kind=Kind.TITLE, alma_id=made.get(ids[key], key), folio_id="", how="made again")
    return now


async def _before(application: Application, changes: Sequence[Change]) -> dict[str, Before]:
    """Return what is made again, as it was removed, by change."""
    again = [change.id for change in changes if change.action is Action.CREATE]
    return await written_over(application.work.database, await _undone(application), again)


async def _undone(application: Application) -> int:
    return (await plan_info(application.work.database, application.plan_id)).takes_back or 0


async def _bibs_made(application: Application, changes: Sequence[Change]) -> dict[str, Title]:
    """Return the bibs that the plan taken back made for these portfolios, as it meant them, by MMS ID."""
    database = application.work.database
    undone = await _undone(application)
    wanted = sorted({cast("Holding", change.desired).title_key for change in changes})
    made = (await made_by(database, undone, made=wanted)).records
    stored = await changes_by_id(database, undone, list(made))
    return {made[key]: ordinary.as_made(one.change) for key, one in stored.items() if one.change.kind is Kind.TITLE}


async def remove_holding(application: Application, batch: Batch, change: Change) -> Result:
    """Delete a portfolio, and its bib with it where the plan taken back made that, and nobody has edited it since."""
    holding = cast("Holding", change.desired)
    made = batch.bibs.get(holding.title_key)
    left = made is None or await application.alma.loader.was_catalogued(holding.title_key, made)
    treatment = BibTreatment.RETAIN if left else BibTreatment.DELETE
    await application.alma.remover.remove_portfolio(change, holding, made, treatment)
    result = ordinary.removed(change)
    if made is None:
        return result
    if left:
        words = f"its bib {holding.title_key} was edited since it was made, and is left"
        return replace(result, outcome=Outcome(reason=words))
    # where it holds something else and stays, it is found again by our own number of the title
    gone = Closing(kind=Kind.TITLE, alma_id=holding.title_key)
    return replace(result, closings=(*result.closings, gone))


async def write_bib(application: Application, batch: Batch, change: Change) -> Result:
    """Make a bib again, unless it is there still."""
    title = cast("Title", change.desired)
    if await _is_there(application.alma.loader.read_bib(change.title_key, title.publication_type)):
        return there_still(change)
    return await ordinary.write_title(application, batch, change)


async def write_package(application: Application, batch: Batch, change: Change) -> Result:
    """Make a collection again, unless it is there still."""
    if _is_new(application, change) and await _is_there(application.work.alma.get_collection(change.desired.key)):
        return there_still(change)
    return await ordinary.write_package(application, batch, change)


async def write_service(application: Application, batch: Batch, change: Change) -> Result:
    """Make a service again, unless it is there still."""
    service = cast("Service", change.desired)
    if _is_new(application, change) and await _is_there(
        application.work.alma.get_service(service.package_key, service.key)
    ):
        application.alma.services[service.key] = service.key
        return there_still(change)
    return await ordinary.write_service(application, batch, change)


async def write_holding(application: Application, batch: Batch, change: Change) -> Result:
    """Make a portfolio again, unless it is there."""
    holding = cast("Holding", change.desired)
    if _is_new(application, change) and await _is_there(
        application.alma.loader.shelves.portfolio(holding, holding.key)
    ):
        return there_again(change)
    return await ordinary.write_holding(application, batch, change)


def _is_new(application: Application, change: Change) -> bool:
    return change.action is Action.CREATE and change.id not in application.already.records


async def _is_there(answer: Awaitable[object]) -> bool:
    try:
        await answer
    except NotFoundError:
        return False
    return True


def _told(step: Step) -> Step:
    """Return the step such that it tells what Alma did not take of a record that is made again."""

    async def tell(application: Application, batch: Batch, change: Change) -> Result | None:
        result = await step(application, batch, change)
        refusal = application.alma.loader.left_out.pop(change.id, "")
        if result is None or not refusal or result.outcome.reason:
            return result
        words = f"made again with its main fields only, since Alma did not take it as it was: {refusal}"
        return replace(result, outcome=Outcome(reason=words))

    return tell


STEPS: dict[Kind, Step] = {
    Kind.PACKAGE: write_package,
    Kind.SERVICE: write_service,
    Kind.TITLE: write_bib,
    Kind.HOLDING: write_holding,
}
WRITES_BACK: dict[Kind, tuple[Step, ...]] = {kind: (_told(step),) for kind, step in STEPS.items()}

UNDO_IN_ALMA = Way(
    package_links=_packages,
    load=load,
    writes=taking_back(WRITES_BACK),
    removals=taking_back({**ordinary.REMOVALS, Kind.HOLDING: (remove_holding,)}),
)
