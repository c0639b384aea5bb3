"""Decides each case on the way to FOLIO: create it, change what differs, or note that both sides agree.

In a two-way plan only what Alma changed travels; what FOLIO changed stays, for the other half; conflicts are listed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

from sync.engine.arbitration import Arbiter, Pairing, arbiter_for, as_known, conflicts_of, only
from sync.engine.planning import Matched, Planning
from sync.engine.shelved import hidden_with_all, until_shown
from sync.engine.to_folio.agreements import Agreed, store_agreements
from sync.engine.to_folio.cases import (
    Case,
    Scope,
    holding_cases,
    open_scope,
    package_cases,
    title_cases,
)
from sync.engine.to_folio.current import Current, current_holding, current_package, current_title
from sync.engine.to_folio.noted import LEFT, noted_changes
from sync.engine.work import Work
from sync.errors import DataError
from sync.model import Holding, Kind, Loss, Package, Record, Service, System, Title, UserDefined
from sync.plan.changes import Action, Change, FieldChange, Status, change_id
from sync.plan.compare import differences, fields_of
from sync.plan.return_home import never_emptied, returned_to_folio
from sync.plan.three_way import Comparison, Decision, Verdict
from sync.store.bases import BaseRecords, base_records
from sync.store.conflicts import Conflict
from sync.store.in_full import InFull, keep
from sync.store.links import Link, links_from_folio
from sync.store.snapshots import records
from sync.transport.paging import in_parallel

CURRENT_AT_ONCE = 10


async def decide_for_folio(planning: Planning, matched: Matched) -> None:
    """Decide every record of Alma that is new or differs, and store the changes that make FOLIO what Alma is."""
    scope = await open_scope(planning, matched)
    for cases in (package_cases(scope), title_cases(scope), holding_cases(scope)):
        async for batch in cases:
            await _decide(scope, batch)
            planning.work.progress.advance("plan", len(batch))


async def _decide(scope: Scope, cases: Sequence[Case]) -> None:
    """Turn cases into changes; those whose two sides agree move the base instead."""
    planning, work, kind = scope.planning, scope.work, _kind(cases)
    linked = [case for case in cases if case.link is not None]
    folio_ids = [case.link.folio_id for case in linked if case.link]
    listed = await records(work.database, planning.folio.id, kind, folio_ids)
    bases = await _bases(work, kind, linked)
    arbiter = await arbiter_for(planning, kind, folio_ids)
    beside = _Beside()

    async def decide(case: Case) -> Change | Agreed | None:
        before = listed.get(case.link.folio_id) if case.link else None
        agreed = bases.get(case.link.folio_id, {}) if case.link else {}
        read = case.sources
        if case.package_key in scope.hidden_collections:
            case = replace(case, sources=hidden_with_all(read, agreed))
        try:
            if arbiter is None or case.link is None:
                decided = await _decide_one(work, case, before, agreed)
            else:
                decided = await _decide_both(arbiter, case, before, agreed, beside)
            return until_shown(decided, read, case.sources) if isinstance(decided, Change) else decided
        except DataError as error:
            await planning.park(kind, min(case.sources), case.name, error)
            return None

    changes: list[Change] = []
    agreed: list[Agreed] = []
    async for outcome in in_parallel(cases, decide, width=CURRENT_AT_ONCE):
        if isinstance(outcome, Change):
            changes.append(outcome)
        elif outcome is not None:
            agreed.append(outcome)
    await keep(work.database, work.name, beside.fresh)
    await store_agreements(work, agreed)
    await planning.add([*changes, *beside.noted])
    await planning.add_conflicts(beside.conflicts)


@dataclass(frozen=True, slots=True)
class _Beside:
    """What deciding a batch brings beside changes and agreements."""

    fresh: list[InFull] = field(default_factory=list)
    conflicts: list[Conflict] = field(default_factory=list)
    noted: list[Change] = field(default_factory=list)


Bases = dict[str, BaseRecords | None]
"""What was agreed on each record of Alma that is linked to one of FOLIO, by Alma id; None: never agreed."""


async def _bases(work: Work, kind: Kind, linked: Sequence[Case]) -> dict[str, Bases]:
    """Return what was agreed, by FOLIO id."""
    folio_ids = [case.link.folio_id for case in linked if case.link]
    members = await links_from_folio(work.database, work.name, kind, folio_ids)
    found = await base_records(work.database, kind, [link.id for links in members.values() for link in links])
    return {folio_id: {link.alma_id: found.get(link.id) for link in links} for folio_id, links in members.items()}


def _home(work: Work, case: Case, bases: Bases) -> Record:
    """Return what FOLIO shall hold: its own former value in all that Alma did not change since both agreed.

    Where other rules were in force then, or another set of portfolios was this one title, everything is fitted anew.
    """
    desired = case.desired
    before = next((one for one in bases.values() if one is not None and one.rules == work.rules), None)
    if before is None or set(bases) != set(case.sources) or isinstance(desired, Service):
        return desired
    sources = [
        (source.record, base.alma if (base := bases[key]) is not None and base.rules == work.rules else None)
        for key, source in case.sources.items()
    ]
    fields = (name for name in fields_of(desired) if name not in before.unsettled)
    return returned_to_folio(desired, sources, before.folio_listed, before.written, fields)


async def _decide_one(work: Work, case: Case, listed: Record | None, bases: Bases) -> Change | Agreed | None:
    written = next((base.written for base in bases.values() if base is not None), None)
    desired = _without_stale_statement(_home(work, case, bases), written)
    current: Current | None = None
    link = case.link
    if link is not None:
        current = await _current(work, desired, link, listed)
    if link is None or current is None:
        reason = "only in Alma" if link is None else "was in FOLIO, is there no longer"
        action = Action.SELECT if case.managed_package else Action.CREATE
        if action is Action.SELECT and isinstance(desired, Holding):
            case, desired = _as_managed(case, desired, replace(desired, managed=True, url=None))
        return _change(case, desired, action, reason, differences(desired, None, fields_of(desired)))
    if written is None:
        # a proxy is set off: what was just made has the one of its package
        fields = tuple(name for name in fields_of(desired) if name != "proxy")
        desired = never_emptied(cast("Package | Title | Holding", desired), current.record, fields)
    case, desired = _as_managed(case, desired, current.record)
    found = differences(desired, current.record, fields_of(desired))
    if not found:
        return Agreed(kind=_kind([case]), sources=case.sources, link=link, current=current, desired=desired)
    reason = "changed in Alma or in FOLIO since both agreed" if written else "differs from Alma"
    return replace(_change(case, desired, Action.UPDATE, reason, found), agreed=written is not None)


async def _decide_both(
    arbiter: Arbiter, case: Case, listed: Record | None, bases: Bases, beside: _Beside
) -> Change | Agreed | None:
    """Decide a record that is linked: what only Alma changed is written, the rest is FOLIO's own, or in conflict."""
    link, kind = cast("Link", case.link), _kind([case])
    former = next((base.written for base in bases.values() if base is not None), None)
    current = await _current(arbiter.work, _home(arbiter.work, case, bases), link, listed)
    if current is None:
        return await _gone(arbiter, case, listed, bases)
    if isinstance(current.own, Holding) and isinstance(current.listed, Holding) and current.title is not None:
        beside.fresh.append(InFull(listed=current.listed, holding=current.own, title=current.title))
    full = current.own or (as_known(current.record, former) if former is not None else current.record)
    managed_case, fitted = _as_managed(case, case.desired, current.record)
    pairing = Pairing(
        kind=kind,
        folio_id=link.folio_id,
        alma={key: source.record for key, source in case.sources.items()},
        bases=bases,
        fitted=fitted,
        folio=full,
    )
    found = arbiter.judge(pairing)
    beside.conflicts.extend(conflicts_of(pairing, found, name=case.name, package_name=case.package_name))
    desired = _to_folio(arbiter, fitted, current.record, found)
    differing = differences(desired, current.record, fields_of(desired))
    pending = (*found.fields(Verdict.TO_ALMA, Verdict.CONFLICT), *found.waiting)
    written = _as_written(full, desired)
    reason = next((one.reason for one in found.verdicts if one.verdict is Verdict.TO_FOLIO), "")
    change = _change(managed_case, desired, Action.UPDATE, reason, differing)
    beside.noted.extend(noted_changes(arbiter, pairing, found, change))
    if not differing:
        # what a dry run names is to be named again by the run that follows
        pending += found.fields(*LEFT) if arbiter.planning.dry_run else ()
        return Agreed(kind=kind, sources=case.sources, link=link, current=current, desired=written, pending=pending)
    return replace(change, origin=written, pending=pending, agreed=former is not None)


