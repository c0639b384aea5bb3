"""Reads and writes Alma's electronic inventory and bibs, and reads its code tables, over its REST API (facts: alma).

The addresses in answers (`link`) are never followed: paths are built from ids, so the key goes to one host only.
"""

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar
from urllib.parse import unquote

from pydantic import BaseModel, SecretStr

from sync.alma.errors import AlmaRules
from sync.alma.wire import Bib, CodeTable, Collection, IntegrationProfile, Portfolio, Service
from sync.errors import BugError, ConfigurationError, DataError, NotFoundError, OutcomeUnknownError, RefusedError
from sync.transport.budget import Budget
from sync.transport.connection import Connection, Options
from sync.transport.http import Answer, Http, Params, header_value, segment
from sync.transport.limiter import Limiter
from sync.transport.records import InvalidRecord, Page, Record, read_page, read_record, read_single, read_total
from sync.transport.redaction import register_secret
from sync.transport.rules import is_json_object, is_no_page, is_xml
from sync.transport.xml_reader import parse_xml

ROOT = "/almaws/v1"
COLLECTIONS = f"{ROOT}/electronic/e-collections"
BIBS = f"{ROOT}/bibs"
LARGEST_PAGE = 100
MOST_BIBS = 100

ModelT = TypeVar("ModelT", bound=BaseModel)
Raw = Mapping[str, Any]
"""A record as Alma's JSON has it. Writes send whole records: what was read, changed where it shall change."""


class BibTreatment(StrEnum):
    """What becomes of a bib that is left without any inventory when a portfolio is deleted (facts: alma §1)."""

    RETAIN = "retain"
    SUPPRESS = "suppress"
    DELETE = "delete"


@dataclass(frozen=True, slots=True, kw_only=True)
class AreaAccess:
    """Whether the key can read one area of the API; `reason` says why not, "" when it can."""

    area: str
    works: bool
    reason: str = ""


@asynccontextmanager
async def open_alma(
    base_url: str,
    api_key: SecretStr,
    requests_per_second: float = 25,
    *,
    daily_calls: int | None = None,
    daily_reserve: int = 0,
    options: Options | None = None,
) -> AsyncIterator["AlmaClient"]:
    """Yield a client of one Alma institution and close it afterwards. Nothing is sent yet.

    `daily_calls` None or 0: unknown, the institution's own count (X-Exl-Api-Remaining) alone is heeded; the
    `daily_reserve` is never touched either way. Raises ConfigurationError for an address or key that cannot be one.
    """
    register_secret(api_key)
    key = header_value(api_key.get_secret_value(), "the Alma API key")
    register_secret(key)
    options = options or Options()
    http = Http(
        base_url.strip().rstrip("/").removesuffix(ROOT),
        headers={"Authorization": f"apikey {key}"},
        connect_seconds=options.connect_seconds,
        read_seconds=options.read_seconds,
        in_flight=options.in_flight,
        transport=options.transport,
    )
    budget = Budget(
        options.budget_name or AlmaRules.system, daily_limit=daily_calls, reserve=daily_reserve, ledger=options.ledger
    )
    async with Connection(
        http,
        rules=AlmaRules(),
        limiter=Limiter(requests_per_second),
        budget=budget,
        retry=options.retry,
        observer=options.observer,
        fence=options.fence,
    ) as connection:
        yield AlmaClient(connection)


