"""Reads portfolios: those of a service, and those that are in no collection.

A faithful reading costs one call for each portfolio, since lists tell neither address nor coverage (facts: alma §2c).
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sync.alma import wire
from sync.alma.client import AlmaClient
from sync.alma.mapping import holding_from_portfolio, standalone_package
from sync.alma.reading import (
    AlmaReading,
    holding_reading,
    note_missing,
    note_nameless,
    note_title,
    package_reading,
    parked_for,
    place_of,
    unreadable,
)
from sync.errors import DataError, NotFoundError
from sync.model import Batch, Kind, Parked, Reading
from sync.transport.paging import PAGE_SIZE, ROUNDS, in_parallel, read_listing
from sync.transport.records import Record

PORTFOLIOS_AT_ONCE = 16
BATCH = 200
STANDALONE_KEY = "standalone"
"""Stands for the collection that standalone portfolios do not have; no id of Alma looks like it."""


async def read_portfolios(
    client: AlmaClient,
    reading: AlmaReading,
    collection_id: str,
    service: Record[wire.Service],
    package_hidden: bool,
    types: set[str],
) -> int:
    """Read the portfolios of a service and return how many it declares.

    One that is gone when it is read means that the list moved while it was read, and another may have slipped through:
    then it is listed again.
    """
    service_id = service.model.id
    place = f"collection {collection_id}, service {service_id}"
    read: set[str] = set()
    declared = 0
    for _ in range(ROUNDS):
        try:
            listing = await read_listing(
                lambda page: reading.deliveries.of(
                    client.list_portfolios(collection_id, service_id, page * PAGE_SIZE, PAGE_SIZE)
                ),
                key=lambda one: one.id,
                expected=0 if read else service.model.portfolios.value or 0,
            )
        except DataError as error:
            reading.extraction.fall_short(
                f"Alma: the portfolios of {place} were not read: {error.message}", collection_id
            )
            reading.half_read.add(collection_id)
            return declared
        declared = max(declared, listing.declared)
        fresh = [one for one in listing.records if one.model.id not in read]
        read.update(one.model.id for one in fresh)
        gone = await _read_listed(client, reading, collection_id, service, package_hidden, types, fresh)
        if not gone:
            break
    reading.extraction.declared += declared
    note_missing(reading.extraction, listing.missing, f"the declared portfolios of {place}", collection_id)
    note_nameless(reading.extraction, listing.invalid, f"the portfolios of {place}", collection_id)
    await reading.sink(Batch(parked=unreadable(Kind.HOLDING, listing.invalid)))
    return declared


async def _read_listed(
    client: AlmaClient,
    reading: AlmaReading,
    collection_id: str,
    service: Record[wire.Service],
    package_hidden: bool,
    types: set[str],
    listed: Sequence[Record[wire.Portfolio]],
) -> int:
    """Read listed portfolios one by one, and return how many were gone."""
    gone = 0
    parked: list[Parked] = []
    readings: list[Reading] = []

    async def work(brief: Record[wire.Portfolio]) -> Reading | Parked | None:
        try:
            portfolio = await reading.deliveries.of(
                client.get_portfolio(collection_id, service.model.id, brief.model.id)
            )
            holding = holding_from_portfolio(
                portfolio.model,
                collection_id=collection_id,
                service=service.model,
                package_hidden=package_hidden,
                codes=reading.codes,
            )
            note_title(reading, portfolio.model, types)
        except NotFoundError:
            return None
        except DataError as error:
            place = place_of(collection_id, brief.model.mms_id)
            return parked_for(Kind.HOLDING, brief.model.id, brief.model.resource_metadata.title, error, place)
        return holding_reading(holding, portfolio.raw)

    async for outcome in in_parallel(listed, work, width=PORTFOLIOS_AT_ONCE):
        if isinstance(outcome, Parked):
            parked.append(outcome)
        elif outcome is None:
            gone += 1
        else:
            readings.append(outcome)
        if len(readings) >= BATCH:
            await reading.sink(Batch(readings=tuple(readings)))
            readings.clear()
    await reading.sink(Batch(readings=tuple(readings), parked=tuple(parked)))
    return gone


@dataclass(frozen=True, slots=True, kw_only=True)
class Standalone:
    """Bibs whose portfolios in no collection are read too, and the name of the package they form."""

    mms_ids: tuple[str, ...] = ()
    package_name: str = ""


async def read_standalone(client: AlmaClient, reading: AlmaReading, standalone: Standalone) -> None:
    """Read the portfolios in no collection of the bibs named; together they are one package (mapping: standalone)."""
    types: set[str] = set()

    async def work(mms_id: str) -> Batch:
        readings: list[Reading] = []
        parked: list[Parked] = []
        try:
            listing = await read_listing(
                lambda page: reading.deliveries.of(client.list_bib_portfolios(mms_id, page * PAGE_SIZE, PAGE_SIZE)),
                key=lambda one: one.id,
            )
        except DataError as error:
            return Batch(parked=(parked_for(Kind.TITLE, mms_id, "", error),))
        note_missing(reading.extraction, listing.missing, f"the declared portfolios of bib {mms_id}")
        note_nameless(reading.extraction, listing.invalid, f"the portfolios of bib {mms_id}")
        for brief in listing.records:
            if not brief.model.is_standalone:
                continue
            try:
                portfolio = await reading.deliveries.of(client.get_bib_portfolio(mms_id, brief.model.id))
                holding = holding_from_portfolio(
                    portfolio.model,
                    collection_id=STANDALONE_KEY,
                    service=None,
                    package_hidden=False,
                    codes=reading.codes,
                )
                note_title(reading, portfolio.model, types)
                readings.append(holding_reading(holding, portfolio.raw))
            except NotFoundError:
                continue  # removed since it was listed
            except DataError as error:
                parked.append(parked_for(Kind.HOLDING, brief.model.id, brief.model.resource_metadata.title, error))
        return Batch(readings=tuple(readings), parked=tuple(parked))

    async for batch in in_parallel(standalone.mms_ids, work, width=PORTFOLIOS_AT_ONCE):
        await reading.sink(batch)
    package = standalone_package(STANDALONE_KEY, standalone.package_name, types)
    await reading.sink(Batch(readings=(package_reading(package, None),)))
