"""The login to FOLIO: a token for ten minutes, renewed by logging in again (facts: folio §4).

The refresh token is not used: a spent one that is used twice revokes every login of the user.
"""

import asyncio
import json
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

import structlog
from pydantic import SecretStr

from sync.errors import ConfigurationError, LoginRefusedError, SyncError, UnreachableError
from sync.transport.bodies import read_error
from sync.transport.http import Answer, AnswerLostError, Http, NotSentError, header_value
from sync.transport.limiter import Limiter
from sync.transport.redaction import forget_secret, register_secret
from sync.transport.retry import Fate, Trouble, TryAgainError
from sync.transport.rules import words

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

LOGIN_PATH = "/authn/login-with-expiry"
TOKEN_COOKIE = "folioAccessToken"  # noqa: S105
DEFAULT_LIFE_SECONDS = 600.0
RENEW_BEFORE_SECONDS = 60.0

LONGEST_AGE = 9
"""Digits of a Max-Age that says something: thirty years of seconds."""

MOST_UNANSWERED = 3
UNANSWERED_WINDOW_SECONDS = 600.0
"""FOLIO blocks an account after five failures in ten minutes; a login without an answer may have been one."""


class FolioLogin:
    """Logs one user in to one tenant, one login at a time, and gives the headers for calls.

    A refused login is never tried again by this object: each later call raises the same LoginRefusedError.
    """

    def __init__(
        self,
        http: Http,
        *,
        tenant: str,
        username: str,
        password: SecretStr,
        limiter: Limiter,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        register_secret(password)
        self.logins = 0
        self._http = http
        self._tenant = header_value(tenant, "the FOLIO tenant")
        self._username = username
        self._password = password
        self._limiter = limiter
        self._clock = clock
        self._lock = asyncio.Lock()
        self._token: SecretStr | None = None
        self._renew_at = 0.0
        self._expiring: deque[str] = deque()
        self._refused: SyncError | None = None
        self._unanswered: deque[float] = deque()

    async def headers(self) -> Mapping[str, str]:
        """Return tenant and token headers, after a login where none is valid for another minute.

        Raises LoginRefusedError if the login was ever refused, ConfigurationError if the answer to it holds no token,
        UnreachableError after three logins without an answer within ten minutes, and TryAgainError when the trouble
        may pass: the call that asked for the headers was not sent then.
        """
        async with self._lock:
            if self._refused is not None:
                raise type(self._refused)(self._refused.message, advice=self._refused.advice)
            if self._token is None or self._clock() >= self._renew_at:
                await self._log_in()
            return self._headers()

    def reject(self, headers: Mapping[str, str]) -> None:
        """Log in again before the next call, unless a newer token than the one in `headers` is there already."""
        if self._token is not None and headers.get("x-okapi-token") == self._token.get_secret_value():
            self._token = None

    def _headers(self) -> dict[str, str]:
        token = {"x-okapi-token": self._token.get_secret_value()} if self._token else {}
        return {"x-okapi-tenant": self._tenant, **token}

    async def _log_in(self) -> None:
        self._check_unanswered()
        self._token = None
        body = {"username": self._username, "password": self._password.get_secret_value()}
        await self._limiter.acquire()
        try:
            answer = await self._http.send(
                "POST",
                LOGIN_PATH,
                content=json.dumps(body).encode("utf-8"),
                headers={**self._headers(), "Content-Type": "application/json", "Accept": "application/json"},
            )
        except NotSentError as lost:
            raise _again(lost.reason, hopeless=lost.hopeless) from None
        except AnswerLostError as lost:
            self._unanswered.append(self._clock())
            raise _again(lost.reason, hopeless=lost.hopeless) from None
        self._take(answer)

    def _take(self, answer: Answer) -> None:
        if 200 <= answer.status < 300:
            self._keep_token(answer)
            return
        said = words(read_error(answer.content, answer.media_type))
        if answer.status == 429:
            self._limiter.refused(answer.retry_after)
            raise _again(f"too many logins (status 429{said})", retry_after=answer.retry_after)
        if answer.status == 408 or answer.status >= 500:
            self._unanswered.append(self._clock())
            raise _again(f"status {answer.status}{said}", retry_after=answer.retry_after)
        if answer.status < 400:
            self._refused = ConfigurationError(
                f"FOLIO POST {LOGIN_PATH}: answered with a redirect ({answer.status}), which is never followed",
                advice="Put the final address of the API into base_url, then run: alma-folio-sync check",
            )
        else:
            self._refused = LoginRefusedError(
                f"FOLIO refused the login of user {self._username!r} at tenant {self._tenant!r} ({answer.status}{said})"
            )
        log.error("the login was refused", action="folio.login_refused", status=answer.status)
        raise self._refused

    def _keep_token(self, answer: Answer) -> None:
        token, life = _token_and_life(answer)
        if token and not (token.isascii() and token.isprintable()):
            self._refused = ConfigurationError(
                f"FOLIO POST {LOGIN_PATH}: the token in its answer holds a character that no header can hold",
                advice="Check that base_url is the address of FOLIO's gateway, then run: alma-folio-sync check",
            )
            raise self._refused
        if not token:
            self._refused = ConfigurationError(
                f"FOLIO POST {LOGIN_PATH}: the answer ({answer.status}) holds no cookie {TOKEN_COOKIE}",
                advice="Check that base_url is the address of FOLIO's gateway, not of its web pages, "
                "then run: alma-folio-sync check",
            )
            raise self._refused
        register_secret(token)
        self._expiring.append(token)
        # the token before last has expired by now
        while len(self._expiring) > 2:
            forget_secret(self._expiring.popleft())
        self._token = SecretStr(token)
        self._renew_at = self._clock() + life - min(RENEW_BEFORE_SECONDS, life / 2)
        self._unanswered.clear()
        self.logins += 1
        log.info("logged in", action="folio.login", tenant=self._tenant, seconds=round(life))

    def _check_unanswered(self) -> None:
        while self._unanswered and self._clock() - self._unanswered[0] > UNANSWERED_WINDOW_SECONDS:
            self._unanswered.popleft()
        if len(self._unanswered) >= MOST_UNANSWERED:
            raise UnreachableError(
                f"FOLIO POST {LOGIN_PATH}: {MOST_UNANSWERED} logins brought no answer within ten minutes; "
                "not tried again for now, because accounts are blocked after repeated failures"
            )


def _again(reason: str, *, retry_after: float | None = None, hopeless: bool = False) -> TryAgainError:
    # the call that needs the login was not sent, whatever became of the login
    return TryAgainError(
        Trouble(fate=Fate.NOT_SENT, reason=f"no login: {reason}", retry_after=retry_after, hopeless=hopeless)
    )


def _token_and_life(answer: Answer) -> tuple[str, float]:
    """Return the token and the seconds it lives; Max-Age first, because it needs no agreement of clocks."""
    for line in answer.headers.every("set-cookie"):
        pair, *attributes = line.split(";")
        name, _, value = pair.strip().partition("=")
        if name != TOKEN_COOKIE or not value:
            continue
        pieces = (attribute.strip().lower().partition("=") for attribute in attributes)
        age = next((found for key, _, found in pieces if key == "max-age"), "")
        told = age.isascii() and age.isdigit() and len(age) <= LONGEST_AGE
        return value.strip('"'), float(age) if told else _life_in_body(answer)
    return "", 0.0


def _life_in_body(answer: Answer) -> float:
    try:
        expires = datetime.fromisoformat(answer.json()["accessTokenExpiration"])
    except (ValueError, KeyError, TypeError):
        return DEFAULT_LIFE_SECONDS
    expires = expires.replace(tzinfo=expires.tzinfo or UTC)
    return max(1.0, (expires - datetime.now(UTC)).total_seconds())
