"""Sends one write under an intent, and finds out what became of it when its answer is lost.

What is written over is read right before the write is sent, each time. A lost answer is never answered by sending again
blindly: the record is looked for by its natural key for as long as the system's lists may lag; only what is surely not
there is sent again (design: writing).
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

import structlog

from sync.errors import NotFoundError, OutcomeUnknownError, QuotaError, SyncError
from sync.match.titles import Choice, choose
from sync.model import Record as CanonicalRecord
from sync.model import System
from sync.model import Title as CanonicalTitle
from sync.plan.changes import Change
from sync.plan.compare import left_to_write, refuse_if_moved
from sync.plan.writes import Before, Claims, IntentState, WriteLog
from sync.transport.freshness import made_of_reading
from sync.transport.records import Record
from sync.transport.retry import RepeatRule, RetryPolicy, SendAnewError, Trouble, give_up

ATTEMPTS = 4
LOOKS = (0.0, 0.05, 0.1, 0.2, 0.3, 0.35)
"""Shares of the settling time between two looks for a record; together the whole of it."""

S = TypeVar("S")
T = TypeVar("T")

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)


class Fresh(Generic[S]):
    """A record that was just read, to make the body of a write of; for each further sending it is read again.

    `read` also compares: it raises ChangedSincePlanError where somebody edited the record meanwhile.
    """

    def __init__(self, first: S, read: Callable[[], Awaitable[S]]) -> None:
        self.first = first
        self._unsent = [first]
        self._read_at = time.monotonic()
        self._read = read

    @classmethod
    async def read(cls, read: Callable[[], Awaitable[S]]) -> "Fresh[S]":
        """Read the record for the first time."""
        return cls(await read(), read)

    async def sends(self, write: Callable[[S], Awaitable[T]]) -> T:
        """Make and send a write of the record as it is now; it is not sent again by itself."""
        if self._unsent:
            stored = self._unsent.pop()
        else:
            stored = await self._read()
            self._read_at = time.monotonic()
        with made_of_reading(self._read_at):
            return await write(stored)


@dataclass(frozen=True, slots=True, kw_only=True)
class Sender:
    """Sends writes to one system. `settle_seconds` is how long its lists may not show what was just written."""

    system: System
    log: WriteLog
    settle_seconds: float
    retry: RetryPolicy = field(default_factory=RetryPolicy)

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

        `call` is made anew for each sending: of a record that exists it sends what `Fresh` gives it.
        `patient`: the record was made a moment ago, so "not found" may only mean "not yet" (facts: folio §2.5).
        `look_once`: the effect would be seen at once, since single records do not lag.
        `before`: the record as it is, where it is written over or removed.
        """
        waits = list(LOOKS[1:]) if patient else []
        rule = RepeatRule(self.retry, is_write=True, on_repeat=_tell)
        lost = 0
        while True:
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
                lost += 1
                if lost >= ATTEMPTS:
                    raise
            except SendAnewError as error:
                await self.log.settle(intent, IntentState.REFUSED)
                delay = rule(error)
                if delay is False:
                    raise give_up(error.trouble, name=error.name, is_write=True, attempts=rule.attempts) from None
                await asyncio.sleep(delay)
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

        Before each sending it is read, and must still be as the plan saw it; so after a wait or a lost answer it is
        made anew of the record as it is then. `canonical` is the record as it is compared, `own` as it is kept for an
        undo, where that is another form.

        Raises:
            ChangedSincePlanError: when somebody edited it since the plan.
        """

        async def read_unmoved() -> S:
            stored = await read()
            refuse_if_moved(change, canonical(stored))
            return stored

        async def found() -> str | None:
            try:
                current = canonical(await read())
            except NotFoundError:
                return None
            return None if left_to_write(change, desired, current) else change.target_id

        fresh = await Fresh.read(read_unmoved)
        if not left_to_write(change, desired, canonical(fresh.first)):
            return
        before = Before(record=(own or canonical)(fresh.first))
        await self.send(
            change.id,
            operation,
            change.target_id,
            lambda: fresh.sends(write),
            found,
            look_once=True,
            before=before,
        )

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


async def chosen_by(title: CanonicalTitle, free: dict[str, CanonicalTitle], claims: Claims) -> Choice:
    """Return which of these titles of the target is the same publication, and take it.

    One that is better for another title of the source, or that another change was faster to take, is left to it.
    """
    rivals = await claims.rivals(list(free.values())) if free else ()
    while True:
        choice = choose(title, free.values(), rivals=rivals)
        if choice.title is None or claims.take(choice.title.key):
            return choice
        del free[choice.title.key]


def _tell(trouble: Trouble, attempt: int, delay: float) -> None:
    log.info(
        "the write will be made anew",
        action="http.anew",
        reason=trouble.reason,
        attempt=attempt,
        seconds=round(delay, 3),
    )


def _answer_id(answer: object) -> str:
    made = answer.model if isinstance(answer, Record) else answer
    return made if isinstance(made, str) else str(getattr(made, "id", ""))
