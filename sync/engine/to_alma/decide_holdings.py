"""Decides FOLIO's resources on the way to Alma, each with its title where that has no bib yet."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NoReturn, cast

from sync.alma.fit import fit_holding, fit_title, source_words
from sync.alma.read_portfolios import STANDALONE_KEY
from sync.alma.reading import place_of
from sync.engine.arbitration import Arbiter, arbiter_for, only
from sync.engine.in_full import Singles, singles_of
from sync.engine.shelved import hidden_with_all
from sync.engine.to_alma.outcome import MAPPED, Outcome, agreement_of, change_to_alma, home_fields
from sync.engine.to_alma.scope import AlmaScope
from sync.errors import DataError, NotFoundError
from sync.model import EmbargoKind, Holding, Kind, Loss, Package, Title, name_key
from sync.plan.changes import Action, Change, FieldChange, Status
from sync.plan.compare import ALMA_HOLDING_FIELDS, NOTE_FIELDS, TITLE_FIELDS, differences
from sync.plan.return_home import Base, changed_fields, never_emptied, returned, spoken
from sync.plan.three_way import Decision, Verdict
from sync.store.comparison import Differing, SourceRecord, source_records
from sync.store.links import BaseRecords, Link, base_records, links_from_folio
from sync.store.snapshots import records
from sync.transport.paging import in_parallel

AT_ONCE = 10
EMPTIABLE = ("url", "coverage", "embargo", "coverage_statement", *NOTE_FIELDS, "proxy", "access_type")
"""What an empty value of FOLIO does not clear at first contact."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Case:
    """A resource, its title as listed, and the portfolios it is linked to with what both sides held when they agreed.

    `bibs` are those its title is linked to.
    """

    key: str
    listed: Holding
    title: Title
    bibs: tuple[str, ...]
    portfolios: tuple[tuple[Link, SourceRecord | None, BaseRecords | None], ...]


async def decide_holdings(scope: AlmaScope, differing: Sequence[Differing]) -> Outcome:
    """Return the changes that these resources need, and the agreements of those that need none."""
    outcome = Outcome()
    # what could not be read in Alma is listed as parked, and is there: nothing is made in its place
    readable = [one for one in differing if one.package_key in scope.packages and (one.present or not one.unreadable)]
    if scope.planning.both_ways:
        readable = [one for one in readable if not one.moved]  # their removal in FOLIO is planned with those
    cases = await _cases(scope, readable)
    arbiter = await arbiter_for(scope.planning, Kind.HOLDING, [case.key for case in cases])

    async def decide(case: _Case) -> Outcome:
        found = Outcome()
        try:
            if arbiter is not None and case.portfolios:
                await _decide_both(scope, found, case, singles, arbiter)
            else:
                await _decide(scope, found, case, singles)
        except NotFoundError:
            return Outcome()  # removed since it was listed
        except DataError as error:
            await scope.planning.park(Kind.HOLDING, case.key, case.title.name, error)
            return Outcome()
        return found

    async with singles_of(scope.work, [case.listed for case in cases]) as singles:
        async for found in in_parallel(cases, decide, width=AT_ONCE):
            outcome.changes += found.changes
            outcome.agreements += found.agreements
    return outcome


async def _cases(scope: AlmaScope, differing: Sequence[Differing]) -> list[_Case]:
    database, folio = scope.work.database, scope.planning.folio.id
    listed = await source_records(database, folio, Kind.HOLDING, [one.key for one in differing])
    titles = await records(database, folio, Kind.TITLE, sorted({one.title_key for one in differing}))
    titled = await links_from_folio(database, scope.work.name, Kind.TITLE, sorted(titles))
    links = await links_from_folio(database, scope.work.name, Kind.HOLDING, [one.key for one in differing])
    flat = [link for found in links.values() for link in found]
    current = await source_records(database, scope.planning.alma.id, Kind.HOLDING, [link.alma_id for link in flat])
    bases = await base_records(database, Kind.HOLDING, [link.id for link in flat])
    return [
        _Case(
            key=one.key,
            listed=cast("Holding", listed[one.key].record),
            title=cast("Title", titles[one.title_key]),
            bibs=tuple(link.alma_id for link in titled.get(one.title_key, ())),
            portfolios=tuple((link, current.get(link.alma_id), bases.get(link.id)) for link in links.get(one.key, ())),
        )
        for one in differing
        if one.title_key in titles
    ]


