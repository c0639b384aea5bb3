"""Which requests are sent again, when, and what is raised when they are not.

The question is never only "did it fail" but "can it have been carried out":

| what happened                                           | fate          | a read (GET)     | a write                 |
|---------------------------------------------------------|---------------|------------------|-------------------------|
| no connection: refused, timed out, no free connection   | NOT_SENT      | again            | again                   |
| 429, too many a second: turned away at the door         | TURNED_AWAY   | again            | again                   |
| 401 after the token expired: turned away by the login   | LOGIN_EXPIRED | once, new login  | once, new login         |
| 403 from a gateway that is known to recover (Eureka)    | FORBIDDEN     | once, after 1 s  | no: ConfigurationError  |
| sent, then: read timeout, connection dropped, 408, 5xx  | UNTRUSTED     | again            | no: OutcomeUnknownError |
| 2xx with a body that cannot be read, 200 without a body | UNTRUSTED     | again            | no: OutcomeUnknownError |
| not sent: waited too long since its record was read     | WAITED        | (does not occur) | anew            |
| the day's calls are used up                             | DAY_USED_UP   | no: QuotaError   | no: QuotaError          |
| 429 from behind the module, in the midst of a write     | CUT_SHORT     | (does not occur) | no: QuotaMidWriteError  |
| anything else                                           | (answered)    | its own error    | its own error           |

A 503 with Retry-After from a gateway says when to come back, not that the write did not arrive: the gateway may have
lost the module's answer. So it is UNTRUSTED like every 5xx. A 408 is a gateway's read timeout, not a client's.
One FOLIO write is several calls to EBSCO; a 429 from EBSCO may answer the last of them, after the change was made
(facts: folio §2.1, §2.8): hence CUT_SHORT.

"Again", of a write that is made of a reading of its record, means that the record is read and compared again, and the
body made anew (`sync.transport.freshness`).

`stamina` runs the attempts. A delay returned by its hook is used as it is, so Retry-After is honoured in full; when
that would take longer than the total time allowed, the call is given up at once instead of repeated too early.
"""

import random
import time
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from enum import Enum

import stamina

from sync.errors import OutcomeUnknownError, QuotaError, SyncError, UnreachableError

FORBIDDEN_SECONDS = 1.0


class Fate(Enum):
    """What is known of a request that brought no usable answer; see the table above."""

    NOT_SENT = "not sent"
    TURNED_AWAY = "turned away"
    LOGIN_EXPIRED = "login expired"
    FORBIDDEN = "forbidden for now"
    UNTRUSTED = "untrusted"
    WAITED = "waited until its body was out of date"
    DAY_USED_UP = "the day's calls are used up"
    CUT_SHORT = "cut short"


ONCE_ONLY = frozenset({Fate.LOGIN_EXPIRED, Fate.FORBIDDEN})


class QuotaMidWriteError(QuotaError, OutcomeUnknownError):
    """The day's calls ran out in the midst of a write: the run pauses, and the write may have been carried out."""

    advice = QuotaError.advice


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """Why a request has no usable answer.

    `retry_after` is the server's own wish in seconds. `error` is raised when the request is not sent again, for fates
    that have an error of their own. `hopeless`: sending again cannot help.
    """

    fate: Fate
    reason: str
    retry_after: float | None = None
    error: SyncError | None = None
    hopeless: bool = False


class TryAgainError(Exception):
    """Carries a trouble from one attempt to the rule that decides on the next; never leaves the transport."""

    def __init__(self, trouble: Trouble) -> None:
        super().__init__(trouble.reason)
        self.trouble = trouble


class SendAnewError(TryAgainError):
    """Tells whoever made the body of a write to make it anew: it was surely not carried out, and time has passed.

    `name` is system, method and path. Never leaves the transport.
    """

    def __init__(self, trouble: Trouble, name: str) -> None:
        super().__init__(trouble)
        self.name = name


def may_repeat(trouble: Trouble, *, is_write: bool) -> bool:
    """Return whether the request may be sent again without a chance of being carried out twice."""
    if trouble.hopeless:
        return False
    match trouble.fate:
        case Fate.NOT_SENT | Fate.TURNED_AWAY | Fate.LOGIN_EXPIRED | Fate.WAITED:
            return True
        case Fate.UNTRUSTED | Fate.FORBIDDEN:
            return not is_write
        case _:
            return False


def give_up(trouble: Trouble, *, name: str, is_write: bool, attempts: int) -> SyncError:
    """Return the error for a request that is not sent again. `name` is system, method and path."""
    if trouble.error is not None:
        return trouble.error
    tries = "" if attempts <= 1 else f" (tried {attempts} times)"
    if is_write and trouble.fate is Fate.UNTRUSTED:
        return OutcomeUnknownError(f"{name}: sent, but it is not known whether it was carried out: {trouble.reason}")
    return UnreachableError(f"{name}: {trouble.reason}{tries}")


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """How often and how patiently. Waits double from `wait_initial` to `wait_max` seconds, plus up to `wait_jitter`.

    `total_seconds` bounds the attempts and waits of one call together; an attempt that has begun is not cut off.
    """

    attempts: int = 6
    total_seconds: float = 600.0
    wait_initial: float = 0.5
    wait_max: float = 30.0
    wait_jitter: float = 1.0

    def run(self, rule: "RepeatRule") -> AsyncIterator[stamina.Attempt]:
        """Return the attempts; each is a context manager that swallows a TryAgainError while another attempt is due."""
        return stamina.retry_context(
            on=rule, attempts=self.attempts, timeout=None, wait_initial=0, wait_max=0, wait_jitter=0
        ).__aiter__()


class RepeatRule:
    """Decides after each failed attempt of one call: the seconds to wait before the next, or False for none."""

    def __init__(
        self,
        policy: RetryPolicy,
        *,
        is_write: bool,
        on_repeat: Callable[[Trouble, int, float], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.attempts = 0
        self._policy = policy
        self._is_write = is_write
        self._on_repeat = on_repeat
        self._clock = clock
        self._began = clock()
        self._met: set[Fate] = set()

    def __call__(self, error: Exception) -> bool | float:
        """Return the delay before the next attempt, False when the error is to be raised."""
        self.attempts += 1
        if not isinstance(error, TryAgainError):
            return False
        trouble = error.trouble
        first_time = trouble.fate not in self._met
        self._met.add(trouble.fate)
        if not may_repeat(trouble, is_write=self._is_write) or self.attempts >= self._policy.attempts:
            return False
        if trouble.fate in ONCE_ONLY and not first_time:
            return False
        delay = self._delay(trouble)
        if self._clock() - self._began + delay > self._policy.total_seconds:
            return False
        self._on_repeat(trouble, self.attempts, delay)
        return delay

    def _delay(self, trouble: Trouble) -> float:
        if trouble.fate in (Fate.LOGIN_EXPIRED, Fate.WAITED):
            return 0.0
        if trouble.fate is Fate.FORBIDDEN:
            return FORBIDDEN_SECONDS
        policy = self._policy
        if trouble.retry_after is not None:
            return max(trouble.retry_after, policy.wait_initial)
        doubled = min(policy.wait_max, policy.wait_initial * 2.0 ** (self.attempts - 1))
        return doubled + random.uniform(0, policy.wait_jitter)  # noqa: S311
