"""The bodies of refusals: the four families of facts: folio-eholdings-api §2.6."""

from typing import Any

import msgspec
from starlette.responses import PlainTextResponse, Response

JSON_API = "application/vnd.api+json"
JSON = "application/json"
VERSION = {"version": "1.0"}


class VendorError(Exception):
    """EBSCO refused a call: its status and its words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class RefusalError(Exception):
    """FOLIO refuses the call with this answer."""

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def json_answer(body: object, status: int = 200, media_type: str = JSON_API) -> Response:
    """Return the body as JSON."""
    return Response(msgspec.json.encode(body), status, media_type=media_type)


def json_api(status: int, title: str, detail: str | None = None) -> Response:
    """Return a JSON:API error; some have no detail, some an empty one."""
    error = {"title": title} if detail is None else {"title": title, "detail": detail}
    return json_answer({"errors": [error], "jsonapi": VERSION}, status)


def plain(status: int, text: str) -> Response:
    """Return a text/plain error, as the gateway and the module's framework give them."""
    return PlainTextResponse(text, status)


def violations(found: list[tuple[str, str, str]]) -> Response:
    """Return the 422 of the module's framework for (message, property path, value) of each violation."""
    errors = [
        {"message": message, "type": "1", "code": "-1", "parameters": [{"key": key, "value": value}]}
        for message, key, value in found
    ]
    return json_answer({"errors": errors}, 422, JSON)


def gateway(status: int, message: str, code: str, **more: Any) -> Response:
    """Return an error of a Eureka sidecar or login module; `more` are headers (underscores for hyphens)."""
    error = {"message": message, "type": _TYPES.get(status, "RuntimeException"), "code": code, "parameters": []}
    response = json_answer({"errors": [error], "total_records": 1}, status, JSON)
    for name, value in more.items():
        response.headers[name.replace("_", "-")] = str(value)
    return response


_TYPES = {
    400: "BadRequestException",
    401: "UnauthorizedException",
    403: "ForbiddenException",
    408: "TimeoutException",
    422: "UnprocessableEntityException",
}


def from_vendor(error: VendorError) -> Response:
    """Return FOLIO's answer to EBSCO's refusal: 401 and 403 become 403, "vendor" is called provider."""
    message = error.message.replace("vendor", "provider").replace("Vendor", "Provider")
    return json_api(403 if error.status == 401 else error.status, message)