class AlmaClient:
    """Reads and writes one Alma institution. Lists are pages by offset, at most 100 records each.

    Each method may raise what `Connection` says, and DataError for a single record that cannot be read. A create or
    update returns the record as Alma answered it; RefusedError holds Alma's codes (facts: alma §1). A delete raises
    NotFoundError when there is nothing to delete, InProgressError while an earlier delete is carried out (it may be
    asynchronous), and RefusedError with 60289 while something is still attached below.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    @property
    def remaining_calls(self) -> int | None:
        """Return the calls the institution has left today as last reported, None before the first answer."""
        return self.connection.remaining_calls

    async def list_collections(self, offset: int, limit: int = LARGEST_PAGE, query: str = "") -> Page[Collection]:
        """Return a page of brief collections. `query` is Alma's brief search, such as name~Springer."""
        params = {**_window(offset, limit), "q": query or None}
        return await self._list(COLLECTIONS, "electronic_collection", Collection, params)

    async def get_collection(self, collection_id: str) -> Record[Collection]:
        """Return the whole collection."""
        return await self._get(_collection(collection_id), Collection)

    async def create_collection(self, collection: Raw) -> Record[Collection]:
        """Create a local collection; it needs public_name, type and access_type. Alma knows no unique names."""
        return await self._write("POST", COLLECTIONS, collection, Collection)

    async def update_collection(self, collection_id: str, collection: Raw) -> Record[Collection]:
        """Write a whole collection."""
        return await self._write("PUT", _collection(collection_id), collection, Collection)

    async def delete_collection(self, collection_id: str) -> None:
        """Delete a collection that has no service any longer."""
        await self.connection.write("DELETE", _collection(collection_id))

    async def list_services(self, collection_id: str) -> Page[Service]:
        """Return all services of the collection. The total may be None (facts: alma §2b)."""
        return await self._list(_services(collection_id), "electronic_service", Service, {})

    async def get_service(self, collection_id: str, service_id: str) -> Record[Service]:
        """Return the whole service."""
        return await self._get(_service(collection_id, service_id), Service)

    async def create_service(self, collection_id: str, service: Raw) -> Record[Service]:
        """Create a service below the collection; it needs a type, which cannot change afterwards."""
        return await self._write("POST", _services(collection_id), service, Service)

    async def update_service(self, collection_id: str, service_id: str, service: Raw) -> Record[Service]:
        """Write a whole service."""
        return await self._write("PUT", _service(collection_id, service_id), service, Service)

    async def delete_service(self, collection_id: str, service_id: str) -> None:
        """Delete a service that has no portfolio any longer."""
        await self.connection.write("DELETE", _service(collection_id, service_id))

    async def list_portfolios(
        self, collection_id: str, service_id: str, offset: int, limit: int = LARGEST_PAGE
    ) -> Page[Portfolio]:
        """Return a page of brief portfolios of the service."""
        return await self._list(_portfolios(collection_id, service_id), "portfolio", Portfolio, _window(offset, limit))

    async def get_portfolio(self, collection_id: str, service_id: str, portfolio_id: str) -> Record[Portfolio]:
        """Return the whole portfolio."""
        return await self._get(f"{_portfolios(collection_id, service_id)}/{segment(portfolio_id)}", Portfolio)

    async def create_portfolio(self, collection_id: str, service_id: str, portfolio: Raw) -> Record[Portfolio]:
        """Create a portfolio below the service; it needs the MMS ID of its bib. Its coverage may be ignored."""
        return await self._write("POST", f"{_portfolios(collection_id, service_id)}/", portfolio, Portfolio)

    async def update_portfolio(
        self, collection_id: str, service_id: str, portfolio_id: str, portfolio: Raw
    ) -> Record[Portfolio]:
        """Write a whole portfolio. Neither its bib nor its place can change."""
        path = f"{_portfolios(collection_id, service_id)}/{segment(portfolio_id)}"
        return await self._write("PUT", path, portfolio, Portfolio)

    async def delete_portfolio(
        self, collection_id: str, service_id: str, portfolio_id: str, *, bib: BibTreatment = BibTreatment.RETAIN
    ) -> None:
        """Delete a portfolio. What becomes of its bib is always said, since Alma's own default is not certain."""
        path = f"{_portfolios(collection_id, service_id)}/{segment(portfolio_id)}"
        await self.connection.write("DELETE", path, params={"bib": bib})

    async def get_bibs(self, mms_ids: Sequence[str], view: str = "full") -> Page[Bib]:
        """Return the bibs of up to 100 MMS IDs; what Alma does not have is missing from the page."""
        if len(mms_ids) > MOST_BIBS:
            raise BugError(f"Alma returns at most {MOST_BIBS} bibs at a time, not {len(mms_ids)}")
        if not mms_ids:
            return Page(records=(), total=0)
        answer = await self.connection.read(
            BIBS, params={"mms_id": ",".join(map(segment, mms_ids)), "view": view}, readable=_is_list("bib")
        )
        return _page(answer, "bib", Bib, id_key="mms_id")

    async def find_bibs(self, other_system_id: str) -> Page[Bib]:
        """Return the bibs that have this number in an 035, such as (FOLIO-EH)123; an empty page when none has."""
        try:
            answer = await self.connection.read(
                BIBS, params={"other_system_id": other_system_id, "view": "full"}, readable=_is_list("bib")
            )
        except NotFoundError:  # which of the two Alma answers is not documented
            return Page(records=(), total=0)
        return _page(answer, "bib", Bib, id_key="mms_id")

    async def create_bib(self, bib_xml: bytes) -> str:
        """Create a bib from its XML, the only form this call takes (60105), and return its MMS ID.

        Raises:
            OutcomeUnknownError: also when the answer names no MMS ID.
        """
        answer = await self.connection.write("POST", BIBS, xml=bib_xml, readable=is_xml)
        mms_id = parse_xml(answer.content).text_of("mms_id")
        if not mms_id:
            raise OutcomeUnknownError(f"Alma POST {BIBS}: its answer names no MMS ID")
        return mms_id

    async def list_bib_portfolios(self, mms_id: str, offset: int, limit: int = LARGEST_PAGE) -> Page[Portfolio]:
        """Return a page of the bib's brief portfolios, the standalone ones included."""
        return await self._list(_bib_portfolios(mms_id), "portfolio", Portfolio, _window(offset, limit))

    async def get_bib_portfolio(self, mms_id: str, portfolio_id: str) -> Record[Portfolio]:
        """Return the whole portfolio of the bib, the only way to a standalone one."""
        return await self._get(f"{_bib_portfolios(mms_id)}/{segment(portfolio_id)}", Portfolio)

    async def create_bib_portfolio(self, mms_id: str, portfolio: Raw) -> Record[Portfolio]:
        """Create a standalone portfolio of the bib."""
        return await self._write("POST", f"{_bib_portfolios(mms_id)}/", portfolio, Portfolio)

    async def update_bib_portfolio(self, mms_id: str, portfolio_id: str, portfolio: Raw) -> Record[Portfolio]:
        """Write a whole portfolio of the bib, the only way to a standalone one."""
        return await self._write("PUT", f"{_bib_portfolios(mms_id)}/{segment(portfolio_id)}", portfolio, Portfolio)

    async def delete_bib_portfolio(
        self, mms_id: str, portfolio_id: str, *, bib: BibTreatment = BibTreatment.RETAIN
    ) -> None:
        """Delete a portfolio of the bib, the only way to a standalone one."""
        path = f"{_bib_portfolios(mms_id)}/{segment(portfolio_id)}"
        await self.connection.write("DELETE", path, params={"bib": bib})

    async def code_table(self, name: str) -> Record[CodeTable]:
        """Return a code table of the institution, such as CoverageInUse."""
        return await self._get(f"{ROOT}/conf/code-tables/{segment(name)}", CodeTable)

    async def list_proxies(self, offset: int, limit: int = LARGEST_PAGE) -> Page[IntegrationProfile]:
        """Return a page of the institution's proxy definitions; their codes stand in records (facts: alma §1b)."""
        params: Params = {**_window(offset, limit), "type": "PROXY_DEFINITION"}
        path = f"{ROOT}/conf/integration-profiles"
        return await self._list(path, "integration_profile", IntegrationProfile, params)

    async def test_access(self) -> tuple[AreaAccess, ...]:
        """Return, for each area the product reads, whether the key may.

        There is no test address for the area Electronic: an empty page of its list stands in (facts: alma §1b).
        """
        return (
            await self._try_area("Bibs", f"{ROOT}/bibs/test", {}),
            await self._try_area("Configuration", f"{ROOT}/conf/test", {}),
            await self._try_area("Electronic", COLLECTIONS, {"limit": 0}),
        )

    async def _try_area(self, area: str, path: str, params: Params) -> AreaAccess:
        try:
            await self.connection.read(path, params=params, readable=is_no_page)
        except (ConfigurationError, RefusedError, NotFoundError) as error:
            return AreaAccess(area=area, works=False, reason=error.message)
        return AreaAccess(area=area, works=True)

    async def _get(self, path: str, model: type[ModelT]) -> Record[ModelT]:
        answer = await self.connection.read(path)
        record = read_single(model, answer.json(), _asked_for(path))
        if isinstance(record, InvalidRecord):
            raise DataError(f"Alma's record at {path} cannot be read: {record.reason}")
        return record

    async def _write(self, method: str, path: str, body: Raw, model: type[ModelT]) -> Record[ModelT]:
        answer = await self.connection.write(method, path, json=dict(body))
        item = answer.json() if is_json_object(answer) else None
        record = read_record(model, item) if method == "POST" else read_single(model, item, _asked_for(path))
        if isinstance(record, InvalidRecord):
            # carried out, by its status, but without a record nobody knows what was stored, or under which id
            raise OutcomeUnknownError(f"Alma {method} {path}: its answer cannot be read: {record.reason}")
        return record

    async def _list(self, path: str, key: str, model: type[ModelT], params: Params) -> Page[ModelT]:
        return _page(await self.connection.read(path, params=params, readable=_is_list(key)), key, model)


