"""What is gone at the source, and shall go at the target: proposed record by record, held back by the guards.

Removed is only what was linked, on which both sides once agreed, and which nobody has edited at the target since. A
service, collection or package goes only when nothing is left in it that is not ours (design: guards, writing).
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from sync.alma.read_portfolios import STANDALONE_KEY
from sync.engine.planning import Planning
from sync.engine.to_alma.services import services_by_collection
from sync.model import INHERITED, Holding, Kind, Package, Record, Service, System, Title, kind_of
from sync.plan.changes import NOT_ASKED, Action, Change, Guard, Status, change_id
from sync.plan.compare import NOTE_FIELDS, fields_of, meaning, removed_fields, shown
from sync.plan.guards import RemovalLimits, RemovalVerdict, Share, Size, judge_reading, judge_removals
from sync.plan.three_way import REMOVAL
from sync.store.absence import AbsenceSearch, Gone, count_gone, gone
from sync.store.bases import BaseRecords, base_records
from sync.store.conflicts import Conflict, RemovalDecisions, removal_decisions
from sync.store.intents import services_made
from sync.store.snapshots import all_records, count_by_package, count_records, last_accepted, records

BATCH = 500


@dataclass(slots=True, kw_only=True)
class _Removals:
    """What is gone. `packages` and `services` are the target's own, `planned` counts the holdings to go by package.

    `held_back` counts what is withheld for reasons of its own, not by the guards.
    """

    planning: Planning
    packages: Mapping[str, Package]
    services: Mapping[str, Sequence[Service]]
    absent: Sequence[Gone]
    verdict: RemovalVerdict
    services_made: frozenset[str]
    decided: RemovalDecisions
    conflicts: list[Conflict] = field(default_factory=list)
    planned: Counter[str] = field(default_factory=Counter)
    held_back: int = 0

    @property
    def target(self) -> System:
        """Return the system that is written to."""
        return self.planning.direction.target

    def name_of(self, package_key: str) -> str:
        """Return the name of a package of the target, "" where it was not read."""
        package = self.packages.get(package_key)
        return package.name if package else ""

    def restored(self, kind: Kind, base: BaseRecords) -> bool:
        """Return whether a person decided that the record is made again at the source instead."""
        return self.decided.side_of(kind, base.folio_id) == self.target

    def still_decided(self, kind: Kind, base: BaseRecords) -> None:
        """Keep the decision until the record is there again."""
        known = self.decided.known.get((kind, base.folio_id))
        if known is not None:
            self.conflicts.append(replace(known, settled=True))

    def wins(self, record: Package | Holding, base: BaseRecords, edits: tuple[str, ...], name: str) -> bool:
        """Return whether the removal wins over these edits, since a person decided so; else it is listed as open."""
        if not self.planning.both_ways:
            return False
        kind = kind_of(record)
        gone, edited = ("removed",), edits
        alma, folio = (edited, gone) if self.target is System.ALMA else (gone, edited)
        package_key = record.key if isinstance(record, Package) else record.package_key
        known = self.decided.known.get((kind, base.folio_id))
        settled = known is not None and (known.alma, known.folio) == (alma, folio)
        self.conflicts.append(
            Conflict(
                kind=kind,
                alma_id=base.alma_id,
                folio_id=base.folio_id,
                field=REMOVAL,
                name=name,
                package_name=self.name_of(package_key),
                base="in both",
                alma=alma,
                folio=folio,
                settled=settled,
            )
        )
        return settled and self.decided.side_of(kind, base.folio_id) == self.planning.direction.source


async def plan_removals(planning: Planning, limits: RemovalLimits | None) -> None:
    """Store the removals that make the target what the source is; without `limits` only say how many there would be."""
    work, target = planning.work, planning.direction.target
    search = AbsenceSearch(comparison=planning.comparison, target=target, run_id=work.run_id)
    shares = {
        one.package_key: Share(one.gone, one.linked, one.moved)
        for one in await count_gone(work.database, search, Kind.HOLDING)
    }
    absent = [
        one
        async for batch in gone(work.database, search, Kind.PACKAGE, BATCH)
        for one in batch
        if one.target_id != STANDALONE_KEY  # no collection of Alma, only the word for none
    ]
    services = await services_by_collection(work.database, planning.alma.id) if target is System.ALMA else {}
    others = len(absent) + sum(len(services.get(one.target_id, ())) for one in absent)
    total = sum(one.removals for one in shares.values()) + others
    reading = await _reading_guard(planning, limits) if limits is not None else None
    if not total:
        planning.tally.guards.extend([reading] if reading is not None else [])
        return
    if limits is None or reading is None:
        words = f"{total:,} records of {target.label} are gone in {planning.direction.source.label}, and stay"
        planning.tally.guards.append(Guard(name=NOT_ASKED, value=total, limit=0, tripped=False, explanation=words))
        return
    found = all_records(work.database, planning.target.id, Kind.PACKAGE)
    packages = {one.key: one async for one in found if isinstance(one, Package)}
    held = await count_records(work.database, planning.source.id)
    verdict = judge_removals(
        shares,
        others=others,
        limits=limits,
        source_records=sum(held.get(kind, 0) for kind in (Kind.PACKAGE, Kind.HOLDING)),
        source_complete=planning.source.complete,
        names={key: one.name for key, one in packages.items()},
        reading=reading,
    )
    planning.tally.guards += verdict.guards
    removals = _Removals(
        planning=planning,
        packages=packages,
        services=services,
        absent=absent,
        verdict=verdict,
        services_made=await services_made(work.database, work.name),
        decided=await removal_decisions(work.database, work.name) if planning.both_ways else RemovalDecisions(),
    )
    async for batch in gone(work.database, search, Kind.HOLDING, BATCH):
        await planning.add(await _holdings(removals, batch))
    await planning.add(await _containers(removals))
    await planning.add_conflicts(removals.conflicts)
    if removals.held_back:
        words = "removals that need a person's eyes: each says why it was held back"
        planning.tally.guards.append(
            Guard(name="removals-held-back", value=removals.held_back, limit=0, tripped=True, explanation=words)
        )


async def _reading_guard(planning: Planning, limits: RemovalLimits) -> Guard:
    """Return the guard on a source that holds much less than when a plan was last carried out."""
    work, source = planning.work, planning.source
    held = await count_records(work.database, source.id)
    return judge_reading(
        source.system.label,
        Size(records=held.get(Kind.PACKAGE, 0) + held.get(Kind.HOLDING, 0), scope=source.scope),
        await last_accepted(work.database, work.name, source.system, source.scope),
        percent=work.pair.policy.max_shrink_percent,
        approved=limits.approved is not None,
    )


async def _holdings(removals: _Removals, batch: Sequence[Gone]) -> list[Change]:
    planning, target = removals.planning, removals.target
    database = planning.work.database
    current = await records(database, planning.target.id, Kind.HOLDING, [one.target_id for one in batch])
    holdings = {key: one for key, one in current.items() if isinstance(one, Holding)}
    titles = await records(
        database, planning.target.id, Kind.TITLE, sorted({one.title_key for one in holdings.values()})
    )
    bases = await base_records(database, Kind.HOLDING, [one.link_ids[-1] for one in batch])
    changes = []
    for one in batch:
        base = bases.get(one.link_ids[-1])
        holding = _as_agreed(holdings[one.target_id], base, target)
        title = titles.get(holding.title_key)
        if base is not None and removals.restored(Kind.HOLDING, base):
            removals.still_decided(Kind.HOLDING, base)
            continue
        guarded = removals.verdict.why(one.package_key)
        name = title.name if isinstance(title, Title) else holding.key
        own = _kept(removals, holding, base, name)
        kept = guarded or own
        removals.held_back += bool(kept and not guarded)
        removals.planned[one.package_key] += not kept
        selected = target is System.FOLIO and holding.managed
        changes.append(
            _change(
                removals,
                Kind.HOLDING,
                Action.DESELECT if selected else Action.REMOVE,
                holding,
                name=name,
                package_key=one.package_key,
                kept=kept,
            )
        )
    return changes


def _as_agreed(holding: Holding, base: BaseRecords | None, target: System) -> Holding:
    """Return FOLIO's holding with what lists do not tell as both sides agreed on it: it is read before it goes."""
    if target is System.ALMA or base is None or not isinstance(base.written, Holding):
        return holding
    agreed = base.written
    proxy = None if agreed.proxy == INHERITED else agreed.proxy
    return replace(holding, proxy=proxy, access_type=agreed.access_type)


