"""Holds request bodies against FOLIO's published schemas, where those are at hand.

`check_request` can be given to a FOLIO connection as its observer, so any test that writes is also a contract test.
"""

import functools
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT4

SHARED = Path(__file__).resolve().parents[2].parent / "shared"
SCHEMAS = SHARED / "data" / "folio" / "schemas" / "types"
REASON = "FOLIO's published schemas are not at hand (shared/data/folio)"

_BASE = "http://folio.invalid/ramls/types/"

_REQUESTS: tuple[tuple[str, str, str], ...] = (
    ("POST", r"/eholdings/packages", "packages/packagePostRequest.json"),
    ("PUT", r"/eholdings/packages/\d+-\d+", "packages/packagePutRequest.json"),
    ("PUT", r"/eholdings/packages/\d+-\d+/tags", "packages/packageTagsPutRequest.json"),
    ("POST", r"/eholdings/titles", "titles/titlePostRequest.json"),
    ("PUT", r"/eholdings/titles/\d+", "titles/titlePutRequest.json"),
    ("POST", r"/eholdings/resources", "resources/resourcePostRequest.json"),
    ("PUT", r"/eholdings/resources/\d+-\d+-\d+", "resources/resourcePutRequest.json"),
    ("PUT", r"/eholdings/resources/\d+-\d+-\d+/tags", "resources/resourceTagsPutRequest.json"),
)

# the two shared schemas that the published ones point to and that are not among them
_COMMON: dict[str, dict[str, Any]] = {
    "uuid.schema": {
        "type": "string",
        "pattern": "^[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[1-5][a-fA-F0-9]{3}-[89abAB][a-fA-F0-9]{3}-[a-fA-F0-9]{12}$",
    },
    "tags.schema": {
        "type": "object",
        "properties": {"tagList": {"type": "array", "items": {"type": "string"}}},
        "additionalProperties": False,
    },
}


def available() -> bool:
    """Return whether the schemas are at hand."""
    return SCHEMAS.is_dir()


def check_request(method: str, path: str, body: Any) -> None:
    """Return silently if FOLIO v7.0.0 accepts the form of this request; raise AssertionError if not.

    Deletions have no body. A path that is not known here raises as well: a typo would be found nowhere else.
    """
    if method == "DELETE":
        assert body is None, f"{method} {path} takes no body"
        return
    for permitted, pattern, schema in _REQUESTS:
        if method == permitted and re.fullmatch(pattern, path):
            errors = [_tell(error) for error in _validator(schema).iter_errors(body)]
            assert not errors, f"{method} {path} breaks {schema}: {'; '.join(errors)}"
            _check_rules(schema, body)
            return
    raise AssertionError(f"{method} {path} is no write that FOLIO eHoldings knows")


def _check_rules(schema: str, body: dict[str, Any]) -> None:
    """Check what the module refuses although its schemas permit it (facts: folio §2.1)."""
    attributes = body["data"]["attributes"]
    if schema == "packages/packagePutRequest.json":
        assert "isCustom" in attributes, "a package cannot be written without isCustom"
        assert "isSelected" in attributes, "a package cannot be written without isSelected"
    if schema == "titles/titlePostRequest.json":
        assert body["included"], "a title cannot be created without a package"
    if "Tags" in schema:
        assert 0 < len(attributes["name"].strip()) <= 200, "tags need the record's name, cut to 200"


@functools.cache
def _validator(schema: str) -> jsonschema.Draft4Validator:
    return jsonschema.Draft4Validator({"$ref": _BASE + schema}, registry=Registry(retrieve=_retrieve))


def _retrieve(uri: str) -> Resource[Any]:
    name = uri.rpartition("/")[2]
    if name in _COMMON:
        return Resource.from_contents(_COMMON[name], default_specification=DRAFT4)
    path = SCHEMAS / uri.removeprefix(_BASE)
    return Resource.from_contents(json.loads(path.read_text(encoding="utf-8")), default_specification=DRAFT4)


def _tell(error: jsonschema.ValidationError) -> str:
    return f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
