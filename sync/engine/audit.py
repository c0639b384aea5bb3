"""audit: compare both sides directly, without asking what they agreed on; write to neither system.

Every record that is linked is made as the other side can hold it, both ways, and compared field by field
(`sync.plan.audit`), package by package, one page in memory. What one side alone holds is told as far as the readings
can tell it.
"""

import asyncio
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from typing import cast

from sqlalchemy.ext.asyncio import AsyncEngine

from sync.alma import fit as to_alma
from sync.engine.in_full import Singles, package_in_full
from sync.engine.match_report import Found, Sides, read_sides
from sync.engine.running import open_run
from sync.engine.to_folio.match import title_claim
from sync.engine.work import Progress, Work
from sync.errors import DataError, NotFoundError
from sync.folio import fit as to_folio
from sync.model import Holding, Kind, Package, Parked, Record, System, Title, name_key
from sync.plan.audit import Difference, Explanation, Forms, Tally, audit_pair, united
from sync.plan.changes import FieldValue, Fit
from sync.plan.direction import BOTH_WAYS
from sync.plan.names import NameClaim, name_candidates
from sync.plan.three_way import REMOVAL
from sync.settings import Pair
from sync.store.comparison import publication_types
from sync.store.encoding import storable
from sync.store.in_full import keep
from sync.store.links import links_from_folio
from sync.store.pairs import Kept, Linked, OnlyHere, conflict_numbers, drop_other_readings, linked_below, linked_titles
from sync.store.runs import RunState, end_run
from sync.store.snapshots import add_parked, parked_of, records
from sync.transport.connection import Observer
from sync.transport.paging import in_parallel

BATCH = 500
AT_ONCE = 10
LEFT_BY_POLICY = "no collection has its name, and such are left: [pairs.NAME.policy] managed_packages"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditReport:
    """What an audit found; it is to be closed.

    `read_singly` counts what was read by its id. `not_judged` says where absence means nothing, since a reading was not
    complete.
    """

    run_id: int
    pair: str
    tally: Tally = field(default_factory=Tally)
    read_singly: Counter[Kind] = field(default_factory=Counter)
    differences: Kept[Difference] = field(default_factory=lambda: Kept(Difference))
    only: Mapping[System, Kept[OnlyHere]] = field(default_factory=lambda: {one: Kept(OnlyHere) for one in System})
    not_judged: tuple[str, ...] = ()
    parked: list[Parked] = field(default_factory=list)

    @property
    def findings(self) -> int:
        """Return how many differences, and records of one side only, no rule explains."""
        return self.differences.count + sum(one.count for one in self.only.values())

    def close(self) -> None:
        """Let go of what is kept on disk."""
        self.differences.close()
        for one in self.only.values():
            one.close()


async def audit(
    database: AsyncEngine,
    name: str,
    pair: Pair,
    progress: Progress,
    observer: Observer | None = None,
    *,
    in_full: bool = False,
) -> AuditReport:
    """Read and match both sides, compare what is linked, and tell what one side alone holds.

    With `in_full` each linked package and title of FOLIO is read by its id too: one of EBSCO's calls each. Raises
    SyncError for whatever keeps both sides from being read.
    """
    async with open_run(database, name, pair, progress, "audit", BOTH_WAYS, observer) as (work, waiting):
        await asyncio.sleep(waiting)
        sides = await read_sides(work, guarded=False)
        report = AuditReport(run_id=work.run_id, pair=name, not_judged=sides.not_judged())
        with ExitStack() as on_error:
            on_error.callback(report.close)
            types = await publication_types(database, sides.folio.id)
            await _Auditing(sides=sides, report=report, in_full=in_full, types=types).all()
            report.parked.extend(await parked_of(database, work.run_id))
            await drop_other_readings(database, name, keep=[sides.alma.id, sides.folio.id])
            numbers = {"differences": report.differences.count}
            numbers |= {f"only_in_{one}": kept.count for one, kept in report.only.items()}
            await end_run(database, work.run_id, state=RunState.DONE, message="audited", result=numbers)
            on_error.pop_all()
        return report


