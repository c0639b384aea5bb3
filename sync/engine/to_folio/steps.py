"""The steps of a plan: write one package, title or holding, read it back, and say what became of it."""

from dataclasses import replace
from typing import cast

from sync.engine.application import Application, Batch, Step
from sync.engine.to_folio.agreements import agreements_of
from sync.engine.to_folio.current import holding_and_title
from sync.engine.to_folio.hands import FolioClaims
from sync.engine.verify import finding, missing, read_back, skipped, stored_otherwise
from sync.engine.work import Work
from sync.errors import NotFoundError
from sync.folio.fit import fit_title
from sync.folio.loader import Origin
from sync.folio.lookup import WrittenTitle
from sync.folio.mapping import listed, package_from_wire, title_from_wire
from sync.model import Holding, Kind, Package, System, Title, name_key
from sync.plan.changes import Action, Change, Status, change_id
from sync.store.changes import Outcome, StoredChange
from sync.store.comparison import SourceRecord
from sync.store.intents import Result
from sync.store.links import Closing, Link


async def write_package(application: Application, batch: Batch, change: Change) -> Result:
    """Create or change a package and read it back."""
    desired = cast("Package", change.desired)
    work, loader = application.work, application.folio.loader
    if change.action is Action.CREATE:
        already = application.already.records.get(change.id)
        if already is not None:
            written = await loader.complete_package(change.id, desired, already)
        else:
            written = await loader.create_package(
                change.id, desired, claims_of(application, change, change.package_key)
            )
        package_id, name = written.id, written.name
    else:
        await loader.update_package(change, desired)
        package_id, name = change.target_id, desired.name
    meant = replace(desired, name=name)

    async def fetch() -> Package:
        return package_from_wire((await work.folio.get_package(package_id)).model)

    stored = await read_back(
        fetch, lambda one: not stored_otherwise(meant, one), settle_seconds=application.folio.settle_seconds
    )
    link = Link(kind=Kind.PACKAGE, alma_id=change.package_key, folio_id=package_id, how="created", name=name)
    result = _verified(change, meant, stored, batch.sources)
    return replace(result, links=(link,)) if change.action is Action.CREATE else result


async def write_title(application: Application, batch: Batch, change: Change) -> Result:
    """Find or create a title, or change a custom one. A created one is read back with its first holding."""
    desired = cast("Title", change.desired)
    if change.action is Action.UPDATE:
        return await _update_title(application, batch, change, desired)
    already = application.already.records.get(change.id)
    if already is not None:  # its holdings find out whether it is in their packages
        return await _title_made_before(application, batch, change, already)
    places = batch.places.get(change.title_key, [])
    place = next(((application.packages[key], keys) for key, keys in places if key in application.packages), None)
    claims = claims_of(application, change, change.title_key)
    if place is None:
        return await _take_known(application, batch, change, claims)
    package, members = place
    own_name = _own_name(batch, change)
    written = await application.folio.loader.create_title(
        change.id, desired, package.folio_id, claims, own_name=own_name
    )
    made = _title_links(change, written, own_name)
    if not written.resource_made:
        words = f"the title {written.id} that FOLIO has already is used"
        status = Status.VERIFIED if written.managed else Status.APPLIED
        return Result(change_id=change.id, status=status, outcome=Outcome(reason=words), links=made)
    resource_id = f"{package.folio_id}-{written.id}"
    application.folio.made[resource_id] = Origin.WITH_TITLE
    made += tuple(
        Link(kind=Kind.HOLDING, alma_id=key, folio_id=resource_id, how="created with its title") for key in members
    )
    return Result(change_id=change.id, status=Status.APPLIED, links=made)


async def _take_known(application: Application, batch: Batch, change: Change, claims: FolioClaims) -> Result:
    """Take the knowledge base's title where all packages that want it are the vendor's: nothing can be added there."""
    known = await application.folio.loader.known_title(
        replace(cast("Title", change.desired), name=_own_name(batch, change)), claims
    )
    if known is None:
        return skipped(change, "none of its packages is in FOLIO, or they are the vendor's and do not have it")
    words = f"the title {known.id} that FOLIO has already is used"
    made = _title_links(change, known, change.name)
    return Result(change_id=change.id, status=Status.VERIFIED, outcome=Outcome(reason=words), links=made)


