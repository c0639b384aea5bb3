"""What writes to FOLIO while a plan is carried out, and which of its records are taken by which of Alma's."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from sync.engine.title_choice import choosing_in_folio
from sync.engine.work import Work
from sync.folio.loader import FolioLoader, Origin
from sync.folio.remover import FolioRemover
from sync.model import Kind, System, Title
from sync.plan.writes import WriteLog
from sync.store.links import linked_from, separated
from sync.transport.sending import Sender


@dataclass(slots=True, kw_only=True)
class FolioHands:
    """What writes to FOLIO. `made` tells how the resources that this plan wrote came into being."""

    loader: FolioLoader
    remover: FolioRemover
    settle_seconds: float
    made: dict[str, Origin] = field(default_factory=dict)


def folio_hands(work: Work, log: WriteLog) -> FolioHands:
    """Return what writes to the pair's FOLIO under these intents."""
    settle_seconds = work.pair.folio.settle_seconds
    sender = Sender(system=System.FOLIO, log=log, settle_seconds=settle_seconds)
    return FolioHands(
        loader=FolioLoader(client=work.folio, sender=sender, tags=work.pair.policy.tags),
        remover=FolioRemover(client=work.folio, sender=sender),
        settle_seconds=settle_seconds,
    )


@dataclass(frozen=True, slots=True)
class FolioClaims:
    """Which FOLIO records are taken by which title or package of Alma while a plan is carried out.

    `among` is Alma's snapshot where it is complete: what is not in it keeps its record from nobody. `source` is that
    snapshot, complete or not, 0 where nothing was read.
    """

    work: Work
    kind: Kind
    owner: str
    own_keys: frozenset[str]
    taken: dict[str, str]
    among: int | None
    source: int = 0

    async def is_free(self, target_id: str) -> bool:
        """Return whether nobody else is linked to the record or about to be."""
        if self.taken.get(target_id, self.owner) != self.owner:
            return False
        apart = await separated(self.work.database, self.work.name, [target_id])
        if any(kind is self.kind and alma_id in self.own_keys for kind, alma_id, _ in apart):
            return False
        owners = await linked_from(self.work.database, self.work.name, self.kind, [target_id], among=self.among)
        return not owners.get(target_id, set()) - self.own_keys

    def take(self, target_id: str) -> bool:
        """Take the record; False when somebody else was faster."""
        return self.taken.setdefault(target_id, self.owner) == self.owner

    async def rivals(self, candidates: Sequence[Title]) -> Sequence[Title]:
        """Return the other bibs without a title in FOLIO that may want one of these as well."""
        if not self.source:
            return ()
        choosing = choosing_in_folio(self.work, alma=self.source, folio=0, among=self.among)
        return await choosing.rivals_of(self.own_keys, candidates)