def _asked_for(path: str) -> str:
    """Return the id of the record that a path names."""
    return unquote(path.rstrip("/").rpartition("/")[2])


def _collection(collection_id: str) -> str:
    return f"{COLLECTIONS}/{segment(collection_id)}"


def _services(collection_id: str) -> str:
    return f"{_collection(collection_id)}/e-services"


def _service(collection_id: str, service_id: str) -> str:
    return f"{_services(collection_id)}/{segment(service_id)}"


def _portfolios(collection_id: str, service_id: str) -> str:
    return f"{_service(collection_id, service_id)}/portfolios"


def _bib_portfolios(mms_id: str) -> str:
    return f"{BIBS}/{segment(mms_id)}/portfolios"


def _window(offset: int, limit: int) -> dict[str, int]:
    if offset < 0 or not 0 <= limit <= LARGEST_PAGE:
        raise BugError(f"not a page of Alma: offset {offset}, limit {limit}")
    return {"offset": offset, "limit": limit}


def _is_list(key: str) -> Callable[[Answer], bool]:
    """Return a test for a list answer: without hits the array is absent, and only the total says that it is one."""

    def readable(answer: Answer) -> bool:
        if not is_json_object(answer):
            return False
        body = answer.json()
        if body.get(key) is not None:
            return isinstance(body[key], list | dict)
        return "total_record_count" in body or _is_bare_bib(body, key)

    return readable


def _is_bare_bib(body: dict[str, Any], key: str) -> bool:
    # one bib asked for by its id may come without the list around it
    return key == "bib" and "mms_id" in body


def _page(answer: Answer, key: str, model: type[ModelT], id_key: str = "id") -> Page[ModelT]:
    body = answer.json()
    items = body.get(key)
    if items is None and _is_bare_bib(body, key):
        return read_page(model, [body], 1, id_key)
    items = [items] if isinstance(items, dict) else items or []
    return read_page(model, items, read_total(body.get("total_record_count")), id_key)
