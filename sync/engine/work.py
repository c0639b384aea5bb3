"""What every verb works with: the pair, both clients, the database, and somebody to tell how far it got."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

from sync.alma.client import AlmaClient, open_alma
from sync.alma.fit import AlmaMaps, backwards
from sync.alma.search import SearchClient, open_search
from sync.folio.client import FolioClient, open_folio
from sync.folio.fit import FolioMaps
from sync.settings import Pair
from sync.store.budgets import StoredBudget
from sync.store.encoding import digest, encode
from sync.transport.connection import Fence, Observer, Options
from sync.transport.undelivered import Deliveries

MAPPING_VERSION = 3
"""Raised whenever the mapping gives other values for the same records, so that every record is decided anew."""


class Progress(Protocol):
    """Somebody who watches. Phases are named by the verbs; numbers are records."""

    def begin(self, phase: str, total: int | None) -> None:
        """A phase begins; None: nobody knows yet how many records it has."""

    def expect(self, phase: str, total: int) -> None:
        """The phase turns out to have so many records."""

    def advance(self, phase: str, records: int) -> None:
        """So many more are done."""

    def end(self, phase: str) -> None:
        """The phase is over."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One run at work on one pair. `search` finds bibs by their numbers, None where no address of it is known.

    `folio_reads` tells a record that FOLIO can never deliver from a FOLIO that answers nobody.
    """

    database: AsyncEngine
    name: str
    pair: Pair
    run_id: int
    alma: AlmaClient
    folio: FolioClient
    progress: Progress
    folio_reads: Deliveries
    search: SearchClient | None = None

    @property
    def folio_maps(self) -> FolioMaps:
        """Return Alma's codes in FOLIO's words, as configured."""
        maps = self.pair.maps
        return FolioMaps(proxies=maps.proxies, access_types=maps.access_types, notes=self._notes)

    @property
    def alma_maps(self) -> AlmaMaps:
        """Return FOLIO's words in Alma's codes: the configured maps, read backwards."""
        maps = self.pair.maps
        return AlmaMaps(
            proxies=backwards(maps.proxies),
            access_types=backwards(maps.access_types),
            notes=self._notes,
            url_limit=self.pair.alma.url_limit,
        )

    @property
    def _notes(self) -> dict[str, int]:
        return {str(note): int(field[-1]) for note, field in self.pair.maps.notes.items()}

    @property
    def rules(self) -> str:
        """Return what stands for the mapping rules in force: the same rules give the same text."""
        return rules_of(self.pair)


def rules_of(pair: Pair) -> str:
    """Return the fingerprint of the mapping's version, the code maps and the two systems; no secret goes into it."""
    parts = [MAPPING_VERSION, pair.maps.model_dump(), pair.alma.base_url, pair.folio.base_url, pair.folio.tenant]
    return digest(encode(parts)).hex()[:16]


def configuration_of(pair: Pair) -> str:
    """Return the fingerprint of everything in the configuration that a plan depends on; no secret goes into it."""
    policy = pair.policy.model_dump(mode="json")
    return digest(encode([rules_of(pair), policy, str(pair.alma.standalone_mms_ids_file)])).hex()[:16]


def systems_of(pair: Pair) -> str:
    """Return what stands for the two systems whose ids the links of a pair hold."""
    return f"Alma {pair.alma.base_url} and FOLIO {pair.folio.base_url}, tenant {pair.folio.tenant}"


@asynccontextmanager
async def open_search_of(pair: Pair) -> AsyncIterator[SearchClient | None]:
    """Yield a client of Alma's search service, None where the configuration names no address of it."""
    if pair.alma.sru_url is None:
        yield None
        return
    async with open_search(pair.alma.sru_url, Options(read_seconds=pair.alma.timeout_seconds)) as search:
        yield search


@asynccontextmanager
async def open_clients(
    pair: Pair, database: AsyncEngine | None, observer: Observer | None = None, fence: Fence | None = None
) -> AsyncIterator[tuple[AlmaClient, FolioClient]]:
    """Yield clients for both systems of a pair; with a database the day's calls are counted in it.

    The `fence` is asked before each write is sent whether it may be.
    """
    ledger = StoredBudget(database, pair.accounts) if database is not None else None
    async with (
        open_alma(
            pair.alma.base_url,
            pair.alma.api_key,
            pair.alma.requests_per_second,
            daily_reserve=pair.alma.daily_reserve,
            options=Options(
                read_seconds=pair.alma.timeout_seconds,
                in_flight=pair.alma.calls_in_flight,
                ledger=ledger,
                observer=observer,
                fence=fence,
            ),
        ) as alma,
        open_folio(
            pair.folio.base_url,
            pair.folio.tenant,
            pair.folio.username,
            pair.folio.password,
            pair.folio.requests_per_second,
            daily_calls=pair.folio.daily_calls,
            daily_reserve=pair.folio.daily_reserve,
            options=Options(
                read_seconds=pair.folio.timeout_seconds,
                in_flight=pair.folio.calls_in_flight,
                ledger=ledger,
                observer=observer,
                fence=fence,
            ),
        ) as folio,
    ):
        yield alma, folio
