"""The ordinary collections of a practice library: what they are called, what they hold, how large they are."""

from dataclasses import dataclass
from random import Random

from sync.sandbox.dice import dice
from sync.sandbox.seed import PublicationKind, SeedCollection, SeedService
from sync.sandbox.words import ENGLISH, INVENTED_HOUSES

Kinds = tuple[tuple[PublicationKind, int], ...]

JOURNALS: Kinds = ((PublicationKind.JOURNAL, 100),)
BOOKS: Kinds = ((PublicationKind.BOOK, 100),)
MIXED: Kinds = ((PublicationKind.JOURNAL, 92), (PublicationKind.BOOK, 8))
AUDIO: Kinds = ((PublicationKind.AUDIO, 90), (PublicationKind.BOOK, 10))
VIDEO: Kinds = ((PublicationKind.VIDEO, 100),)


@dataclass(frozen=True, slots=True, kw_only=True)
class Blueprint:
    """A collection before it has portfolios: its services are there and empty.

    `kinds` is what it holds, with weights; `weight` is its share of all portfolios, 0 for none; `host` the name under
    which its titles are found; `is_ordinary` is false for the awkward collections.
    """

    collection: SeedCollection
    host: str
    kinds: Kinds
    weight: float
    is_ordinary: bool = True


# type, what it holds, how many portfolios on average, and how it is named. The first three are always the same sorts,
# because the awkward titles need a local collection, one of the Community Zone, and a third.
_SORTS = (
    ("0", True, JOURNALS, 70, "{house} Journals: {subject}"),
    ("0", False, JOURNALS, 90, "{house} Online Journals {subject}"),
    ("1", False, MIXED, 320, "{house} Full Text Complete: {subject}"),
    ("0", False, BOOKS, 150, "{house} eBooks {subject} {year}"),
    ("1", True, MIXED, 160, "{house} Newsstand and Trade Press {subject}"),
    ("0", True, BOOKS, 110, "{house} Digital Books, {subject} {year}"),
    ("0", False, JOURNALS, 120, "{house} Journal Archive: {subject} before {year}"),
    ("0", True, JOURNALS, 30, "{subject} Titles Bought One by One, {house}"),
    ("0", False, AUDIO, 15, "{house} Listening Library: {subject}"),
    ("0", True, VIDEO, 15, "{house} Academic Film: {subject}"),
)


def blueprints(seed: int, count: int) -> tuple[Blueprint, ...]:
    """Return so many ordinary collections, no two with one name."""
    rng = dice(seed, "collections")
    names: set[str] = set()
    return tuple(_blueprint(rng, number, names) for number in range(count))


def _blueprint(rng: Random, number: int, names: set[str]) -> Blueprint:
    type_code, is_local, kinds, size, pattern = _SORTS[number % len(_SORTS)]
    house, subject, year = rng.choice(INVENTED_HOUSES), rng.choice(ENGLISH.subjects), rng.randint(2005, 2025)
    name = pattern.format(house=house, subject=subject, year=year)
    if name in names:
        name = f"{name} ({number + 1})"
    names.add(name)
    is_proxied = rng.random() < 0.35
    collection = SeedCollection(
        name=name,
        type=type_code,
        is_local=is_local,
        name_override=f"{house} {subject}" if not is_local and rng.random() < 0.2 else "",
        description=f"{subject} from {house}" if rng.random() < 0.5 else "",
        public_note="Licensed for teaching and research." if rng.random() < 0.2 else "",
        authentication_note="Use your university account." if rng.random() < 0.1 else "",
        internal_description="Renewal each January." if rng.random() < 0.2 else "",
        url=f"https://{_host(house)}/browse/{number + 1}" if rng.random() < 0.6 else "",
        proxy_enabled=is_proxied,
        proxy="EZPROXY" if is_proxied else "",
        interface=f"{house} Online",
        services=(SeedService(),),
    )
    return Blueprint(collection=collection, host=_host(house), kinds=kinds, weight=size * rng.lognormvariate(0, 0.7))


def _host(house: str) -> str:
    return f"{house.lower()}.example.{'edu' if len(house) % 4 == 0 else 'org'}"
