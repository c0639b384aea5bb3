"""Reads and writes FOLIO eHoldings over its JSON:API (facts: folio §1, §2).

Behind FOLIO stands EBSCO with a daily number of calls: each method states what it costs there (facts: folio §2.8), and
the budget counts that, not FOLIO's own calls.
"""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Literal, TypeVar
from urllib.parse import unquote

from pydantic import BaseModel, SecretStr

from sync.errors import BugError, ConfigurationError, DataError, OutcomeUnknownError, UnreachableError
from sync.folio.auth import FolioLogin
from sync.folio.errors import FolioRules
from sync.folio.wire import (
    AccessType,
    Package,
    PackagePost,
    PackagePut,
    ProxyType,
    Resource,
    ResourcePost,
    ResourcePut,
    RootProxy,
    TagsPut,
    Title,
    TitlePost,
    TitlePut,
)
from sync.transport.budget import Budget
from sync.transport.connection import Connection, Options
from sync.transport.http import Answer, Http, Params, segment
from sync.transport.limiter import Limiter
from sync.transport.records import InvalidRecord, Page, Record, read_page, read_record, read_single, read_total
from sync.transport.rules import is_json_object

PACKAGES = "/eholdings/packages"
RESOURCES = "/eholdings/resources"
TITLES = "/eholdings/titles"
LARGEST_PAGE = 100
MOST_IN_BULK = 20

COST_OF_READ = 1
COST_OF_PACKAGE_POST = 3
COST_OF_PACKAGE_PUT = 3
COST_OF_TITLE_POST = 2
COST_OF_TITLE_PUT = 3
COST_OF_RESOURCE_POST = 5
COST_OF_RESOURCE_PUT = 3
COST_OF_DELETE = 2
STATUS = "/eholdings/status"
NO_COST = 0
"""What each call takes of EBSCO's daily number (facts: folio §2.8); tags and access types live in FOLIO only."""

ModelT = TypeVar("ModelT", bound=BaseModel)


@asynccontextmanager
async def open_folio(
    base_url: str,
    tenant: str,
    username: str,
    password: SecretStr,
    requests_per_second: float = 10,
    *,
    daily_calls: int | None = 30000,
    daily_reserve: int = 3000,
    options: Options | None = None,
) -> AsyncIterator["FolioClient"]:
    """Yield a client of one FOLIO tenant and close it afterwards. Nothing is sent yet; the first call logs in.

    `daily_calls` are EBSCO's; None or 0 is no limit. Raises ConfigurationError for an address that cannot be one.
    """
    options = options or Options()
    http = Http(
        base_url,
        connect_seconds=options.connect_seconds,
        read_seconds=options.read_seconds,
        in_flight=options.in_flight,
        transport=options.transport,
    )
    limiter = Limiter(requests_per_second)
    budget = Budget(
        options.budget_name or FolioRules.system, daily_limit=daily_calls, reserve=daily_reserve, ledger=options.ledger
    )
    async with Connection(
        http,
        rules=FolioRules(),
        limiter=limiter,
        budget=budget,
        retry=options.retry,
        login=FolioLogin(http, tenant=tenant, username=username, password=password, limiter=limiter),
        observer=options.observer,
        fence=options.fence,
    ) as connection:
        yield FolioClient(connection)


