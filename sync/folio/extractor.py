"""Reads what a FOLIO tenant has selected: packages, and their titles page by page, proxies and the like aside.

Lists reach only the first 9,999 titles of a package (facts: folio §2.4); those beyond are read one by one where their
ids are known from an earlier run, and what is still missing makes the package incomplete.
"""

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeVar

from pydantic import BaseModel

from sync.errors import DataError, NotFoundError
from sync.folio import wire
from sync.folio.client import FolioClient
from sync.folio.mapping import holding_from_wire, listed, package_from_wire, title_from_resource
from sync.model import Batch, Extraction, Kind, Parked, Reading, Sink, System, name_key
from sync.transport.paging import PAGE_SIZE, ROUNDS, Listing, in_parallel, read_listing
from sync.transport.records import InvalidRecord, Page, Record
from sync.transport.undelivered import Deliveries

PACKAGES_AT_ONCE = 4
WINDOW = 9_999
FULL_PAGES = WINDOW // PAGE_SIZE
LAST_PAGE_SIZE = WINDOW % PAGE_SIZE
"""Page 101 of 99 ends exactly at the last title that can be reached; page 100 of 100 would ask for one too many."""

ModelT = TypeVar("ModelT", bound=BaseModel)
KnownIds = Callable[[str], Awaitable[Sequence[str]]]
"""Returns the ids of resources of a package that earlier runs linked."""


async def extract(
    client: FolioClient,
    sink: Sink,
    extraction: Extraction,
    *,
    managed: Collection[str] | None,
    known_ids: KnownIds,
    named: Collection[str] = (),
) -> wire.VisibilityForm:
    """Read every selected package and its titles, hand them to `sink`, note in `extraction` how complete it was.

    Returns how this version of FOLIO spells visibility, by which it is known; without any package, as the older one.
    Titles are read of custom packages, and of managed ones whose id is in `managed` (None: of all) or whose name is in
    `named` (as `name_key`): a migration does not need the others, and they may be most of a tenant.

    Raises:
        QuotaError, LoginRefusedError, ConfigurationError, UnreachableError: when reading cannot go on.
    """
    listing = await read_listing(_window(lambda page, count: client.list_packages(page, count, selected=True)), key=_id)
    extraction.declared += listing.declared
    if listing.missing:
        extraction.fall_short(f"FOLIO: {listing.missing} of the declared packages were never listed")
    wanted = [
        one
        for one in listing.records
        if managed is None
        or one.model.attributes.is_custom
        or one.model.id in managed
        or name_key(one.model.attributes.name or "") in named
    ]
    for item in listing.invalid:
        extraction.fall_short(f"FOLIO: the titles of package {item.id or '(without an id)'} were not read", item.id)
    extraction.expected += sum(1 + 2 * (one.model.attributes.selected_count or 0) for one in wanted)  # title, holding
    await sink(_package_batch(listing))

    deliveries = Deliveries("FOLIO", lambda: client.list_packages(1, 1, selected=True))

    async def work(package: Record[wire.Package]) -> None:
        await _read_package(client, deliveries, sink, extraction, package.model, known_ids)

    async for _ in in_parallel(wanted, work, width=PACKAGES_AT_ONCE):
        pass
    newer = any(wire.package_visibility_form(one.model) is wire.VisibilityForm.LIST for one in listing.records)
    return wire.VisibilityForm.LIST if newer else wire.VisibilityForm.DATA


