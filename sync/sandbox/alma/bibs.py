"""The endpoints below /bibs: bib records and the portfolios of a bib (facts: endpoints §1, semantics §4)."""

import xml.etree.ElementTree as ET
from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from sync.sandbox.alma import marc
from sync.sandbox.alma.errors import XML_TYPE, AlmaError
from sync.sandbox.alma.portfolios import NO_PORTFOLIO, PortfolioRules
from sync.sandbox.alma.records import Bib, Portfolio, Service
from sync.sandbox.alma.render import to_xml
from sync.sandbox.alma.world import World, header, parameters
from sync.sandbox.alma.write import Body, code_of

MOST_IDS = 100
NO_LIST = "Input parameter mmsId list is not valid."
_BAD_LIST = "Input parameter mms Id is not valid."
_OTHER_IDS = ("nz_mms_id", "ie_id", "holdings_id", "representation_id", "lod_uri")


@dataclass(frozen=True, slots=True)
class BibsApi:
    """One method per call; each returns the whole answer or raises `AlmaError`."""

    world: World

    # Bibs

    async def bibs(self, request: Request) -> Response:
        """GET /bibs by mms_id (up to 100), other_system_id or cz_mms_id."""
        brief, expand = _wanted(request)
        found = self.world.disturbed(self._found(parameters(request)))
        render = self.world.renderer(request)
        page = [render.bib(bib, brief=brief, expand=expand) for bib in found]
        total = None if page and self.world.switches.bibs_total_null else len(page)
        return self.world.listed(request, "bibs", "bib", page, total)

    def _found(self, query: dict[str, str]) -> list[Bib]:
        bibs = self.world.state.bibs
        if query.get("mms_id"):
            ids = [each.strip() for each in query["mms_id"].split(",")]
            found = [bibs[each] for each in ids if each in bibs]
            unknown = len(found) < len(ids) and self.world.switches.unknown_mms_in_list == "error"
            if len(ids) > MOST_IDS or unknown or not all(each.isdigit() for each in ids):
                raise AlmaError("402203", NO_LIST)
            return found
        if query.get("other_system_id"):
            found = self.world.state.bibs_numbered("other", query["other_system_id"])
        elif query.get("cz_mms_id"):
            found = self.world.state.bibs_numbered("other", f"{marc.COMMUNITY_ZONE_PREFIX}{query['cz_mms_id']}")
        elif any(query.get(name) for name in _OTHER_IDS):
            found = []
        else:
            raise AlmaError("402203", NO_LIST)
        if not found and self.world.switches.bib_lookup_miss == "error":
            raise AlmaError("402203", NO_LIST)
        return found

    async def bib(self, request: Request) -> Response:
        """GET /bibs/{mms_id}."""
        brief, expand = _wanted(request)
        bib = self._bib(request)
        return self.world.answer(request, "bib", self.world.renderer(request).bib(bib, brief=brief, expand=expand))

    def _bib(self, request: Request) -> Bib:
        mms_id = request.path_params["mms_id"]
        if not mms_id.isdigit():
            raise AlmaError("402204", f"Input parameters mmsId {mms_id} is not numeric.")
        if mms_id not in self.world.state.bibs:
            raise AlmaError("402203", f"Input parameters mmsId {mms_id} is not valid.")
        return self.world.state.bibs[mms_id]

    async def create_bib(self, request: Request) -> Response:
        """POST /bibs: XML only, answered in XML."""
        record, suppressed = await self._sent_record(request)
        bib = self.world.state.add_bib(record=record, created=self.world.today)
        bib.suppressed, bib.created_by = suppressed, "API"
        return self._as_xml(request, bib)

    async def update_bib(self, request: Request) -> Response:
        """PUT /bibs/{mms_id}: XML only, replaces the whole record; not for those of the Community Zone."""
        bib = self._bib(request)
        if bib.community_zone_id:
            raise AlmaError("40166454", "Error - Not supported from the community zone.")
        bib.made, bib.suppressed = await self._sent_record(request)
        bib.modified = self.world.controls.clock.now()
        self.world.state.forget_index()
        return self._as_xml(request, bib)

    async def delete_bib(self, request: Request) -> Response:
        """DELETE /bibs/{mms_id}: not with portfolios, unless override=true."""
        bib = self._bib(request)
        if bib.community_zone_id:
            raise AlmaError("40166454", "Delete Bib error. Community Zone Bib cannot be deleted.")
        if bib.portfolios and parameters(request).get("override") != "true":
            raise AlmaError("4022020", "Delete Bib error.")
        for portfolio in list(bib.portfolios.values()):
            self.world.state.remove_portfolio(portfolio)
        self.world.state.remove_bib(bib)
        return Response(status_code=204)

    async def _sent_record(self, request: Request) -> tuple[marc.MarcRecord, bool]:
        raw = (await request.body()).strip()
        if "json" in header(request, b"content-type") or raw[:1] == b"{":
            raise AlmaError("60105")
        try:
            root = ET.fromstring(raw)  # noqa: S314  (a practice server; nothing outside is reached)
            parts = {marc.local_name(child): child for child in root}
            record = marc.read_record(parts["record"])
        except (ET.ParseError, KeyError, ValueError) as error:
            raise AlmaError("402209") from error
        suppress = parts.get("suppress_from_publishing")
        return record, suppress is not None and (suppress.text or "").strip() == "true"

    def _as_xml(self, request: Request, bib: Bib) -> Response:
        return Response(to_xml("bib", self.world.renderer(request).bib(bib)), 200, {"Content-Type": XML_TYPE})

    # What a bib has

    async def portfolios(self, request: Request) -> Response:
        """GET /bibs/{mms_id}/portfolios."""
        return PortfolioRules(self.world).listed(request, self._known(request, "402203", _BAD_LIST).portfolios)

    async def create_portfolio(self, request: Request) -> Response:
        """POST /bibs/{mms_id}/portfolios/: standalone, unless the body names a collection and a service."""
        bib = self._known(request, "60221", "The MMS ID is not valid.")
        rules = PortfolioRules(self.world)
        body = await rules.body(request)
        return rules.create(request, bib, self._named_service(body), body)

    def _named_service(self, body: Body) -> Service | None:
        parents = body.get("electronic_collection")
        named = parents if isinstance(parents, dict) else {}
        collection_id, service_id = code_of(named.get("id")), code_of(named.get("service"))
        if not (collection_id or service_id) or code_of(body.get("is_standalone")) == "true":
            return None
        service = self.world.state.services.get(service_id)
        if service is None or service.collection.id != collection_id:
            raise AlmaError("60165")
        return service

    def _known(self, request: Request, code: str, text: str) -> Bib:
        bib = self.world.state.bibs.get(request.path_params["mms_id"])
        if bib is None:
            raise AlmaError(code, text)
        return bib

    def _portfolio(self, request: Request, code: str = "60221", text: str = "The MMS ID is not valid.") -> Portfolio:
        portfolio = self._known(request, code, text).portfolios.get(request.path_params["portfolio_id"])
        if portfolio is None:
            raise AlmaError("60123", NO_PORTFOLIO)
        return portfolio

    async def portfolio(self, request: Request) -> Response:
        """GET /bibs/{mms_id}/portfolios/{portfolio_id}."""
        return PortfolioRules(self.world).shown(request, self._portfolio(request, "402203", _BAD_LIST))

    async def update_portfolio(self, request: Request) -> Response:
        """PUT /bibs/{mms_id}/portfolios/{portfolio_id}."""
        return await PortfolioRules(self.world).update(request, self._portfolio(request))

    async def delete_portfolio(self, request: Request) -> Response:
        """DELETE /bibs/{mms_id}/portfolios/{portfolio_id}; what happens to the bib by default is a switch."""
        default = self.world.switches.bib_path_delete_default
        return PortfolioRules(self.world).delete(request, self._portfolio(request), default=default)

    async def collections(self, request: Request) -> Response:
        """GET /bibs/{mms_id}/e-collections."""
        bib = self._known(request, "402203", _BAD_LIST)
        found = [each for each in self.world.state.collections.values() if each.bib is bib]
        render = self.world.renderer(request)
        page = [render.collection_brief(each) for each in self.world.page(request, found)]
        return self.world.listed(request, "electronic_collections", "electronic_collection", page, len(found))

    async def collection(self, request: Request) -> Response:
        """GET /bibs/{mms_id}/e-collections/{collection_id}."""
        bib = self._known(request, "402203", _BAD_LIST)
        collection = self.world.state.collections.get(request.path_params["collection_id"])
        if collection is None or collection.bib is not bib:
            raise AlmaError("60151", "Failed to find the Electronic Collection ID.")
        body = self.world.renderer(request).collection(collection)
        return self.world.answer(request, "electronic_collection", body)


def _wanted(request: Request) -> tuple[bool, frozenset[str]]:
    """Return whether the brief view is asked for, and what to expand."""
    query = parameters(request)
    expand = frozenset(each.strip() for each in query.get("expand", "").split(","))
    return query.get("view") == "brief", expand
