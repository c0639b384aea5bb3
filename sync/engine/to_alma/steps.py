"""The steps of a plan to Alma: write or remove one record, read it back, and say what became of it."""

from dataclasses import replace
from typing import cast

from sync.alma.bodies import Parents
from sync.alma.mapping import package_from_collection, service_from_wire
from sync.alma.marc_write import material_type
from sync.alma.read_portfolios import STANDALONE_KEY
from sync.engine.application import Application, Batch, Step
from sync.engine.to_alma.hands import AlmaClaims
from sync.engine.verify import finding, missing, read_back, skipped, stored_otherwise
from sync.errors import NotFoundError, RefusedError
from sync.model import Holding, Kind, Package, Record, Service, System, Title
from sync.plan.changes import Action, Change, Status
from sync.plan.three_way import PACKAGE_FLOWS
from sync.store.bases import Agreement
from sync.store.changes import Outcome
from sync.store.intents import Result
from sync.store.links import Closing, Link

UNKNOWN_BIB = "title MMS ID"
"""60172 also says that a PO line is wrong; only its words tell the two apart (facts: alma §1)."""


async def write_package(application: Application, batch: Batch, change: Change) -> Result:
    """Create or change a collection and read it back."""
    desired = cast("Package", change.desired)
    loader, work = application.alma.loader, application.work
    collection_id = application.already.records.get(change.id, change.target_id)
    if change.action is Action.CREATE and not collection_id:
        collection_id = await loader.create_collection(
            change.id, desired, _claims(application, change), batch.wires.get(change.id, "")
        )
    elif change.action is not Action.CREATE:
        await loader.update_collection(change, desired)

    async def fetch() -> Package:
        return package_from_collection((await work.alma.get_collection(collection_id)).model, (), ())

    stored = await read_back(fetch, lambda one: _is_as(desired, one), settle_seconds=application.alma.settle_seconds)
    # its services and portfolios, which say whether it is hidden and what it holds, are written after it
    told = {name: getattr(desired, name) for name in ("hidden", "content_type", "service_keys", "losses")}
    whole = replace(stored, **told) if stored else None
    result = _verified(batch, change, desired, whole, collection_id)
    if change.action is not Action.CREATE:
        return result
    package = cast("Package", batch.sources[change.package_key].record)
    link = Link(kind=Kind.PACKAGE, alma_id=collection_id, folio_id=package.key, how="created", name=package.name)
    return replace(result, links=(link,), closings=(_only(link),))


async def write_service(application: Application, batch: Batch, change: Change) -> Result:
    """Create the service of a collection, or change whether it is available, and read it back."""
    desired = cast("Service", change.desired)
    hands, work = application.alma, application.work
    collection_id, service_id = desired.package_key, change.target_id
    if change.action is Action.CREATE:
        collection = application.packages.get(change.package_key)
        if collection is None:
            return skipped(change, "its collection is not in Alma: see the package's own line")
        collection_id = collection.alma_id
        service_id = application.already.records.get(change.id, "")
        service_id = service_id or await hands.loader.create_service(
            change.id, desired, collection_id, batch.wires.get(change.id, "")
        )
        hands.services[desired.key or collection_id] = service_id
    else:
        await hands.loader.update_service(change, desired)

    async def fetch() -> Service:
        return service_from_wire((await work.alma.get_service(collection_id, service_id)).model, collection_id)

    stored = await read_back(fetch, lambda one: _is_as(desired, one), settle_seconds=hands.settle_seconds)
    result = _proved(change, desired, stored)
    if change.action is Action.CREATE:
        return result
    if result.status is Status.VERIFIED:
        application.services_left[change.package_key] -= 1
        if not application.services_left[change.package_key]:
            result = replace(result, agreements=_hidden_alike(batch, change, desired))
    # what was hidden with its package is shown with it again, and nothing else
    if desired.available:
        return replace(result, closings=(Closing(kind=Kind.SERVICE, alma_id=service_id),))
    link = Link(kind=Kind.SERVICE, alma_id=service_id, folio_id=change.package_key, how="hidden with its package")
    return replace(result, links=(link,))


