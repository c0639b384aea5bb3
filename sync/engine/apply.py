"""apply: carry out a plan, packages first, then titles, then holdings; one record that fails stops no other."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import structlog

from sync.engine.agreements import agreements_of
from sync.engine.current import holding_and_title
from sync.engine.verify import finding, read_back, stored_otherwise
from sync.engine.work import Work
from sync.errors import (
    ChangedSincePlanError,
    ConfigurationError,
    DataError,
    LockedError,
    NotFoundError,
    QuotaError,
    SyncError,
    TransientError,
)
from sync.folio.fit import fit_title
from sync.folio.loader import FolioLoader, WrittenTitle
from sync.folio.mapping import listed, package_from_wire, title_from_wire
from sync.model import Holding, Kind, Package, System, Title, name_key
from sync.plan.changes import Action, Change, Status, change_id
from sync.store.comparison import SourceRecord, source_records
from sync.store.intents import Journal, Result
from sync.store.links import Link, linked_from, links, package_links
from sync.store.plans import Outcome, StoredChange, changes_by_id, changes_of, count_statuses, planned_places
from sync.store.snapshots import snapshot_info
from sync.transport.paging import in_parallel

BATCH = 1000
CHANGES_AT_ONCE = 24
"""More than calls in flight, since each change also waits for the database."""

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

UNREACHED_IN_A_ROW = 2 * CHANGES_AT_ONCE

ORDER = (Kind.PACKAGE, Kind.TITLE, Kind.HOLDING)


@dataclass(frozen=True, slots=True)
class Claims:
    """Which FOLIO records are taken by which title or package of Alma while a plan is carried out.

    `among` is Alma's snapshot where it is complete: what is not in it keeps its record from nobody.
    """

    work: Work
    kind: Kind
    owner: str
    own_keys: frozenset[str]
    taken: dict[str, str]
    among: int | None

    async def is_free(self, folio_id: str) -> bool:
        """Return whether nobody else is linked to the record or about to be."""
        if self.taken.get(folio_id, self.owner) != self.owner:
            return False
        owners = await linked_from(self.work.database, self.work.name, self.kind, [folio_id], among=self.among)
        return not owners.get(folio_id, set()) - self.own_keys

    def take(self, folio_id: str) -> bool:
        """Take the record; False when somebody else was faster."""
        return self.taken.setdefault(folio_id, self.owner) == self.owner


@dataclass(slots=True, kw_only=True)
class Application:
    """A plan being carried out.

    `made` are the resources that came into being together with their title; `stopped` is why nothing more is begun;
    `unreached` counts the changes in a row that failed because FOLIO did not answer.
    """

    work: Work
    plan_id: int
    alma_snapshot: int
    alma_complete: bool
    journal: Journal
    loader: FolioLoader
    packages: dict[str, Link] = field(default_factory=dict)
    taken: dict[Kind, dict[str, str]] = field(default_factory=lambda: {Kind.PACKAGE: {}, Kind.TITLE: {}})
    made: set[str] = field(default_factory=set)
    stopped: SyncError | None = None
    unreached: int = 0

    @property
    def settle_seconds(self) -> float:
        """Return how long a record just written may not be seen."""
        return self.work.pair.folio.settle_seconds

    def claims(self, change: Change, owner: str) -> Claims:
        """Return the claims of one change."""
        among = self.alma_snapshot if self.alma_complete else None
        return Claims(self.work, change.kind, owner, frozenset(change.source_keys), self.taken[change.kind], among)


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """Some changes of one kind, with everything about them that is read from the database at once."""

    sources: dict[str, SourceRecord]
    titles: dict[str, Link]
    title_changes: dict[str, StoredChange]
    title_sources: dict[str, SourceRecord]
    places: dict[str, list[tuple[str, tuple[str, ...]]]]


async def apply_plan(work: Work, plan_id: int, alma_snapshot: int) -> None:
    """Carry out every planned change of a plan.

    A record that fails is recorded with its reason and stops nobody else.

    Raises:
        QuotaError: at the day's reserve; what is left stays planned.
        ConfigurationError: when an account lost its rights meanwhile.
        TransientError: when FOLIO does not answer any longer.
        LockedError: when another run took over.
    """
    journal = Journal(work.database, pair=work.name, run_id=work.run_id, plan_id=plan_id, rules=work.rules)
    loader = FolioLoader(
        client=work.folio,
        log=journal,
        settle_seconds=work.pair.folio.settle_seconds,
        tags=work.pair.policy.tags,
    )
    application = Application(
        work=work,
        plan_id=plan_id,
        alma_snapshot=alma_snapshot,
        alma_complete=(await snapshot_info(work.database, alma_snapshot)).complete,
        journal=journal,
        loader=loader,
    )
    try:
        await _apply_all(application)
    finally:
        await journal.finish()


async def _apply_all(application: Application) -> None:
    work = application.work
    planned = await count_statuses(work.database, application.plan_id)
    for kind in ORDER:
        total = planned.get((kind, Status.PLANNED), 0)
        if total:
            work.progress.begin(f"write {kind}s", total)
            await _apply_kind(application, kind)
            work.progress.end(f"write {kind}s")


async def _apply_kind(application: Application, kind: Kind) -> None:
    application.packages = await package_links(application.work.database, application.work.name)
    steps = {Kind.PACKAGE: _package, Kind.TITLE: _title, Kind.HOLDING: _holding}
    pending: list[Change] = []
    changes = changes_of(application.work.database, application.plan_id, kind=kind, status=Status.PLANNED, batch=BATCH)
    async for stored in changes:
        pending.append(stored.change)
        if len(pending) >= BATCH:
            await _apply_batch(application, pending, steps[kind])
            pending = []
    await _apply_batch(application, pending, steps[kind])


Step = Callable[[Application, Batch, Change], Awaitable[Result]]


async def _apply_batch(application: Application, changes: Sequence[Change], step: Step) -> None:
    if not changes:
        return
    batch = await _load(application, changes)

    async def carry(change: Change) -> int:
        if application.stopped is not None:
            return 0
        try:
            result = await step(application, batch, change)
        except (QuotaError, ConfigurationError, LockedError) as error:
            # what is under way is brought to its end, so that it is known how it ended
            application.stopped = application.stopped or error
            return 0
        except ChangedSincePlanError as error:
            result = _not_done(change, Status.SKIPPED, error)
        except SyncError as error:
            result = _not_done(change, Status.FAILED, error)
            _note_unreached(application, error)
        else:
            application.unreached = 0
        await application.journal.conclude(result)
        _tell(application, change, result)
        return 1

    async for done in in_parallel(changes, carry, width=CHANGES_AT_ONCE):
        application.work.progress.advance(f"write {changes[0].kind}s", done)
    if application.stopped is not None:
        raise application.stopped


def _note_unreached(application: Application, error: SyncError) -> None:
    """Stop where FOLIO answers nobody any longer: a plan is not to be failed change by change."""
    application.unreached = application.unreached + 1 if isinstance(error, TransientError) else 0
    if application.unreached >= UNREACHED_IN_A_ROW:
        application.stopped = application.stopped or error


def _tell(application: Application, change: Change, result: Result) -> None:
    tell = log.debug if result.status in (Status.VERIFIED, Status.APPLIED) else log.warning
    tell(
        result.outcome.reason or str(result.status),
        action="apply.change",
        run_id=application.work.run_id,
        change_id=change.id,
        change=change.action,
        status=result.status,
        error=result.outcome.error,
    )


async def _load(application: Application, changes: Sequence[Change]) -> Batch:
    database, kind = application.work.database, changes[0].kind
    keys = [key for change in changes for key in change.source_keys]
    sources = await source_records(database, application.alma_snapshot, kind, keys)
    title_keys = sorted({change.title_key for change in changes})
    if kind is not Kind.HOLDING:
        places = await planned_places(database, application.plan_id, title_keys) if kind is Kind.TITLE else {}
        return Batch(sources=sources, titles={}, title_changes={}, title_sources={}, places=places)
    title_ids = [change_id(System.FOLIO, Kind.TITLE, key) for key in title_keys]
    title_changes = await changes_by_id(database, application.plan_id, title_ids)
    all_keys = sorted({key for one in title_changes.values() for key in one.change.source_keys})
    return Batch(
        sources=sources,
        titles=await links(database, application.work.name, Kind.TITLE, title_keys),
        title_changes=title_changes,
        title_sources=await source_records(database, application.alma_snapshot, Kind.TITLE, all_keys),
        places={},
    )


async def _package(application: Application, batch: Batch, change: Change) -> Result:
    desired = cast("Package", change.desired)
    work, loader = application.work, application.loader
    if change.action is Action.CREATE:
        written = await loader.create_package(change.id, desired, application.claims(change, change.package_key))
        package_id, name = written.id, written.name
    else:
        await loader.update_package(change, desired)
        package_id, name = change.target_id, desired.name
    meant = replace(desired, name=name)

    async def fetch() -> Package:
        return package_from_wire((await work.folio.get_package(package_id)).model)

    stored = await read_back(
        fetch, lambda one: not stored_otherwise(meant, one), settle_seconds=application.settle_seconds
    )
    link = Link(kind=Kind.PACKAGE, alma_id=change.package_key, folio_id=package_id, how="created", name=name)
    result = _verified(change, meant, stored, batch.sources)
    return replace(result, links=(link,)) if change.action is Action.CREATE else result


async def _title(application: Application, batch: Batch, change: Change) -> Result:
    desired = cast("Title", change.desired)
    if change.action is Action.UPDATE:
        return await _update_title(application, batch, change, desired)
    places = batch.places.get(change.title_key, [])
    place = next(((application.packages[key], keys) for key, keys in places if key in application.packages), None)
    if place is None:
        return _skipped(change, "none of its packages is in FOLIO")
    package, members = place
    claims = application.claims(change, change.title_key)
    written = await application.loader.create_title(change.id, desired, package.folio_id, claims)
    own_name = fit_title(cast("Title", batch.sources[change.title_key].record)).record.name
    made = _title_links(change, written, own_name)
    if not written.resource_made:
        words = f"the title {written.id} that FOLIO has already is used"
        status = Status.VERIFIED if written.managed else Status.APPLIED
        return Result(change_id=change.id, status=status, outcome=Outcome(reason=words), links=made)
    resource_id = f"{package.folio_id}-{written.id}"
    application.made.add(resource_id)
    made += tuple(
        Link(kind=Kind.HOLDING, alma_id=key, folio_id=resource_id, how="created with its title") for key in members
    )
    return Result(change_id=change.id, status=Status.APPLIED, links=made)


async def _update_title(application: Application, batch: Batch, change: Change, desired: Title) -> Result:
    await application.loader.update_title(change, desired)

    async def fetch() -> Title:
        return title_from_wire((await application.work.folio.get_title(change.target_id)).model)

    stored = await read_back(
        fetch, lambda one: not stored_otherwise(desired, one), settle_seconds=application.settle_seconds
    )
    return _verified(change, desired, stored, batch.sources)


async def _holding(application: Application, batch: Batch, change: Change) -> Result:
    desired = cast("Holding", change.desired)
    if change.action is Action.UPDATE:
        await application.loader.update_holding(change, desired)
        return await _read_back_holding(application, batch, change, desired, change.target_id)
    package, title = application.packages.get(change.package_key), batch.titles.get(change.title_key)
    if package is None:
        return _skipped(change, "its package is not in FOLIO: see the package's own line")
    if title is None:
        return _skipped(change, "its title is not in FOLIO: see the title's own line")
    resource_id = f"{package.folio_id}-{title.folio_id}"
    try:
        await application.loader.create_holding(
            change.id,
            desired,
            package.folio_id,
            title.folio_id,
            resource_made=resource_id in application.made,
            name=change.name,
        )
    except NotFoundError:
        if not (title.managed and await _is_gone(application.work, title.folio_id)):
            raise
        outcome = Outcome(
            reason=f"the knowledge base no longer has the title {title.folio_id}",
            error="data",
            advice="Run the command again: the title is looked for anew.",
        )
        return Result(change_id=change.id, status=Status.FAILED, outcome=outcome, gone_title=title.folio_id)
    result = await _read_back_holding(application, batch, change, desired, resource_id)
    made = tuple(
        Link(kind=Kind.HOLDING, alma_id=key, folio_id=resource_id, how="created") for key in change.source_keys
    )
    return replace(result, links=made)


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

    seen = await read_back(fetch, agrees, settle_seconds=application.settle_seconds)
    result = _verified(change, desired, seen[0] if seen else None, batch.sources)
    result = replace(result, only_members=(resource_id, change.source_keys))
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
        missing = Outcome(reason="written, but FOLIO does not show it", error="data", advice=DataError.advice)
        return Result(change_id=change.id, status=Status.FAILED, outcome=missing)
    otherwise = stored_otherwise(meant, stored)
    if otherwise:
        outcome = Outcome(
            reason=finding(otherwise),
            error="data",
            advice="Look the record up in FOLIO; if it is right there, please report this line.",
        )
        return Result(change_id=change.id, status=Status.FAILED, outcome=outcome)
    own = {key: sources[key] for key in change.source_keys if key in sources}
    return Result(
        change_id=change.id,
        status=Status.VERIFIED,
        agreements=agreements_of(change.kind, own, listed(stored), meant),
    )


def _skipped(change: Change, reason: str) -> Result:
    outcome = Outcome(reason=reason, error="skipped", advice="Mend what that line names, then run the command again.")
    return Result(change_id=change.id, status=Status.SKIPPED, outcome=outcome)


def _not_done(change: Change, status: Status, error: SyncError) -> Result:
    return Result(
        change_id=change.id,
        status=status,
        outcome=Outcome(reason=error.message, error=error.kind, advice=error.advice),
    )
