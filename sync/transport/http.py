"""The one way out to the network, and the only module that knows the HTTP library (facts: tech §4).

`Http` is pinned to one base address: only relative paths leave, no redirect is followed, no cookie is kept, no answer
grows beyond a cap, and every wait is bounded. It knows nothing of retries, limits or logins.
"""

import asyncio
import functools
import json
import re
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http.cookiejar import CookieJar
from typing import Any, Protocol
from urllib.parse import quote, urlsplit

import httpx

from sync.errors import BugError, ConfigurationError
from sync.transport.redaction import scrub
from sync.transport.turnstile import Turnstile

Transport = httpx.AsyncBaseTransport
Params = Mapping[str, str | int | bool | Sequence[str] | None]

LARGEST_BODY_BYTES = 64 * 1024 * 1024

IDLE_SECONDS = 4.0
"""How long an idle connection is kept: shorter than servers keep theirs, else a write would meet a closed one."""

_PATH = re.compile(r"/(?!/)[A-Za-z0-9._~!$&'()*+,;=:@%/<>-]*\Z")


class NotSentError(Exception):
    """The request surely did not reach the system. `hopeless`: trying again cannot help (a certificate, a proxy)."""

    def __init__(self, reason: str, *, hopeless: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hopeless = hopeless


class AnswerLostError(Exception):
    """The request may have reached the system, but no whole answer came back."""

    def __init__(self, reason: str, *, hopeless: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.hopeless = hopeless


class Watch(Protocol):
    """Is told how far a request got."""

    def leaves(self) -> None:
        """The request, or its body, is about to leave, after any wait for a connection; what this raises stops it."""

    def left(self) -> None:
        """The request was written to the network."""

    def arrives(self) -> None:
        """The first of the answer is there."""


async def _trace(watch: Watch, event: str, info: object) -> None:  # noqa: ARG001
    # asked again before the body: a process may be frozen between the two, and without its body nothing is written
    if event in ("http11.send_request_headers.started", "http11.send_request_body.started"):
        watch.leaves()
    elif event == "http11.send_request_body.complete":
        watch.left()
    elif event == "http11.receive_response_headers.complete":
        watch.arrives()


class _NoCookies(CookieJar):
    """Keeps no cookie: a kept login cookie would contradict the token header after its renewal (facts: folio §4).

    Nor does it look at one, since the library stumbles over absurd values.
    """

    def extract_cookies(self, response: object, request: object) -> None:
        """Take nothing from an answer."""


class Headers(Mapping[str, str]):
    """The headers of an answer, by name in any case. A header sent several times is joined by commas; see `every`."""

    __slots__ = ("_values",)

    def __init__(self, pairs: Sequence[tuple[str, str]] = ()) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in pairs:
            self._values.setdefault(name.lower(), []).append(value)

    def __getitem__(self, name: str) -> str:
        return ", ".join(self._values[name.lower()])

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def every(self, name: str) -> tuple[str, ...]:
        """Return each value of a header that may stand several times, such as Set-Cookie."""
        return tuple(self._values.get(name.lower(), ()))


@dataclass(frozen=True, kw_only=True)
class Answer:
    """A whole answer. `media_type` is in lower case without its parameters, "" when there is none."""

    status: int
    headers: Headers = field(default_factory=Headers, repr=False)
    content: bytes = field(default=b"", repr=False)

    @property
    def media_type(self) -> str:
        """Return the media type, such as application/json."""
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def json(self) -> Any:
        """Return the parsed body. Raises ValueError when it is no JSON."""
        return self._parsed

    @property
    def text(self) -> str:
        """Return the body as text; what cannot be decoded is replaced."""
        charset = re.search(r"charset=\"?([\w.:-]+)", self.headers.get("content-type", ""), re.IGNORECASE)
        try:
            return self.content.decode(charset.group(1) if charset else "utf-8", "replace")
        except LookupError:
            return self.content.decode("utf-8", "replace")

    @property
    def retry_after(self) -> float | None:
        """Return the seconds the server asks to wait, None when it does not say or not readably."""
        value = self.headers.get("retry-after", "").strip()
        if value.isascii() and value.isdigit():
            return float(value[:9])
        try:
            moment = parsedate_to_datetime(value)
        except ValueError:
            return None
        return max(0.0, (moment.replace(tzinfo=moment.tzinfo or UTC) - datetime.now(UTC)).total_seconds())

    @functools.cached_property
    def _parsed(self) -> Any:
        try:
            return json.loads(self.content)
        except RecursionError:
            raise ValueError("nested too deep") from None


def segment(value: str) -> str:
    """Return an id as one segment of a path, everything escaped that would end it. Raises BugError if it is empty."""
    escaped = quote(value, safe="")
    if not escaped.strip(".") or not value.strip():
        raise BugError(f"not an id: {value!r}")
    return escaped


def header_value(value: str, name: str) -> str:
    """Return a value fit for a header, without surrounding white space.

    Raises ConfigurationError, which never shows the value, if it is empty or holds other than visible ASCII characters.
    """
    stripped = value.strip()
    if not re.fullmatch(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*", stripped):
        raise ConfigurationError(f"{name} is empty, or holds a character that no key has, such as the example's …")
    return stripped


class Http:
    """One base address, reached with at most `in_flight` requests at a time. Close it with `aclose`.

    Raises ConfigurationError if the base address is none.
    """

    def __init__(
        self,
        base_url: str,
        *,
        headers: Mapping[str, str] | None = None,
        connect_seconds: float = 10.0,
        read_seconds: float = 120.0,
        in_flight: int = 10,
        largest_body: int = LARGEST_BODY_BYTES,
        transport: Transport | None = None,
    ) -> None:
        self._base = _checked_base(base_url)
        self._largest_body = largest_body
        self._places = Turnstile(in_flight)
        # one answer may arrive in pieces, each in time, for ever: so the whole is bounded too
        self._whole_seconds = connect_seconds + 2 * read_seconds
        self._client = httpx.AsyncClient(
            headers=dict(headers or {}),
            timeout=httpx.Timeout(read_seconds, connect=connect_seconds),
            limits=httpx.Limits(
                max_connections=in_flight, max_keepalive_connections=in_flight, keepalive_expiry=IDLE_SECONDS
            ),
            follow_redirects=False,
            cookies=_NoCookies(),
            verify=_shared_ssl_context(),
            transport=transport,
        )

    @property
    def base_url(self) -> str:
        """Return the address every path is below."""
        return self._base

    @asynccontextmanager
    async def place(self, *, urgent: bool = False) -> AsyncIterator[None]:
        """Hold one of the places in flight; what is urgent comes before all else.

        Taken before the limiter is asked: calls that passed it and then wait for a place would leave in a burst.
        """
        async with self._places.through(urgent=urgent):
            yield

    async def send(
        self,
        method: str,
        path: str,
        *,
        params: Params | None = None,
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
        watch: Watch | None = None,
    ) -> Answer:
        """Send one request and return the whole answer, whatever its status.

        `watch` is told how far it got, and may stop it before it leaves.

        Raises NotSentError or AnswerLostError; ConfigurationError if the path leads away from the base address.
        """
        url = self._base + _checked_path(path)
        try:
            request = self._client.build_request(
                method, url, params=_query(params), content=content, headers=dict(headers or {})
            )
            if watch is not None:
                watch.leaves()
                request.extensions["trace"] = functools.partial(_trace, watch)
            async with asyncio.timeout(self._whole_seconds):
                return await self._exchange(request)
        except (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout, httpx.ProxyError) as error:
            raise NotSentError(_reason(error), hopeless=_is_certificate_error(error)) from None
        except (httpx.LocalProtocolError, httpx.UnsupportedProtocol, httpx.InvalidURL, UnicodeEncodeError) as error:
            # the text of these may quote a header, so only the kind is told
            raise BugError(f"{method} {path} is no valid request ({type(error).__name__})") from None
        except httpx.HTTPError as error:
            raise AnswerLostError(_reason(error)) from None
        except TimeoutError:
            raise AnswerLostError(f"no whole answer within {self._whole_seconds:.0f} seconds") from None

    async def aclose(self) -> None:
        """Close all connections."""
        await self._client.aclose()

    async def _exchange(self, request: httpx.Request) -> Answer:
        response = await self._client.send(request, stream=True)
        try:
            if "," in response.headers.get("content-encoding", ""):
                # each coding may make a thousand times more of the one before it
                raise AnswerLostError("the answer is compressed more than once", hopeless=True)
            body = bytearray()
            async for chunk in response.aiter_bytes():
                body += chunk
                if len(body) > self._largest_body:
                    raise AnswerLostError(f"the answer is larger than {self._largest_body} bytes", hopeless=True)
        finally:
            await response.aclose()
        return Answer(status=response.status_code, headers=Headers(response.headers.multi_items()), content=bytes(body))


@functools.cache
def _shared_ssl_context() -> ssl.SSLContext:
    # building one costs 48 ms (facts: tech §4)
    return httpx.create_ssl_context()


def _checked_base(base_url: str) -> str:
    parts = urlsplit(base_url.strip())
    try:
        usable = parts.scheme in {"http", "https"} and bool(parts.hostname) and (parts.port is None or parts.port > 0)
    except ValueError:
        usable = False
    if not usable or parts.query or parts.fragment or "@" in parts.netloc:
        raise ConfigurationError(
            f"base_url must be http(s)://host[:port][/path] without name, password or query: {scrub(base_url)}"
        )
    return base_url.strip().rstrip("/")


def _checked_path(path: str) -> str:
    if not _PATH.match(path) or any(part in {".", ".."} for part in path.split("/")):
        raise ConfigurationError(f"only a path below the configured address may be called, not {scrub(path)[:100]!r}")
    return path


def _query(params: Params | None) -> list[tuple[str, str | int | float | bool | None]] | None:
    pairs: list[tuple[str, str | int | float | bool | None]] = []
    for name, value in (params or {}).items():
        if value is None:
            continue
        if isinstance(value, bool):
            pairs.append((name, "true" if value else "false"))
        elif isinstance(value, str | int):
            pairs.append((name, str(value)))
        else:
            pairs.extend((name, each) for each in value)
    return pairs or None


def _reason(error: Exception) -> str:
    words = scrub(str(error)).strip()
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", type(error).__name__).lower()
    return f"{kind}: {words}" if words else kind


def _is_certificate_error(error: BaseException) -> bool:
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ssl.SSLCertVerificationError):
            return True
        cause = cause.__cause__ or cause.__context__
    return False
