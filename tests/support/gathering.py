"""Readings of the practice systems by the product's own extractors, gathered in memory."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sync.alma import extractor as alma_extractor
from sync.alma.client import open_alma
from sync.folio import extractor as folio_extractor
from sync.folio.client import open_folio
from sync.model import Batch, Extraction, Kind, Parked, Reading, Record
from sync.settings import Pair
from sync.transport.connection import Options
from tests.support.transports import QUICK


@dataclass(slots=True)
class Gathered:
    """A reading: everything that was handed on, and how complete it says it is."""

    readings: list[Reading] = field(default_factory=list)
    parked: list[Parked] = field(default_factory=list)
    extraction: Extraction = field(default_factory=Extraction)

    async def sink(self, batch: Batch) -> None:
        """Take a batch."""
        self.readings += batch.readings
        self.parked += batch.parked

    def records(self, kind: Kind) -> dict[str, Record]:
        """Return the records of a kind by key; each must have been handed on once."""
        keys = Counter(one.record.key for one in self.readings if one.kind is kind)
        twice = [key for key, times in keys.items() if times > 1]
        assert kind is Kind.TITLE or not twice, f"handed on more than once: {twice[:3]}"
        return {one.record.key: one.record for one in self.readings if one.kind is kind}

    @property
    def everything(self) -> dict[tuple[Kind, str], Record]:
        """Return every record by kind and key."""
        return {(kind, key): record for kind in Kind for key, record in self.records(kind).items()}

    @property
    def complete(self) -> bool:
        """Return whether the reading says that nothing is missing."""
        return not self.extraction.shortfalls


async def gather_alma(pair: Pair) -> Gathered:
    """Read everything Alma holds."""
    gathered = Gathered()
    settings = pair.alma
    options = Options(retry=QUICK, in_flight=settings.calls_in_flight)
    async with open_alma(settings.base_url, settings.api_key, settings.requests_per_second, options=options) as client:
        codes = await alma_extractor.read_codes(client, pair.maps)
        await alma_extractor.extract(client, codes, gathered.sink, gathered.extraction)
    return gathered


async def gather_folio(pair: Pair, *, custom_only: bool = False, known_ids: Sequence[str] = ()) -> Gathered:
    """Read what FOLIO has selected; `known_ids` are resources that earlier runs linked."""
    gathered = Gathered()
    settings = pair.folio

    async def known(package_id: str) -> Sequence[str]:
        return [one for one in known_ids if one.startswith(f"{package_id}-")]

    async with open_folio(
        settings.base_url,
        settings.tenant,
        settings.username,
        settings.password,
        settings.requests_per_second,
        daily_calls=settings.daily_calls,
        daily_reserve=settings.daily_reserve if settings.daily_calls else 0,
        options=Options(retry=QUICK, in_flight=settings.calls_in_flight),
    ) as client:
        await folio_extractor.extract(
            client, gathered.sink, gathered.extraction, managed=() if custom_only else None, known_ids=known
        )
    return gathered
