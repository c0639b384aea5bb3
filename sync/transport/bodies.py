"""Reads error bodies, of every family that Alma, FOLIO, EBSCO and the gateways before them send.

Families and samples: facts: alma §3a, folio §2.6. Nothing here raises: a body that cannot be understood is quoted.
"""

import html
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from typing import Any

from sync.errors import Complaint
from sync.transport.redaction import scrub
from sync.transport.xml_reader import Element, XmlRefusedError, parse_xml

LONGEST_TEXT = 500
MOST_COMPLAINTS = 20

_ENVELOPE_KEYS = {"errorsExist", "errorList", "result"}


class Family(Enum):
    """Who wrote an error body, told by its shape."""

    ALMA = "alma"
    JSON_API = "json:api"
    RMB = "raml-module-builder"
    FOLIO = "folio gateway"
    KONG = "kong"
    EBSCO = "ebsco"
    TEXT = "text"
    HTML = "html"
    EMPTY = "empty"
    OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class ErrorBody:
    """What an error body says, and in which family's form. Its texts are scrubbed of secrets and cut to a length."""

    family: Family
    complaints: tuple[Complaint, ...]

    def says(self, *texts: str) -> bool:
        """Return whether a complaint holds one of the texts (any case) or has it as its code."""
        return any(
            text == complaint.code or text.lower() in complaint.text.lower()
            for complaint in self.complaints
            for text in texts
        )

    @property
    def codes(self) -> frozenset[str]:
        """Return the codes of all complaints."""
        return frozenset(complaint.code for complaint in self.complaints if complaint.code)


def read_complaints(content: bytes, media_type: str = "") -> tuple[Complaint, ...]:
    """Return every complaint of an error body, none for an empty one."""
    return read_error(content, media_type).complaints


def read_error(content: bytes, media_type: str = "") -> ErrorBody:
    """Return the error body with the family it belongs to. The media type is a hint only: servers get it wrong."""
    text = _decode(content).strip()
    if not text:
        return ErrorBody(family=Family.EMPTY, complaints=())
    if text[0] in '{["':
        parsed = _load_json(text)
        if parsed is not None:
            return _from_json(parsed)
    if "html" in media_type or re.match(r"(?is)\s*(<!doctype html|<html|<head|<body)", text):
        return ErrorBody(family=Family.HTML, complaints=(_complaint("", _html_words(text)),))
    if text.startswith("<"):
        try:
            return _from_xml(parse_xml(content))
        except XmlRefusedError:
            pass
    return ErrorBody(family=Family.TEXT, complaints=(_complaint("", text),))


def errors_in_success(content: bytes) -> ErrorBody | None:
    """Return the errors of an answer whose status claims success, None when there are none.

    Alma sends errors with status 200; it also adds warnings to a record it did store: those are no errors
    (facts: alma §3a).
    """
    if b"errorList" not in content and b"errorsExist" not in content:
        return None
    text = _decode(content).strip()
    if text.startswith("<"):
        try:
            root = parse_xml(content)
        except XmlRefusedError:
            return None
        others = [child for child in root.children if child.name not in _ENVELOPE_KEYS]
        return None if others or root.name != "web_service_result" else _from_xml(root)
    parsed = _unwrap(_load_json(text))
    if not isinstance(parsed, dict) or "errorList" not in parsed or set(parsed) - _ENVELOPE_KEYS:
        return None
    body = _from_json(parsed)
    return body if body.complaints and not parsed.get("result") else None


def _from_json(parsed: Any) -> ErrorBody:
    body = _unwrap(parsed)
    if isinstance(body, str):
        return ErrorBody(family=Family.TEXT, complaints=(_complaint("", body),))
    if isinstance(body, dict):
        if "errorList" in body or "errorsExist" in body:
            return _body(Family.ALMA, _alma(body.get("errorList")))
        if isinstance(errors := body.get("errors", body.get("Errors")), list):
            return _errors_list(body, [error for error in errors if isinstance(error, dict)])
        if isinstance(body.get("message"), str):
            return _body(Family.KONG, [_complaint(body.get("code"), body["message"])])
        words = [str(body[key]) for key in ("error", "error_description", "detail", "title") if body.get(key)]
        if words:
            return _body(Family.OTHER, [_complaint("", ": ".join(words))])
    return _body(Family.OTHER, [_complaint("", json.dumps(parsed, ensure_ascii=False))])