async def _decide(scope: AlmaScope, outcome: Outcome, case: _Case, singles: Singles) -> None:
    there = [(record, base) for _, record, base in case.portfolios if record is not None]
    if not there:
        await _create(scope, outcome, case, singles)
        return
    for record, base in there:
        await _compare(scope, outcome, case, singles, record, base, alone=len(there) == 1)


async def _decide_both(scope: AlmaScope, outcome: Outcome, case: _Case, singles: Singles, arbiter: Arbiter) -> None:
    """Plan what only FOLIO changed in a resource that is linked; what Alma changed is for the other half of the plan.

    Nothing is made again that is gone in Alma, unless a person said so: its removal in FOLIO is planned with those.
    """
    there = {record.record.key: record for _, record, _ in case.portfolios if record is not None}
    if not there:
        if arbiter.restores(case.key, Decision.FOLIO):
            await _create(scope, outcome, case, singles)
        return
    bases = {link.alma_id: base for link, _, base in case.portfolios}
    former = next((one for one in bases.values() if one is not None), None)
    full = case.listed
    if former is None or case.listed != former.folio_listed or former.rules != scope.work.rules:
        full, _ = await singles.of(case.listed)
    hidden = any(cast("Holding", one.record).package_key in scope.hidden for one in there.values())
    sources = hidden_with_all(there, bases) if hidden else there
    found = arbiter.judge(arbiter.pairing(Kind.HOLDING, case.key, sources, bases, full))
    travels = found.fields(Verdict.TO_ALMA)
    if not travels:
        return
    if len(there) > 1:
        _refuse_for_several(travels, "changed")
    record = next(iter(there.values()))
    pending = found.fields(Verdict.TO_FOLIO, Verdict.CONFLICT)
    current = cast("Holding", record.record)
    fit = fit_holding(source_words(full, scope.maps), scope.maps, scope.planning.alma.write_codes)
    desired, more = _kept(fit.record, current, full)
    desired = only(desired, current, found, Verdict.TO_ALMA, ALMA_HOLDING_FIELDS)
    differing = differences(desired, current, ALMA_HOLDING_FIELDS)
    if not differing:
        agreed = agreement_of(Kind.HOLDING, current.key, record.hash, case.listed, full)
        outcome.agreements.append(replace(agreed, alma_record=current, pending=pending))
        return
    reason = next(one.reason for one in found.verdicts if one.verdict is Verdict.TO_ALMA)
    change = _update(scope, case, desired, current, full, differing, (*fit.losses, *more), reason)
    outcome.changes.append(replace(change, pending=pending, agreed=former is not None))


def _why_not(scope: AlmaScope, case: _Case, package: Package) -> str:
    """Return why no portfolio may be made, "" when it may."""
    collection_id = scope.collection(package.key)
    if package.key in scope.left:
        return f"its package is not written: {scope.left[package.key]}"
    if collection_id == STANDALONE_KEY:
        return "Alma does not list portfolios in no collection: make it in Alma, and add its MMS ID to the file of them"
    if collection_id in scope.databases:
        return "its collection is of the type Database, which holds no portfolios: change the type in Alma"
    if collection_id in scope.planning.alma.extraction.incomplete_packages:
        return "the collection was not read completely in Alma"
    places = {place_of(collection_id, one) for one in (*case.bibs, name_key(case.title.name))}
    if collection_id and places & scope.unreadable:
        return "a portfolio of this title could not be read in Alma; it is listed too"
    return ""