class FolioClient:
    """Reads and writes one FOLIO tenant. Lists are numbered pages from 1, at most 100 records each.

    A page may be shorter than asked for and totals wobble (facts: folio §2.4): stop at an empty page only, or at the
    declared total. Each method may raise what `Connection` says, and DataError for a single record that cannot be read.
    """

    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def list_packages(  # noqa: PLR0913  (a parameter for each filter the list has)
        self,
        page: int,
        count: int = LARGEST_PAGE,
        selected: bool | Literal["ebsco"] | None = None,
        custom: bool | None = None,
        query: str = "",
        *,
        content_type: str | None = None,
        tags: Sequence[str] = (),
        access_types: Sequence[str] = (),
        sort: Literal["relevance", "name"] | None = None,
    ) -> Page[Package]:
        """Return a page of packages; all, or only those that pass every filter given. Costs 1.

        `selected` "ebsco": ordered through EBSCO; `content_type` as the filter spells it, such as ejournal; `sort` has
        an effect with a `query` only. Tags and access types are found by name; FOLIO heeds them alone only, and takes
        up to a day to notice changes of the packages themselves (facts: folio §2.3, §2.5). FOLIO cannot list "not
        custom" ones: `custom` False raises BugError, as do tags or access types beside another filter.
        """
        if custom is False:
            raise BugError("FOLIO has no list of the packages that are not custom")
        filters: dict[str, str | bool | None] = {
            "filter[selected]": selected, "filter[custom]": custom, "q": query or None, "filter[type]": content_type,
        }  # fmt: skip
        own = {"filter[tags]": list(tags) or None, "filter[access-type]": list(access_types) or None}
        if any(own.values()) and (all(own.values()) or any(value is not None for value in filters.values())):
            raise BugError("FOLIO ignores tags and access types beside any other filter")
        return await self._list(PACKAGES, Package, {**_window(page, count), **filters, **own, "sort": sort})

    async def get_package(self, package_id: str) -> Record[Package]:
        """Return the whole package. Costs 1."""
        return await self._get(_path(PACKAGES, package_id), Package)

    async def create_package(self, package: PackagePost) -> Record[Package]:
        """Create a custom package. Costs 3. RefusedError when the name is taken (facts: folio §2.5)."""
        return await self._write("POST", PACKAGES, package.body(), Package, COST_OF_PACKAGE_POST)

    async def update_package(self, package_id: str, package: PackagePut) -> Record[Package]:
        """Write a package. Costs 3. Deselecting a custom one removes it: NotFoundError is success then."""
        body = _with_id(package.body(), package_id)
        return await self._write("PUT", _path(PACKAGES, package_id), body, Package, COST_OF_PACKAGE_PUT)

    async def delete_package(self, package_id: str) -> None:
        """Remove a custom package with its resources. Costs 2. RefusedError for one that is not custom."""
        await self.connection.write("DELETE", _path(PACKAGES, package_id), cost=COST_OF_DELETE)

    async def fetch_packages(self, package_ids: Sequence[str]) -> Page[Package]:
        """Return up to 20 packages in brief; what FOLIO does not have is missing. Costs 1 for each it must look up.

        It answers from a memory up to a day old (facts: folio §2.5): good for names, never to verify a write, so the
        product itself has no use for it.
        """
        return await self._fetch(PACKAGES, "packages", package_ids, Package)

    async def put_package_tags(self, package_id: str, tags: TagsPut) -> None:
        """Replace the tags of a package. Costs nothing at EBSCO."""
        await self.connection.write("PUT", f"{_path(PACKAGES, package_id)}/tags", json=tags.body(), cost=NO_COST)

    async def list_package_resources(
        self,
        package_id: str,
        page: int,
        count: int = LARGEST_PAGE,
        selected: bool | None = None,
        name: str | None = None,
    ) -> Page[Resource]:
        """Return a page of the package's titles, on request those of a name. Costs 1. The proxy is not included."""
        params = {**_window(page, count), "filter[selected]": selected, "filter[name]": name}
        return await self._list(f"{_path(PACKAGES, package_id)}/resources", Resource, params)

    async def get_resource(self, resource_id: str) -> Record[Resource]:
        """Return the whole resource. Costs 1."""
        return await self._get(_path(RESOURCES, resource_id), Resource)

    async def create_resource(self, resource: ResourcePost) -> Record[Resource]:
        """Put a title into a custom package. Costs 5. RefusedError when it is there already."""
        return await self._write("POST", RESOURCES, resource.body(), Resource, COST_OF_RESOURCE_POST)

    async def update_resource(self, resource_id: str, resource: ResourcePut) -> Record[Resource]:
        """Write a resource. Costs 3. Deselecting one of a custom package removes it: NotFoundError is success then."""
        body = _with_id(resource.body(), resource_id)
        return await self._write("PUT", _path(RESOURCES, resource_id), body, Resource, COST_OF_RESOURCE_PUT)

    async def delete_resource(self, resource_id: str) -> None:
        """Take a title out of a custom package. Costs 2. A custom title that is in no other package vanishes."""
        await self.connection.write("DELETE", _path(RESOURCES, resource_id), cost=COST_OF_DELETE)

    async def fetch_resources(self, resource_ids: Sequence[str]) -> Page[Resource]:
        """Return up to 20 resources in brief: neither selection nor address; as `fetch_packages` in all else."""
        return await self._fetch(RESOURCES, "resources", resource_ids, Resource)

    async def put_resource_tags(self, resource_id: str, tags: TagsPut) -> None:
        """Replace the tags of a resource. Costs nothing at EBSCO."""
        body = tags.model_copy(update={"content_type": None}).body()
        await self.connection.write("PUT", f"{_path(RESOURCES, resource_id)}/tags", json=body, cost=NO_COST)

    async def find_titles(
        self,
        *,
        name: str | None = None,
        isxn: str | None = None,
        page: int = 1,
        count: int = LARGEST_PAGE,
        include_resources: bool = False,
    ) -> Page[Title]:
        """Return a page of titles found by name or by ISSN/ISBN, one of the two. Costs 1.

        EBSCO interprets AND, OR, NOT, quotes and wildcards in names, and finds similar ones: compare what comes back.
        """
        if bool(name) == bool(isxn):
            raise BugError("titles are found by a name or by an ISSN/ISBN, exactly one of them")
        by = {"filter[name]": name} if name else {"filter[isxn]": isxn}
        include = {"include": "resources"} if include_resources else {}
        return await self._list(TITLES, Title, {**_window(page, count), **by, **include})

    async def get_title(self, title_id: str, *, include_resources: bool = False) -> Record[Title]:
        """Return the whole title, on request with its resources. Costs 1."""
        return await self._get(_path(TITLES, title_id), Title, {"include": "resources" if include_resources else None})

    async def create_title(self, title: TitlePost) -> Record[Title]:
        """Create a custom title in a custom package. Costs 2. Its resource's id is "{package id}-{title id}"."""
        return await self._write("POST", TITLES, title.body(), Title, COST_OF_TITLE_POST)

    async def update_title(self, title_id: str, title: TitlePut) -> Record[Title]:
        """Write a custom title. Costs 3."""
        body = _with_id(title.body(), title_id)
        return await self._write("PUT", _path(TITLES, title_id), body, Title, COST_OF_TITLE_PUT)

    async def status(self) -> bool:
        """Return whether the EBSCO credentials of the user work. Costs 1."""
        answer = await self.connection.read(STATUS, cost=COST_OF_READ, readable=_has_data)
        attributes = _item(answer).get("attributes")
        return isinstance(attributes, dict) and attributes.get("isConfigurationValid") is True

    async def proxy_types(self) -> Page[ProxyType]:
        """Return all proxies the library may choose. Costs 1."""
        return await self._list("/eholdings/proxy-types", ProxyType, {})

    async def root_proxy(self) -> Record[RootProxy]:
        """Return the library's default proxy. Costs 1."""
        return await self._get("/eholdings/root-proxy", RootProxy)

    async def access_types(self) -> Page[AccessType]:
        """Return all access types the library defined. Costs nothing at EBSCO."""
        return await self._list("/eholdings/access-types", AccessType, {}, cost=NO_COST)

    async def _read(self, path: str, params: Params | None, cost: int, readable: Callable[[Answer], bool]) -> Answer:
        """Read, and find out why the module answers 500 and nothing else: a user without EBSCO credentials, say.

        Raises:
            ConfigurationError: when FOLIO says that the user's credentials do not work.
        """
        try:
            return await self.connection.read(path, params=params, cost=cost, readable=readable)
        except UnreachableError as error:
            if "status 500" not in error.message or path == STATUS or await self.status():
                raise
            raise ConfigurationError(
                f"{error.message}. FOLIO says that the EBSCO credentials of this user do not work, or that it has none",
                advice="Assign the user to a knowledge base in FOLIO (Settings, eHoldings), "
                "then run: alma-folio-sync check",
            ) from None

    async def _get(self, path: str, model: type[ModelT], params: Params | None = None) -> Record[ModelT]:
        answer = await self._read(path, params, COST_OF_READ, _has_data)
        record = read_single(model, _item(answer), _asked_for(path))
        if isinstance(record, InvalidRecord):
            raise DataError(f"FOLIO's record at {path} cannot be read: {record.reason}")
        return record

    async def _list(self, path: str, model: type[ModelT], params: Params, cost: int = COST_OF_READ) -> Page[ModelT]:
        answer = await self._read(path, params, cost, _has_list)
        body = answer.json()
        meta = body.get("meta")
        total = read_total(meta.get("totalResults")) if isinstance(meta, dict) else None
        return read_page(model, body["data"], total)

    async def _fetch(self, root: str, kind: str, ids: Sequence[str], model: type[ModelT]) -> Page[ModelT]:
        if len(set(ids)) != len(ids) or len(ids) > MOST_IN_BULK:
            raise BugError(f"FOLIO fetches up to {MOST_IN_BULK} different {kind} at a time")
        if not ids:
            return Page(records=(), total=0)
        answer = await self.connection.write(
            "POST", f"{root}/bulk/fetch", json={kind: list(ids)}, cost=len(ids), readable=_has_included
        )
        return read_page(model, answer.json()["included"], None)

    async def _write(
        self, method: str, path: str, body: dict[str, Any], model: type[ModelT], cost: int
    ) -> Record[ModelT]:
        answer = await self.connection.write(method, path, json=body, cost=cost)
        item = _item(answer) if _has_data(answer) else None
        record = read_record(model, item) if method == "POST" else read_single(model, item, _asked_for(path))
        if isinstance(record, InvalidRecord):
            # carried out, by its status, but without a record nobody knows what was stored, or under which id
            raise OutcomeUnknownError(f"FOLIO {method} {path}: its answer cannot be read: {record.reason}")
        return record


def _asked_for(path: str) -> str:
    """Return the id of the record that a path names."""
    return unquote(path.rpartition("/")[2])


def _path(root: str, record_id: str) -> str:
    return f"{root}/{segment(record_id)}"


def _with_id(body: dict[str, Any], record_id: str) -> dict[str, Any]:
    return {**body, "data": {"id": record_id, **body["data"]}}


def _window(page: int, count: int) -> dict[str, int]:
    if page < 1 or not 1 <= count <= LARGEST_PAGE:
        raise BugError(f"not a page of FOLIO: page {page}, count {count}")
    return {"page": page, "count": count}


def _data(kind: type) -> Callable[[Answer], bool]:
    def readable(answer: Answer) -> bool:
        return is_json_object(answer) and isinstance(answer.json().get("data"), kind)

    return readable


def _has_included(answer: Answer) -> bool:
    return is_json_object(answer) and isinstance(answer.json().get("included"), list)


_has_data = _data(dict)
_has_list = _data(list)


def _item(answer: Answer) -> dict[str, Any]:
    """Return the record with what was included beside it put inside, as title lists have it already."""
    body = answer.json()
    included = body.get("included")
    return {**body["data"], "included": included} if isinstance(included, list) else dict(body["data"])
