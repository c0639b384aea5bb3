"""The endpoints of providers (facts: folio-eholdings-api §1.1, §2.1)."""

from dataclasses import replace

from starlette.responses import Response

from sync.sandbox.folio import bodies, query, validation
from sync.sandbox.folio.errors import VERSION, VendorError, json_answer
from sync.sandbox.folio.module import Module, Request
from sync.sandbox.folio.records import Provider
from sync.sandbox.folio.render import Json, collection, document
from sync.sandbox.folio.schema import read
from sync.sandbox.folio.vendor_lists import Wanted
from sync.sandbox.folio.vendor_rules import check_proxy

_FIRST_INCLUDED = 25


def _provider(module: Module, request: Request) -> Provider:
    key = request.path["id"]
    (provider_id,) = query.ids_of(key, 1, f"Provider id is invalid - {key}")
    with module.base.quota:
        provider = module.base.live.providers.get(provider_id)
        if provider is None:
            raise VendorError(404, "Vendor not found")
        return provider


def listed(module: Module, request: Request) -> Response:
    """Answer GET /eholdings/providers."""
    asked = query.providers(request.query)
    if asked.tags:
        keys, total = module.local_page("providers", asked)
        providers = [module.base.seen.providers[int(key)] for key in keys if int(key) in module.base.seen.providers]
    else:
        found = module.lists.providers(asked.wanted)
        providers, total = found.items, found.total
    providers, total = module.page(providers, total)
    items = [module.render.provider(provider, by_id=False) for provider in providers]
    return json_answer(collection(items, total))


def one(module: Module, request: Request) -> Response:
    """Answer GET /eholdings/providers/{id}."""
    return _answer(module, _provider(module, request), with_packages="packages" in request.includes)


def _answer(module: Module, provider: Provider, *, with_packages: bool = False) -> Response:
    included: list[Json] = []
    keys = None
    if with_packages:
        found = module.lists.packages(Wanted(count=_FIRST_INCLUDED, sort="name"), provider.id)
        included = [module.render.package(package, by_id=False) for package in found.items]
        keys = [package["id"] for package in included]
    item = module.render.provider(provider, by_id=True, packages=keys)
    module.with_own("providers", item)
    return json_answer(document(item, included))


def update(module: Module, request: Request) -> Response:
    """Answer PUT /eholdings/providers/{id}. Nothing is stored unless packagesSelected is given and not 0."""
    attributes = read(request.body, bodies.PROVIDER_PUT)["data"]["attributes"]
    provider = _provider(module, request)
    if not attributes.get("packagesSelected"):
        return _answer(module, provider)
    token = (attributes.get("providerToken") or {}).get("value")
    validation.provider_token(token)
    proxy = attributes.get("proxy") or {}
    with module.base.quota:
        if token is not None and not provider.takes_token:
            raise VendorError(400, "Vendor does not allow token")
        check_proxy(proxy.get("id"), module.switches)
        own_proxy = proxy["id"] if proxy.get("id") and not proxy.get("inherited") else None
        changed = replace(provider, token=token if provider.takes_token else None, proxy=own_proxy)
        module.base.change(lambda catalogue: catalogue.put_provider(changed))
    return _answer(module, _provider(module, request))


def put_tags(module: Module, request: Request) -> Response:
    """Answer PUT /eholdings/providers/{id}/tags."""
    attributes = read(request.body, bodies.OTHER_TAGS)["data"]["attributes"]
    key = request.path["id"]
    query.ids_of(key, 1, f"Provider id is invalid - {key}")
    validation.tags(attributes, needs_content_type=False)
    module.own.set_tags("providers", key, attributes["name"], attributes["tags"].get("tagList") or [])
    return json_answer({"data": {"type": "tags", "attributes": attributes}, "jsonapi": VERSION})
