"""What the practice Alma answers when something is wrong: its error codes, bodies, and the broken answers of faults."""

import itertools
import random
from typing import Any
from xml.sax.saxutils import escape

import msgspec
from starlette.responses import Response

from sync.sandbox.alma.switches import AlmaSwitches

JSON_TYPE = "application/json;charset=UTF-8"
XML_TYPE = "application/xml;charset=UTF-8"

MESSAGES = {
    "60126": "The name is missing.",
    "60127": "The type is missing or not valid.",
    "60128": "The access type is missing or not valid.",
    "60129": "The license is not valid.",
    "60130": "The free indicator is not valid.",
    "60131": "The language is not valid.",
    "60132": "The proxy enable is not valid.",
    "60133": "The proxy is not valid.",
    "60134": "The interface is not valid.",
    "60135": "The group proxy is not valid.",
    "60137": "The PO line is not valid.",
    "60138": "The activation status is not valid.",
    "60142": "The date is not valid.",
    "60143": "The resource metadata mms id is not valid.",
    "60144": "The unavailable flag is not valid.",
    "60145": "The link resolver is not valid.",
    "60146": "The URL type is not valid.",
    "60147": "The cross ref data is not valid.",
    "60148": "The linking level is not valid.",
    "60149": "The service was not created.",
    "60153": "The type is not valid for update.",
    "60157": "The delete is in process.",
    "60158": "The process type is not valid.",
    "60159": "The MMS ID is required.",
    "60161": "The portfolio availability code is not valid.",
    "60162": "Problem retrieving the collection or service information.",
    "60165": "A metadata operation has failed.",
    "60166": "The URL type is not valid.",
    "60167": "The proxy enable flag is not valid.",
    "60168": "The proxy code is not valid.",
    "60169": "The license is not valid.",
    "60170": "The coverage in use is not valid.",
    "60171": "The material type is not valid.",
    "60172": "The PO line reference is not valid.",
    "60174": "The delete is in process.",
    "60175": "The portfolio could not be deleted.",
    "60221": "The MMS ID is not valid.",
    "60223": "The interface name is not valid.",
    "60296": "The COUNTER platform is not valid.",
    "300465": "The portfolio availability date range is invalid",
    "402469": "The library code is not valid.",
    "60105": "JSON is not supported for this API.",
    "60106": "Invalid query format.",
    "401652": "General Error - An error has occurred while processing the request.",
    "402119": "General error.",
    "402209": "Given bib xml is invalid.",
    "40166404": "Invalid type.",
    "40166410": "Parameter value invalid.",
    "40166411": "Param value is invalid.",
}
"""The words of OpenAPI 2026-05 for codes that have the same everywhere."""


class AlmaError(Exception):
    """An answer with an error. `tracked` ones have a tracking id; `always_xml` ones ignore what was asked for."""

    def __init__(
        self, code: str, text: str = "", *, status: int = 400, tracked: bool = True, always_xml: bool = False
    ) -> None:
        super().__init__(code)
        self.code = code
        self.text = text or MESSAGES.get(code, MESSAGES["401652"])
        self.status = status
        self.tracked = tracked
        self.always_xml = always_xml


_tracking = itertools.count(210516550)


def _tracking_id() -> str:
    number = next(_tracking)
    letters = "".join(chr(65 + number // 26**place % 26) for place in range(5))
    return f"E01-{number % 10**10:010d}-{letters}-AWAE{number}"


def error_body(error: AlmaError, switches: AlmaSwitches, *, as_xml: bool) -> tuple[str, bytes]:
    """Return content type and body of an error, in the form the switches name."""
    tracking = _tracking_id() if error.tracked else ""
    if as_xml or error.always_xml:
        return XML_TYPE, _error_xml(error.code, error.text, tracking)
    one = {"errorCode": error.code, "errorMessage": error.text} | ({"trackingId": tracking} if tracking else {})
    listed: Any = one if switches.error_as_object else [one]
    body: dict[str, Any] = {"errorsExist": True, "errorList": {"error": listed}}
    if not switches.error_without_result:
        body["result"] = None
    if switches.wrapped_errors:
        body = {"web_service_result": body}
    return JSON_TYPE, msgspec.json.encode(body)


def _error_xml(code: str, text: str, tracking: str) -> bytes:
    tracked = f"<trackingId>{tracking}</trackingId>" if tracking else ""
    return (
        '<?xml version="1.0" encoding="UTF-8" standalone="yes"?>'
        '<web_service_result xmlns="http://com/exlibris/urm/general/xmlbeans"><errorsExist>true</errorsExist>'
        f"<errorList><error><errorCode>{escape(code)}</errorCode><errorMessage>{escape(text)}</errorMessage>{tracked}"
        "</error></errorList></web_service_result>"
    ).encode()


def _plain_json(status: int, code: str, text: str) -> Response:
    body = {"errorsExist": True, "errorList": {"error": [{"errorCode": code, "errorMessage": text}]}, "result": None}
    return Response(msgspec.json.encode(body), status, {"Content-Type": JSON_TYPE})


def breakage(when: str, chance: random.Random) -> Response:
    """Return the answer of a broken call, in one of the forms clients have met (facts: errors, bodies §3a).

    `when` is "before" or "after" the effect; only after it there is also a 200 with a body that is not JSON.
    """
    forms = ["empty", "gateway page", "general error", "internal error"] + (["plain text"] if when == "after" else [])
    form = chance.choice(forms)
    if form == "empty":
        return Response(b"", 503)
    if form == "gateway page":
        page = b"<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"
        return Response(page, 502, {"Content-Type": "text/html"})
    if form == "general error":
        text = "503 Service Unavailable - General error with the API Gateway - please retry later."
        return _plain_json(503, "GENERAL_ERROR", text)
    if form == "internal error":
        return _plain_json(500, "INTERNAL_SERVER_ERROR", "The web server encountered an unexpected condition.")
    return Response(b"OK", 200, {"Content-Type": "text/plain;charset=UTF-8"})