async def _containers(removals: _Removals) -> list[Change]:
    """Plan the removal of packages that are gone, with their services; what still holds something is withheld."""
    planning, target = removals.planning, removals.target
    held = await count_by_package(planning.work.database, planning.target.id, Kind.HOLDING)
    bases = await base_records(planning.work.database, Kind.PACKAGE, [one.link_ids[-1] for one in removals.absent])
    changes = []
    for one in removals.absent:
        package, base = removals.packages[one.target_id], bases.get(one.link_ids[-1])
        if base is not None and removals.restored(Kind.PACKAGE, base):
            removals.still_decided(Kind.PACKAGE, base)
            continue
        left = held.get(package.key, 0) - removals.planned[package.key]
        guarded = removals.verdict.why(package.key)
        own = _kept(removals, package, base, package.name)
        kept = guarded or own
        if left and not kept:
            kept = f"it still holds {left:,} titles that are not to be removed"
        if package.key in planning.target.extraction.incomplete_packages and not kept:
            kept = f"it was not read completely in {target.label}"
        services = removals.services.get(package.key, ())
        removals.held_back += 1 + len(services) if kept and not guarded else 0
        deselected = target is System.FOLIO and package.managed
        action = Action.DESELECT if deselected else Action.REMOVE
        for service in services:
            name = service.name or package.name
            changes.append(
                _change(removals, Kind.SERVICE, Action.REMOVE, service, name=name, package_key=package.key, kept=kept)
            )
        changes.append(
            _change(removals, Kind.PACKAGE, action, package, name=package.name, package_key=package.key, kept=kept)
        )
    return changes