async def _title_made_before(application: Application, batch: Batch, change: Change, title_id: str) -> Result:
    stored = title_from_wire((await application.work.folio.get_title(title_id)).model)
    written = WrittenTitle(id=title_id, name=stored.name, how="created", managed=False, resource_made=False)
    return Result(
        change_id=change.id, status=Status.APPLIED, links=_title_links(change, written, _own_name(batch, change))
    )


def _own_name(batch: Batch, change: Change) -> str:
    return fit_title(cast("Title", batch.sources[change.title_key].record)).record.name


async def _update_title(application: Application, batch: Batch, change: Change, desired: Title) -> Result:
    await application.folio.loader.update_title(change, desired)

    async def fetch() -> Title:
        return title_from_wire((await application.work.folio.get_title(change.target_id)).model)

    stored = await read_back(
        fetch, lambda one: not stored_otherwise(desired, one), settle_seconds=application.folio.settle_seconds
    )
    return _verified(change, desired, stored, batch.sources)


async def place_holding(application: Application, batch: Batch, change: Change) -> Result | None:
    """Put a title that FOLIO has already into a package; None when the next step is to come.

    All are placed before the first is completed: FOLIO may not find a new resource for a while (facts: folio §2.5),
    and whoever asks too early only wastes calls.
    """
    if change.action is Action.UPDATE:
        return None
    package, title = application.packages.get(change.package_key), batch.titles.get(change.title_key)
    if package is None:
        return skipped(change, "its package is not in FOLIO: see the package's own line")
    if title is None:
        return skipped(change, "its title is not in FOLIO: see the title's own line")
    resource_id = f"{package.folio_id}-{title.folio_id}"
    if change.id in application.already.records or _is_new(application, batch, change, resource_id):
        application.folio.made.setdefault(resource_id, Origin.FOUND)
    if resource_id in application.folio.made or change.action is Action.SELECT:
        return None
    desired = cast("Holding", change.desired)
    try:
        application.folio.made[resource_id] = await application.folio.loader.add_to_package(
            change.id, desired, package.folio_id, title.folio_id
        )
    except NotFoundError:
        if not (title.managed and await _is_gone(application.work, title.folio_id)):
            raise
        outcome = Outcome(
            reason=f"the knowledge base no longer has the title {title.folio_id}",
            error="data",
            advice="Run the command again: the title is looked for anew.",
        )
        closing = Closing(kind=Kind.TITLE, folio_id=title.folio_id)
        return Result(change_id=change.id, status=Status.FAILED, outcome=outcome, closings=(closing,))
    return None


def _is_new(application: Application, batch: Batch, change: Change, resource_id: str) -> bool:
    """Return whether an earlier run of this plan made the resource, with its title."""
    known = (batch.resources[key] for key in change.source_keys if key in batch.resources)
    return any(one.folio_id == resource_id and one.run_id >= application.already.since for one in known)


async def write_holding(application: Application, batch: Batch, change: Change) -> Result:
    """Give a resource all its details, or change them, and read it back."""
    desired = cast("Holding", change.desired)
    if change.action is Action.UPDATE:
        await application.folio.loader.update_holding(change, desired)
        return await _read_back_holding(application, batch, change, desired, change.target_id)
    resource_id = f"{application.packages[change.package_key].folio_id}-{batch.titles[change.title_key].folio_id}"
    loader = application.folio.loader
    if change.action is Action.SELECT:
        await loader.select_holding(change.id, desired, resource_id)
    else:
        origin = application.folio.made.pop(resource_id, Origin.FOUND)
        await loader.complete_holding(change.id, desired, resource_id, origin, name=change.name)
    result = await _read_back_holding(application, batch, change, desired, resource_id)
    made = tuple(
        Link(kind=Kind.HOLDING, alma_id=key, folio_id=resource_id, how="created") for key in change.source_keys
    )
    return replace(result, links=made)


