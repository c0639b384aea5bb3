"""The endpoints below /conf, and the test endpoints (facts: config endpoints §1b)."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.responses import Response

from sync.sandbox.alma import codes
from sync.sandbox.alma.codes import Proxy
from sync.sandbox.alma.errors import XML_TYPE, AlmaError
from sync.sandbox.alma.records import Wire
from sync.sandbox.alma.render import Renderer
from sync.sandbox.alma.world import World, parameters

PROXY_DEFINITION = "PROXY_DEFINITION"


@dataclass(frozen=True, slots=True)
class ConfApi:
    """One method per call; each returns the whole answer or raises `AlmaError`."""

    world: World

    async def test(self, request: Request) -> Response:
        """GET and POST …/test: proves that a key works."""
        text = f"{request.method} - OK - institutionCode: {self.world.state.institution.code}"
        if self.world.switches.test_endpoint_json:
            return self.world.answer(request, "test", {"test": text})
        return Response(f"<test>{text}</test>", 200, {"Content-Type": XML_TYPE})

    async def general(self, request: Request) -> Response:
        """GET /conf/general."""
        institution = self.world.state.institution
        body = {
            "institution": {"value": institution.code, "desc": institution.name},
            "environment_type": self.world.switches.environment_type,
            "alma_url": "https://practice.alma.exlibrisgroup.invalid",
        }
        return self.world.answer(request, "general", body)

    async def code_tables(self, request: Request) -> Response:
        """GET /conf/code-tables."""
        render = self.world.renderer(request)
        tables = [
            {"name": name, "description": name, "link": render.link(f"/conf/code-tables/{name}")}
            for name in sorted(codes.TABLES)
        ]
        return self.world.listed(request, "code_tables", "code_table", tables, len(tables))

    async def code_table(self, request: Request) -> Response:
        """GET /conf/code-tables/{name}."""
        name = request.path_params["name"]
        if name not in codes.TABLES:
            raise AlmaError("40166411")
        language = parameters(request).get("lang", "en") or "en"
        rows = [
            {"code": code, "description": codes.label(name, code, language), "default": number == 0, "enabled": True}
            for number, code in enumerate(codes.TABLES[name])
        ]
        body: Wire = {
            "name": name,
            "description": name,
            "sub_system": {"value": "INFRA", "desc": "Infra"},
            "patron_facing": False,
            "language": {"value": language, "desc": language},
            "scope": {"institution_id": self.world.state.institution.code, "library_id": None},
            "row": rows,
        }
        return self.world.answer(request, "code_table", body)

    async def libraries(self, request: Request) -> Response:
        """GET /conf/libraries."""
        render = self.world.renderer(request)
        found = [self._library(render, code) for code in self.world.state.institution.libraries]
        return self.world.listed(request, "libraries", "library", found, len(found))

    async def library(self, request: Request) -> Response:
        """GET /conf/libraries/{code}."""
        code = request.path_params["code"]
        if code not in self.world.state.institution.libraries:
            raise AlmaError("402119")
        return self.world.answer(request, "library", self._library(self.world.renderer(request), code))

    def _library(self, render: Renderer, code: str) -> Wire:
        institution = self.world.state.institution
        return {
            "code": code,
            "name": institution.libraries[code],
            "description": "",
            "path": f"{institution.code}.{code}",
            "resource_sharing": False,
            "campus": {"value": "", "desc": None},
            "proxy": "",
            "default_location": {"value": "", "desc": None},
            "link": render.link(f"/conf/libraries/{code}"),
        }

    async def profiles(self, request: Request) -> Response:
        """GET /conf/integration-profiles; the only profiles here are proxies."""
        kind = parameters(request).get("type", "")
        if kind and kind not in codes.TABLES["IntegrationTypes"]:
            raise AlmaError("40166404")
        proxies = list(self.world.state.institution.proxies.values()) if kind in ("", PROXY_DEFINITION) else []
        render = self.world.renderer(request)
        page = [_profile(render, proxy) for proxy in self.world.page(request, proxies)]
        return self.world.listed(request, "integration_profiles", "integration_profile", page, len(proxies))


def _profile(render: Renderer, proxy: Proxy) -> Wire:
    kind = {"value": PROXY_DEFINITION, "desc": codes.label("IntegrationTypes", PROXY_DEFINITION, render.language)}
    return {
        "id": proxy.id,
        "type": kind,
        "code": proxy.code,
        "name": proxy.name,
        "description": "",
        "parameter": [{"name": {"value": "proxy_url", "desc": "Proxy URL"}, "value": proxy.url}],
        "link": render.link(f"/conf/integration-profiles/{proxy.id}"),
    }