def _kept(removals: _Removals, record: Package | Holding, base: BaseRecords | None, name: str) -> str:
    """Return why a record is not to be removed though it is gone at the source, "" when it is."""
    target = removals.target
    of_none = base is not None and isinstance(base.alma, Holding) and base.alma.package_key == STANDALONE_KEY
    if target is System.FOLIO and of_none:
        return "Alma does not list portfolios in no collection, so its absence says nothing"
    if base is None:
        return "both sides never agreed on it, so its absence says nothing"
    before = base.alma if target is System.ALMA else base.folio_listed
    fields = fields_of(record, target)
    if target is System.ALMA and isinstance(record, Package):
        fields += (*NOTE_FIELDS, "hidden")
    edits = {
        name: f"{name}: {shown(getattr(record, name))}" for name in fields if _edited(before, record, name, target)
    }
    edits |= {name: f"{name}: {shown(getattr(record, name))}" for name in base.unsettled}
    if isinstance(record, Holding) and isinstance(before, Holding) and record.package_key != before.package_key:
        edits["package"] = f"package: {removals.name_of(record.package_key) or record.package_key}"
    if isinstance(record, Package) and isinstance(before, Package):
        added = set(record.service_keys) - set(before.service_keys) - removals.services_made
        edits |= {f"service {key}": f"service {key} added" for key in sorted(added)}
    if edits and not removals.wins(record, base, tuple(edits.values()), name):
        names = ", ".join(edits)
        return f"it was edited in {target.label} since both sides agreed ({names}); an edit wins over a removal"
    if target is System.ALMA and record.managed:
        return "it comes from the Community Zone, and no API could bring it back: remove it in Alma itself"
    return ""


def _edited(before: Record, record: Record, name: str, target: System) -> bool:
    """Return whether a field means something else than when both sides agreed; what FOLIO's lists do not tell does not.

    Of Alma, which tells everything, None is none.
    """
    was, now = getattr(before, name), getattr(record, name)
    if target is System.FOLIO and name != "embargo" and (was is None or now is None):
        return False
    return (meaning(was) or "") != (meaning(now) or "")


def _change(
    removals: _Removals,
    kind: Kind,
    action: Action,
    record: Record,
    *,
    name: str,
    package_key: str,
    kept: str,
) -> Change:
    target = removals.target
    return Change(
        id=change_id(target, kind, record.key),
        system=target,
        kind=kind,
        action=action,
        name=name,
        desired=record,
        source_keys=(),
        package_key=package_key,
        package_name=removals.name_of(package_key),
        target_id=record.key,
        reason=kept or f"gone in {removals.planning.direction.source.label}",
        status=Status.WITHHELD if kept else Status.PLANNED,
        fields=removed_fields(record, target),
    )