async def _gone(arbiter: Arbiter, case: Case, listed: Record | None, bases: Bases) -> Change | Agreed | None:
    """Decide a linked record that FOLIO does not have: nothing is made again that a librarian may have removed.

    Its removal in Alma is planned with the removals. A title is made for its holdings' sake, so that it may come again.
    """
    if isinstance(case.desired, Title):
        return await _decide_one(arbiter.work, case, listed, bases)
    folio_id = case.link.folio_id if case.link is not None else ""
    if not arbiter.restores(folio_id, Decision.ALMA):
        return None
    return await _decide_one(arbiter.work, case, listed, bases)


def _to_folio(arbiter: Arbiter, fitted: Record, current: Record, found: Comparison) -> Record:
    """Return what FOLIO shall hold: Alma's values in the fields that travel there, its own in all others.

    A proxy that does not travel is left unsaid: what is read may be the one of the level above. So are the fields that
    hold no note.
    """
    record = cast("Package | Title | Holding", fitted)
    now = cast("Package | Title | Holding", current)
    desired = only(record, now, found, Verdict.TO_FOLIO, fields_of(record))
    travels = found.fields(Verdict.TO_FOLIO)
    if isinstance(desired, Package | Holding) and "proxy" not in travels:
        desired = replace(desired, proxy=None)
    if not (isinstance(desired, Holding) and isinstance(now, Holding)):
        return desired
    user_defined = list[str | None]((None,) * len(now.user_defined))
    for note, number in arbiter.work.folio_maps.notes.items():
        own = now.user_defined[number - 1] or ""
        user_defined[number - 1] = desired.user_defined[number - 1] if note in travels else own
    if "coverage_statement" in travels and desired.coverage_statement is None:
        desired = replace(desired, coverage_statement="")
    return replace(desired, user_defined=cast("UserDefined", tuple(user_defined)))


