"""What differs when a change takes another one back: its records are not linked, so that no later run undoes it again.

What is removed leaves a record without a partner on the other side, and what is made again has none there. Neither is
to be evened out by the next run, unless a person says so: the link is stored and ended at once, as taken back.
"""

from collections.abc import Mapping
from dataclasses import replace

from sync.engine.application import Application, Batch, Step
from sync.errors import ConfigurationError, LockedError, QuotaError, SyncError
from sync.model import Kind, System
from sync.plan.changes import REMOVALS, Action, Change, Status
from sync.store.changes import Outcome
from sync.store.intents import Result
from sync.store.links import Closing, Link
from sync.store.undoing import packages_now

APART = (Kind.PACKAGE, Kind.HOLDING)
"""The kinds whose absence on one side means something to the other one."""


def taking_back(steps: Mapping[Kind, tuple[Step, ...]]) -> dict[Kind, tuple[Step, ...]]:
    """Return the steps such that what they remove and make is linked to nothing."""
    return {kind: tuple(_unlinked(step) for step in several) for kind, several in steps.items()}


def _unlinked(step: Step) -> Step:
    async def take_back(application: Application, batch: Batch, change: Change) -> Result | None:
        try:
            result = await step(application, batch, change)
        except (QuotaError, ConfigurationError, LockedError):
            raise
        except SyncError as error:
            made = application.journal.made(change.id)
            if change.kind not in APART or not made:
                raise
            # half made: it is kept apart all the same, and the next undo completes it
            link = Link(kind=change.kind, alma_id=made, folio_id=made, how="made again")
            outcome = Outcome(reason=error.message, error=error.kind, advice=error.advice)
            result = Result(change_id=change.id, status=Status.FAILED, outcome=outcome, links=(link,))
        return None if result is None else apart(result, change)

    return take_back


def apart(result: Result, change: Change) -> Result:
    """Return the result of a change that takes another one back, with links that have ended."""
    if change.kind is Kind.TITLE:
        return _title_apart(result)
    if change.kind not in APART:
        return result
    if change.action in REMOVALS:
        closings = tuple(replace(one, taken_back=one.kind in APART) for one in result.closings)
        return replace(result, closings=closings)
    if change.action is Action.UPDATE:
        return replace(result, closings=())
    if not result.links:
        return result
    links, closings = apart_links(change, result.links)
    return replace(result, links=links, closings=closings, agreements=())


def _title_apart(result: Result) -> Result:
    """Return the result of a title with the links of the holding that came with it ended; its own stay."""
    places = {one.folio_id for one in result.links if one.kind is Kind.HOLDING}
    ended = tuple(Closing(kind=Kind.HOLDING, folio_id=one, taken_back=True) for one in sorted(places))
    return replace(result, closings=(*result.closings, *ended))


def apart_links(change: Change, made: tuple[Link, ...]) -> tuple[tuple[Link, ...], tuple[Closing, ...]]:
    """Return what says that the record just made belongs to those it was linked to before, and is kept apart."""
    in_folio, kind = change.system is System.FOLIO, change.kind
    own = made[0].folio_id if in_folio else made[0].alma_id
    pairs = [(key, own) if in_folio else (own, key) for key in change.source_keys]
    links = tuple(
        Link(kind=kind, alma_id=alma_id, folio_id=folio_id, how="made again", name=made[0].name)
        for alma_id, folio_id in pairs
    )
    where = Closing(kind=kind, folio_id=own) if in_folio else Closing(kind=kind, alma_id=own)
    return links, (replace(where, taken_back=True),)


def there_still(change: Change) -> Result:
    """Return the result of a creation that is needless, since the record is there still."""
    return Result(change_id=change.id, status=Status.VERIFIED, outcome=Outcome(reason="it is there still"))


def there_again(change: Change) -> Result:
    """Return the result of a creation that is left, since somebody has made the record again."""
    words = "it is there again since the run, and is left as it is"
    return Result(change_id=change.id, status=Status.SKIPPED, outcome=Outcome(reason=words, error="data"))


async def package_places(application: Application, system: System) -> dict[str, Link]:
    """Return where the packages of a system are now that changes name by their old ids: made again, or as they were.

    One that is to be made again, and is not yet, is missing.
    """
    now = await packages_now(application.work.database, application.plan_id, system)
    return {key: Link(kind=Kind.PACKAGE, alma_id=one, folio_id=one, how="made again") for key, one in now.items()}
