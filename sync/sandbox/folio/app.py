"""The ASGI application of the practice FOLIO: routes, permissions, media types, and how calls break."""

import random
import re
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.requests import Request as HttpRequest
from starlette.responses import HTMLResponse, Response
from starlette.routing import Route

from sync.sandbox.controls import Breakage, Gate
from sync.sandbox.folio import packages, providers, resources, settings, titles
from sync.sandbox.folio.errors import (
    JSON,
    JSON_API,
    RefusalError,
    VendorError,
    from_vendor,
    gateway,
    json_answer,
    json_api,
    plain,
)
from sync.sandbox.folio.login import Login
from sync.sandbox.folio.module import Module, Request
from sync.sandbox.folio.settings import no_credentials
from sync.sandbox.folio.switches import FolioSwitches

Handler = Callable[[Module, Request], Response]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """One method of one path. `without_credentials`: its status for a user without KB credentials; 0: it needs none."""

    permission: str
    handler: Handler
    without_credentials: Literal[0, 400, 404, 500] = 500
    has_body: bool = False


def _writes(permission: str, handler: Handler, without_credentials: Literal[0, 400, 404, 500] = 500) -> Endpoint:
    return Endpoint(permission, handler, without_credentials, has_body=True)


# permissions are below "kb-ebsco."; paths below "/eholdings" (facts: folio-eholdings-api §1.1, §1.2)
ENDPOINTS: dict[str, dict[str, Endpoint]] = {
    "/resources/{id}": {
        "GET": Endpoint("resources.item.get", resources.one, 404),
        "PUT": _writes("resources.item.put", resources.update, 400),
        "DELETE": Endpoint("resources.item.delete", resources.delete),
    },
    "/resources/{id}/tags": {"PUT": _writes("resource-tags.put", resources.put_tags, 0)},
    "/resources": {"POST": _writes("resources.collection.post", resources.create)},
    "/resources/bulk/fetch": {"POST": _writes("resources-bulk.collection.get", resources.bulk_fetch)},
    "/titles/{id}": {
        "GET": Endpoint("titles.item.get", titles.one),
        "PUT": _writes("titles.item.put", titles.update),
    },
    "/titles": {
        "GET": Endpoint("titles.collection.get", titles.listed),
        "POST": _writes("titles.collection.post", titles.create),
    },
    "/packages/{id}/resources": {"GET": Endpoint("package-resources.collection.get", packages.resources)},
    "/packages/{id}/tags": {"PUT": _writes("package-tags.put", packages.put_tags, 0)},
    "/packages/{id}": {
        "GET": Endpoint("packages.item.get", packages.one),
        "PUT": _writes("packages.item.put", packages.update, 400),
        "DELETE": Endpoint("packages.item.delete", packages.delete),
    },
    "/packages": {
        "GET": Endpoint("packages.collection.get", packages.listed),
        "POST": _writes("packages.collection.post", packages.create, 400),
    },
    "/packages/bulk/fetch": {"POST": _writes("packages-bulk.collection.get", packages.bulk_fetch)},
    "/providers": {"GET": Endpoint("providers.collection.get", providers.listed)},
    "/providers/{id}": {
        "GET": Endpoint("providers.item.get", providers.one),
        "PUT": _writes("providers.item.put", providers.update),
    },
    "/providers/{id}/packages": {"GET": Endpoint("provider-packages.collection.get", packages.listed_of_provider)},
    "/providers/{id}/tags": {"PUT": _writes("provider-tags.put", providers.put_tags, 0)},
    "/status": {"GET": Endpoint("status.get", settings.status, 0)},
    "/cache": {"DELETE": Endpoint("cache.delete", settings.clear_cache, 0)},
    "/proxy-types": {"GET": Endpoint("proxy-types.collection.get", settings.proxy_types)},
    "/root-proxy": {"GET": Endpoint("root-proxy.get", settings.root_proxy)},
    "/access-types": {"GET": Endpoint("access-types.collection.get", settings.access_types)},
    "/access-types/{id}": {"GET": Endpoint("access-types.item.get", settings.access_type)},
    "/custom-labels": {"GET": Endpoint("custom-labels.collection.get", settings.custom_labels)},
    "/user-kb-credential": {"GET": Endpoint("user-kb-credential.get", settings.user_credentials, 0)},
    "/tags": {"GET": Endpoint("tags.collection.get", settings.tags, 0)},
    "/tags/summary": {"GET": Endpoint("unique.tags.collection.get", settings.tags_summary, 0)},
}
ALL_PERMISSIONS = frozenset(
    f"kb-ebsco.{endpoint.permission}" for methods in ENDPOINTS.values() for endpoint in methods.values()
)