def _as_written(full: Record, desired: Record) -> Record:
    """Return FOLIO's record in full as it is once `desired` is written over it."""
    values = {name: value for name in fields_of(desired) if (value := getattr(desired, name)) is not None}
    if isinstance(full, Holding) and isinstance(desired, Holding):
        pairs = zip(desired.user_defined, full.user_defined, strict=True)
        values["user_defined"] = tuple(own if text is None else text for text, own in pairs)
        values["embargo"] = desired.embargo
    return replace(full, **values)


def _as_managed(case: Case, desired: Record, current: Record) -> tuple[Case, Record]:
    """Leave the vendor's own values, which FOLIO would not change though it said yes (facts: folio §2.1).

    They are losses, not changes: the name and the kind of a managed package, the address of a title in one.
    """
    losses: list[Loss] = []
    if isinstance(current, Package) and current.managed and isinstance(desired, Package):
        kept = {"name": current.name, "content_type": current.content_type}
        losses = [
            Loss(name, getattr(desired, name), "a managed package has its own")
            for name, own in kept.items()
            if getattr(desired, name) != own
        ]
        desired = replace(desired, name=current.name, content_type=current.content_type)
    if isinstance(current, Holding) and current.managed and isinstance(desired, Holding):
        if desired.url and desired.url != current.url:
            losses = [Loss("url", desired.url, "a title of a managed package has the vendor's address")]
        desired = replace(desired, url=None)
    return (replace(case, losses=(*case.losses, *losses)), desired) if losses else (case, desired)


async def _current(work: Work, desired: Record, link: Link, listed: Record | None) -> Current | None:
    if isinstance(desired, Package):
        return await current_package(work, desired, link.folio_id, cast("Package | None", listed))
    if isinstance(desired, Title):
        return await current_title(work, desired, link.folio_id, cast("Title | None", listed))
    return await current_holding(work, cast("Holding", desired), link.folio_id, cast("Holding | None", listed))


def _without_stale_statement(desired: Record, written: Record | None) -> Record:
    """A statement that an earlier run generated goes when nothing is to be stated any longer."""
    if not (isinstance(desired, Holding) and isinstance(written, Holding)):
        return desired
    stale = desired.coverage_statement is None and written.coverage_statement
    return replace(desired, coverage_statement="") if stale else desired


def _change(case: Case, desired: Record, action: Action, reason: str, fields: tuple[FieldChange, ...]) -> Change:
    kind = _kind([case])
    key = case.title_key if kind is Kind.TITLE else min(case.sources)
    withheld = case.withhold and action is not Action.UPDATE
    return Change(
        id=change_id(System.FOLIO, kind, key),
        system=System.FOLIO,
        kind=kind,
        action=action,
        name=case.name,
        desired=desired,
        source_keys=tuple(sorted(case.sources)),
        package_key=case.package_key,
        package_name=case.package_name,
        title_key=case.title_key,
        target_id=case.link.folio_id if case.link and action is Action.UPDATE else "",
        identifiers=case.identifiers,
        reason=case.withhold if withheld else reason,
        status=Status.WITHHELD if withheld else Status.PLANNED,
        fields=fields,
        losses=case.losses,
    )


def _kind(cases: Sequence[Case]) -> Kind:
    desired = cases[0].desired if cases else None
    return {Package: Kind.PACKAGE, Title: Kind.TITLE}.get(type(desired), Kind.HOLDING)