async def remove_holding(application: Application, batch: Batch, change: Change) -> Result:  # noqa: ARG001
    """Take a title out of its package; its links end with it."""
    await application.folio.remover.remove_holding(change)
    return _removed(change)


async def remove_package(application: Application, batch: Batch, change: Change) -> Result:  # noqa: ARG001
    """Remove a package that holds nothing any longer; its links end with it."""
    await application.folio.remover.remove_package(change)
    return _removed(change)


def _removed(change: Change) -> Result:
    closing = Closing(kind=change.kind, folio_id=change.target_id)
    return Result(change_id=change.id, status=Status.VERIFIED, closings=(closing,))


def claims_of(application: Application, change: Change, owner: str) -> FolioClaims:
    """Return which records a change may take."""
    keys = frozenset(change.source_keys)
    return FolioClaims(
        application.work,
        change.kind,
        owner,
        keys,
        application.taken[change.kind],
        application.among,
        application.source,
    )


async def _is_gone(work: Work, title_id: str) -> bool:
    try:
        await work.folio.get_title(title_id)
    except NotFoundError:
        return True
    return False


async def _read_back_holding(
    application: Application, batch: Batch, change: Change, desired: Holding, resource_id: str
) -> Result:
    """Read the resource back; the same answer proves the title, where this plan wrote it and nobody has looked yet."""
    title_change = batch.title_changes.get(change_id(System.FOLIO, Kind.TITLE, change.title_key))
    title = _title_to_prove(batch, title_change)

    async def fetch() -> tuple[Holding, Title]:
        return await holding_and_title(application.work, resource_id)

    def agrees(seen: tuple[Holding, Title]) -> bool:
        return not stored_otherwise(desired, seen[0]) and (title is None or not stored_otherwise(title, seen[1]))

    seen = await read_back(fetch, agrees, settle_seconds=application.folio.settle_seconds)
    result = _verified(change, desired, seen[0] if seen else None, batch.sources)
    members = Closing(kind=Kind.HOLDING, folio_id=resource_id, keep=change.source_keys)
    result = replace(result, closings=(members,))
    if title is None or title_change is None:
        return result
    proof = _verified(title_change.change, title, seen[1] if seen else None, batch.title_sources)
    return replace(result, also=(proof,))


def _title_to_prove(batch: Batch, stored: StoredChange | None) -> Title | None:
    if stored is None or stored.change.status is not Status.APPLIED:
        return None
    desired = cast("Title", stored.change.desired)
    link = batch.titles.get(stored.change.title_key)
    return replace(desired, name=link.name) if link and link.name else desired


def _title_links(change: Change, written: WrittenTitle, own_name: str) -> tuple[Link, ...]:
    name = "" if written.managed or name_key(written.name) == name_key(own_name) else written.name
    return tuple(
        Link(kind=Kind.TITLE, alma_id=key, folio_id=written.id, how=written.how, name=name, managed=written.managed)
        for key in change.source_keys
    )


def _verified(
    change: Change,
    meant: Package | Title | Holding,
    stored: Package | Title | Holding | None,
    sources: dict[str, SourceRecord],
) -> Result:
    """Return what the reading back says: verified with a new base, or failed with what is stored instead."""
    if stored is None:
        return missing(change, System.FOLIO)
    otherwise = stored_otherwise(meant, stored)
    if otherwise:
        return finding(change, otherwise, System.FOLIO)
    own = {key: sources[key] for key in change.source_keys if key in sources}
    return Result(
        change_id=change.id,
        status=Status.VERIFIED,
        agreements=agreements_of(change.kind, own, listed(stored), change.origin or meant, change.pending),
    )


WRITES: dict[Kind, tuple[Step, ...]] = {
    Kind.PACKAGE: (write_package,),
    Kind.TITLE: (write_title,),
    Kind.HOLDING: (place_holding, write_holding),
}
REMOVALS: dict[Kind, tuple[Step, ...]] = {Kind.HOLDING: (remove_holding,), Kind.PACKAGE: (remove_package,)}