async def _create(scope: AlmaScope, outcome: Outcome, case: _Case, singles: Singles) -> None:
    """Plan a portfolio, and the bib it hangs on where its title has none."""
    package = scope.packages[case.listed.package_key]
    left = _why_not(scope, case, package)
    if left and package.managed and package.key in scope.left:
        return  # the package's own line says it for all its titles
    holding, title = (case.listed, case.title) if left else await singles.of(case.listed)
    fit = fit_holding(source_words(holding, scope.maps), scope.maps, scope.planning.alma.write_codes)
    if not left and not case.bibs:
        await _plan_bib(scope, outcome, title)
    desired = replace(fit.record, access_type=fit.record.access_type or "")
    change = change_to_alma(
        Kind.HOLDING,
        Action.CREATE,
        key=case.key,
        name=title.name,
        desired=desired,
        origin=holding,
        source_keys=(case.key,),
        package_key=package.key,
        package_name=package.name,
        title_key=title.key,
        identifiers=title.numbers(),
        reason=left or ("was in Alma, is there no longer" if case.portfolios else "only in FOLIO"),
        fields=differences(desired, None, ALMA_HOLDING_FIELDS),
        losses=fit.losses,
    )
    outcome.changes.append(replace(change, status=Status.WITHHELD) if left else change)


async def _plan_bib(scope: AlmaScope, outcome: Outcome, title: Title) -> None:
    """Plan the bib of a title once, or raise what keeps it from having one."""
    if title.key in scope.parked_titles:
        raise DataError(scope.parked_titles[title.key], advice="Mend the title, which is listed too, first.")
    if title.key in scope.new_titles:
        return
    try:
        fit = fit_title(title, scope.planning.alma.write_codes)
    except DataError as error:
        scope.parked_titles[title.key] = f"its title cannot become a bib: {error.message}"
        await scope.planning.park(Kind.TITLE, title.key, title.name, error)
        raise DataError(scope.parked_titles[title.key], advice=error.advice) from None
    scope.new_titles.add(title.key)
    outcome.changes.append(
        change_to_alma(
            Kind.TITLE,
            Action.CREATE,
            key=title.key,
            name=fit.record.name,
            desired=fit.record,
            origin=title,
            source_keys=(title.key,),
            title_key=title.key,
            identifiers=title.numbers(),
            reason="no bib of this library is this title",
            fields=differences(fit.record, None, TITLE_FIELDS),
            losses=fit.losses,
        )
    )


async def _compare(
    scope: AlmaScope,
    outcome: Outcome,
    case: _Case,
    singles: Singles,
    there: SourceRecord,
    base: BaseRecords | None,
    *,
    alone: bool,
) -> None:
    """Plan what differs in one portfolio; values that FOLIO did not change return home as they were."""
    current = cast("Holding", there.record)
    full = case.listed
    if base is None or case.listed != base.folio_listed or base.rules != scope.work.rules:
        full, _ = await singles.of(case.listed)
    desired, agreed, losses = _wanted(scope, case, full, current, base, alone=alone)
    desired, more = _kept(desired, current, full)
    found = differences(desired, current, ALMA_HOLDING_FIELDS)
    if found and base is None and not alone:
        _refuse_for_several([one.field for one in found], "differs")
    if not found:
        written = cast("Holding", base.written) if base is not None and full is case.listed else full
        agreement = agreement_of(Kind.HOLDING, current.key, there.hash, case.listed, written)
        outcome.agreements.append(agreement if agreed is current else replace(agreement, alma_record=agreed))
        return
    reason = "changed in FOLIO or in Alma since both agreed" if base else "differs from FOLIO"
    change = _update(scope, case, desired, current, full, found, (*losses, *more), reason)
    outcome.changes.append(replace(change, agreed=base is not None))