def build(module: Module, login: Login) -> Starlette:
    """Return the application, not yet wrapped in its controls."""
    logins = {
        "/authn/login-with-expiry": login.with_expiry,
        "/authn/login": login.legacy,
        "/authn/refresh": login.refresh,
        "/authn/logout": login.logout,
        "/authn/logout-all": login.logout_all,
    }
    routes = [
        Route(f"/eholdings{path}", _endpoint(methods, module, login), methods=list(methods))
        for path, methods in ENDPOINTS.items()
    ]
    routes += [Route(path, _login_endpoint(answer), methods=["POST"]) for path, answer in logins.items()]
    routes.append(Route("/{path:path}", _nowhere(module.switches, login), methods=["GET", "POST", "PUT", "DELETE"]))
    return Starlette(routes=routes)


def _endpoint(methods: dict[str, Endpoint], module: Module, login: Login) -> Callable[..., object]:
    async def answer(http: HttpRequest) -> Response:
        endpoint = methods["GET" if http.method == "HEAD" else http.method]
        body = await http.body() if endpoint.has_body else b""
        try:
            user_id = login.admit(http.headers, f"kb-ebsco.{endpoint.permission}")
            _check_media_types(http.headers, has_body=endpoint.has_body)
            if endpoint.without_credentials and module.switches.kb_credentials == "missing":
                return _without_credentials(endpoint.without_credentials, user_id)
            return endpoint.handler(module, Request(http.path_params, http.query_params, body, user_id))
        except RefusalError as refusal:
            return refusal.response
        except VendorError as error:
            return from_vendor(error)

    return answer


def _login_endpoint(answer: Callable[[Headers, bytes], Response]) -> Callable[..., object]:
    async def log_in(http: HttpRequest) -> Response:
        try:
            return answer(http.headers, await http.body())
        except RefusalError as refusal:
            return refusal.response

    return log_in


def _nowhere(switches: FolioSwitches, login: Login) -> Callable[..., object]:
    async def answer(http: HttpRequest) -> Response:
        try:
            login.admit(http.headers, "")
        except RefusalError as refusal:
            return refusal.response
        if switches.login_style == "eureka":
            return json_answer({"message": "no Route matched with those values"}, 404, JSON)
        return plain(404, f"No suitable module found for path {http.url.path} for tenant {switches.tenant}")

    return answer


def _check_media_types(headers: Headers, *, has_body: bool) -> None:
    """Refuse a body or a wish for an answer of another kind, with 400 in text (facts: §2.6)."""
    if has_body:
        sent = headers.get("content-type", "")
        if sent.partition(";")[0].strip().lower() != JSON_API:
            shown = f'"{sent}"' if sent else "null"
            raise RefusalError(plain(400, f'Content-type header must be ["{JSON_API}"] but it is {shown}'))
    accepted = headers.get("accept", "*/*")
    kinds = re.split(r"\s*,\s*", re.sub(r";[^,]*", "", accepted).strip().lower())
    if not {"", "*/*", "application/*", JSON_API}.intersection(kinds):
        text = f'Accept header must be ["{JSON_API}","text/plain"] for this request, but it is "{accepted}"'
        raise RefusalError(plain(400, text))


def _without_credentials(status: int, user_id: str) -> Response:
    text = no_credentials(user_id)
    return plain(500, text) if status == 500 else json_api(status, text)


def build_gate(switches: FolioSwitches) -> Gate:
    """Return the gateway's rate limit."""
    passed: deque[float] = deque()

    async def gate(_: HttpRequest) -> Response | None:
        if switches.requests_per_second <= 0:
            return None
        now = time.monotonic()
        while passed and passed[0] <= now - 1.0:
            passed.popleft()
        if len(passed) >= switches.requests_per_second:
            return json_answer({"message": "API rate limit exceeded"}, 429, JSON)
        passed.append(now)
        return None

    return gate


def build_breakage(switches: FolioSwitches) -> Breakage:
    """Return how a broken call answers: as the module, a proxy or the gateway does (facts: §2.6, §4)."""

    def breakage(when: str, chance: random.Random) -> Response:
        forms: list[Callable[[], Response]] = [
            lambda: json_api(500, "Internal Server Error"),
            lambda: HTMLResponse("<html><body><h1>502 Bad Gateway</h1></body></html>", 502),
            lambda: gateway(503, "Service Unavailable", "SERVICE_UNAVAILABLE", retry_after=1),
            lambda: gateway(408, "Request Timeout", "TIMEOUT_ERROR"),
        ]
        if switches.login_style == "eureka":
            forms.append(lambda: gateway(403, "Access Denied", "AUTHORIZATION_ERROR"))
        if when == "after":
            forms.append(lambda: Response(status_code=200, media_type=JSON_API))
        return chance.choice(forms)()

    return breakage
