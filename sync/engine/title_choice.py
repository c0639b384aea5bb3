"""Which of many titles is whose: each candidate goes to the record it fits best, whatever the order of work."""

from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import cast

from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.work import Work
from sync.match.titles import Choice, choose, search_keys
from sync.model import Kind, Title
from sync.store.comparison import identities, titles_alike
from sync.store.links import linked_from, links, links_from_folio, taken_by
from sync.store.snapshots import records


@dataclass(frozen=True, slots=True)
class Found:
    """What was chosen for a title, and which candidates were nobody else's."""

    choice: Choice
    free: tuple[Title, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosing:
    """Two readings: the `own` one, whose titles look for their partners, and the `other` one.

    `names` are given to those of the own titles whose own names are taken. `owners` tells which own titles are linked
    to some of the other system; `settled` to which of them some own ones are linked.
    """

    database: AsyncEngine
    own: int
    other: int
    owners: Callable[[Collection[str]], Awaitable[Mapping[str, Collection[str]]]]
    settled: Callable[[Collection[str]], Awaitable[Mapping[str, Collection[str]]]]
    names: Mapping[str, str] = field(default_factory=dict)

    async def choices(self, titles: Mapping[str, Title]) -> dict[str, Found]:
        """Return what is chosen for each of these titles of the own reading, by key.

        A title that is one with others stands for all of them (`identities`).
        """
        candidates = await self._alike(self.other, titles.values())
        owners = await self.owners(sorted({one.key for found in candidates.values() for one in found}))
        one_with = await identities(self.database, self.own, {key for keys in owners.values() for key in keys})
        free = {
            key: [one for one in candidates.get(key, ()) if {one_with[own] for own in owners.get(one.key, ())} <= {key}]
            for key in titles
        }
        rivals = await self.rivals({one.key: one for found in free.values() for one in found})
        found = {}
        for key, title in titles.items():
            others = {one.key: one for candidate in free[key] for one in rivals[candidate.key]}
            rivalling = await self._apart_from(key, others)
            name = self.names.get(key, "")
            choice = choose(title, free[key], name=name, rivals=rivalling, names=self.names)
            found[key] = Found(choice, tuple(free[key]))
        return found

    async def rivals(self, candidates: Mapping[str, Title]) -> dict[str, list[Title]]:
        """Return, for titles of the other system, the own ones that may want them, and have no other partner."""
        alike = await self._alike(self.own, candidates.values())
        settled = await self.settled(sorted({one.key for found in alike.values() for one in found}))
        return {key: [one for one in alike.get(key, ()) if key in settled.get(one.key, (key,))] for key in candidates}

    async def rivals_of(self, own_keys: Collection[str], candidates: Sequence[Title]) -> list[Title]:
        """Return the own titles that may want these candidates, but for those that are one with `own_keys`."""
        found = await self.rivals({one.key: one for one in candidates})
        others = {one.key: one for rivals in found.values() for one in rivals if one.key not in own_keys}
        leaders = await identities(self.database, self.own, own_keys)
        same = await identities(self.database, self.own, others) if others else {}
        return [one for one in others.values() if same[one.key] not in leaders.values()]

    async def _apart_from(self, key: str, others: Mapping[str, Title]) -> list[Title]:
        same = await identities(self.database, self.own, others) if others else {}
        return [one for one in others.values() if same[one.key] != key]

    async def _alike(self, snapshot_id: int, titles: Collection[Title]) -> dict[str, list[Title]]:
        wanted = {one.key: search_keys(one, self.names.get(one.key, "")) for one in titles}
        found = await titles_alike(self.database, snapshot_id, wanted)
        keys = sorted({key for there in found.values() for key in there})
        there = cast("dict[str, Title]", await records(self.database, snapshot_id, Kind.TITLE, keys))
        return {key: [there[one] for one in ones if one in there] for key, ones in found.items()}


def choosing_in_folio(
    work: Work, *, alma: int, folio: int, among: int | None, names: Mapping[str, str] = MappingProxyType({})
) -> Choosing:
    """Return how Alma's bibs find FOLIO's titles; with `among`, only links of bibs that snapshot holds count."""

    async def owners(keys: Collection[str]) -> dict[str, set[str]]:
        return await linked_from(work.database, work.name, Kind.TITLE, list(keys), among=among)

    async def settled(keys: Collection[str]) -> dict[str, set[str]]:
        known = await links(work.database, work.name, Kind.TITLE, list(keys))
        return {key: {one.folio_id} for key, one in known.items()}

    return Choosing(database=work.database, own=alma, other=folio, owners=owners, settled=settled, names=names)


def choosing_in_alma(work: Work, *, alma: int, folio: int, among: int | None) -> Choosing:
    """Return how FOLIO's titles find Alma's bibs; with `among`, only links of titles that snapshot holds count."""

    async def owners(mms_ids: Collection[str]) -> dict[str, set[str]]:
        taken = await taken_by(work.database, work.name, Kind.TITLE, list(mms_ids), among=among, run_id=work.run_id)
        return {mms_id: {folio_id} for mms_id, folio_id in taken.items()}

    async def settled(keys: Collection[str]) -> dict[str, set[str]]:
        known = await links_from_folio(work.database, work.name, Kind.TITLE, list(keys))
        return {key: {one.alma_id for one in found} for key, found in known.items()}

    return Choosing(database=work.database, own=folio, other=alma, owners=owners, settled=settled)
