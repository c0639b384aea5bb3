"""The two-way sync as the stories of both systems call it: one cycle, a dry run, and everything a run lists.

The only module of the stories that knows how the product is called.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.migrate import Ended, diff, migrate
from sync.engine.plan import Wanted
from sync.model import Kind, System
from sync.plan.changes import REMOVALS, Action, Status
from sync.plan.three_way import Decision
from sync.settings import Pair
from sync.store.changes import StoredChange, changes_of
from sync.store.conflicts import Conflict, decide, open_conflicts
from sync.store.links import package_links
from sync.store.plans import recent_plans
from sync.store.snapshots import parked_of
from tests.support.migrating import PAIR, Quiet, approve, watched

ANY_FIELD = "*"
"""Stands for every field of a record."""

NOT_DONE = (Status.WITHHELD, Status.FAILED, Status.SKIPPED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Named:
    """A record, by any of its ids or keys, that a run names with one field of it (or ANY_FIELD), and why."""

    ids: frozenset[str]
    fields: frozenset[str]
    kind: Kind
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing:
    """Everything a run names: what waits for a decision, what was not done, what was lost, what is parked.

    `plan` are all changes in words, `failed` is how many of them were refused; `packages` says which collection of
    Alma is which package of FOLIO.
    """

    conflicts: tuple[Conflict, ...]
    named: tuple[Named, ...]
    losses: tuple[Named, ...]
    plan: tuple[str, ...]
    failed: int
    packages: dict[str, str]


async def cycle(database: AsyncEngine, pair: Pair) -> Ended:
    """Run one cycle of the two-way sync, everything approved."""
    return await migrate(database, PAIR, pair, Quiet(), approve, watched(None), wanted=Wanted.both(pair.policy))


async def dry_run(database: AsyncEngine, pair: Pair) -> Ended:
    """Plan a cycle, and write nothing."""
    return await diff(database, PAIR, pair, Quiet(), wanted=Wanted.both(pair.policy))


async def first_migration(database: AsyncEngine, pair: Pair) -> Ended:
    """Move everything from Alma to FOLIO."""
    return await migrate(database, PAIR, pair, Quiet(), approve, watched(None))


async def choose(database: AsyncEngine, conflict: Conflict, decision: Literal["alma", "folio", "keep"]) -> None:
    """Decide a conflict."""
    await decide(database, PAIR, [conflict.id], Decision(decision))


async def listed(database: AsyncEngine, ended: Ended) -> Listing:
    """Return everything a run names."""
    changes = [one async for one in changes_of(database, ended.plan.id)]
    conflicts = await open_conflicts(database, PAIR)
    parked = await parked_of(database, ended.run_id)
    named = [_named(one) for one in changes if one.change.status in NOT_DONE]
    named += [
        Named(
            ids=frozenset(filter(None, (one.key, *one.place.split("/")[1:]))),
            fields=frozenset([ANY_FIELD]),
            kind=one.kind,
            why=f"parked: {one.reason}",
        )
        for one in parked
    ]
    named += [of_conflict(one) for one in conflicts]
    return Listing(
        conflicts=tuple(conflicts),
        named=tuple(named),
        losses=_losses(changes),
        plan=tuple(map(_words, changes)),
        failed=sum(one.change.status is Status.FAILED for one in changes),
        packages=await linked_packages(database),
    )


async def losses_of_the_last_plan(database: AsyncEngine) -> tuple[Named, ...]:
    """Return what the last plan told as lost, also where its run died."""
    plans = await recent_plans(database, PAIR, 1)
    return _losses([one for plan in plans async for one in changes_of(database, plan.id)])


async def linked_packages(database: AsyncEngine) -> dict[str, str]:
    """Return which package of FOLIO each collection of Alma is, by their ids."""
    return {key: one.folio_id for key, one in (await package_links(database, PAIR)).items()}


def of_conflict(one: Conflict) -> Named:
    """Return what a conflict names."""
    return Named(
        ids=frozenset(filter(None, (one.alma_id, one.folio_id))),
        fields=frozenset([one.field]),
        kind=one.kind,
        why=f"conflict: {one.field} of {one.name!r}: {one.alma!r} / {one.folio!r}",
    )


def _named(one: StoredChange) -> Named:
    change = one.change
    whole = change.action in (*REMOVALS, Action.CREATE, Action.SELECT)
    fields = [ANY_FIELD] if whole else [each.field for each in change.fields]
    return Named(ids=_ids(one), fields=frozenset(fields), kind=change.kind, why=f"{change.status}: {_reason(one)}")


def _losses(changes: Sequence[StoredChange]) -> tuple[Named, ...]:
    return tuple(
        Named(
            ids=_ids(one),
            fields=frozenset([loss.field]),
            kind=one.change.kind,
            why=f"loss of {loss.field}: {loss.reason}",
        )
        for one in changes
        for loss in one.change.losses
    )


def _ids(one: StoredChange) -> frozenset[str]:
    """Return the ids a change is known by; a service is part of its package, a title of every holding of it."""
    change = one.change
    keys = [*change.source_keys, change.target_id]
    keys += [change.package_key] if change.kind is Kind.SERVICE else []
    return frozenset(filter(None, keys))


def _reason(one: StoredChange) -> str:
    return one.outcome.reason or one.change.reason


def _words(one: StoredChange) -> str:
    change = one.change
    fields = ", ".join(f"{each.field}: {each.before!r} → {each.after!r}" for each in change.fields)
    where = "Alma" if change.system is System.ALMA else "FOLIO"
    what = f"{where} {change.action} {change.kind} {change.name!r} {change.target_id or ''}"
    return f"{change.status}: {what} from {','.join(change.source_keys)} [{fields}] ({_reason(one)})"
