"""Makes up a whole library's electronic holdings: realistic in shape, awkward where real ones are, the same each time.

The shape follows measurements on real lists (facts: domain, matching and test data): half of the serials of
aggregators have no ISSN, 9 % of serials have an embargo, titles lie in several collections. Addresses are under
example.org and example.edu, publishers and providers invented. The awkward cases: `sync.sandbox.awkward`.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from random import Random

from sync.sandbox.awkward import COLLECTION_NAMES, AwkwardCase
from sync.sandbox.awkward_collections import awkward_collections
from sync.sandbox.awkward_titles import AwkwardTitles, Host, awkward_titles
from sync.sandbox.dice import dice
from sync.sandbox.identifiers import IdentifierMint
from sync.sandbox.seed import PublicationKind, SeedBib, SeedCollection, SeedLibrary, SeedPortfolio
from sync.sandbox.seed_collections import Blueprint, blueprints
from sync.sandbox.seed_coverage import journal_embargo, journal_ranges
from sync.sandbox.seed_knowledge import practice_knowledge_base
from sync.sandbox.seed_titles import BibMaker

__all__ = ["practice_knowledge_base", "practice_library"]

AGGREGATOR_WITHOUT_ISSN = 0.52
_PACKAGE_WITHOUT_IDENTIFIER = 0.03
_SHARED = 0.12  # of the portfolios: of a title that another collection has as well
_SEARCHES = 3


def practice_library(*, seed: int = 2026, collections: int = 27, portfolios: int = 3000) -> SeedLibrary:
    """Return a library of exactly so many collections and portfolios, the same for the same three numbers.

    All awkward cases are there from `awkward.COMPLETE_FROM_COLLECTIONS` and `COMPLETE_FROM_PORTFOLIOS` on; below, at
    most half of the collections and half of the portfolios are awkward. Raises ValueError for a negative number, for
    portfolios without a collection, and above 1,000,000 portfolios.
    """
    if collections < 0 or not 0 <= portfolios <= 1_000_000 or (portfolios and not collections):
        raise ValueError(f"{collections} collections with {portfolios} portfolios cannot be made")
    special = awkward_collections(limit=collections // 2)
    plans = [*blueprints(seed, collections - len(special)), *special]
    filler = _Filler(seed=seed, plans=plans)
    left = portfolios - filler.place_awkward(limit=portfolios // 2)
    for position, count in enumerate(_shares(plans, left)):
        filler.fill(position, count)
    return filler.library()


def _shares(plans: Sequence[Blueprint], portfolios: int) -> list[int]:
    """Return how many portfolios each collection gets: in proportion to its weight, together exactly so many."""
    total = sum(plan.weight for plan in plans)
    if not total:
        return [0 for _ in plans]
    counts = [int(portfolios * plan.weight / total) for plan in plans]
    largest = max(range(len(plans)), key=lambda position: plans[position].weight)
    counts[largest] += portfolios - sum(counts)
    return counts


@dataclass(slots=True, kw_only=True)
class _Filler:
    """Puts bibs and portfolios into collections; `services` holds each collection's portfolios, service by service."""

    seed: int
    plans: Sequence[Blueprint]
    bibs: list[SeedBib] = field(default_factory=list)
    services: list[list[list[SeedPortfolio]]] = field(init=False)
    known: dict[PublicationKind, list[SeedBib]] = field(init=False)
    maker: BibMaker = field(init=False)

    def __post_init__(self) -> None:
        self.services = [[[] for _ in plan.collection.services] for plan in self.plans]
        self.maker = BibMaker(seed=self.seed, mint=IdentifierMint(block=0, start=self.seed))
        self.known = {kind: [] for kind in PublicationKind}

    def place_awkward(self, *, limit: int) -> int:
        """Place the awkward titles, as many cases as fit into the limit; return how many portfolios they took."""
        taken = 0
        for titles in awkward_titles(IdentifierMint(block=2)):
            if taken + len(titles.portfolios) > limit:
                break
            places = self._places(titles)
            if places is None:
                continue
            self.bibs.extend(titles.bibs)
            for (position, service), (_, portfolio) in zip(places, titles.portfolios, strict=True):
                self.services[position][service].append(portfolio)
            taken += len(titles.portfolios)
        return taken

    def _places(self, titles: AwkwardTitles) -> list[tuple[int, int]] | None:
        ordinary = [position for position, plan in enumerate(self.plans) if plan.is_ordinary]
        local = next((position for position in ordinary if self.plans[position].collection.is_local), ordinary[0])
        community = next((position for position in ordinary if not self.plans[position].collection.is_local), local)
        third = next((position for position in ordinary if position not in {local, community}), None)
        two = COLLECTION_NAMES[AwkwardCase.TWO_SERVICES]
        double = next((position for position, plan in enumerate(self.plans) if plan.collection.name == two), None)
        places = {
            Host.LOCAL: (local, 0),
            Host.COMMUNITY: (community, 0),
            Host.THIRD: None if third is None else (third, 0),
            Host.FIRST_SERVICE: None if double is None else (double, 0),
            Host.SECOND_SERVICE: None if double is None else (double, 1),
        }
        found = [place for host, _ in titles.portfolios if (place := places[host]) is not None]
        return found if len(found) == len(titles.portfolios) else None

    def fill(self, position: int, count: int) -> None:
        """Add so many ordinary portfolios to a collection, spread over its services, no title twice."""
        plan = self.plans[position]
        rng = dice(self.seed, "portfolios", position)
        present: set[str] = set()
        made: list[SeedBib] = []
        kinds = [kind for kind, _ in plan.kinds]
        weights = [weight for _, weight in plan.kinds]
        services = self.services[position]
        for number in range(count):
            kind = rng.choices(kinds, weights)[0]
            bib = self._shared_bib(rng, kind, present) if rng.random() < _SHARED else None
            if bib is None:
                bib = self.maker.make(kind, without_identifier=_without_identifier(plan, kind))
                self.bibs.append(bib)
                made.append(bib)
            present.add(bib.key)
            services[number % len(services)].append(_portfolio(rng, plan, bib, number))
        for bib in made:
            self.known[bib.kind].append(bib)

    def _shared_bib(self, rng: Random, kind: PublicationKind, present: set[str]) -> SeedBib | None:
        """Return a title that an earlier collection has and this one has not, if a few tries find one."""
        known = self.known[kind]
        for _ in range(_SEARCHES if known else 0):
            bib = rng.choice(known)
            if bib.key not in present:
                return bib
        return None

    def library(self) -> SeedLibrary:
        """Return what was gathered."""
        return SeedLibrary(
            bibs=tuple(self.bibs),
            collections=tuple(
                _filled(plan.collection, portfolios) for plan, portfolios in zip(self.plans, self.services, strict=True)
            ),
        )


