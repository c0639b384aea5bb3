"""match, on its own: link what belongs together, write to neither system, and tell what was matched and what was not.

It is the first step of a two-way pair (design: the comparison, first contact). What it tells is kept in files, so that
the size of a library does not matter.
"""

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field

from sqlalchemy.ext.asyncio import AsyncEngine

from sync.alma.read_portfolios import STANDALONE_KEY
from sync.alma.reading import place_of
from sync.engine.match import match
from sync.engine.migrate import read_both
from sync.engine.plan import Wanted
from sync.engine.planning import Matched
from sync.engine.read import Snapshot
from sync.engine.running import open_run
from sync.engine.work import Progress, Work
from sync.errors import GuardError
from sync.model import Holding, Kind, Package, Parked, Record, System, name_key
from sync.plan.direction import BOTH_WAYS
from sync.settings import Pair
from sync.store.comparison import Comparison
from sync.store.encoding import storable
from sync.store.links import links_from_folio, package_links
from sync.store.pairs import (
    Alone,
    ByNumber,
    Kept,
    Matches,
    OnlyHere,
    alone_below,
    count_matches,
    drop_other_readings,
    matches_by_number,
)
from sync.store.runs import RunState, end_run
from sync.store.snapshots import all_records, count_by_package, parked_of, parked_places, refresh_statistics
from sync.transport.connection import Observer

BATCH = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class Ambiguous:
    """Collections and packages of one name: which is which nobody can tell but a person. Ids with their names."""

    name: str
    reason: str
    alma: Mapping[str, str]
    folio: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class MatchReport:
    """What matching found; `not_judged` says where absence means nothing, since a reading was not complete."""

    run_id: int
    pair: str
    matched: tuple[Matches, ...]
    ambiguous: tuple[Ambiguous, ...]
    other_names: Kept[ByNumber]
    only: Mapping[System, Kept[OnlyHere]]
    not_judged: tuple[str, ...]
    parked: tuple[Parked, ...]

    def close(self) -> None:
        """Let go of what is kept on disk."""
        self.other_names.close()
        for one in self.only.values():
            one.close()


Found = tuple[OnlyHere, Alone]
"""What one side alone holds, as it is told, and as it was read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sides:
    """Both readings of a run, their packages by id, and which packages of the other side each of them is linked to."""

    work: Work
    alma: Snapshot
    folio: Snapshot
    packages: Mapping[System, Mapping[str, Package]]
    linked: Mapping[System, Mapping[str, Sequence[str]]]
    matched: Matched = field(default_factory=Matched)

    @property
    def comparison(self) -> Comparison:
        """Return which two readings are compared."""
        return Comparison(pair=self.work.name, alma=self.alma.id, folio=self.folio.id, rules=self.work.rules)

    def snapshot(self, system: System) -> Snapshot:
        """Return the reading of a system."""
        return self.alma if system is System.ALMA else self.folio

    def name(self, system: System, package_key: str) -> str:
        """Return the name of a package, its id where it could not be read."""
        package = self.packages[system].get(package_key)
        return storable(package.name) if package is not None else package_key

    def shelved(self, record: Record) -> bool:
        """Return whether a record is a portfolio in a collection that is hidden."""
        key = record.package_key if isinstance(record, Holding) else ""
        return key in self.packages[System.ALMA] and self.packages[System.ALMA][key].hidden

    def judged(self, system: System, package_key: str, *, linked: bool) -> bool:
        """Return whether it means anything that the other side lacks a record of this package (design: guards).

        Alma lists no portfolios in no collection, so their absence never does.
        """
        other = self.snapshot(_OTHER[system])
        beside = self.linked[system].get(package_key, ())
        if STANDALONE_KEY in beside or any(one in other.extraction.incomplete_packages for one in beside):
            return False
        there = any(one in self.packages[other.system] for one in beside)
        return not other.extraction.elsewhere or (linked and there)

    def not_judged(self) -> tuple[str, ...]:
        """Return in words what could not be judged."""
        found = []
        for system in System:
            extraction, other = self.snapshot(system).extraction, _OTHER[system].label
            found += [
                f"{self.name(system, key)} ({key}) was not read completely in {system.label}: "
                f"what only {other} holds of it is not listed"
                for key in sorted(extraction.incomplete_packages)
            ]
            found += [f"{one}: what only {other} holds may be listed too little" for one in extraction.elsewhere]
        return tuple(storable(one) for one in found)

    async def package_keys(self, system: System) -> list[str]:
        """Return the packages of a system by name, those that only their holdings tell of included."""
        held = await count_by_package(self.work.database, self.snapshot(system).id, Kind.HOLDING)
        return sorted({*self.packages[system], *held}, key=lambda key: (name_key(self.name(system, key)), key))

    async def alone(self, system: System) -> AsyncIterator[list[Found]]:
        """Yield what the other side does not have, packages first, then their holdings, package by package."""
        database, work = self.work.database, self.work
        keys = await self.package_keys(system)
        unreadable = await parked_places(database, work.run_id) if system is System.FOLIO else frozenset()
        for kind, package_key in ((Kind.PACKAGE, ""), *((Kind.HOLDING, key) for key in keys)):
            pages = alone_below(database, self.comparison, system, kind, package_key, run_id=work.run_id, batch=BATCH)
            async for page in pages:
                found = self._found(kind, system, page)
                yield await self._readable(package_key, found, unreadable) if unreadable else found

    def _found(self, kind: Kind, system: System, alone: Sequence[Alone]) -> list[Found]:
        found = []
        for one in alone:
            key, title = one.record.key, one.title
            place = one.record.package_key if isinstance(one.record, Holding) else key
            deselected = kind is Kind.PACKAGE and key not in self.packages[system]  # as good as absent
            if deselected or not self.judged(system, place, linked=bool(one.other_id)):
                continue
            row = OnlyHere(
                system=system,
                kind=kind,
                id=key,
                name=self.name(system, key) if kind is Kind.PACKAGE else storable(title.name if title else ""),
                package=self.name(system, place),
                package_id=place,
                identifiers=title.numbers() if title is not None else (),
                reason=self._why(kind, system, one),
            )
            found.append((row, one))
        return sorted(found, key=lambda each: (name_key(each[0].name), each[0].id))

    def _why(self, kind: Kind, system: System, one: Alone) -> str:
        if one.other_id:
            return f"it is linked to {one.other_id}, which {_OTHER[system].label} no longer has"
        matched = self.matched
        ambiguous = matched.ambiguous_collections if system is System.ALMA else matched.ambiguous
        return ambiguous.get(one.record.key, "") if kind is Kind.PACKAGE else ""

    async def _readable(self, package_key: str, found: list[Found], unreadable: frozenset[str]) -> list[Found]:
        """Leave out those of FOLIO's holdings in whose place Alma has a portfolio that could not be read."""
        collections = self.linked[System.FOLIO].get(package_key, ())
        titles = sorted({one.title.key for _, one in found if one.title})
        bibs = await links_from_folio(self.work.database, self.work.name, Kind.TITLE, titles)

        def hidden(row: OnlyHere, one: Alone) -> bool:
            known = [link.alma_id for link in bibs.get(one.title.key, ())] if one.title else []
            places = {place_of(place, bib) for place in collections for bib in (*known, name_key(row.name))}
            return not places.isdisjoint(unreadable)

        return [(row, one) for row, one in found if not hidden(row, one)]


