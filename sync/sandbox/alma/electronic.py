"""The endpoints below /electronic: collections, services and portfolios (facts: endpoints §1, semantics §4)."""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from starlette.requests import Request
from starlette.responses import Response

from sync.sandbox.alma import fields
from sync.sandbox.alma.errors import AlmaError
from sync.sandbox.alma.portfolios import PortfolioRules
from sync.sandbox.alma.records import Bib, Collection, Service, Values
from sync.sandbox.alma.world import World, parameters
from sync.sandbox.alma.write import Body, Writer, code_of, read_body

DATABASE = "6"
"""The collection type that has no service."""

NO_COLLECTION = "The Collection ID was not found."
NO_SERVICE = "The Service ID was not found."
_CONDITION = re.compile(r"^(interface_name|keywords|name|po_line_id)~(.+)$")


@dataclass(frozen=True, slots=True)
class ElectronicApi:
    """One method per call; each returns the whole answer or raises `AlmaError`."""

    world: World

    # Collections

    async def collections(self, request: Request) -> Response:
        """GET /electronic/e-collections."""
        found = self._searched(parameters(request).get("q", ""))
        render = self.world.renderer(request)
        page = [render.collection_brief(each) for each in self.world.page(request, found)]
        return self.world.listed(request, "electronic_collections", "electronic_collection", page, len(found))

    def _searched(self, query: str) -> list[Collection]:
        found: Iterable[Collection] = self.world.state.collections.values()
        for condition in query.split(" AND ") if query else ():
            match = _CONDITION.match(condition.strip())
            if match is None:
                raise AlmaError("60106")
            words = match[2].replace("_", " ").lower().split()
            found = [each for each in found if all(word in _words(each, match[1]) for word in words)]
        return list(found)

    async def collection(self, request: Request) -> Response:
        """GET /electronic/e-collections/{collection_id}."""
        return self._shown(request, self._collection(request, "The collection ID is not valid."))

    def _shown(self, request: Request, collection: Collection) -> Response:
        body = self.world.renderer(request).collection(collection)
        return self.world.answer(request, "electronic_collection", body)

    def _collection(self, request: Request, text: str = NO_COLLECTION) -> Collection:
        collection = self.world.state.collections.get(request.path_params["collection_id"])
        if collection is None:
            raise AlmaError("60121", text)
        return collection

    async def create_collection(self, request: Request) -> Response:
        """POST /electronic/e-collections: always a local one; the zone cannot be reached from here."""
        world = self.world
        body = read_body(await request.body(), fields.COLLECTION, world.switches)
        values = self._collection_values({}, body, managed=False)
        if not values.get("type"):
            raise AlmaError("60127")
        if world.switches.access_type_required and not values.get("access_type"):
            raise AlmaError("60128")
        bib = self._bib_of(body, values["public_name"])
        return self._shown(request, world.state.add_collection(values, bib, is_local=True))

    def _bib_of(self, body: Body, name: str) -> Bib:
        """Return the bib a new collection names, or one made for it."""
        metadata = body.get("resource_metadata")
        mms_id = code_of(metadata.get("mms_id")) if isinstance(metadata, dict) else ""
        if not mms_id:
            return self.world.state.add_collection_bib(name, created=self.world.today)
        if mms_id not in self.world.state.bibs:
            raise AlmaError("60143")
        return self.world.state.bibs[mms_id]

    def _collection_values(self, old: Values, body: Body, *, managed: bool) -> Values:
        writer = Writer(self.world.switches, self.world.state.institution, managed)
        values = writer.merged(fields.COLLECTION, old, body)
        if not values.get("public_name", "").strip():
            raise AlmaError("60126")
        return values

    async def update_collection(self, request: Request) -> Response:
        """PUT /electronic/e-collections/{collection_id}."""
        collection = self._collection(request)
        body = read_body(await request.body(), fields.COLLECTION, self.world.switches)
        values = self._collection_values(collection.values, body, managed=not collection.is_local)
        if not values.get("type"):
            raise AlmaError("60127")
        collection.values = values
        return self._shown(request, collection)

    async def delete_collection(self, request: Request) -> Response:
        """DELETE /electronic/e-collections/{collection_id}."""
        collection = self._collection(request)
        if collection.services:
            raise AlmaError("60289", "The delete is blocked e-service attached.")
        self.world.state.remove_collection(collection)
        return Response(status_code=204)

    # Services

    async def services(self, request: Request) -> Response:
        """GET …/e-services: all of them; there is no paging."""
        collection = self._collection(request)
        render = self.world.renderer(request)
        page = [render.service_brief(each) for each in self.world.disturbed(list(collection.services.values()))]
        total = None if self.world.switches.service_list_total_null else len(collection.services)
        return self.world.listed(request, "electronic_services", "electronic_service", page, total)

    async def service(self, request: Request) -> Response:
        """GET …/e-services/{service_id}."""
        return self._service_shown(request, self._service(request))

    def _service_shown(self, request: Request, service: Service) -> Response:
        return self.world.answer(request, "electronic_service", self.world.renderer(request).service(service))

    def _service(self, request: Request, texts: tuple[str, str] = (NO_COLLECTION, NO_SERVICE)) -> Service:
        service = self._collection(request, texts[0]).services.get(request.path_params["service_id"])
        if service is None:
            raise AlmaError("60122", texts[1])
        return service

    async def create_service(self, request: Request) -> Response:
        """POST …/e-services."""
        collection = self._collection(request, "The Collection ID is not valid.")
        body = read_body(await request.body(), fields.SERVICE, self.world.switches)
        writer = Writer(self.world.switches, self.world.state.institution)
        values = writer.merged(fields.SERVICE, {}, body)
        if not values.get("type"):
            raise AlmaError("60127")
        if collection.values.get("type") == DATABASE:
            raise AlmaError("60149")
        return self._service_shown(request, self.world.state.add_service(collection, values, is_local=True))

    async def update_service(self, request: Request) -> Response:
        """PUT …/e-services/{service_id}. The type cannot change."""
        service = self._service(request)
        body = read_body(await request.body(), fields.SERVICE, self.world.switches)
        if "type" in body and code_of(body["type"]) != service.values["type"]:
            raise AlmaError("60153")
        writer = Writer(self.world.switches, self.world.state.institution, not service.is_local)
        service.values = {**writer.merged(fields.SERVICE, service.values, body), "type": service.values["type"]}
        return self._service_shown(request, service)

    async def delete_service(self, request: Request) -> Response:
        """DELETE …/e-services/{service_id}."""
        service = self._service(request)
        if service.gone_at is not None:
            raise AlmaError("60157")
        if service.portfolios:
            raise AlmaError("60289", "The delete is blocked portfolio attached.")
        seconds = self.world.switches.delete_in_process_seconds
        if seconds > 0:
            self.world.state.leave_later(service, self.world.controls.clock.now() + timedelta(seconds=seconds))
        else:
            self.world.state.remove_service(service)
        return Response(status_code=204)

    # Portfolios

    async def portfolios(self, request: Request) -> Response:
        """GET …/portfolios."""
        service = self._service(request, ("Failed to find the Collection ID.", "Failed to find the Service ID."))
        return PortfolioRules(self.world).listed(request, service.portfolios)

    async def create_portfolio(self, request: Request) -> Response:
        """POST …/portfolios and …/portfolios/."""
        service = self._service(request, ("Failed to find the Collection ID.", "Failed to find the Service ID."))
        rules = PortfolioRules(self.world)
        body = await rules.body(request)
        metadata = body.get("resource_metadata")
        mms_id = code_of(metadata.get("mms_id")) if isinstance(metadata, dict) else ""
        if not mms_id:
            raise AlmaError("60159")
        bib = self.world.state.bibs.get(mms_id)
        if bib is None:
            raise AlmaError("60172", "The title MMS ID is not valid.")
        return rules.create(request, bib, service, body)

    async def portfolio(self, request: Request) -> Response:
        """GET …/portfolios/{portfolio_id}."""
        rules = PortfolioRules(self.world)
        return rules.shown(request, rules.below_service(request))

    async def update_portfolio(self, request: Request) -> Response:
        """PUT …/portfolios/{portfolio_id}."""
        rules = PortfolioRules(self.world)
        return await rules.update(request, rules.below_service(request))

    async def delete_portfolio(self, request: Request) -> Response:
        """DELETE …/portfolios/{portfolio_id}; here a portfolio that is not there is 60122, not 60123."""
        rules = PortfolioRules(self.world)
        missing = AlmaError("60122", "The Portfolio ID was not found.")
        return rules.delete(request, rules.below_service(request, missing), default="retain")


def _words(collection: Collection, name: str) -> str:
    """Return the text a search in that field looks through, in lower case."""
    values = collection.values
    interface = str((values.get("interface") or {}).get("name", ""))
    named = f"{values.get('public_name', '')} {values.get('public_name_override', '')}"
    texts = {
        "interface_name": interface,
        "name": named,
        "po_line_id": str(values.get("po_line", "")),
        "keywords": f"{named} {interface} {values.get('description', '')} {values.get('internal_description', '')}",
    }
    return texts[name].lower()
