"""Both practice systems on ports of this machine, and a pair of the configuration that leads to them."""

import asyncio
import inspect
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sync.sandbox.alma import AlmaSwitches, PracticeAlma
from sync.sandbox.controls import Controls
from sync.sandbox.endpoints import Practice
from sync.sandbox.folio import FolioSwitches, PracticeFolio
from sync.sandbox.folio.records import Identifier, Package, Resource, Title
from sync.sandbox.seed import SeedKnowledgeBase, SeedLibrary
from sync.sandbox.serve import PracticeServer
from sync.settings import Pair

PROXIES = {"EZPROXY": "EZProxy"}


@dataclass(slots=True, kw_only=True)
class Exchange:
    """A call that was carried out, before its answer leaves. Its status and body may be replaced."""

    method: str
    path: str
    query: str
    status: int
    body: bytes


Meddler = Callable[[Exchange], Awaitable[None] | None]
"""Sees each answer in the server's own thread, and may change it, or the practice system behind it."""


@dataclass(frozen=True, slots=True)
class Refusal:
    """An answer in the place of a call that was not carried out."""

    status: int
    body: str = ""
    headers: tuple[tuple[str, str], ...] = ()


Doorman = Callable[[str, str], Refusal | None]
"""Asked with method and path before a call is carried out; what it returns is answered instead."""


class Meddled:
    """A practice system whose answers somebody meddles with, or refuses. Faults and limits stay as they are."""

    def __init__(self, practice: Practice, meddler: Meddler | None = None) -> None:
        self._practice = practice
        self.meddler = meddler
        self.doorman: Doorman | None = None

    @property
    def controls(self) -> Controls:
        """Return the faults, the clock and the counters."""
        return self._practice.controls

    @property
    def app(self) -> ASGIApp:
        """Return the ASGI application."""
        return self._call

    async def _call(self, scope: Scope, receive: Receive, send: Send) -> None:
        refusal = self.doorman(scope["method"], scope["path"]) if self.doorman is not None else None
        if refusal is not None:
            headers = [(name.lower().encode(), value.encode()) for name, value in refusal.headers]
            await send({"type": "http.response.start", "status": refusal.status, "headers": headers})
            await send({"type": "http.response.body", "body": refusal.body.encode()})
            return
        if self.meddler is None:
            await self._practice.app(scope, receive, send)
            return
        messages: list[Message] = []

        async def keep(message: Message) -> None:
            messages.append(message)

        await self._practice.app(scope, receive, keep)
        start, *rest = messages
        exchange = Exchange(
            method=scope["method"],
            path=scope["path"],
            query=scope["query_string"].decode(),
            status=start["status"],
            body=b"".join(one.get("body", b"") for one in rest),
        )
        outcome = self.meddler(exchange)
        if inspect.isawaitable(outcome):
            await outcome
        others = [(name, value) for name, value in start["headers"] if name != b"content-length"]
        length = (b"content-length", str(len(exchange.body)).encode())
        await send({**start, "status": exchange.status, "headers": [*others, length]})
        await send({"type": "http.response.body", "body": exchange.body})


@dataclass(slots=True, kw_only=True)
class Systems:
    """Two practice systems that answer. `alma_front` and `folio_front` take a meddler."""

    alma: PracticeAlma
    folio: PracticeFolio
    alma_front: Meddled
    folio_front: Meddled
    alma_url: str
    folio_url: str
    _writes_before: int = field(default=0)

    def pair(
        self,
        *,
        alma: dict[str, Any] | None = None,
        folio: dict[str, Any] | None = None,
        maps: dict[str, Any] | None = None,
        policy: dict[str, Any] | None = None,
    ) -> Pair:
        """Return the pair of these systems, without limits and with a short settling time unless said otherwise."""
        switches = self.folio.switches
        return Pair.model_validate(
            {
                "alma": {
                    "base_url": self.alma_url,
                    "api_key": self.alma.switches.api_key,
                    "requests_per_second": 0,
                    "daily_reserve": 0,
                    **(alma or {}),
                },
                "folio": {
                    "base_url": self.folio_url,
                    "tenant": switches.tenant,
                    "username": switches.username,
                    "password": switches.password,
                    "requests_per_second": 0,
                    "daily_calls": 0,
                    "settle_seconds": 0.3,
                    **(folio or {}),
                },
                "maps": {"proxies": PROXIES, **(maps or {})},
                "policy": policy or {},
            }
        )

    def folio_writes(self) -> int:
        """Return how many writes arrived at FOLIO since this was last asked."""
        total = self.folio.controls.writes
        new, self._writes_before = total - self._writes_before, total
        return new

    def folio_paths(self, method: str) -> list[str]:
        """Return the paths of the calls that arrived at FOLIO with this method, in their order."""
        return [call.path for call in self.folio.controls.calls if call.method == method]

    def alma_calls(self, end: str = "") -> list[str]:
        """Return the GET paths that arrived at Alma and end so, in their order."""
        return [call.path for call in self.alma.controls.calls if call.path.endswith(end)]


@contextmanager
def practice_systems(
    library: SeedLibrary | None = None,
    knowledge_base: SeedKnowledgeBase | None = None,
    *,
    alma: AlmaSwitches | None = None,
    folio: FolioSwitches | None = None,
) -> Iterator[Systems]:
    """Yield both systems with what they hold at first, without any limit unless the switches set one."""
    practice_alma = PracticeAlma(switches=alma or AlmaSwitches(requests_per_second=0))
    practice_folio = PracticeFolio(switches=folio or FolioSwitches(daily_calls=0))
    practice_alma.load(library or SeedLibrary())
    practice_folio.load(knowledge_base or SeedKnowledgeBase())
    alma_front, folio_front = Meddled(practice_alma), Meddled(practice_folio)
    with PracticeServer(alma_front) as alma_server, PracticeServer(folio_front) as folio_server:
        yield Systems(
            alma=practice_alma,
            folio=practice_folio,
            alma_front=alma_front,
            folio_front=folio_front,
            alma_url=alma_server.url,
            folio_url=folio_server.url,
        )


def cancel_from_elsewhere(task: "asyncio.Task[Any]", loop: asyncio.AbstractEventLoop) -> None:
    """Cancel a task of another thread's loop."""
    loop.call_soon_threadsafe(task.cancel)


def custom_title(
    folio: PracticeFolio, package_name: str, title_name: str, identifiers: tuple[tuple[str, str, str], ...] = ()
) -> str:
    """Let a FOLIO librarian make a custom package with one custom title; return the resource's id.

    `identifiers` are (number, ISSN or ISBN, Print or Online).
    """
    state, switches = folio.state, folio.switches
    package = Package(
        id=state.new_id(),
        provider_id=switches.customer_provider_id,
        name=package_name,
        is_custom=True,
        content_type="Unknown",
        package_type="Custom",
        is_selected=True,
    )
    title = Title(
        id=state.new_id(),
        name=title_name,
        publication_type="Journal",
        is_custom=True,
        identifiers=tuple(Identifier(*one) for one in identifiers),
    )
    state.put_package(package)
    state.put_title(title)
    state.put_resource(
        Resource(package_id=package.id, title_id=title.id, location_id=state.new_location(), is_selected=True)
    )
    return f"{package.provider_id}-{package.id}-{title.id}"
