"""The endpoints of settings, status and tags (facts: folio-eholdings-api §1.2)."""

import re

from starlette.responses import Response

from sync.sandbox.folio import query
from sync.sandbox.folio.errors import VERSION, RefusalError, VendorError, json_answer, json_api
from sync.sandbox.folio.module import CREDENTIALS_ID, Module, Request, stable_uuid
from sync.sandbox.folio.render import Json, collection
from sync.sandbox.folio.schema import UUID

_RECORD_TYPES = {"provider": "providers", "package": "packages", "title": "titles", "resource": "resources"}


def status(module: Module, _: Request) -> Response:
    """Answer GET /eholdings/status: whether EBSCO accepts the credentials of the user."""
    valid = module.switches.kb_credentials == "assigned"
    if valid:
        try:
            with module.base.quota:
                pass
        except VendorError:
            valid = False
    attributes = {"isConfigurationValid": valid}
    return json_answer(
        {"data": {"id": "status", "type": "statuses", "attributes": attributes}, "jsonapi": VERSION},
    )


def clear_cache(_module: Module, _: Request) -> Response:
    """Answer DELETE /eholdings/cache: the caches of packages, resources and titles are not concerned."""
    return Response(status_code=204)


def proxy_types(module: Module, _: Request) -> Response:
    """Answer GET /eholdings/proxy-types."""
    with module.base.quota:
        kinds = module.switches.proxies
    items: list[Json] = [
        {
            "id": kind.id,
            "type": "proxyTypes",
            "credentialsId": CREDENTIALS_ID,
            "attributes": {"id": kind.id, "name": kind.name, "urlMask": kind.url_mask},
        }
        for kind in kinds
    ]
    return json_answer(collection(items, len(items)))


def root_proxy(module: Module, _: Request) -> Response:
    """Answer GET /eholdings/root-proxy."""
    with module.base.quota:
        attributes = {"id": "root-proxy", "proxyTypeId": module.switches.root_proxy}
    item = {"id": "root-proxy", "type": "rootProxies", "credentialsId": CREDENTIALS_ID, "attributes": attributes}
    return json_answer({"data": item, "jsonapi": VERSION})


def access_types(module: Module, _: Request) -> Response:
    """Answer GET /eholdings/access-types."""
    items = [module.access_type(access_type) for access_type in module.own.access_types]
    return json_answer(collection(items, len(items)))


def access_type(module: Module, request: Request) -> Response:
    """Answer GET /eholdings/access-types/{id}."""
    key = request.path["id"]
    if not re.match(UUID, key):
        raise query.bad(f"Invalid id '{key}'")
    if key not in module.own.access_types:
        raise RefusalError(json_api(404, f"Access type with id '{key}' not found"))
    return json_answer(module.access_type(key))


def custom_labels(module: Module, _: Request) -> Response:
    """Answer GET /eholdings/custom-labels: the names of userDefinedField1 and following."""
    with module.base.quota:
        labels = module.switches.custom_labels
    items: list[Json] = [
        {
            "type": "customLabels",
            "credentialsId": CREDENTIALS_ID,
            "attributes": {
                "id": number,
                "displayLabel": label,
                "displayOnFullTextFinder": False,
                "displayOnPublicationFinder": False,
            },
        }
        for number, label in enumerate(labels[:5], 1)
    ]
    return json_answer(collection(items, len(items)))


def user_credentials(module: Module, request: Request) -> Response:
    """Answer GET /eholdings/user-kb-credential; the key is never shown here."""
    if module.switches.kb_credentials == "missing":
        raise RefusalError(json_api(404, no_credentials(request.user_id)))
    attributes = {
        "name": "Knowledge base",
        "apiKey": "*" * 40,
        "url": "https://api.ebsco.io",
        "customerId": module.switches.customer_id,
    }
    return json_answer({"id": CREDENTIALS_ID, "type": "kbCredentials", "attributes": attributes})


def no_credentials(user_id: str) -> str:
    """Return what the module says to a user without credentials."""
    return (
        f"KB Credentials do not exist or user with userId = {user_id} is not assigned to any available knowledgebase."
    )


def tags(module: Module, request: Request) -> Response:
    """Answer GET /eholdings/tags: every tag of every record."""
    items = [
        {
            "id": stable_uuid("tag", kind, key, tag),
            "type": "tags",
            "attributes": {"value": tag},
            "relationships": {"record": {"data": {"type": kind, "id": key}}},
        }
        for kind, key, tag in _tagged(module, request)
    ]
    return json_answer(collection(items, len(items)))


def tags_summary(module: Module, request: Request) -> Response:
    """Answer GET /eholdings/tags/summary: every tag once."""
    values = sorted({tag for _, _, tag in _tagged(module, request)})
    items = [{"id": stable_uuid("tag", tag), "type": "tags", "attributes": {"value": tag}} for tag in values]
    return json_answer(collection(items, len(items)))


def _tagged(module: Module, request: Request) -> list[tuple[str, str, str]]:
    asked = request.query.getlist("filter[rectype]") + request.query.getlist("filter[rectype][]")
    if not all(one in _RECORD_TYPES for one in asked):
        raise query.bad("Invalid filter parameter")
    kinds = {_RECORD_TYPES[one] for one in asked or _RECORD_TYPES}
    return sorted((kind, key, tag) for (kind, key), own in module.own.tags.items() if kind in kinds for tag in own)