def _hidden_alike(batch: Batch, change: Change, service: Service) -> tuple[Agreement, ...]:
    """Return that both sides agree on whether the package is hidden, once the last of its services was written.

    The base of its other fields stays as it is.
    """
    collection, package = batch.packages.get(service.package_key), batch.packages.get(change.package_key)
    if collection is None or package is None:
        return ()
    return (
        Agreement(
            kind=Kind.PACKAGE,
            alma_id=collection.key,
            alma_record=replace(collection, hidden=not service.available),
            folio_listed=package,
            written=package,
            pending=tuple(name for name in PACKAGE_FLOWS if name != "hidden"),
        ),
    )


async def write_title(application: Application, batch: Batch, change: Change) -> Result:
    """Find the bib of a title, or create it and read it back."""
    desired = cast("Title", change.desired)
    loader = application.alma.loader
    source = cast("Title", change.origin or batch.sources[change.title_key].record)
    written = await loader.find_or_create_bib(change.id, as_made(change, source), _claims(application, change))
    link = Link(kind=Kind.TITLE, alma_id=written.mms_id, folio_id=source.key, how=written.how, managed=source.managed)
    if not written.created:
        words = f"the bib {written.mms_id} that Alma has already is used"
        return Result(change_id=change.id, status=Status.VERIFIED, outcome=Outcome(reason=words), links=(link,))

    async def fetch() -> Title:
        return await loader.read_bib(written.mms_id, desired.publication_type)

    stored = await read_back(fetch, lambda one: _is_as(desired, one), settle_seconds=application.alma.settle_seconds)
    return replace(_verified(batch, change, desired, stored, written.mms_id), links=(link,))


def as_made(change: Change, source: Title | None = None) -> Title:
    """Return the title from which a bib is made; what is not valid goes into fields that nobody matches by."""
    desired, whole = cast("Title", change.desired), source or cast("Title", change.origin or change.desired)
    return replace(desired, identifiers=(*desired.identifiers, *(one for one in whole.identifiers if not one.valid)))


async def write_holding(application: Application, batch: Batch, change: Change) -> Result:
    """Create or change a portfolio and read it back."""
    desired = cast("Holding", change.desired)
    hands = application.alma
    if change.action is Action.UPDATE:
        await hands.loader.update_portfolio(change, desired)
        return await _read_back_portfolio(application, batch, change, desired, change.target_id)
    collection, title = application.packages.get(change.package_key), batch.titles.get(change.title_key)
    if collection is None:
        return skipped(change, "its collection is not in Alma: see the package's own line")
    if title is None:
        return skipped(change, "its title has no bib in Alma: see the title's own line")
    standalone = collection.alma_id == STANDALONE_KEY
    services = application.already.services | hands.services
    # one that is made again goes below the service it was in
    service_id = "" if standalone else services.get(desired.service_key or collection.alma_id, "")
    if not (service_id or standalone):
        return skipped(change, "its collection has no service: see the service's own line")
    parents = Parents(
        mms_id=title.alma_id, collection_id="" if standalone else collection.alma_id, service_id=service_id
    )
    kind = material_type(_publication_type(change, batch), hands.loader.codes)
    try:
        already, before = application.already.records.get(change.id), batch.wires.get(change.id, "")
        if already is not None:
            made = await hands.loader.complete_portfolio(change.id, desired, parents, already, before)
        else:
            claims = _claims(application, change)
            made = await hands.loader.create_portfolio(change.id, desired, parents, kind, claims, before)
    except (RefusedError, NotFoundError) as error:
        if not (standalone if isinstance(error, NotFoundError) else error.says(UNKNOWN_BIB)):
            raise
        outcome = Outcome(
            reason=f"Alma no longer has the bib {title.alma_id}: {error.message}",
            error="data",
            advice="Run the command again: the bib is looked for anew.",
        )
        closing = Closing(kind=Kind.TITLE, alma_id=title.alma_id)
        return Result(change_id=change.id, status=Status.FAILED, outcome=outcome, closings=(closing,))
    meant = replace(desired, package_key=made.record.package_key, service_key=service_id, title_key=title.alma_id)
    result = await _read_back_portfolio(application, batch, change, meant, made.record.key)
    link = Link(kind=Kind.HOLDING, alma_id=made.record.key, folio_id=change.source_keys[0], how="created")
    return replace(result, links=(link,), closings=(_only(link),))


