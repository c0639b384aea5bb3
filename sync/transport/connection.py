"""One system, reached politely: login, day's budget, rate limit, retries and error mapping around each call."""

import json as json_library
import time
from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import timedelta
from types import TracebackType
from typing import Any, Protocol
from weakref import WeakSet

import structlog

from sync.errors import BugError, QuotaError, SyncError
from sync.transport.budget import Budget, BudgetLedger
from sync.transport.freshness import is_made_of_reading, is_stale
from sync.transport.http import Answer, AnswerLostError, Http, NotSentError, Params, Transport
from sync.transport.limiter import Limiter, Slot
from sync.transport.retry import (
    Fate,
    QuotaMidWriteError,
    RepeatRule,
    RetryPolicy,
    SendAnewError,
    Trouble,
    TryAgainError,
    give_up,
    may_repeat,
)
from sync.transport.rules import READS, Call, ErrorRules, is_json_object, is_json_object_or_nothing

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LONGEST_PAUSE_SECONDS = 300.0
"""A system that asks for a longer pause is left alone for that long: the run pauses, as when the calls are used up."""
MOST_PAUSED_SECONDS = 7 * 86_400.0
"""A longer wish is a fault of the system, and looked at again after this time."""

Observer = Callable[[str, str, Any], None]
"""Called with method, path and body before each write is sent; what it raises stops the write."""

Fence = Callable[[], None]
"""Asked right before each write is sent whether it may be; raises LockedError when another run has taken over."""