def _errors_list(body: dict[str, Any], errors: list[dict[str, Any]]) -> ErrorBody:
    titled = any("title" in error or "detail" in error for error in errors)
    if titled or ("jsonapi" in body and not any("message" in error for error in errors)):
        return _body(Family.JSON_API, (each for error in errors for each in _json_api(error)))
    if "Errors" in body or any("subCode" in error for error in errors):
        return _body(Family.EBSCO, _ebsco(errors))
    # RAML module builder numbers its own errors "-1"; the gateway names them
    family = Family.RMB if any(str(error.get("code")) == "-1" for error in errors) else Family.FOLIO
    return _body(family, (_folio(error) for error in errors))


def _alma(error_list: Any) -> Iterator[Complaint]:
    errors = error_list.get("error") if isinstance(error_list, dict) else error_list
    for error in errors if isinstance(errors, list) else [errors]:
        if isinstance(error, dict):
            yield _complaint(error.get("errorCode"), error.get("errorMessage"), error.get("trackingId"))


def _json_api(error: dict[str, Any]) -> Iterator[Complaint]:
    title, detail = error.get("title"), error.get("detail")
    # EBSCO's own answer, put whole where the title belongs
    nested = title if isinstance(title, dict) else None
    if nested and isinstance(nested.get("errors") or nested.get("Errors"), list):
        yield from _ebsco(nested.get("errors") or nested.get("Errors"))
        return
    words = [str(word) for word in (title, detail) if word]
    yield _complaint(error.get("code"), ": ".join(dict.fromkeys(words)))


def _ebsco(errors: Any) -> Iterator[Complaint]:
    for error in errors:
        if isinstance(error, dict):
            lowered = {str(key).lower(): value for key, value in error.items()}
            yield _complaint(lowered.get("code"), lowered.get("message"))


def _folio(error: dict[str, Any]) -> Complaint:
    code = "" if str(error.get("code")) == "-1" else error.get("code")
    parameters = error.get("parameters")
    named = [
        f"{each.get('key')} = {each.get('value')}"
        for each in (parameters if isinstance(parameters, list) else [])
        if isinstance(each, dict) and each.get("key")
    ]
    message = str(error.get("message") or "")
    return _complaint(code, f"{message} ({', '.join(named)})" if named else message)


def _from_xml(root: Element) -> ErrorBody:
    errors = list(root.every("error"))
    if root.name == "web_service_result" or errors:
        found = (_complaint(e.text_of("errorCode"), e.text_of("errorMessage"), e.text_of("trackingId")) for e in errors)
        return _body(Family.ALMA, found)
    return _body(Family.OTHER, [_complaint("", root.all_text())])


def _body(family: Family, complaints: Any) -> ErrorBody:
    return ErrorBody(family=family, complaints=tuple(complaints)[:MOST_COMPLAINTS])


def _complaint(code: Any, text: Any, tracking_id: Any = "") -> Complaint:
    return Complaint(code=_words(code), text=_words(text), tracking_id=_words(tracking_id))


def _words(value: Any) -> str:
    if value is None:
        return ""
    text = " ".join(scrub(str(value)).split())
    return text if len(text) <= LONGEST_TEXT else text[: LONGEST_TEXT - 1] + "…"


def _html_words(text: str) -> str:
    title = re.search(r"(?is)<title[^>]*>(.*?)</title>", text)
    words = title.group(1) if title else re.sub(r"(?is)<(script|style).*?</\1>|<[^>]+>", " ", text[:20_000])
    return html.unescape(words).strip()


def _unwrap(parsed: Any) -> Any:
    if isinstance(parsed, dict) and isinstance(parsed.get("web_service_result"), dict):
        return parsed["web_service_result"]
    return parsed


def _load_json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _decode(content: bytes) -> str:
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    return content.decode(encoding, "replace")