def _only(link: Link) -> Closing:
    """End the links to records that Alma no longer has, in whose place this one was made."""
    return Closing(kind=link.kind, folio_id=link.folio_id, keep=(link.alma_id,))


def _publication_type(change: Change, batch: Batch) -> str:
    title = batch.source_titles.get(change.title_key)
    return title.publication_type if title is not None else ""


async def _read_back_portfolio(
    application: Application, batch: Batch, change: Change, meant: Holding, portfolio_id: str
) -> Result:
    async def fetch() -> Holding:
        return (await application.alma.loader.shelves.portfolio(meant, portfolio_id)).record

    stored = await read_back(fetch, lambda one: _is_as(meant, one), settle_seconds=application.alma.settle_seconds)
    return _verified(batch, change, meant, stored, portfolio_id)


async def remove_holding(application: Application, batch: Batch, change: Change) -> Result:
    """Delete a portfolio; its link ends with it."""
    holding = cast("Holding", change.desired)
    await application.alma.remover.remove_portfolio(change, holding, batch.bibs.get(holding.title_key))
    return removed(change)


async def remove_service(application: Application, batch: Batch, change: Change) -> Result:  # noqa: ARG001
    """Delete a service that holds no portfolio any longer."""
    await application.alma.remover.remove_service(change, cast("Service", change.desired))
    return Result(change_id=change.id, status=Status.VERIFIED)


async def remove_package(application: Application, batch: Batch, change: Change) -> Result:  # noqa: ARG001
    """Delete a collection that holds no service any longer; its link ends with it."""
    await application.alma.remover.remove_collection(change)
    return removed(change)


def removed(change: Change) -> Result:
    """Return that a record is gone, with its link."""
    closing = Closing(kind=change.kind, alma_id=change.target_id)
    return Result(change_id=change.id, status=Status.VERIFIED, closings=(closing,))


def _claims(application: Application, change: Change) -> AlmaClaims:
    owner, taken = change.source_keys[0], application.taken[change.kind]
    return AlmaClaims(application.work, change.kind, owner, taken, application.among, application.source)


def _is_as(meant: Record, stored: Record) -> bool:
    return not stored_otherwise(meant, stored, System.ALMA)


def _verified(batch: Batch, change: Change, meant: Record, stored: Record | None, alma_id: str) -> Result:
    """Return what the reading back says, with the new base where it says that all is well."""
    result = _proved(change, meant, stored)
    if result.status is not Status.VERIFIED or stored is None:
        return result
    source = batch.sources.get(change.source_keys[0])
    if source is None:  # of a change that takes another one back, where nothing is linked any longer
        return result
    listed = source.record
    agreement = Agreement(
        kind=change.kind,
        alma_id=alma_id,
        alma_record=stored,
        folio_listed=listed,
        written=change.origin or listed,
        pending=change.pending,
    )
    return replace(result, agreements=(agreement,))


def _proved(change: Change, meant: Record, stored: Record | None) -> Result:
    if stored is None:
        return missing(change, System.ALMA)
    otherwise = stored_otherwise(meant, stored, System.ALMA)
    return finding(change, otherwise, System.ALMA) if otherwise else Result(change_id=change.id, status=Status.VERIFIED)


WRITES: dict[Kind, tuple[Step, ...]] = {
    Kind.PACKAGE: (write_package,),
    Kind.SERVICE: (write_service,),
    Kind.TITLE: (write_title,),
    Kind.HOLDING: (write_holding,),
}
REMOVALS: dict[Kind, tuple[Step, ...]] = {
    Kind.HOLDING: (remove_holding,),
    Kind.SERVICE: (remove_service,),
    Kind.PACKAGE: (remove_package,),
}