def _update(
    scope: AlmaScope,
    case: _Case,
    desired: Holding,
    current: Holding,
    full: Holding,
    fields: tuple[FieldChange, ...],
    losses: tuple[Loss, ...],
    reason: str,
) -> Change:
    package = scope.packages[case.listed.package_key]
    return change_to_alma(
        Kind.HOLDING,
        Action.UPDATE,
        key=current.key,
        name=case.title.name,
        desired=in_place_of(desired, current),
        origin=full,
        source_keys=(case.key,),
        package_key=package.key,
        package_name=package.name,
        title_key=case.title.key,
        identifiers=case.title.numbers(),
        reason=reason,
        fields=fields,
        losses=losses,
    )


def _wanted(
    scope: AlmaScope, case: _Case, full: Holding, current: Holding, base: BaseRecords | None, *, alone: bool
) -> tuple[Holding, Holding, tuple[Loss, ...]]:
    """Return what a portfolio shall be, what of it both sides agree on when it is that already, and the losses."""
    words = source_words(full, scope.maps)
    fit = fit_holding(words, scope.maps, scope.planning.alma.write_codes)
    desired, agreed = fit.record, current
    if base is None:
        return never_emptied(desired, current, EMPTIABLE), agreed, fit.losses
    home = Base(
        target=base.alma,
        source_listed=source_words(cast("Holding", base.folio_listed), scope.maps),
        source_full=source_words(cast("Holding", base.written), scope.maps),
        unsettled=base.unsettled,
    )
    changed = changed_fields(words, home, ALMA_HOLDING_FIELDS)
    if changed and not alone:
        _refuse_for_several(changed, "changed")
    fields = home_fields(ALMA_HOLDING_FIELDS, base, scope.work.rules)
    desired = spoken(returned(desired, words, home, fields), words, home, fields)
    if base.rules != scope.work.rules:
        desired = never_emptied(desired, current, MAPPED)
    if "available" not in changed and scope.stays_hidden(scope.packages[case.listed.package_key], current):
        # in a hidden collection it says for itself again what an unavailable service said for it before
        desired = replace(desired, available=current.available)
        agreed = replace(current, available=cast("Holding", base.alma).available)
    if desired.coverage_statement is None and words.coverage_statement == "":
        desired = replace(desired, coverage_statement="")  # one that only Alma's note holds is taken back
    return desired, agreed, fit.losses


def _refuse_for_several(fields: Sequence[str], what: str) -> NoReturn:
    """FOLIO's one value would take the place of what each portfolio has of its own."""
    raise DataError(
        f"{', '.join(fields)} {what} in FOLIO, where this is one title; in Alma it is several portfolios",
        advice="Change the portfolio that is meant in Alma itself; then both sides agree again.",
    )


def in_place_of(desired: Holding, current: Holding) -> Holding:
    """Return the holding as it shall be, where the portfolio is that shall become so."""
    return replace(
        desired,
        key=current.key,
        package_key=current.package_key,
        service_key=current.service_key,
        title_key=current.title_key,
        managed=current.managed,
    )


def _kept(desired: Holding, current: Holding, full: Holding) -> tuple[Holding, tuple[Loss, ...]]:
    """Keep what FOLIO cannot speak of: an address that Alma makes at each click, a rolling wall; and of a portfolio
    that exists what only another vendor's knowledge base says of it (mapping: url, coverage).
    """
    losses: tuple[Loss, ...] = ()
    if current.url is None or full.managed:
        words = "Alma makes the address at each click" if current.url is None else "it is the vendor's own address"
        if desired.url and desired.url != current.url:
            losses = (Loss("url", desired.url, f"{words}; Alma's is left as it is"),)
        desired = replace(desired, url=None)
    if current.managed and full.vendor_coverage:
        desired = replace(desired, coverage=current.coverage)
    if current.managed and full.vendor_embargo:
        desired = replace(desired, embargo=current.embargo)
    rolling = current.embargo is not None and current.embargo.kind is EmbargoKind.ROLLING
    if desired.embargo is None and rolling:
        desired = replace(desired, embargo=current.embargo)
    return desired, losses
