"""Reads a whole Alma: collections, their services and portfolios page by page, then the bibs 100 at a time.

Bibs come last and each once, so that their calls are always full.
"""

from dataclasses import dataclass

from sync.alma import wire
from sync.alma.client import AlmaClient
from sync.alma.codes import AlmaCodes, WriteCodes, interpret, write_codes
from sync.alma.mapping import is_available, package_from_collection
from sync.alma.read_bibs import read_bibs
from sync.alma.read_portfolios import Standalone, read_portfolios, read_standalone
from sync.alma.reading import (
    HALF_READ,
    AlmaReading,
    note_missing,
    note_unreadable,
    package_reading,
    parked_for,
    service_readings,
    unreadable,
)
from sync.errors import ConfigurationError, DataError, NotFoundError
from sync.model import Batch, Extraction, Kind, Sink
from sync.settings import Maps
from sync.transport.paging import PAGE_SIZE, in_parallel, read_listing
from sync.transport.records import Page, Record
from sync.transport.undelivered import Deliveries

__all__ = ["Standalone", "extract", "proxy_codes", "read_codes", "read_write_codes"]

COLLECTIONS_AT_ONCE = 4


async def read_codes(client: AlmaClient, maps: Maps) -> AlmaCodes:
    """Return what the institution's codes mean; where the key may not read code tables, what is known must do."""
    tables = {}
    for name in ("CoverageInUse", "MovingWallOperator"):
        try:
            table = (await client.code_table(name)).model
            tables[name] = {row.code: row.description for row in table.row}
        except (ConfigurationError, DataError):
            tables[name] = {}
    return interpret(
        coverage_table=tables["CoverageInUse"],
        operator_table=tables["MovingWallOperator"],
        coverage_in_use=maps.coverage_in_use,
        embargo_operators=maps.embargo_operators,
        material_types=maps.material_types,
    )


async def read_write_codes(client: AlmaClient, codes: AlmaCodes, access_type: str) -> WriteCodes:
    """Return which of the institution's codes stand for what is written; `access_type` is the configuration's word."""
    tables: dict[str, dict[str, bool]] = {}
    for name in ("electronicMaterialType", "CollectionAccessType"):
        try:
            rows = (await client.code_table(name)).model.row
        except (ConfigurationError, DataError):
            rows = ()
        tables[name] = {row.code: bool(row.default) for row in rows if row.enabled is not False}
    return write_codes(
        codes,
        material_table=tables["electronicMaterialType"],
        access_type_table=tables["CollectionAccessType"],
        access_type=access_type,
        proxies=await proxy_codes(client),
    )


async def proxy_codes(client: AlmaClient) -> frozenset[str] | None:
    """Return the codes of the institution's proxies, None when the key may not read them."""
    try:
        listing = await read_listing(
            lambda page: client.list_proxies(page * PAGE_SIZE, PAGE_SIZE), key=lambda one: one.id
        )
    except (ConfigurationError, DataError):
        return None
    return frozenset(one.model.code for one in listing.records if one.model.code)


async def extract(
    client: AlmaClient, codes: AlmaCodes, sink: Sink, extraction: Extraction, standalone: Standalone | None = None
) -> None:
    """Read everything, hand it to `sink` in batches, and note in `extraction` how complete it was.

    Raises:
        QuotaError, LoginRefusedError, ConfigurationError, UnreachableError: when reading cannot go on.
    """
    deliveries = Deliveries("Alma", lambda: client.list_collections(0, 1))
    reading = AlmaReading(sink=sink, codes=codes, extraction=extraction, deliveries=deliveries)
    listing = await read_listing(
        lambda page: client.list_collections(page * PAGE_SIZE, PAGE_SIZE), key=lambda one: one.id
    )
    extraction.declared += listing.declared
    extraction.expected += sum(1 + (one.model.portfolios.value or 0) for one in listing.records)
    note_missing(extraction, listing.missing, "the declared collections")
    note_unreadable(extraction, listing.invalid, "collection")
    await sink(Batch(parked=unreadable(Kind.PACKAGE, listing.invalid)))

    async def work(brief: Record[wire.Collection]) -> None:
        await _read_collection(client, reading, brief)

    async for _ in in_parallel(listing.records, work, width=COLLECTIONS_AT_ONCE):
        pass
    if standalone is not None and standalone.mms_ids:
        await read_standalone(client, reading, standalone)
    await read_bibs(client, reading)


async def _read_collection(client: AlmaClient, reading: AlmaReading, brief: Record[wire.Collection]) -> None:
    collection_id = brief.model.id
    try:
        collection = await reading.deliveries.of(client.get_collection(collection_id))
        services = await _read_services(client, reading, collection.model)
    except NotFoundError:
        return  # removed since it was listed
    except DataError as error:
        await reading.sink(Batch(parked=(parked_for(Kind.PACKAGE, collection_id, brief.model.public_name, error),)))
        reading.extraction.fall_short(
            f"Alma: the portfolios of collection {collection_id} were not read", collection_id
        )
        return
    hidden = bool(services.records) and not any(is_available(one.model) for one in services.records)
    types: set[str] = set()
    declared = 0
    for service in services.records:
        declared += await read_portfolios(client, reading, collection_id, service, hidden, types)
    if not services.told:  # then only the number of their portfolios can tell that one was not listed
        total = collection.model.portfolios.value or 0
        what = f"the {total} portfolios of collection {collection_id}"
        note_missing(reading.extraction, max(0, total - declared), what, collection_id)
    if collection_id in reading.half_read:
        await reading.sink(Batch(parked=(parked_for(Kind.PACKAGE, collection_id, brief.model.public_name, HALF_READ),)))
        return
    package = package_from_collection(collection.model, [one.model for one in services.records], types)
    await reading.sink(
        Batch(readings=(package_reading(package, collection.raw), *service_readings(services.records, package)))
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class _Services:
    """The services of a collection; `told`: whether Alma said how many there are."""

    records: list[Record[wire.Service]]
    told: bool


async def _read_services(client: AlmaClient, reading: AlmaReading, collection: wire.Collection) -> _Services:
    told = False

    async def fetch(page: int) -> Page[wire.Service]:
        nonlocal told
        if page:
            return Page(records=(), total=None)  # the first answer holds all of them
        answer = await reading.deliveries.of(client.list_services(collection.id))
        told = told or answer.total is not None
        return answer

    expected = 1 if collection.portfolios.value else 0
    listing = await read_listing(fetch, key=lambda one: one.id, expected=expected)
    reading.extraction.declared += listing.declared
    note_missing(reading.extraction, listing.missing, f"the declared services of {collection.id}", collection.id)
    note_unreadable(reading.extraction, listing.invalid, "service", collection.id)
    await reading.sink(Batch(parked=unreadable(Kind.SERVICE, listing.invalid)))
    services = []
    for brief in sorted(listing.records, key=lambda one: one.model.id):
        service_id = brief.model.id
        try:
            services.append(await reading.deliveries.of(client.get_service(collection.id, service_id)))
        except NotFoundError:
            continue
        except DataError as error:
            name = brief.model.public_description
            await reading.sink(Batch(parked=(parked_for(Kind.SERVICE, service_id, name, error),)))
            reading.extraction.fall_short(
                f"Alma: the portfolios of collection {collection.id}, service {service_id} were not read", collection.id
            )
            reading.half_read.add(collection.id)
    return _Services(records=services, told=told)