def _filled(collection: SeedCollection, portfolios: Sequence[Sequence[SeedPortfolio]]) -> SeedCollection:
    services = zip(collection.services, portfolios, strict=True)
    return replace(collection, services=tuple(replace(service, portfolios=tuple(held)) for service, held in services))


def _without_identifier(plan: Blueprint, kind: PublicationKind) -> float:
    if kind in {PublicationKind.AUDIO, PublicationKind.VIDEO}:
        return 0.6
    if plan.collection.type == "1" and kind is PublicationKind.JOURNAL:
        return AGGREGATOR_WITHOUT_ISSN
    return _PACKAGE_WITHOUT_IDENTIFIER


_NOTES = (
    "Walk-in users welcome.",
    "Only three readers at a time.",
    "Access on campus and through the library's proxy.",
    "Zugang nur im Campusnetz.",
    "Title changed in 2011; earlier volumes under the former name.",
)


def _portfolio(rng: Random, plan: Blueprint, bib: SeedBib, number: int) -> SeedPortfolio:
    collection = plan.collection
    is_journal = bib.kind is PublicationKind.JOURNAL
    ranges = journal_ranges(rng) if is_journal else ()
    embargo = journal_embargo(rng) if is_journal else None
    in_use = "0" if collection.is_local or not ranges else rng.choices("0123", (30, 55, 10, 5))[0]
    # In the Community Zone "only local" often stands above an empty local list (facts: portfolio codes)
    local = ranges if collection.is_local or (in_use == "0" and rng.random() < 0.75) else ()
    if in_use in "23":
        local = journal_ranges(rng)
    is_proxied = rng.random() < (0.1 if collection.proxy_enabled else 0.02)
    return SeedPortfolio(
        bib=bib.key,
        available=rng.random() >= 0.04,
        url=f"https://{plan.host}/{'journals' if is_journal else 'titles'}/{number + 1:06}",
        url_override=f"https://{plan.host}/campus/{number + 1:06}" if rng.random() < 0.03 else "",
        coverage_in_use=in_use,
        local_coverage=local,
        global_coverage=() if collection.is_local else ranges,
        local_embargo=embargo if local else None,
        global_embargo=None if collection.is_local else embargo,
        proxy_enabled=is_proxied,
        proxy="EZPROXY" if is_proxied else "",
        public_note=rng.choice(_NOTES) if rng.random() < 0.04 else "",
        authentication_note="Log in with your library card." if rng.random() < 0.02 else "",
        internal_description="Checked by the e-resources team." if rng.random() < 0.02 else "",
    )
