"""What was sent, as each system would answer it; and what of a record went missing without a word."""

import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from xml.etree import ElementTree as ET

from sync.alma import wire as alma
from sync.alma.codes import WriteCodes
from sync.alma.mapping import publication_type
from sync.alma.marc import read_marc, title_from_marc
from sync.alma.marc_write import material_type
from sync.errors import DataError
from sync.folio import wire as folio
from sync.model import Contributor, Identifier, Medium, Proxy, Record, Title, clean
from sync.plan.changes import Fit
from sync.plan.compare import meaning
from tests.support.canonical import CODES, PACKAGE_ID, RESOURCE_ID, TITLE_ID, UNKNOWN_UUID

MARC_RECORD = "{http://www.loc.gov/MARC21/slim}record"


def sendable(body: Any) -> str:
    """Return the body as the JSON that goes over the wire, proving that it can."""
    text = json.dumps(body, ensure_ascii=False, allow_nan=False)
    return text.encode("utf-8").decode("utf-8")


@contextmanager
def only_helpful_errors(key: str) -> Iterator[None]:
    """Let a DataError pass that names the record, says something of it, and what to do; fail on any other error."""
    try:
        yield
    except DataError as error:
        if key not in error.message or len(error.message) <= len(key) or not error.advice.strip():
            raise AssertionError(f"this does not help: {error.message!r}, {error.advice!r}") from error


# Alma


def alma_stores(body: Mapping[str, Any], key: str = "") -> dict[str, Any]:
    """Return the sent body as Alma's JSON answers it: codes with a description, the record with its id."""
    answer: dict[str, Any] = json.loads(json.dumps(_described(body), allow_nan=False))
    return {**answer, "id": key} if key else answer


def _described(value: Any) -> Any:
    if isinstance(value, Mapping):
        if set(value) == {"value"} and isinstance(value["value"], str):
            return {"value": value["value"], "desc": None}
        return {name: _described(one) for name, one in value.items()}
    return [_described(one) for one in value] if isinstance(value, list) else value


def title_of_bib(body: bytes, title: Title, codes: WriteCodes) -> Title:
    """Return the title that a bib made of this body is read as, with a portfolio of the title's material type."""
    record = ET.fromstring(body).find(MARC_RECORD)  # noqa: S314  (made by ourselves)
    if record is None:
        record = ET.fromstring(body).find("record")  # noqa: S314
    assert record is not None
    answer = alma.Bib.model_validate(json.loads(sendable({"anies": [ET.tostring(record, encoding="unicode")]})))
    kinds = [kind for kind in [publication_type(material_type(title.publication_type, codes), CODES)] if kind]
    return title_from_marc("99", read_marc(answer.marc_xml), kinds)


# FOLIO


def _answer(kind: str, key: str, attributes: dict[str, Any], access_type: str | None = None) -> Any:
    relation = {"data": {"type": "accessTypes", "id": access_type}} if access_type else {}
    whole = {"id": key, "type": kind, "attributes": attributes, "relationships": {"accessType": relation}}
    return json.loads(sendable(whole))


def folio_stores_package(body: dict[str, Any], before: folio.Package | None = None, **more: Any) -> folio.Package:
    """Return the package FOLIO holds after this body (over `before`); `more` are attributes it has anyway."""
    told = body["data"]["attributes"]
    answer = {
        "isCustom": True,
        "isSelected": True,
        "customCoverage": {"beginCoverage": "", "endCoverage": ""},
        "visibilityData": {"isHidden": False, "reason": ""},
        "proxy": {"id": "<n>", "inherited": True},
        "tags": {"tagList": []},
        **(before.attributes.model_dump(by_alias=True, exclude_none=True) if before else {}),
        **more,
        **told,
    }
    if answer.get("visibility") is not None:
        answer["visibilityData"] = None
    return folio.Package.model_validate(_answer("packages", PACKAGE_ID, answer, told.get("accessTypeId")))


def folio_stores_title(body: dict[str, Any]) -> folio.Title:
    """Return the title FOLIO holds after this body; what is empty it leaves out."""
    told = {key: value for key, value in body["data"]["attributes"].items() if value not in ("", None)}
    answer = {"isTitleCustom": True, "identifiers": [], "contributors": [], **told}
    return folio.Title.model_validate(_answer("titles", TITLE_ID, answer))


def folio_stores_resource(body: dict[str, Any]) -> folio.Resource:
    """Return the resource of a custom package FOLIO holds after this body."""
    told = body["data"]["attributes"]
    answer = {
        "titleId": int(TITLE_ID),
        "packageId": PACKAGE_ID,
        "isPackageCustom": True,
        "proxy": {"id": "<n>", "inherited": True},
        "managedCoverages": [],
        "managedEmbargoPeriod": {"embargoValue": 0},
        "customEmbargoPeriod": {"embargoValue": 0},
        "visibilityData": {"isHidden": False, "reason": ""},
        "tags": {"tagList": []},
        **{key: value for key, value in told.items() if value not in ("", None)},
    }
    return folio.Resource.model_validate(_answer("resources", RESOURCE_ID, answer, told.get("accessTypeId")))


FRESH = {"data": {"attributes": {"isSelected": True, "accessTypeId": UNKNOWN_UUID}}}
"""A resource just created, with an access type somebody gave it at once."""


# What went missing


def unsaid(source: Record, fit: Fit, fields: Collection[str], codes: Mapping[str, str]) -> list[str]:
    """Return the fields whose meaning changed on the way and that no loss names.

    What the source does not tell (None) cannot change. `codes` say which word of the target each of the source's is.
    """
    named = {loss.field for loss in fit.losses}
    return [
        name
        for name in fields
        if name not in named and not _carried(getattr(source, name), getattr(fit.record, name), codes)
    ]


def _carried(before: object, after: object, codes: Mapping[str, str]) -> bool:
    if before is None:
        return True
    if isinstance(before, Proxy):
        return isinstance(after, Proxy) and (
            (after.enabled, after.code) == (True, codes.get(before.code)) if before.enabled else not after.enabled
        )
    if isinstance(before, str) and before in codes:
        return after == codes[before]
    if isinstance(before, str):
        return (isinstance(after, str) and clean(before) == clean(after)) or not (clean(before) or after)
    return _named(before) == _named(after)


def _named(value: object) -> object:
    """Identifiers of neither form are online, people without a name are none (mapping: identifiers)."""
    if isinstance(value, tuple) and any(isinstance(one, Identifier) for one in value):
        return {(one.kind, one.value, one.medium is Medium.PRINT, one.valid) for one in value}
    if isinstance(value, tuple) and any(isinstance(one, Contributor) for one in value):
        return {(one.role, clean(one.name)) for one in value if clean(one.name)}
    return meaning(value) or frozenset()