@dataclass(slots=True, kw_only=True)
class _Auditing:
    """An audit under way. `types` are those of the titles of FOLIO's packages, by id.

    `titles_seen` are the titles that were compared in full, as numbers: each has cost a call.
    """

    sides: Sides
    report: AuditReport
    in_full: bool
    types: Mapping[str, frozenset[str]]
    titles_seen: set[int] = field(default_factory=set)

    @property
    def work(self) -> Work:
        """Return the run."""
        return self.sides.work

    async def all(self) -> None:
        """Compare everything that is linked, then tell the rest."""
        database, comparison, sides = self.work.database, self.sides.comparison, self.sides
        self.work.progress.begin("audit", None)
        async for page in linked_below(database, comparison, Kind.PACKAGE, "", BATCH):
            await self._page(Kind.PACKAGE, page)
        for package_key in await sides.package_keys(System.FOLIO):
            async for page in linked_below(database, comparison, Kind.HOLDING, package_key, BATCH):
                await self._page(Kind.HOLDING, page)
        async for page in linked_titles(database, comparison, BATCH):
            unseen = [one for one in page if int(one.folio_id) not in self.titles_seen]
            await self._page(Kind.TITLE, unseen)
        for system in System:
            async for found in sides.alone(system):
                await self._alone(system, found)
        self.work.progress.end("audit")

    async def _page(self, kind: Kind, page: Sequence[Linked], full: Mapping[str, Record] | None = None) -> None:
        """Compare linked records; `full` are those of FOLIO where they were read singly already."""
        database, folio_id = self.work.database, self.sides.folio.id
        alma = await records(database, self.sides.alma.id, kind, [key for one in page for key in one.alma_ids])
        folio = full or await records(database, folio_id, kind, [one.folio_id for one in page])
        titles = await records(database, folio_id, Kind.TITLE, sorted({one.title_key for one in page} - {""}))
        names = {one.folio_id: _name_of(titles.get(one.title_key) or folio[one.folio_id]) for one in page}
        if self.in_full and kind is not Kind.TITLE:
            folio = full = await self._read_in_full(folio)
        conflicts = await conflict_numbers(database, self.work.name, kind, list(folio))
        for one in sorted(page, key=lambda each: (name_key(names[each.folio_id]), each.folio_id)):
            own = [alma[key] for key in one.alma_ids if key in alma]
            if own and one.folio_id in folio:  # else it was removed since it was listed
                numbers, in_full = conflicts.get(one.folio_id, {}), full is not None
                await self._compare(kind, own, folio[one.folio_id], names[one.folio_id], numbers, in_full=in_full)
        self.work.progress.advance("audit", len(page))

    async def _compare(
        self, kind: Kind, own: Sequence[Record], folio: Record, name: str, numbers: Mapping[str, int], *, in_full: bool
    ) -> None:
        alma, sides = united(own), self.sides
        found = audit_pair(
            alma,
            to_alma.source_words(folio, self.work.alma_maps) if isinstance(folio, Holding) else folio,
            Forms(self._in_folio, self._in_alma),
            names=_names(alma.record),
            in_full=in_full,
            shelved=any(sides.shelved(one) for one in own),
            conflicts=numbers,
        )
        self.report.tally.add(kind, folio, found)
        package_key = folio.package_key if isinstance(folio, Holding) else folio.key
        for one in found.differences:
            difference = Difference(
                kind=kind,
                package="" if kind is Kind.TITLE else sides.name(System.FOLIO, package_key),
                name=name,
                field=one.field,
                alma=_sound(one.alma),
                folio=_sound(one.folio),
                alma_id=alma.record.key,
                folio_id=folio.key,
                conflict=one.conflict,
            )
            self.report.differences.add(difference)
        if found.differences and found.refused is not None:
            await self._park(System.ALMA, kind, alma.record.key, name, found.refused)

    def _in_folio(self, record: Record) -> Fit:
        maps = replace(self.work.folio_maps, package_texts=self.sides.folio.package_texts)
        if isinstance(record, Package):
            return to_folio.fit_package(record, maps)
        if isinstance(record, Holding):
            fit = to_folio.fit_holding(record, maps)
            return Fit(record=to_alma.source_words(fit.record, self.work.alma_maps), losses=fit.losses)
        return to_folio.fit_title(cast("Title", record))

    def _in_alma(self, record: Record) -> Fit:
        maps, codes = self.work.alma_maps, self.sides.alma.write_codes
        if isinstance(record, Package):
            return to_alma.fit_package(record, maps, codes, self.types.get(record.key, frozenset()))
        if isinstance(record, Holding):
            return to_alma.fit_holding(record, maps, codes)
        return to_alma.fit_title(cast("Title", record), codes)

    async def _read_in_full(self, listed: Mapping[str, Record]) -> dict[str, Record]:
        """Return records of FOLIO by their ids, each read singly, and compare the titles that come with them."""
        singles = Singles(self.work, known={})  # what was kept of earlier readings may be a week old
        titles: dict[str, Title] = {}

        async def read(one: Record) -> Record | None:
            try:
                if isinstance(one, Package):
                    return await package_in_full(self.work, one.key)
                holding, title = await singles.of(cast("Holding", one))
            except NotFoundError:
                return None
            except DataError as error:
                kind = Kind.PACKAGE if isinstance(one, Package) else Kind.HOLDING
                await self._park(System.FOLIO, kind, one.key, "", error)
                return None
            titles[title.key] = title
            return holding

        try:
            found = [one async for one in in_parallel(listed.values(), read, width=AT_ONCE) if one is not None]
        finally:
            await keep(self.work.database, self.work.name, singles.fresh)
        self.report.read_singly.update(Kind.PACKAGE if isinstance(one, Package) else Kind.HOLDING for one in found)
        new = {key: title for key, title in titles.items() if int(key) not in self.titles_seen}
        self.titles_seen |= {int(key) for key in new}
        linked = await links_from_folio(self.work.database, self.work.name, Kind.TITLE, list(new))
        page = [Linked(key, "", tuple(link.alma_id for link in linked[key])) for key in new if key in linked]
        if page:
            await self._page(Kind.TITLE, page, new)
        return {one.key: one for one in found}

    async def _alone(self, system: System, found: Sequence[Found]) -> None:
        """Tell what one side alone holds, unless it cannot be on the other, or the policy leaves it."""
        for kind in (Kind.PACKAGE, Kind.HOLDING):
            rows = [(row, alone) for row, alone in found if row.kind is kind]
            ids = {row.id: row.id if system is System.FOLIO else alone.other_id for row, alone in rows}
            conflicts = await conflict_numbers(self.work.database, self.work.name, kind, sorted(ids.values()))
            for row, alone in rows:
                if self._left_by_policy(row):
                    self.report.tally.explained[Explanation("package", LEFT_BY_POLICY)] += 1
                    continue
                try:
                    self._can_move(system, alone.record, alone.title)
                except DataError as error:
                    await self._park(system, kind, row.id, row.name, error)
                    continue
                number = conflicts.get(ids[row.id], {}).get(REMOVAL)
                self.report.only[system].add(replace(row, conflict=number))

    def _left_by_policy(self, row: OnlyHere) -> bool:
        package = self.sides.packages[row.system].get(row.package_id)
        leave = row.system is System.FOLIO and self.work.pair.policy.managed_packages == "leave"
        linked = row.package_id in self.sides.linked[row.system]
        return leave and package is not None and package.managed and not linked

    def _can_move(self, system: System, record: Record, title: Title | None) -> None:
        """Raise what keeps a record from being on the other side."""
        fit = self._in_folio if system is System.ALMA else self._in_alma
        if isinstance(record, Holding):
            if title is None:
                words = f"its bib {record.title_key} could not be read"
                raise DataError(words, advice="Mend the bib, which is listed too.")
            fit(title)
        fit(record)

    async def _park(self, system: System, kind: Kind, key: str, name: str, error: DataError) -> None:
        parked = Parked(
            system=system, kind=kind, key=key, name=name, field="", reason=error.message, advice=error.advice
        )
        await add_parked(self.work.database, self.work.run_id, [parked])


def _names(alma: Record) -> Iterator[str]:
    """Yield the names FOLIO may have been given for a record, once they are asked for: few records need them."""
    if isinstance(alma, Package):
        name = to_folio.fit_package(alma, to_folio.FolioMaps()).record.name
        claim = NameClaim(key=alma.key, name=name, hints=(alma.interface_name,))
        yield from name_candidates(claim, to_folio.PACKAGE_NAME_LIMIT)
    elif isinstance(alma, Title):
        yield from name_candidates(title_claim(alma, ""), to_folio.TITLE_NAME_LIMIT)


def _name_of(record: Record) -> str:
    return storable(record.name) if isinstance(record, Package | Title) else ""


def _sound(value: FieldValue) -> FieldValue:
    """Return a value as a file in UTF-8 can hold it."""
    if isinstance(value, tuple):
        return tuple(storable(one) for one in value)
    return storable(value) if isinstance(value, str) else value
