"""Reads the bibs that portfolios need: a hundred at a time, each once, and those left out of an answer again."""

import asyncio
from collections.abc import Iterator
from dataclasses import replace
from itertools import islice

from sync.alma import wire
from sync.alma.client import MOST_BIBS, AlmaClient
from sync.alma.marc import read_marc, title_from_marc
from sync.alma.reading import AlmaReading, parked_for
from sync.errors import DataError, NotFoundError
from sync.model import Batch, Kind, Parked, Reading
from sync.transport.paging import ROUNDS, in_parallel
from sync.transport.records import Record
from sync.transport.undelivered import Deliveries

Bibs = dict[str, Record[wire.Bib] | DataError]


async def read_bibs(client: AlmaClient, reading: AlmaReading) -> None:
    """Read every bib the reading came across, and hand them on in batches."""
    wanted = iter(sorted(reading.mms_ids))
    reading.extraction.expected += len(reading.mms_ids)

    async def work(ids: list[str]) -> Batch:
        bibs = await _get_bibs(client, reading.deliveries, ids)
        outcomes = [_title_reading(reading, mms_id, bib) for mms_id, bib in bibs.items()]
        return Batch(
            readings=tuple(one for one in outcomes if isinstance(one, Reading)),
            parked=tuple(one for one in outcomes if isinstance(one, Parked)),
        )

    async for batch in in_parallel(_chunks(wanted, MOST_BIBS), work, width=4):
        await reading.sink(batch)


async def _get_bibs(
    client: AlmaClient, deliveries: Deliveries, ids: list[str]
) -> dict[str, Record[wire.Bib] | DataError]:
    """Return each bib, or why there is none. What a short answer left out is asked for again."""
    gone = DataError("Alma did not return this bib", advice="Look it up in Alma: it may be deleted or linked wrongly.")
    found: Bibs = {}
    missing = ids
    for _ in range(ROUNDS):
        found |= await _ask_for_bibs(client, deliveries, missing)
        missing = [mms_id for mms_id in ids if mms_id not in found]
        if not missing:
            break
    return {mms_id: found.get(mms_id, gone) for mms_id in ids}


async def _ask_for_bibs(
    client: AlmaClient, deliveries: Deliveries, ids: list[str]
) -> dict[str, Record[wire.Bib] | DataError]:
    """Return the bibs of one answer. Where it was refused for one of them, the others are asked for in halves.

    Whether Alma leaves out an unknown id or refuses the whole list is not documented (facts: alma §8).
    """
    try:
        page = await deliveries.of(client.get_bibs(ids))
    except NotFoundError:
        if len(ids) == 1:
            return {}
    except DataError as error:
        if len(ids) == 1:
            return {ids[0]: error}
    else:
        unreadable = {one.id: DataError(f"the bib cannot be read: {one.reason}") for one in page.invalid}
        return {**unreadable, **{one.model.mms_id: one for one in page.records}}
    half = len(ids) // 2
    first, second = await asyncio.gather(
        _ask_for_bibs(client, deliveries, ids[:half]), _ask_for_bibs(client, deliveries, ids[half:])
    )
    return {**first, **second}


def _title_reading(reading: AlmaReading, mms_id: str, bib: Record[wire.Bib] | DataError) -> Reading | Parked:
    if isinstance(bib, DataError):
        return parked_for(Kind.TITLE, mms_id, "", bib)
    types = sorted(reading.special_types.get(int(mms_id), ()))
    try:
        title = title_from_marc(mms_id, read_marc(bib.model.marc_xml), types)
    except DataError as error:
        return parked_for(Kind.TITLE, mms_id, bib.model.title, error)
    title = replace(title, suppressed=bib.model.suppress_from_publishing is True)
    return Reading(kind=Kind.TITLE, record=title, listed=title, raw=bib.raw)


def _chunks(numbers: Iterator[int], size: int) -> Iterator[list[str]]:
    while chunk := [str(number) for number in islice(numbers, size)]:
        yield chunk
