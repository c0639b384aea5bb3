"""Reads a whole Alma: collections, their services and portfolios page by page, then the bibs 100 at a time.

A faithful reading costs one call for each portfolio, since lists tell neither address nor coverage (facts: alma §2c).
Bibs come last and each once, so that their calls are always full.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from sync.alma import wire
from sync.alma.client import MOST_BIBS, AlmaClient
from sync.alma.codes import AlmaCodes, interpret
from sync.alma.mapping import (
    holding_from_portfolio,
    is_available,
    package_from_collection,
    publication_type,
    service_from_wire,
    standalone_package,
)
from sync.alma.marc import read_marc, title_from_marc
from sync.errors import ConfigurationError, DataError, NotFoundError
from sync.model import Batch, Extraction, Holding, Kind, Package, Parked, Reading, Service, Sink, System, Title
from sync.settings import Maps
from sync.transport.paging import PAGE_SIZE, in_parallel, read_listing
from sync.transport.records import InvalidRecord, Record

COLLECTIONS_AT_ONCE = 4
PORTFOLIOS_AT_ONCE = 16
BATCH = 200
STANDALONE_KEY = "standalone"
"""Stands for the collection that standalone portfolios do not have; no id of Alma looks like it."""
PLAIN_TYPES = frozenset({"", "Journal", "Book"})


@dataclass(slots=True)
class _Reading:
    """What one reading gathers on its way: which bibs it needs, and what their portfolios say of them."""

    sink: Sink
    codes: AlmaCodes
    extraction: Extraction
    mms_ids: set[int] = field(default_factory=set)
    special_types: dict[int, set[str]] = field(default_factory=dict)


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Standalone:
    """Bibs whose portfolios in no collection are read too, and the name of the package they form."""

    mms_ids: tuple[str, ...] = ()
    package_name: str = ""


async def extract(
    client: AlmaClient, codes: AlmaCodes, sink: Sink, extraction: Extraction, standalone: Standalone | None = None
) -> None:
    """Read everything, hand it to `sink` in batches, and note in `extraction` how complete it was.

    Raises:
        QuotaError, LoginRefusedError, ConfigurationError, UnreachableError: when reading cannot go on.
    """
    reading = _Reading(sink=sink, codes=codes, extraction=extraction)
    listing = await read_listing(
        lambda page: client.list_collections(page * PAGE_SIZE, PAGE_SIZE), key=lambda one: one.id
    )
    extraction.declared += listing.declared
    extraction.expected += sum(1 + (one.model.portfolios.value or 0) for one in listing.records)
    _note_missing(extraction, listing.missing, "collections")
    await sink(Batch(parked=_unreadable(Kind.PACKAGE, listing.invalid)))

    async def work(brief: Record[wire.Collection]) -> None:
        await _read_collection(client, reading, brief)

    async for _ in in_parallel(listing.records, work, width=COLLECTIONS_AT_ONCE):
        pass
    if standalone is not None and standalone.mms_ids:
        await _read_standalone(client, reading, standalone)
    await _read_bibs(client, reading)


async def _read_collection(client: AlmaClient, reading: _Reading, brief: Record[wire.Collection]) -> None:
    try:
        collection = await client.get_collection(brief.model.id)
    except NotFoundError:
        return  # removed since it was listed
    except DataError as error:
        await reading.sink(Batch(parked=(_parked(Kind.PACKAGE, brief.model.id, brief.model.public_name, error),)))
        return
    services = await _read_services(client, reading, collection.model.id)
    hidden = bool(services) and not any(is_available(one.model) for one in services)
    types: set[str] = set()
    for service in services:
        await _read_portfolios(client, reading, collection.model.id, service, hidden, types)
    package = package_from_collection(collection.model, [one.model for one in services], types)
    await reading.sink(
        Batch(readings=(_package_reading(package, collection.raw), *_service_readings(services, package)))
    )


async def _read_services(client: AlmaClient, reading: _Reading, collection_id: str) -> list[Record[wire.Service]]:
    page = await client.list_services(collection_id)
    reading.extraction.declared += page.size
    seen = {one.model.id for one in page.records}
    _note_missing(
        reading.extraction, max(0, (page.total or 0) - len(seen) - len(page.invalid)), f"services of {collection_id}"
    )
    await reading.sink(Batch(parked=_unreadable(Kind.SERVICE, page.invalid)))
    services = []
    for service_id in sorted(seen):
        try:
            services.append(await client.get_service(collection_id, service_id))
        except NotFoundError:
            continue
    return services


async def _read_portfolios(
    client: AlmaClient,
    reading: _Reading,
    collection_id: str,
    service: Record[wire.Service],
    package_hidden: bool,
    types: set[str],
) -> None:
    service_id = service.model.id
    listing = await read_listing(
        lambda page: client.list_portfolios(collection_id, service_id, page * PAGE_SIZE, PAGE_SIZE),
        key=lambda one: one.id,
        expected=service.model.portfolios.value or 0,
    )
    reading.extraction.declared += listing.declared
    _note_missing(
        reading.extraction, listing.missing, f"portfolios of collection {collection_id}, service {service_id}"
    )
    parked = list(_unreadable(Kind.HOLDING, listing.invalid))
    readings: list[Reading] = []

    async def work(brief: Record[wire.Portfolio]) -> Reading | Parked | None:
        try:
            portfolio = await client.get_portfolio(collection_id, service_id, brief.model.id)
            holding = holding_from_portfolio(
                portfolio.model,
                collection_id=collection_id,
                service=service.model,
                package_hidden=package_hidden,
                codes=reading.codes,
            )
            _note_title(reading, portfolio.model, types)
        except NotFoundError:
            return None  # removed since it was listed
        except DataError as error:
            return _parked(Kind.HOLDING, brief.model.id, brief.model.resource_metadata.title, error)
        return _holding_reading(holding, portfolio.raw)

    async for outcome in in_parallel(listing.records, work, width=PORTFOLIOS_AT_ONCE):
        if isinstance(outcome, Parked):
            parked.append(outcome)
        elif outcome is not None:
            readings.append(outcome)
        if len(readings) >= BATCH:
            await reading.sink(Batch(readings=tuple(readings)))
            readings.clear()
    await reading.sink(Batch(readings=tuple(readings), parked=tuple(parked)))


async def _read_standalone(client: AlmaClient, reading: _Reading, standalone: Standalone) -> None:
    """Read the portfolios in no collection of the bibs named; together they are one package (mapping: standalone)."""
    types: set[str] = set()

    async def work(mms_id: str) -> Batch:
        readings: list[Reading] = []
        parked: list[Parked] = []
        try:
            listing = await read_listing(
                lambda page: client.list_bib_portfolios(mms_id, page * PAGE_SIZE, PAGE_SIZE), key=lambda one: one.id
            )
        except DataError as error:
            return Batch(parked=(_parked(Kind.TITLE, mms_id, "", error),))
        _note_missing(reading.extraction, listing.missing, f"portfolios of bib {mms_id}")
        for brief in listing.records:
            if not brief.model.is_standalone:
                continue
            try:
                portfolio = await client.get_bib_portfolio(mms_id, brief.model.id)
                holding = holding_from_portfolio(
                    portfolio.model,
                    collection_id=STANDALONE_KEY,
                    service=None,
                    package_hidden=False,
                    codes=reading.codes,
                )
                _note_title(reading, portfolio.model, types)
                readings.append(_holding_reading(holding, portfolio.raw))
            except NotFoundError:
                continue  # removed since it was listed
            except DataError as error:
                parked.append(_parked(Kind.HOLDING, brief.model.id, brief.model.resource_metadata.title, error))
        return Batch(readings=tuple(readings), parked=tuple(parked))

    async for batch in in_parallel(standalone.mms_ids, work, width=PORTFOLIOS_AT_ONCE):
        await reading.sink(batch)
    package = standalone_package(STANDALONE_KEY, standalone.package_name, types)
    await reading.sink(Batch(readings=(_package_reading(package, None),)))


def _note_title(reading: _Reading, portfolio: wire.Portfolio, types: set[str]) -> None:
    """Remember which bib is needed. Ids are kept as numbers: a library has a million of them.

    Raises:
        DataError: when the portfolio names no bib.
    """
    if not portfolio.mms_id.isdigit():
        raise DataError(f"portfolio {portfolio.id} names no bib", advice="Attach it to a bibliographic record in Alma.")
    kind = publication_type(portfolio.material_type.value, reading.codes)
    mms_id = int(portfolio.mms_id)
    reading.mms_ids.add(mms_id)
    if kind:
        types.add(kind)
    if kind not in PLAIN_TYPES:
        reading.special_types.setdefault(mms_id, set()).add(kind)


async def _read_bibs(client: AlmaClient, reading: _Reading) -> None:
    wanted = iter(sorted(reading.mms_ids))
    reading.extraction.expected += len(reading.mms_ids)

    async def work(ids: list[str]) -> tuple[list[str], tuple[Record[wire.Bib], ...]]:
        return ids, (await client.get_bibs(ids)).records

    async for ids, bibs in in_parallel(_chunks(wanted, MOST_BIBS), work, width=4):
        readings: list[Reading] = []
        parked: list[Parked] = []
        missing = set(ids)
        for bib in bibs:
            missing.discard(bib.model.mms_id)
            try:
                readings.append(_title_reading(reading, bib))
            except DataError as error:
                parked.append(_parked(Kind.TITLE, bib.model.mms_id, bib.model.title, error))
        gone = DataError(
            "Alma did not return this bib", advice="Look it up in Alma: it may be deleted or linked wrongly."
        )
        parked += [_parked(Kind.TITLE, mms_id, "", gone) for mms_id in sorted(missing)]
        await reading.sink(Batch(readings=tuple(readings), parked=tuple(parked)))


def _title_reading(reading: _Reading, bib: Record[wire.Bib]) -> Reading:
    types = sorted(reading.special_types.get(int(bib.model.mms_id or 0), ()))
    title: Title = title_from_marc(bib.model.mms_id, read_marc(bib.model.marc_xml), types)
    return Reading(kind=Kind.TITLE, record=title, listed=title, raw=bib.raw)


def _package_reading(package: Package, raw: object) -> Reading:
    return Reading(kind=Kind.PACKAGE, record=package, listed=package, raw=raw)


def _service_readings(services: list[Record[wire.Service]], package: Package) -> Iterator[Reading]:
    for one in services:
        service: Service = service_from_wire(one.model, package.key)
        yield Reading(kind=Kind.SERVICE, record=service, listed=service, package_key=package.key, raw=one.raw)


def _holding_reading(holding: Holding, raw: object) -> Reading:
    return Reading(
        kind=Kind.HOLDING,
        record=holding,
        listed=holding,
        package_key=holding.package_key,
        title_key=holding.title_key,
        raw=raw,
    )


def _parked(kind: Kind, key: str, name: str, error: DataError) -> Parked:
    return Parked(
        system=System.ALMA, kind=kind, key=key, name=name, field="", reason=error.message, advice=error.advice
    )


def _unreadable(kind: Kind, items: tuple[InvalidRecord, ...]) -> tuple[Parked, ...]:
    advice = "Look the record up in Alma; if it is fine there, please report this with its id."
    return tuple(
        Parked(system=System.ALMA, kind=kind, key=one.id, name="", field="", reason=one.reason, advice=advice)
        for one in items
    )


def _note_missing(extraction: Extraction, missing: int, what: str) -> None:
    if missing:
        extraction.shortfalls.append(f"Alma: {missing} of the declared {what} were never listed")


def _chunks(numbers: Iterator[int], size: int) -> Iterator[list[str]]:
    while chunk := [str(number) for number in islice(numbers, size)]:
        yield chunk