_OTHER = {System.ALMA: System.FOLIO, System.FOLIO: System.ALMA}


async def read_sides(work: Work, *, guarded: bool) -> Sides:
    """Read both sides as a two-way plan does, and link what belongs together.

    Raises:
        GuardError: with `guarded`, when the packages of a side were not all listed: which is the only one of its name
            cannot be told then. Without it, nothing is linked in that case.
    """
    read = await read_both(work, Wanted.both(work.pair.policy))
    await refresh_statistics(work.database)
    short = [*read.alma.extraction.elsewhere, *read.folio.extraction.elsewhere]
    if short and guarded:
        raise GuardError(
            f"The packages of both sides were not read completely: {short[0]}.",
            advice="Nothing was linked, since what is there already cannot be told. Run the command again later.",
        )
    matched = Matched() if short else await match(work, BOTH_WAYS, read.alma, read.folio)
    to_folio = await package_links(work.database, work.name)
    to_alma = await links_from_folio(work.database, work.name, Kind.PACKAGE)
    return Sides(
        work=work,
        alma=read.alma,
        folio=read.folio,
        packages={one.system: await _packages(work, one) for one in (read.alma, read.folio)},
        linked={
            System.ALMA: {key: (link.folio_id,) for key, link in to_folio.items()},
            System.FOLIO: {key: tuple(link.alma_id for link in links) for key, links in to_alma.items()},
        },
        matched=matched,
    )


async def _packages(work: Work, snapshot: Snapshot) -> dict[str, Package]:
    found = all_records(work.database, snapshot.id, Kind.PACKAGE)
    return {one.key: one async for one in found if isinstance(one, Package) and one.selected}


async def match_only(
    database: AsyncEngine, name: str, pair: Pair, progress: Progress, observer: Observer | None = None
) -> MatchReport:
    """Read both sides and link what belongs together; write to neither system. The report is to be closed.

    Raises:
        GuardError: when the packages of a side were not all listed.
        SyncError: whatever keeps both sides from being read.
    """
    async with open_run(database, name, pair, progress, "match", BOTH_WAYS, observer) as (work, waiting):
        await asyncio.sleep(waiting)
        sides = await read_sides(work, guarded=True)
        with ExitStack() as on_error:
            report = MatchReport(
                run_id=work.run_id,
                pair=name,
                matched=await count_matches(database, sides.comparison, run_id=work.run_id),
                ambiguous=_ambiguous(sides),
                other_names=Kept(ByNumber),
                only={system: Kept(OnlyHere) for system in System},
                not_judged=sides.not_judged(),
                parked=tuple(await parked_of(database, work.run_id)),
            )
            on_error.callback(report.close)
            await _tell(sides, report)
            await drop_other_readings(database, name, keep=[sides.alma.id, sides.folio.id])
            numbers = {"linked": sum(one.fresh for one in report.matched), "ambiguous": len(report.ambiguous)}
            numbers |= {f"only_in_{one}": kept.count for one, kept in report.only.items()}
            await end_run(database, work.run_id, state=RunState.DONE, message="matched", result=numbers)
            on_error.pop_all()
        return report


async def _tell(sides: Sides, report: MatchReport) -> None:
    for system in System:
        async for found in sides.alone(system):
            for row, _ in found:
                report.only[system].add(row)
    async for page in matches_by_number(sides.work.database, sides.comparison, run_id=report.run_id, batch=BATCH):
        for one in page:
            report.other_names.add(one)


def _ambiguous(sides: Sides) -> tuple[Ambiguous, ...]:
    """Return the packages and collections that nothing tells apart, in the order of their names."""
    found = [
        Ambiguous(
            name=sides.name(System.FOLIO, one.folio[0]),
            reason=one.why,
            alma={key: sides.name(System.ALMA, key) for key in one.alma},
            folio={key: sides.name(System.FOLIO, key) for key in one.folio},
        )
        for one in sides.matched.doubts
    ]
    return tuple(sorted(found, key=lambda one: name_key(one.name)))
