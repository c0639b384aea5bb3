"""A record of FOLIO in full, as only the record by its id tells it: proxy, tags, description, contributors."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from sync.engine.work import Work
from sync.folio.mapping import own_holding, own_package, title_from_resource
from sync.model import Holding, Package, Title
from sync.store.in_full import InFull, keep, read_before


async def package_in_full(work: Work, package_id: str) -> Package:
    """Return a package of FOLIO.

    Raises:
        NotFoundError: when it is not there any longer.
    """
    return own_package((await work.folio_reads.of(work.folio.get_package(package_id))).model)


@dataclass(slots=True)
class Singles:
    """Reads resources singly, those once only that were read lately and that lists tell the same of."""

    work: Work
    known: dict[str, InFull]
    fresh: list[InFull] = field(default_factory=list)

    async def of(self, listed: Holding) -> tuple[Holding, Title]:
        """Return a holding of FOLIO in full, with its title.

        Raises:
            NotFoundError: when it is not there any longer.
            DataError: when it cannot be understood.
        """
        if listed.key not in self.known:
            holding, title = await _resource_in_full(self.work, listed.key)
            self.known[listed.key] = InFull(listed=listed, holding=holding, title=title)
            self.fresh.append(self.known[listed.key])
        found = self.known[listed.key]
        return found.holding, found.title


@asynccontextmanager
async def singles_of(work: Work, listed: Sequence[Holding]) -> AsyncIterator[Singles]:
    """Yield a reader of these resources; what it had to read is kept, also when the day's calls run out."""
    singles = Singles(work, await read_before(work.database, work.name, listed))
    try:
        yield singles
    finally:
        await keep(work.database, work.name, singles.fresh)


async def _resource_in_full(work: Work, resource_id: str) -> tuple[Holding, Title]:
    record = (await work.folio_reads.of(work.folio.get_resource(resource_id))).model
    return own_holding(record), title_from_resource(record)
