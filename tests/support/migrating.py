"""Whole migrations between practice systems, and what they left in the database."""

import re
from collections.abc import Awaitable, Callable
from typing import Any

import psycopg
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.migrate import diff, migrate
from sync.engine.plan import Wanted
from sync.engine.running import Ended
from sync.model import Kind, Parked
from sync.plan.changes import Status
from sync.settings import Pair
from sync.store.changes import StoredChange, changes_of
from sync.store.plans import PlanInfo
from sync.store.snapshots import parked_of
from sync.transport.connection import Observer
from tests.support import folio_schemas
from tests.support.practice import Systems

PAIR = "main"


class Quiet:
    """Watches a run and says nothing."""

    def begin(self, phase: str, total: int | None) -> None:
        """A phase begins."""

    def expect(self, phase: str, total: int) -> None:
        """A phase turns out to have so many records."""

    def advance(self, phase: str, records: int) -> None:
        """So many more are done."""

    def end(self, phase: str) -> None:
        """The phase is over."""


async def approve(plan: PlanInfo) -> bool:
    """Approve any plan."""
    return True


def after_looking(edit: Callable[[], None]) -> Callable[[PlanInfo], Awaitable[bool]]:
    """Return an approval before which somebody edits."""

    async def confirm(plan: PlanInfo) -> bool:
        edit()
        return True

    return confirm


def check_form(method: str, path: str, body: Any) -> None:
    """Hold a write against FOLIO's published schemas, where those are at hand."""
    if folio_schemas.available() and path.startswith("/eholdings/"):
        folio_schemas.check_request(method, path, body)


def watched(more: Observer | None) -> Observer:
    """Return an observer that checks the form of every write, and then asks the other one."""

    def observe(method: str, path: str, body: Any) -> None:
        check_form(method, path, body)
        if more is not None:
            more(method, path, body)

    return observe


async def run_migration(
    database: AsyncEngine,
    systems: Systems,
    pair: Pair | None = None,
    *,
    confirm: Callable[[PlanInfo], Awaitable[bool]] = approve,
    observer: Observer | None = None,
    published: bool = True,
    wanted: Wanted | None = None,
    name: str = PAIR,
    anew: bool = False,
) -> Ended:
    """Migrate, every write checked against FOLIO's published schemas, unless its version has none yet.

    Without `wanted` from Alma to FOLIO.
    """
    watching = watched(observer) if published else observer
    return await migrate(database, name, pair or systems.pair(), Quiet(), confirm, watching, wanted=wanted, anew=anew)


async def run_diff(
    database: AsyncEngine, systems: Systems, pair: Pair | None = None, *, wanted: Wanted | None = None
) -> Ended:
    """Plan, and write nothing."""

    def refuse(method: str, path: str, body: Any) -> None:
        raise AssertionError(f"a diff wrote: {method} {path}")

    return await diff(database, PAIR, pair or systems.pair(), Quiet(), refuse, wanted=wanted)


async def changes(
    database: AsyncEngine, ended: Ended, *, kind: Kind | None = None, status: Status | None = None
) -> list[StoredChange]:
    """Return the changes of a run's plan."""
    return [one async for one in changes_of(database, ended.plan.id, kind=kind, status=status)]


async def parked(database: AsyncEngine, ended: Ended) -> list[Parked]:
    """Return what a run had to park."""
    return await parked_of(database, ended.run_id)


def all_done(ended: Ended) -> bool:
    """Return whether every change of a run was verified."""
    result = ended.result
    if result is None or ended.paused is not None:
        return False
    return result.verified == ended.plan.summary.writes and not result.skipped and result.failed == ended.parked


def natural_key(method: str, path: str, body: Any) -> tuple[str, str]:
    """Return the operation and natural key under which an intent of this write must be found."""
    part = path.removeprefix("/eholdings/").split("/")
    attributes = body["data"]["attributes"]
    if part[-1] == "tags":
        return ("tag package" if part[0] == "packages" else "tag holding"), part[1]
    if method == "PUT":
        return {"packages": "update package", "titles": "update title", "resources": "update holding"}[part[0]], part[1]
    if part[0] == "resources":
        return "add title to package", f"{attributes['packageId']}-{attributes['titleId']}"
    return {"packages": "create package", "titles": "create title"}[part[0]], attributes["name"]


class IntentWatch:
    """At the moment of each write, looks from another connection whether its intent is committed and still open."""

    def __init__(self, address: str) -> None:
        self._connection = psycopg.connect(address, autocommit=True)
        self.seen = 0

    def __call__(self, method: str, path: str, body: Any) -> None:
        operation, key = natural_key(method, path, body)
        row = self._connection.execute(
            "select count(*) from intent where operation = %s and natural_key = %s and state = 'open'",
            (operation, key),
        ).fetchone()
        assert row is not None
        assert row[0] >= 1, f"no open intent for {method} {path} ({operation} {key!r})"
        self.seen += 1

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()


def is_resource(path: str) -> bool:
    """Return whether a path is that of one resource."""
    return bool(re.fullmatch(r"/eholdings/resources/[0-9-]+", path))
