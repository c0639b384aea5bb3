"""The practice Alma as an ASGI application: which path and method leads to which endpoint."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, Router
from starlette.types import ASGIApp, Receive, Scope, Send

from sync.sandbox.alma.bibs import BibsApi
from sync.sandbox.alma.conf import ConfApi
from sync.sandbox.alma.electronic import ElectronicApi
from sync.sandbox.alma.errors import AlmaError, breakage
from sync.sandbox.alma.gate import AlmaGate
from sync.sandbox.alma.librarian import Librarian
from sync.sandbox.alma.render import API
from sync.sandbox.alma.sru import SearchService
from sync.sandbox.alma.switches import AlmaSwitches
from sync.sandbox.alma.world import World
from sync.sandbox.controls import Controls

Handler = Callable[[Request], Awaitable[Response]]


class PracticeAlma(Librarian):
    """A stateful stand-in for one Alma institution. `app` is the ASGI application, faults and limits included.

    Calls need the key of `switches` and count towards its limits; the methods of `Librarian` do neither.
    """

    def __init__(self, *, switches: AlmaSwitches | None = None, controls: Controls | None = None) -> None:
        self.world = World(switches or AlmaSwitches(), controls or Controls())
        self.gate = AlmaGate(self.world)
        inner = self.world.controls.wrap(router(self.world), gate=self.gate, breakage=breakage)
        self.app: ASGIApp = self.gate.with_headers(inner)

    @property
    def controls(self) -> Controls:
        """Return the faults, the clock and the counters."""
        return self.world.controls

    @property
    def switches(self) -> AlmaSwitches:
        """Return the switches; changing one has effect from the next call on."""
        return self.world.switches

    @property
    def calls_left(self) -> int:
        """Return how many calls are left until midnight UTC of the practice clock."""
        return self.gate.remaining

    def use_up(self, calls: int) -> None:
        """Use calls of the day, as another application of the institution would."""
        self.gate.use_up(calls)


@dataclass(frozen=True, slots=True)
class Resource:
    """One path: calls the handler of the method and turns its `AlmaError` into an answer."""

    world: World
    handlers: dict[str, Handler]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        request = Request(scope, receive)
        if self.world.switches.latency_seconds > 0:
            await asyncio.sleep(self.world.switches.latency_seconds)
        handler = self.handlers.get("GET" if request.method == "HEAD" else request.method, _no_such_api)
        try:
            response = await handler(request)
        except AlmaError as error:
            response = self.world.refusal(request, error)
        await response(scope, receive, send)


async def _no_such_api(_: Request) -> Response:
    raise AlmaError("NOT_FOUND", "The requested API was not found.", status=404, tracked=False)


def router(world: World) -> Router:
    """Return the routes of all endpoints; any other path is unknown to the gateway (404 NOT_FOUND)."""
    routes = [*_electronic(world), *_bibs(world), *_conf(world)]
    routes.append(_route(world, "/view/sru/{institution}", GET=SearchService(world).search))
    return Router(routes, redirect_slashes=False, default=Resource(world, {}))


def _route(world: World, path: str, **handlers: Handler) -> Route:
    return Route(path, Resource(world, handlers))


def _electronic(world: World) -> list[Route]:
    api = ElectronicApi(world)
    collections = f"{API}/electronic/e-collections"
    services = collections + "/{collection_id}/e-services"
    portfolios = services + "/{service_id}/portfolios"
    one = portfolios + "/{portfolio_id}"
    # The portfolio comes first because it is read most.
    return [
        _route(world, one, GET=api.portfolio, PUT=api.update_portfolio, DELETE=api.delete_portfolio),
        *(_route(world, portfolios + end, GET=api.portfolios, POST=api.create_portfolio) for end in ("", "/")),
        _route(world, collections, GET=api.collections, POST=api.create_collection),
        _route(
            world,
            collections + "/{collection_id}",
            GET=api.collection,
            PUT=api.update_collection,
            DELETE=api.delete_collection,
        ),
        _route(world, services, GET=api.services, POST=api.create_service),
        _route(world, services + "/{service_id}", GET=api.service, PUT=api.update_service, DELETE=api.delete_service),
    ]


def _bibs(world: World) -> list[Route]:
    api, test = BibsApi(world), ConfApi(world).test
    bibs = f"{API}/bibs"
    one = bibs + "/{mms_id}"
    portfolios = one + "/portfolios"
    return [
        _route(world, bibs, GET=api.bibs, POST=api.create_bib),
        _route(world, f"{bibs}/test", GET=test, POST=test),
        _route(world, one, GET=api.bib, PUT=api.update_bib, DELETE=api.delete_bib),
        *(_route(world, portfolios + end, GET=api.portfolios, POST=api.create_portfolio) for end in ("", "/")),
        _route(
            world,
            portfolios + "/{portfolio_id}",
            GET=api.portfolio,
            PUT=api.update_portfolio,
            DELETE=api.delete_portfolio,
        ),
        _route(world, one + "/e-collections", GET=api.collections),
        _route(world, one + "/e-collections/{collection_id}", GET=api.collection),
    ]


def _conf(world: World) -> list[Route]:
    api = ConfApi(world)
    conf = f"{API}/conf"
    return [
        _route(world, f"{conf}/test", GET=api.test, POST=api.test),
        _route(world, f"{conf}/general", GET=api.general),
        _route(world, f"{conf}/code-tables", GET=api.code_tables),
        _route(world, conf + "/code-tables/{name}", GET=api.code_table),
        _route(world, f"{conf}/libraries", GET=api.libraries),
        _route(world, conf + "/libraries/{code}", GET=api.library),
        _route(world, f"{conf}/integration-profiles", GET=api.profiles),
    ]
