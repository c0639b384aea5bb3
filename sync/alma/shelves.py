"""Where portfolios stand: the services of a collection, read once in a run, and a portfolio seen in its place."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sync.alma import wire
from sync.alma.client import AlmaClient
from sync.alma.codes import AlmaCodes
from sync.alma.mapping import holding_from_portfolio, is_available
from sync.alma.read_portfolios import STANDALONE_KEY
from sync.model import Holding
from sync.transport.records import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Shelf:
    """The services of a collection by id; `hidden`: it has some, and none is available."""

    services: Mapping[str, wire.Service]

    @property
    def hidden(self) -> bool:
        """Return whether the collection as a whole is hidden (mapping: hidden)."""
        return bool(self.services) and not any(is_available(one) for one in self.services.values())


NO_SHELF = Shelf(services={})


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPortfolio:
    """A portfolio as read, and what it means in its place."""

    raw: Mapping[str, Any]
    record: Holding


@dataclass(slots=True)
class Shelves:
    """Reads portfolios in the same way as a whole reading does, so that equal records have equal hashes."""

    client: AlmaClient
    codes: AlmaCodes
    _read: dict[str, "asyncio.Task[Shelf]"] = field(default_factory=dict)

    async def shelf(self, collection_id: str) -> Shelf:
        """Return the services of a collection; they are read once."""
        if collection_id == STANDALONE_KEY:
            return NO_SHELF
        if collection_id not in self._read or _failed(self._read[collection_id]):
            self._read[collection_id] = asyncio.ensure_future(self._services(collection_id))
        return await asyncio.shield(self._read[collection_id])

    def forget(self, collection_id: str) -> None:
        """Read the services of a collection anew when they are asked for next: one was made or changed."""
        self._read.pop(collection_id, None)

    async def portfolio(self, place: Holding, portfolio_id: str) -> StoredPortfolio:
        """Return the portfolio that stands where `place` names collection, service and bib.

        Raises:
            NotFoundError: when it is not there.
            DataError: when its coverage or embargo cannot be understood.
        """
        if place.package_key == STANDALONE_KEY:
            record = await self.client.get_bib_portfolio(place.title_key, portfolio_id)
        else:
            record = await self.client.get_portfolio(place.package_key, place.service_key, portfolio_id)
        return await self.seen(record)

    async def seen(self, record: Record[wire.Portfolio]) -> StoredPortfolio:
        """Return what a portfolio just read means in its place."""
        collection_id = record.model.collection_id or STANDALONE_KEY
        shelf = await self.shelf(collection_id)
        holding = holding_from_portfolio(
            record.model,
            collection_id=collection_id,
            service=shelf.services.get(record.model.service_id),
            package_hidden=shelf.hidden,
            codes=self.codes,
        )
        return StoredPortfolio(raw=record.raw, record=holding)

    async def _services(self, collection_id: str) -> Shelf:
        briefs = (await self.client.list_services(collection_id)).records
        wholes = [(await self.client.get_service(collection_id, one.model.id)).model for one in briefs]
        return Shelf(services={one.id: one for one in sorted(wholes, key=lambda one: one.id)})


def _failed(task: "asyncio.Task[Shelf]") -> bool:
    return task.done() and (task.cancelled() or task.exception() is not None)
