"""What every endpoint of one practice Alma works with, and how it reads a call and answers it."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from itertools import islice
from typing import TypeVar
from urllib.parse import parse_qsl

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from sync.sandbox.alma.errors import JSON_TYPE, XML_TYPE, AlmaError, error_body
from sync.sandbox.alma.records import Wire
from sync.sandbox.alma.render import Renderer, to_xml
from sync.sandbox.alma.state import State
from sync.sandbox.alma.switches import AlmaSwitches
from sync.sandbox.controls import Controls

Record = TypeVar("Record")


@dataclass(slots=True)
class World:
    """Switches, controls and records of one practice Alma. Endpoints hold it and nothing else."""

    switches: AlmaSwitches
    controls: Controls
    state: State = field(default_factory=State)

    @property
    def today(self) -> str:
        """Return the date of the practice clock, UTC, YYYY-MM-DD."""
        return self.controls.clock.now().date().isoformat()

    # Reading a call

    def renderer(self, request: Request) -> Renderer:
        """Return the renderer for the language a call asks for."""
        return Renderer(self.switches, parameters(request).get("lang", "en") or "en")

    def number(self, request: Request, name: str, default: int, highest: int) -> int:
        """Return a number of the query.

        Raises:
            AlmaError: it is no number from 0 to `highest`; 0 as `highest` allows any.
        """
        text = parameters(request).get(name, "")
        number = int(text) if text.isascii() and text.isdigit() else -1 if text else default
        if number < 0 or (highest and number > highest):
            raise AlmaError(self.switches.invalid_parameter_code, f"Parameter value invalid. {name}: {text}")
        return number

    def page(self, request: Request, records: Iterable[Record]) -> list[Record]:
        """Return the page of the records a list call asks for (limit 0 to 100, default 10), faults included."""
        limit = self.number(request, "limit", 10, 100)
        offset = self.number(request, "offset", 0, self.switches.max_offset)
        if self.switches.list_order == "shuffled":
            records = self.controls.shuffled(list(records))
        return self.disturbed(list(islice(records, offset, offset + limit)))

    def disturbed(self, page: list[Record]) -> list[Record]:
        """Return a page with the faults lists can have: another order, or some of its records missing."""
        faults = self.controls.faults
        if faults.shuffle_pages:
            page = self.controls.shuffled(page)
        if page and self.controls.roll(faults.truncate_pages):
            page = page[: len(page) // 2]
        return page

    # Answering

    def answer(self, request: Request, root: str, body: Wire) -> Response:
        """Return a body as JSON if the call asks for it, else as XML."""
        if wants_json(request):
            return Response(msgspec.json.encode(body), 200, {"Content-Type": JSON_TYPE})
        return Response(to_xml(root, body), 200, {"Content-Type": XML_TYPE})

    def listed(self, request: Request, root: str, name: str, page: list[Wire], total: int | None) -> Response:
        """Return a list; with no record in it, its key is absent."""
        body: Wire = {name: page} if page else {}
        return self.answer(request, root, {**body, "total_record_count": total})

    def refusal(self, request: Request, error: AlmaError) -> Response:
        """Return an error in the format the call asks for."""
        content_type, body = error_body(error, self.switches, as_xml=not wants_json(request))
        return Response(body, error.status, {"Content-Type": content_type})


def parameters(request: Request) -> dict[str, str]:
    """Return the query parameters, the last one of a name."""
    query = request.scope["query_string"]
    return dict(parse_qsl(query.decode("latin-1"), keep_blank_values=True)) if query else {}


def header(request: Request, name: bytes) -> str:
    """Return a header's text, "" when it is absent. `name` is in lower case."""
    for key, value in request.scope["headers"]:
        if key == name:
            return str(value, "latin-1")
    return ""


def wants_json(request: Request) -> bool:
    """Return whether to answer JSON: format=json, or an Accept that names it. `*/*` and none mean XML."""
    if request.scope["query_string"]:
        wanted = parameters(request).get("format", "").lower()
        if wanted in ("json", "xml"):
            return wanted == "json"
    return "application/json" in header(request, b"accept").lower()