class Login(Protocol):
    """Gives the headers that prove who is calling."""

    async def headers(self) -> Mapping[str, str]:
        """Return valid headers, after a login where one is due.

        Raises LoginRefusedError, or TryAgainError when the login itself met a trouble that may pass.
        """

    def reject(self, headers: Mapping[str, str]) -> None:
        """Take note that the system no longer accepts these headers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Options:
    """How a system is reached, times in seconds. `budget_name` names the account in the ledger (default: the system).

    `transport` replaces the network in tests; `observer` sees each write before it is sent, and `fence` may forbid it.
    """

    connect_seconds: float = 10.0
    read_seconds: float = 120.0
    in_flight: int = 10
    retry: RetryPolicy = field(default_factory=RetryPolicy)
    ledger: BudgetLedger | None = None
    budget_name: str = ""
    transport: Transport | None = None
    observer: Observer | None = None
    fence: Fence | None = None


@dataclass(slots=True, kw_only=True)
class Statistics:
    """What went over one connection: requests sent, by method too; those that were writes; repeats; waits."""

    calls: int = 0
    writes: int = 0
    repeats: int = 0
    waits: int = 0
    waited_seconds: float = 0.0
    by_method: Counter[str] = field(default_factory=Counter)

    def counts(self) -> Counter[str]:
        """Return the numbers by name; the waited seconds are rounded."""
        return Counter(
            calls=self.calls,
            writes=self.writes,
            repeats=self.repeats,
            waits=self.waits,
            waited=round(self.waited_seconds),
        )


_CLOSED: dict[str, Counter[str]] = {}
_OPEN: WeakSet["Connection"] = WeakSet()


def totals() -> dict[str, Counter[str]]:
    """Return what went to each system since this process began: calls, writes, repeats, waits, waited (in seconds)."""
    found = {system: Counter(counts) for system, counts in _CLOSED.items()}
    for connection in _OPEN:
        found.setdefault(connection.system, Counter()).update(connection.statistics.counts())
    return found


class Connection(AbstractAsyncContextManager["Connection"]):
    """Calls to one system. Safe to use from many tasks at once; close it with `aclose` or as a context manager.

    Every call may raise: LoginRefusedError and other ConfigurationErrors, NotFoundError, RefusedError,
    UnreachableError, QuotaError; a write also OutcomeUnknownError (and QuotaMidWriteError, which is both).
    """

    def __init__(
        self,
        http: Http,
        *,
        rules: ErrorRules,
        limiter: Limiter,
        budget: Budget,
        retry: RetryPolicy | None = None,
        login: Login | None = None,
        observer: Observer | None = None,
        fence: Fence | None = None,
    ) -> None:
        self.statistics = Statistics()
        self.budget = budget
        self.limiter = limiter
        self.remaining_calls: int | None = None
        self._http = http
        self._rules = rules
        self._retry = retry or RetryPolicy()
        self._login = login
        self._observer = observer
        self._fence = fence
        _OPEN.add(self)

    @property
    def system(self) -> str:
        """Return the system's name as it stands in messages."""
        return self._rules.system

    @property
    def calls(self) -> int:
        """Return the requests sent so far, logins aside."""
        return self.statistics.calls

    @property
    def writes(self) -> int:
        """Return the requests sent so far that may have changed something."""
        return self.statistics.writes

    @property
    def waits(self) -> int:
        """Return how many requests waited for the rate limit."""
        return self.statistics.waits

    async def read(
        self,
        path: str,
        *,
        params: Params | None = None,
        cost: int = 1,
        readable: Callable[[Answer], bool] = is_json_object,
    ) -> Answer:
        """GET the path and return the answer; one that is not `readable` counts as a failure and is asked again."""
        return await self._carry(self._call("GET", path, params=params, cost=cost, readable=readable))

    async def write(
        self,
        method: str,
        path: str,
        *,
        json: Any = None,
        xml: bytes | None = None,
        params: Params | None = None,
        cost: int = 1,
        readable: Callable[[Answer], bool] = is_json_object_or_nothing,
    ) -> Answer:
        """Send a POST, PUT or DELETE with a JSON (or, where the API knows no JSON, XML) body and return the answer.

        An answer that is not `readable` leaves open what became of the request. It is repeated only when the first
        request surely was not carried out; see `sync.transport.retry`.
        """
        if method.upper() in READS:
            raise BugError(f"{method} is no write")
        return await self._carry(
            self._call(method.upper(), path, params=params, cost=cost, body=json, xml=xml, readable=readable)
        )

    async def aclose(self) -> None:
        """Save the budget's count and close the connections."""
        try:
            await self.budget.flush()
        finally:
            if self in _OPEN:
                _OPEN.discard(self)
                _CLOSED.setdefault(self.system, Counter()).update(self.statistics.counts())
            await self._http.aclose()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        await self.aclose()

    def _call(
        self,
        method: str,
        path: str,
        *,
        params: Params | None,
        cost: int,
        readable: Callable[[Answer], bool],
        body: Any = None,
        xml: bytes | None = None,
    ) -> Call:
        content = xml
        if body is not None:
            content = _as_json(body)
        return Call(
            system=self.system,
            method=method,
            path=path,
            params=params,
            body=body if xml is None else xml,
            content=content,
            media_type="application/xml" if xml is not None else self._rules.media_type,
            cost=cost,
            readable=readable,
        )

    async def _carry(self, call: Call) -> Answer:
        def tell(trouble: Trouble, attempt: int, delay: float) -> None:
            self.statistics.repeats += 1
            log.info(
                "the call will be repeated",
                action="http.retry",
                system=call.system,
                method=call.method,
                path=call.path,
                reason=trouble.reason,
                attempt=attempt,
                seconds=round(delay, 3),
            )

        if call.is_write and is_made_of_reading():
            return await self._attempt_once(call)
        rule = RepeatRule(self._retry, is_write=call.is_write, on_repeat=tell)
        try:
            async for attempt in self._retry.run(rule):
                with attempt:
                    return await self._attempt(call)
        except TryAgainError as given_up:
            error = give_up(given_up.trouble, name=call.name, is_write=call.is_write, attempts=rule.attempts)
            raise error from None
        raise BugError(f"{call.name}: no attempt was made")

    async def _attempt_once(self, call: Call) -> Answer:
        """Send a write whose body would be out of date at a second attempt.

        Raises:
            SendAnewError: when it was surely not carried out, and may be made anew.
        """
        try:
            return await self._attempt(call)
        except TryAgainError as failed:
            if may_repeat(failed.trouble, is_write=True):
                self.statistics.repeats += 1
                raise SendAnewError(failed.trouble, call.name) from None
            raise give_up(failed.trouble, name=call.name, is_write=True, attempts=1) from None

    async def _attempt(self, call: Call) -> Answer:
        urgent = call.is_write and is_made_of_reading()
        async with self._http.place(urgent=urgent):
            login = await self._login.headers() if self._login else {}
            await self.budget.spend(call.cost)
            slot = await self.limiter.acquire(urgent=urgent)
            watch = _Watch(self.limiter, slot, self._fence if call.is_write else None)
            self._may_leave(call, watch)
            self._count(call, slot.waited)
            began = time.perf_counter()
            try:
                answer = await self._http.send(
                    call.method,
                    call.path,
                    params=call.params,
                    content=call.content,
                    headers={**_media_headers(call, self._rules), **login},
                    watch=watch,
                )
            except NotSentError as lost:
                watch.never_left()
                raise self._failed(call, lost, Fate.NOT_SENT, began, slot.waited) from None
            except AnswerLostError as lost:
                raise self._failed(call, lost, Fate.UNTRUSTED, began, slot.waited) from None
            finally:
                watch.arrives()
        self._tell(call, str(answer.status), began, slot.waited)
        self._heed_remaining(answer)
        judgement = self._rules.judge(call, answer)
        if judgement is None:
            return answer
        raise self._consequence(call, judgement, login)

    def _may_leave(self, call: Call, watch: "_Watch") -> None:
        """Let a write leave only while its run may write, and while what it is made of is fresh."""
        if call.is_write and is_stale(self.limiter.requests_per_second):
            watch.never_left()
            raise TryAgainError(Trouble(fate=Fate.WAITED, reason="it waited until its body was out of date"))
        try:
            watch.leaves()
            if call.is_write and self._observer:
                self._observer(call.method, call.path, call.body)
        except BaseException:
            watch.never_left()
            raise

    def _failed(
        self, call: Call, lost: NotSentError | AnswerLostError, fate: Fate, began: float, waited: float
    ) -> TryAgainError:
        self._tell(call, lost.reason, began, waited)
        return TryAgainError(Trouble(fate=fate, reason=lost.reason, hopeless=lost.hopeless))

    def _consequence(
        self, call: Call, judgement: Trouble | SyncError, login: Mapping[str, str]
    ) -> TryAgainError | SyncError:
        if isinstance(judgement, SyncError):
            return judgement
        if (judgement.retry_after or 0.0) > LONGEST_PAUSE_SECONDS and may_repeat(judgement, is_write=call.is_write):
            return self._paused(call, judgement)
        match judgement.fate:
            case Fate.DAY_USED_UP | Fate.CUT_SHORT:
                return self._used_up(call, judgement)
            case Fate.TURNED_AWAY:
                self.limiter.refused(judgement.retry_after)
                log.warning(
                    "the system refused a call for coming too fast; all calls to it pause",
                    action="http.refused",
                    system=call.system,
                    method=call.method,
                    path=call.path,
                    retry_after=judgement.retry_after,
                    places=self.limiter.places,
                )
            case Fate.LOGIN_EXPIRED if self._login:
                self._login.reject(login)
        return TryAgainError(judgement)

    def _paused(self, call: Call, trouble: Trouble) -> QuotaError:
        """Return the error that ends the run for now: nobody waits for hours with a pair locked."""
        seconds = min(trouble.retry_after or 0.0, MOST_PAUSED_SECONDS)
        resumes = self.budget.now() + timedelta(seconds=seconds)
        return QuotaError(
            f"{call.name}: {trouble.reason}; {self.system} asks to be left alone until {resumes:%Y-%m-%d %H:%M} UTC",
            resumes_at=resumes,
        )

    def _used_up(self, call: Call, trouble: Trouble) -> QuotaError:
        self.budget.exhausted()
        resumes = self.budget.resumes_at()
        when = f"goes on at {resumes:%Y-%m-%d %H:%M} UTC"
        if trouble.fate is Fate.CUT_SHORT:
            message = f"{call.name}: the day's calls ran out in the midst of it, so it may have been carried out"
            return QuotaMidWriteError(f"{message} ({trouble.reason}); {when}", resumes_at=resumes)
        return QuotaError(f"{call.name}: the day's calls are used up ({trouble.reason}); {when}", resumes_at=resumes)

    def _heed_remaining(self, answer: Answer) -> None:
        value = answer.headers.get(self._rules.remaining_header, "").strip() if self._rules.remaining_header else ""
        if value.isascii() and value.isdigit() and len(value) < 19:
            self.remaining_calls = int(value)
            self.budget.reported_remaining(self.remaining_calls)

    def _count(self, call: Call, waited: float) -> None:
        statistics = self.statistics
        statistics.calls += 1
        statistics.by_method[call.method] += 1
        statistics.writes += call.is_write
        statistics.waits += waited > 0.001
        statistics.waited_seconds += waited

    def _tell(self, call: Call, outcome: str, began: float, waited: float) -> None:
        log.debug(
            "call",
            action="http.call",
            system=call.system,
            method=call.method,
            path=call.path,
            status=outcome,
            milliseconds=round((time.perf_counter() - began) * 1000),
            waited=round(waited, 3),
        )


@dataclass(slots=True, eq=False)
class _Watch:
    """Tells the limiter when a call left and was answered, and asks the fence before it leaves."""

    limiter: Limiter
    slot: Slot
    fence: Fence | None
    answered: bool = False

    def leaves(self) -> None:
        if self.fence is not None:
            self.fence()

    def left(self) -> None:
        self.limiter.sent(self.slot)

    def arrives(self) -> None:
        if not self.answered:
            self.answered = True
            self.limiter.answered(self.slot)

    def never_left(self) -> None:
        self.answered = True
        self.limiter.forget(self.slot)


def _as_json(body: Any) -> bytes:
    try:
        return json_library.dumps(body, ensure_ascii=False, allow_nan=False).encode("utf-8")
    except UnicodeEncodeError:  # half a surrogate pair: JSON can spell it, UTF-8 cannot
        return json_library.dumps(body, allow_nan=False).encode("ascii")


def _media_headers(call: Call, rules: ErrorRules) -> dict[str, str]:
    accept = {"Accept": rules.media_type if call.media_type == rules.media_type else call.media_type}
    return accept if call.content is None else {**accept, "Content-Type": call.media_type}
