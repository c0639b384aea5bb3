"""Two practice systems that stay open for many stories, each beginning anew in them, and one database emptied for each.

Whoever tells a story is no coroutine, so the world has a loop of its own.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import AsyncExitStack, ExitStack, contextmanager
from dataclasses import dataclass, field
from typing import Any, TypeVar

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine
from starlette.types import ASGIApp

from sync.sandbox.alma import AlmaSwitches, PracticeAlma
from sync.sandbox.alma.codes import Proxy
from sync.sandbox.controls import Controls
from sync.sandbox.folio import FolioSwitches, PracticeFolio
from sync.sandbox.serve import PracticeServer
from sync.settings import Pair
from sync.store.database import engine_for
from sync.store.tables import metadata
from tests.support.databases import Databases
from tests.support.practice import PROXIES, Exchange, Meddled
from tests.support.two_way_base import Beginning

Result = TypeVar("Result")


class Stage:
    """A practice system that is served for good, while the one behind it is replaced for each story."""

    def __init__(self, practice: PracticeAlma | PracticeFolio) -> None:
        self.front = Meddled(practice)

    @property
    def controls(self) -> Controls:
        """Return the faults, the clock and the counters."""
        return self.front.controls

    @property
    def app(self) -> ASGIApp:
        """Return the ASGI application."""
        return self._call

    async def _call(self, scope: Any, receive: Any, send: Any) -> None:
        await self.front.app(scope, receive, send)


@dataclass(slots=True, kw_only=True)
class World:
    """Both systems, the database, and the loop in which the product runs."""

    loop: asyncio.AbstractEventLoop
    database: AsyncEngine
    alma: PracticeAlma
    folio: PracticeFolio
    alma_stage: Stage
    folio_stage: Stage
    alma_url: str
    folio_url: str
    notes: dict[str, str] = field(default_factory=dict)

    def run(self, work: Coroutine[Any, Any, Result]) -> Result:
        """Return what the coroutine returns."""
        return self.loop.run_until_complete(work)

    def begin(self, beginning: Beginning) -> None:
        """Let both systems hold what a story begins with, and the database nothing."""
        self.alma, self.folio = _new_alma(), _new_folio()
        self.alma.load(beginning.library())
        self.folio.load(beginning.knowledge_base())
        self.alma.state.institution.proxies["EZPROXY"] = Proxy("110009", "EZPROXY", "EZproxy", "https://proxy.invalid/")
        self.alma_stage.front, self.folio_stage.front = Meddled(self.alma), Meddled(self.folio)
        self.notes = {"public_note": "userDefinedField1"} if beginning.notes_mapped else {}
        self.forget()

    def forget(self) -> None:
        """Let the product know nothing of these systems any longer."""
        self.run(self._empty())

    async def _empty(self) -> None:
        tables = ", ".join(f'"{name}"' for name in metadata.tables)
        async with self.database.begin() as connection:
            await connection.execute(text(f"truncate {tables}"))

    def meddle(self, meddler: Callable[[Exchange], None] | None, *, in_alma: bool) -> None:
        """Let somebody act after each answer of one system, in that system's own thread."""
        (self.alma_stage if in_alma else self.folio_stage).front.meddler = meddler

    def pair(self, policy: dict[str, Any]) -> Pair:
        """Return the pair of these systems, without any limit or wait."""
        at_once: dict[str, Any] = {"requests_per_second": 0, "daily_reserve": 0, "settle_seconds": 0}
        folio = self.folio.switches
        return Pair.model_validate(
            {
                "alma": {
                    "base_url": self.alma_url,
                    "api_key": self.alma.switches.api_key,
                    "sru_url": f"{self.alma_url}/view/sru/{self.alma.state.institution.code}",
                    "delete_wait_seconds": 0,
                    **at_once,
                },
                "folio": {
                    "base_url": self.folio_url,
                    "tenant": folio.tenant,
                    "username": folio.username,
                    "password": folio.password,
                    "daily_calls": 0,
                    **at_once,
                },
                "maps": {"proxies": PROXIES, "notes": self.notes},
                "policy": policy,
            }
        )

    @property
    def writes(self) -> int:
        """Return how many writes arrived at both systems so far, logins aside."""
        return self.alma.controls.writes + self.folio.controls.writes


def _new_alma() -> PracticeAlma:
    return PracticeAlma(switches=AlmaSwitches(requests_per_second=0))


def _new_folio() -> PracticeFolio:
    return PracticeFolio(switches=FolioSwitches(daily_calls=0))


@contextmanager
def open_world(databases: Databases) -> Iterator[World]:
    """Yield a world in which nothing is yet."""
    alma, folio = _new_alma(), _new_folio()
    alma_stage, folio_stage = Stage(alma), Stage(folio)
    loop = asyncio.new_event_loop()
    stack = AsyncExitStack()
    with ExitStack() as opened:
        opened.callback(loop.close)
        opened.callback(lambda: loop.run_until_complete(stack.aclose()))
        alma_server = opened.enter_context(PracticeServer(alma_stage))
        folio_server = opened.enter_context(PracticeServer(folio_stage))
        url = loop.run_until_complete(stack.enter_async_context(databases.fresh()))
        yield World(
            loop=loop,
            database=loop.run_until_complete(stack.enter_async_context(engine_for(url))),
            alma=alma,
            folio=folio,
            alma_stage=alma_stage,
            folio_stage=folio_stage,
            alma_url=alma_server.url,
            folio_url=folio_server.url,
        )
