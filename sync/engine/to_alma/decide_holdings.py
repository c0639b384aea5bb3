"""Decides FOLIO's resources on the way to Alma, each with its title where that has no bib yet."""

from collections.abc import Sequence
from dataclasses import replace
from typing import cast

from sync.alma.fit import fit_holding, fit_title, source_words
from sync.alma.read_portfolios import STANDALONE_KEY
from sync.alma.reading import place_of
from sync.engine.arbitration import arbiter_for
from sync.engine.in_full import Singles, singles_of
from sync.engine.to_alma.decide_linked import decide_linked
from sync.engine.to_alma.outcome import Outcome, agreement_of, change_to_alma, home_fields
from sync.engine.to_alma.portfolios import Case, cases_of, kept, portfolio_change, refuse_for_several
from sync.engine.to_alma.scope import AlmaScope
from sync.errors import DataError, NotFoundError
from sync.model import Holding, Kind, Loss, Package, Title, name_key
from sync.plan.changes import Action, Status
from sync.plan.compare import ALMA_HOLDING_FIELDS, NOTE_FIELDS, TITLE_FIELDS, differences
from sync.plan.return_home import MAPPED, Base, changed_fields, never_emptied, returned, spoken
from sync.plan.three_way import Decision
from sync.store.bases import BaseRecords
from sync.store.comparison import Differing, SourceRecord
from sync.transport.paging import in_parallel

AT_ONCE = 10
EMPTIABLE = ("url", "coverage", "embargo", "coverage_statement", *NOTE_FIELDS, "proxy", "access_type")
"""What an empty value of FOLIO does not clear at first contact."""


async def decide_holdings(scope: AlmaScope, differing: Sequence[Differing]) -> Outcome:
    """Return the changes that these resources need, and the agreements of those that need none."""
    outcome = Outcome()
    # what could not be read in Alma is listed as parked, and is there: nothing is made in its place
    readable = [one for one in differing if one.package_key in scope.packages and (one.present or not one.unreadable)]
    if scope.planning.both_ways:
        readable = [one for one in readable if not one.moved]  # their removal in FOLIO is planned with those
    cases = await cases_of(scope, readable)
    arbiter = await arbiter_for(scope.planning, Kind.HOLDING, [case.key for case in cases])

    async def decide(case: Case) -> Outcome:
        found = Outcome()
        try:
            if arbiter is None or not case.portfolios:
                await _decide(scope, found, case, singles)
            elif not case.gone:
                await decide_linked(scope, found, case, singles, arbiter)
            elif arbiter.restores(case.key, Decision.FOLIO):  # else its removal in FOLIO is planned with those
                await _create(scope, found, case, singles)
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


async def _decide(scope: AlmaScope, outcome: Outcome, case: Case, singles: Singles) -> None:
    there = [(record, base) for _, record, base in case.portfolios if record is not None]
    if not there:
        await _create(scope, outcome, case, singles)
        return
    for record, base in there:
        await _compare(scope, outcome, case, singles, record, base, alone=len(there) == 1)


def _why_not(scope: AlmaScope, case: Case, package: Package) -> str:
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
    doubt = scope.matched.doubtful_titles.get(case.title.key, "") if not case.bibs else ""
    return f"{doubt}: say which belong together: links import" * bool(doubt)


async def _create(scope: AlmaScope, outcome: Outcome, case: Case, singles: Singles) -> None:
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
    case: Case,
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
    desired, more = kept(desired, current, full)
    found = differences(desired, current, ALMA_HOLDING_FIELDS)
    if found and base is None and not alone:
        refuse_for_several([one.field for one in found], "differs")
    if not found:
        written = cast("Holding", base.written) if base is not None and full is case.listed else full
        agreement = agreement_of(Kind.HOLDING, current.key, there.hash, case.listed, written)
        outcome.agreements.append(agreement if agreed is current else replace(agreement, alma_record=agreed))
        return
    reason = "changed in FOLIO or in Alma since both agreed" if base else "differs from FOLIO"
    change = portfolio_change(scope, case, desired, current, full, found, (*losses, *more), reason)
    outcome.changes.append(replace(change, agreed=base is not None))


def _wanted(
    scope: AlmaScope, case: Case, full: Holding, current: Holding, base: BaseRecords | None, *, alone: bool
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
        refuse_for_several(changed, "changed")
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
