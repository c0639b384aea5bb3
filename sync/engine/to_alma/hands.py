"""What writes to Alma while a plan is carried out, and which of its records are taken by which of FOLIO's."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sync.alma.client import BibTreatment
from sync.alma.loader import AlmaLoader
from sync.alma.remover import AlmaRemover
from sync.alma.shelves import Shelves
from sync.engine.read import Snapshot
from sync.engine.title_choice import choosing_in_alma
from sync.engine.to_alma.services import services_by_collection, where_portfolios_go
from sync.engine.work import Work
from sync.model import Kind, System, Title
from sync.plan.writes import WriteLog
from sync.store.links import separated, taken_by
from sync.transport.sending import Sender


@dataclass(slots=True, kw_only=True)
class AlmaHands:
    """What writes to Alma. `services` says below which service of a collection new portfolios go."""

    loader: AlmaLoader
    remover: AlmaRemover
    settle_seconds: float
    services: dict[str, str] = field(default_factory=dict)


async def alma_hands(work: Work, log: WriteLog, alma: Snapshot) -> AlmaHands:
    """Return what writes to the pair's Alma under these intents; `alma` is how it was read."""
    settings = work.pair.alma
    sender = Sender(system=System.ALMA, log=log, settle_seconds=settings.settle_seconds)
    shelves = Shelves(work.alma, alma.codes)
    return AlmaHands(
        loader=AlmaLoader(client=work.alma, sender=sender, shelves=shelves, codes=alma.write_codes, search=work.search),
        remover=AlmaRemover(
            client=work.alma,
            sender=sender,
            shelves=shelves,
            wait_seconds=settings.delete_wait_seconds,
            bib=BibTreatment(settings.bib_after_removal),
        ),
        settle_seconds=settings.settle_seconds,
        services={
            collection_id: where_portfolios_go(services).key
            for collection_id, services in (await services_by_collection(work.database, alma.id)).items()
        },
    )


@dataclass(frozen=True, slots=True)
class AlmaClaims:
    """Which Alma records are taken by which record of FOLIO while a plan is carried out.

    `among` is FOLIO's snapshot where it is complete: what is not in it keeps its record from nobody. `source` is that
    snapshot, complete or not, 0 where nothing was read.
    """

    work: Work
    kind: Kind
    owner: str
    taken: dict[str, str]
    among: int | None
    source: int = 0

    async def is_free(self, target_id: str) -> bool:
        """Return whether nobody else is linked to the record or about to be."""
        if self.taken.get(target_id, self.owner) != self.owner:
            return False
        work = self.work
        if (self.kind, target_id, self.owner) in await separated(work.database, work.name, [self.owner]):
            return False
        found = await taken_by(work.database, work.name, self.kind, [target_id], among=self.among, run_id=work.run_id)
        return found.get(target_id, self.owner) == self.owner

    def take(self, target_id: str) -> bool:
        """Take the record; False when somebody else was faster."""
        return self.taken.setdefault(target_id, self.owner) == self.owner

    async def rivals(self, candidates: Sequence[Title]) -> Sequence[Title]:
        """Return FOLIO's other titles without a bib that may want one of these as well."""
        if not self.source:
            return ()
        choosing = choosing_in_alma(self.work, alma=0, folio=self.source, among=self.among)
        return await choosing.rivals_of([self.owner], candidates)
