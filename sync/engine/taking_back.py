"""What a carried-out plan did, change by change, gathered for the rules that take it back; and its guards."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sync.alma.read_portfolios import STANDALONE_KEY
from sync.engine.planning import Planning
from sync.engine.work import Work
from sync.model import Holding, Kind, System, Title
from sync.plan.changes import REMOVALS, Action, Change, Guard, Status, change_id
from sync.plan.guards import SHRUNK, RemovalLimits, Share, judge_removals
from sync.plan.take_back import Done, Place, noted, take_back, title_again
from sync.plan.writes import Before
from sync.store.approval import withhold_removals as withhold_stored
from sync.store.bases import BaseRecords, base_records
from sync.store.befores import written_over
from sync.store.changes import count_by_package
from sync.store.intents import Made
from sync.store.links import Link, Partners, last_partners, linked_below, links, package_links
from sync.store.plans import PlanInfo

NO_LONGER_LINKED = "it is no longer linked: it was removed, or taken apart, since then"
LINKED_AGAIN = "it, or what it belonged to, is linked again since the run"
PARTNER_UNKNOWN = "what it was linked to is not known any longer: make it again by hand"


@dataclass(slots=True, kw_only=True)
class Undoing:
    """A plan being taken back: what it made, and the titles that are made again already. `words` is the reason.

    `collections` are those of the services that it made.
    """

    work: Work
    undone: PlanInfo
    made: Made
    words: str
    collections: dict[str, str] = field(init=False)
    titles: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.collections = {service: collection for collection, service in self.made.services.items()}

    async def changes_back(self, changes: Sequence[Change]) -> list[Change]:
        """Return what takes these changes back."""
        before = await written_over(self.work.database, self.undone.id, [one.id for one in changes])
        groups: dict[tuple[System, Kind, bool], list[Change]] = defaultdict(list)
        for one in changes:
            groups[one.system, one.kind, one.action in REMOVALS].append(one)
        back: list[Change] = []
        for (system, kind, removals), group in groups.items():
            if removals:
                back += await self._made_again(system, kind, group, before)
            elif system is System.FOLIO:
                back += await self._back_in_folio(kind, group, before)
            else:
                back += await self._back_in_alma(kind, group, before)
        return back

    async def _back_in_folio(self, kind: Kind, changes: Sequence[Change], before: Mapping[str, Before]) -> list[Change]:
        keys = [key for change in changes for key in change.source_keys]
        known = await links(self.work.database, self.work.name, kind, keys)
        bases = await base_records(self.work.database, kind, [link.id for link in known.values()])
        back: list[Change] = []
        for change in changes:
            link = next((known[key] for key in change.source_keys if key in known), None)
            was = before.get(change.id)
            made = self._made_in_folio(change, link)
            if made and link is None and change.status is Status.VERIFIED:
                back.append(noted(change, NO_LONGER_LINKED))
                continue
            base = bases.get(link.id) if link is not None else None
            package_key, _, title_key = made.rpartition("-") if kind is Kind.HOLDING else ("", "", "")
            done = Done(
                change=change,
                made=made,
                place=Place(package_key=package_key, title_key=title_key),
                name=link.name if link is not None else "",
                before=was,
                origin=was.record if was is not None else None,
                pending=base.unsettled if base is not None else (),
            )
            back += take_back(done, self.words)
        return back

    def _made_in_folio(self, change: Change, link: Link | None) -> str:
        """Return the id of the record that a change made, "" when it made none.

        A holding is new where the plan made it, or its title, or its package: then nobody else can have made it before,
        and the link says that none of its runs took one that somebody made meanwhile.
        """
        made = self.made.records.get(change.id, "")
        if made or change.kind is not Kind.HOLDING or change.action is Action.UPDATE:
            return made
        title = self.made.records.get(change_id(System.FOLIO, Kind.TITLE, change.title_key))
        package = self.made.records.get(change_id(System.FOLIO, Kind.PACKAGE, change.package_key))
        if link is None:  # the run ended before it could say so
            return f"{package}-{title}" if title and package else ""
        new = change.action is Action.SELECT or title or package
        return link.folio_id if new and link.run_id in self.made.runs else ""

    async def _back_in_alma(self, kind: Kind, changes: Sequence[Change], before: Mapping[str, Before]) -> list[Change]:
        ids = {change.id: self.made.records.get(change.id, change.target_id) for change in changes}
        known = await links(self.work.database, self.work.name, kind, list(ids.values()))
        bases = await base_records(self.work.database, kind, [link.id for link in known.values()])
        back: list[Change] = []
        for change in changes:
            link = known.get(ids[change.id])
            base = bases.get(link.id) if link is not None else None
            made = ids[change.id] if change.action is Action.CREATE else ""
            if made and link is None and kind is not Kind.SERVICE and change.status is Status.VERIFIED:
                back.append(noted(change, NO_LONGER_LINKED))
                continue
            done = Done(
                change=change,
                made=made,
                place=self._place_in_alma(change, made, base),
                before=before.get(change.id),
                origin=base.written if base is not None else None,
                pending=base.unsettled if base is not None else (),
            )
            back += take_back(done, self.words)
        return back

    def _place_in_alma(self, change: Change, made: str, base: BaseRecords | None) -> Place:
        """Return where a record stands that was made: as both sides agreed, or as its intent says."""
        if change.kind is Kind.SERVICE:
            return Place(package_key=self.collections.get(made, ""))
        if base is not None and isinstance(base.alma, Holding):
            own = base.alma
            return Place(package_key=own.package_key, service_key=own.service_key, title_key=own.title_key)
        service, mms_id, *_ = (*self.made.keys.get(change.id, "").split("/"), "", "")
        if service == STANDALONE_KEY:
            return Place(package_key=STANDALONE_KEY, title_key=mms_id)
        return Place(package_key=self.collections.get(service, ""), service_key=service, title_key=mms_id)

    async def _made_again(
        self, system: System, kind: Kind, changes: Sequence[Change], before: Mapping[str, Before]
    ) -> list[Change]:
        database, name = self.work.database, self.work.name
        partners = await last_partners(database, name, kind, system, [change.target_id for change in changes])
        back: list[Change] = []
        for change in changes:
            own = partners.get(change.target_id)
            if kind is not Kind.SERVICE and own is None:
                back.append(noted(change, PARTNER_UNKNOWN))
            elif own is not None and own.linked_now:
                back.append(noted(change, LINKED_AGAIN))
            else:
                ids = own.ids if own is not None else ()
                back += take_back(Done(change=change, before=before.get(change.id), partners=ids), self.words)
        titles = {
            again.title_key: (again, was.title)
            for again in back
            if again.kind is Kind.HOLDING and again.action is Action.CREATE
            if (was := before.get(again.id)) is not None and was.title is not None
            if self._may_be_gone(system, was.title) and again.title_key not in self.titles
        }
        self.titles |= titles.keys()
        found = await last_partners(database, name, Kind.TITLE, system, list(titles))
        return [*_titles_again(system, titles, found), *back]

    def _may_be_gone(self, system: System, title: Title) -> bool:
        """Return whether a title may have gone with its last holding: FOLIO's own always, Alma's where we said so."""
        if system is System.FOLIO:
            return not title.managed
        return self.work.pair.alma.bib_after_removal == "delete"


def _titles_again(
    system: System, titles: Mapping[str, tuple[Change, Title]], partners: Mapping[str, Partners]
) -> Iterable[Change]:
    for key, (again, title) in titles.items():
        if key in partners:
            own = partners[key].ids
            # a bib gets FOLIO's number of the title again
            wanted = title if system is System.FOLIO else replace(title, key=own[0])
            yield title_again(again, wanted, own)


async def withhold_removals(planning: Planning, limits: RemovalLimits) -> list[Guard]:
    """Withhold the removals of an undo that are too many, in all or in a package; return the guards that say so."""
    guards: list[Guard] = []
    for system in System:
        counts = await count_by_package(planning.work.database, planning.plan_id, system, REMOVALS)
        if counts:
            guards += await _judge(planning, system, counts, limits)
    return guards


async def _judge(
    planning: Planning, system: System, counts: Mapping[tuple[Kind, str], int], limits: RemovalLimits
) -> list[Guard]:
    work = planning.work
    in_folio = {key: key for _, key in counts}
    if system is System.ALMA:
        in_folio = {key: link.folio_id for key, link in (await package_links(work.database, work.name)).items()}
    shares = {}
    for (kind, key), number in counts.items():
        if kind is Kind.HOLDING:
            linked = await linked_below(work.database, work.name, Kind.HOLDING, in_folio.get(key, ""))
            shares[key] = Share(number, max(number, len(linked)))
    reading = Guard(name=SHRUNK, value=0, limit=0, tripped=False)
    verdict = judge_removals(
        shares,
        others=sum(number for (kind, _), number in counts.items() if kind is not Kind.HOLDING),
        limits=limits,
        source_records=1,
        source_complete=True,
        names={},
        reading=reading,
    )
    withheld: Counter[tuple[Kind, Action]] = Counter()
    for key in {key for _, key in counts}:
        reason = verdict.why(key)
        if reason:
            withheld += await withhold_stored(work.database, planning.plan_id, system, key, reason)
    for (kind, action), number in withheld.items():
        planning.tally.kinds[system, kind, action] -= number
    planning.tally.summary.remove -= withheld.total()
    planning.tally.summary.withheld += withheld.total()
    return [one for one in verdict.guards if one is not reading]
