"""The services of Alma's collections, which FOLIO does not have: where new portfolios go."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncEngine

from sync.alma.bodies import FULL_TEXT
from sync.model import Kind, Service
from sync.store.snapshots import all_records


async def services_by_collection(database: AsyncEngine, snapshot_id: int) -> dict[str, list[Service]]:
    """Return the services of each collection of a reading, in the order of their ids."""
    found: dict[str, list[Service]] = {}
    async for record in all_records(database, snapshot_id, Kind.SERVICE):
        if isinstance(record, Service):
            found.setdefault(record.package_key, []).append(record)
    return found


def where_portfolios_go(services: Sequence[Service]) -> Service:
    """Return the service that takes new portfolios: an available one of full texts before all others."""
    return min(services, key=lambda one: (not one.available, one.type_code != FULL_TEXT, one.key))