async def _read_package(
    client: FolioClient,
    deliveries: Deliveries,
    sink: Sink,
    extraction: Extraction,
    package: wire.Package,
    known_ids: KnownIds,
) -> None:
    expected = package.attributes.selected_count or 0
    name = package.attributes.name
    try:
        listing: Listing[wire.Resource] = await read_listing(
            _window(
                lambda page, count: deliveries.of(client.list_package_resources(package.id, page, count, selected=True))
            ),
            key=_id,
            expected=expected,
            rounds=ROUNDS if expected <= WINDOW else 1,
        )
    except DataError as error:  # removed since it was listed, most likely
        extraction.fall_short(f"FOLIO: the titles of {name!r} were not read: {error.message}", package.id)
        return
    records = list(listing.records)
    if listing.missing:
        seen = {one.model.id for one in records}
        records += await _read_singly(
            client, deliveries, [one for one in await known_ids(package.id) if one not in seen]
        )
    missing = max(0, listing.declared - len(records) - len(listing.invalid))
    extraction.declared += listing.declared
    if missing:
        extraction.fall_short(
            f"FOLIO: {missing} of {listing.declared} titles of {name!r} were never listed", package.id
        )
    nameless = sum(one.nameless for one in listing.invalid)
    if nameless:  # which titles they are nobody can tell, so none counts as gone
        extraction.fall_short(f"FOLIO: {nameless} titles of {name!r} have no id that is one", package.id)
    readings: list[Reading] = []
    parked = list(_unreadable(Kind.HOLDING, listing.invalid))
    for record in records:
        try:
            readings += _resource_readings(record)
        except DataError as error:
            parked.append(_parked(Kind.HOLDING, record.model, error))
    await sink(Batch(readings=tuple(readings), parked=tuple(parked)))


async def _read_singly(
    client: FolioClient, deliveries: Deliveries, resource_ids: Sequence[str]
) -> list[Record[wire.Resource]]:
    async def work(resource_id: str) -> Record[wire.Resource] | None:
        try:
            return await deliveries.of(client.get_resource(resource_id))
        except (NotFoundError, DataError):
            return None  # gone, or not told: its package then comes short

    return [one async for one in in_parallel(resource_ids, work, width=PAGE_SIZE) if one is not None]


def _window(fetch: Callable[[int, int], Awaitable[Page[ModelT]]]) -> Callable[[int], Awaitable[Page[ModelT]]]:
    """Return a function of the page's number from 0 that never asks beyond what FOLIO can reach."""

    async def page(number: int) -> Page[ModelT]:
        if number < FULL_PAGES:
            return await fetch(number + 1, PAGE_SIZE)
        if number == FULL_PAGES:
            return await fetch(WINDOW // LAST_PAGE_SIZE, LAST_PAGE_SIZE)
        return Page(records=(), total=None)

    return page


def _id(record: wire.Package | wire.Resource) -> str:
    return record.id


def _package_batch(listing: Listing[wire.Package]) -> Batch:
    readings: list[Reading] = []
    parked = list(_unreadable(Kind.PACKAGE, listing.invalid))
    for record in listing.records:
        try:
            package = package_from_wire(record.model)
        except DataError as error:
            parked.append(_parked(Kind.PACKAGE, record.model, error))
        else:
            readings.append(Reading(kind=Kind.PACKAGE, record=package, listed=listed(package), raw=record.raw))
    return Batch(readings=tuple(readings), parked=tuple(parked))


def _resource_readings(record: Record[wire.Resource]) -> list[Reading]:
    title, holding = title_from_resource(record.model), holding_from_wire(record.model)
    return [
        Reading(kind=Kind.TITLE, record=title, listed=listed(title)),
        Reading(
            kind=Kind.HOLDING,
            record=holding,
            listed=listed(holding),
            package_key=holding.package_key,
            title_key=holding.title_key,
            raw=record.raw,
        ),
    ]


def _parked(kind: Kind, record: wire.Resource | wire.Package, error: DataError) -> Parked:
    return Parked(
        system=System.FOLIO,
        kind=kind,
        key=record.id,
        name=record.attributes.name or "",
        field="",
        reason=error.message,
        advice="Correct the record in FOLIO, then run the command again.",
    )


def _unreadable(kind: Kind, items: tuple[InvalidRecord, ...]) -> tuple[Parked, ...]:
    advice = "Look the record up in FOLIO; if it is fine there, please report this with its id."
    return tuple(
        Parked(system=System.FOLIO, kind=kind, key=one.id, name="", field="", reason=one.reason, advice=advice)
        for one in items
    )
