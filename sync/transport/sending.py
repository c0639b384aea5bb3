"""Sends one write under an intent, and finds out what became of it when its answer is lost.

A lost answer is never answered by sending again blindly: the record is looked for by its natural key for as long as
the system's lists may lag; only what is surely not there is sent again (design: writing).
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from sync.errors import NotFoundError, OutcomeUnknownError, QuotaError, SyncError
from sync.model import Record as CanonicalRecord
from sync.model import System
from sync.plan.changes import Change
from sync.plan.compare import left_to_write, refuse_if_moved
from sync.plan.writes import Before, IntentState, WriteLog
from sync.transport.records import Record

ATTEMPTS = 4
LOOKS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.35)
"""Shares of the settling time between two looks for a record; together the whole of it."""

S = TypeVar("S")
T = TypeVar("T")


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends writes to one system. `settle_seconds` is how long its lists may not show what was just written."""

    system: System
    log: WriteLog
    settle_seconds: float

    async def send(
        self,
        change_id: str,
        operation: str,
        natural_key: str,
        call: Callable[[], Awaitable[T]],
        found: Callable[[], Awaitable[T | None]],
        *,
        patient: bool = False,
        look_once: bool = False,
        before: Before | None = None,
    ) -> T:
        """Send a write under an intent; after a lost answer look for its effect, and send again only without one.

        `patient`: the record was made a moment ago, so "not found" may only mean "not yet" (facts: folio §2.5).
        `look_once`: the effect would be seen at once, since single records do not lag.
        `before`: the record as it is, where it is written over or removed.
        """
        waits = list(LOOKS[1:]) if patient else []
        attempts = 0
        while True:
            attempts += 1
            intent = await self.log.intend(change_id, self.system, operation, natural_key, before)
            try:
                answer = await call()
            except OutcomeUnknownError as error:
                await self.log.settle(intent, IntentState.UNKNOWN)
                if isinstance(error, QuotaError):
                    raise
                existing = await (found() if look_once else self.look(found))
                if existing is not None:
                    await self.log.settle(intent, IntentState.ADOPTED, _answer_id(existing))
                    return existing
                await self.log.settle(intent, IntentState.ABSENT)
                if attempts >= ATTEMPTS:
                    raise
            except NotFoundError:
                await self.log.settle(intent, IntentState.REFUSED)
                if not waits:
                    raise
                await asyncio.sleep(waits.pop(0) * self.settle_seconds)
            except SyncError:
                await self.log.settle(intent, IntentState.REFUSED)
                raise
            else:
                await self.log.settle(intent, IntentState.DONE, _answer_id(answer))
                return answer

    async def rewrite(
        self,
        change: Change,
        desired: CanonicalRecord,
        operation: str,
        read: Callable[[], Awaitable[S]],
        write: Callable[[S], Awaitable[str]],
        *,
        canonical: Callable[[S], CanonicalRecord],
        own: Callable[[S], CanonicalRecord] | None = None,
    ) -> None:
        """Write over a record that exists, unless it is already as it shall be.

        Before each sending it is read, and must still be as the plan saw it; so after a lost answer it is made anew of
        the record as it is then. `canonical` is the record as it is compared, `own` as it is kept for an undo, where
        that is another form.

        Raises:
            ChangedSincePlanError: when somebody edited it since the plan.
        """

        async def read_unmoved() -> S:
            stored = await read()
            refuse_if_moved(change, canonical(stored))
            return stored

        async def call() -> str:
            return await write(unsent.pop() if unsent else await read_unmoved())

        async def found() -> str | None:
            try:
                current = canonical(await read())
            except NotFoundError:
                return None
            return None if left_to_write(change, desired, current) else change.target_id

        stored = await read_unmoved()
        if not left_to_write(change, desired, canonical(stored)):
            return
        unsent = [stored]
        before = Before(record=(own or canonical)(stored))
        await self.send(change.id, operation, change.target_id, call, found, look_once=True, before=before)

    async def patiently(self, read: Callable[[], Awaitable[T]]) -> T:
        """Return a record that is there for sure: "not found" only means "not yet" until the settling time has passed.

        Raises:
            NotFoundError: when it has not shown by then.
        """
        for share in LOOKS[1:]:
            try:
                return await read()
            except NotFoundError:
                await asyncio.sleep(share * self.settle_seconds)
        return await read()

    async def look(
        self, found: Callable[[], Awaitable[T | None]], *, enough: Callable[[], bool] = lambda: False
    ) -> T | None:
        """Look for a record until it shows, there is `enough` to know it will not, or the settling time has passed."""
        for share in LOOKS:
            await asyncio.sleep(share * self.settle_seconds)
            existing = await found()
            if existing is not None or enough():
                return existing
        return None


def _answer_id(answer: object) -> str:
    made = answer.model if isinstance(answer, Record) else answer
    return made if isinstance(made, str) else str(getattr(made, "id", ""))
