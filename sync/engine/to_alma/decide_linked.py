"""Two-way: what only FOLIO changed in a resource that is linked travels to Alma."""

from dataclasses import replace
from typing import cast

from sync.alma.fit import fit_holding, source_words
from sync.engine.arbitration import Arbiter, only, untold
from sync.engine.in_full import Singles
from sync.engine.shelved import hidden_with_all
from sync.engine.to_alma.outcome import Outcome, agreement_of
from sync.engine.to_alma.portfolios import Case, kept, portfolio_change, refuse_for_several
from sync.engine.to_alma.scope import AlmaScope
from sync.model import Holding, Kind
from sync.plan.compare import ALMA_HOLDING_FIELDS, differences
from sync.plan.three_way import Verdict


async def decide_linked(scope: AlmaScope, outcome: Outcome, case: Case, singles: Singles, arbiter: Arbiter) -> None:
    """Plan what only FOLIO changed in a resource that has portfolios; what Alma changed is for the other half."""
    there = {record.record.key: record for _, record, _ in case.portfolios if record is not None}
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
        refuse_for_several(travels, "changed")
    record = next(iter(there.values()))
    pending = (*found.fields(Verdict.TO_FOLIO, Verdict.CONFLICT), *found.waiting)
    current = cast("Holding", record.record)
    if former is not None:
        pending += untold(current, ALMA_HOLDING_FIELDS, travels)
    fit = fit_holding(source_words(full, scope.maps), scope.maps, scope.planning.alma.write_codes)
    desired, more = kept(fit.record, current, full)
    desired = only(desired, current, found, Verdict.TO_ALMA, ALMA_HOLDING_FIELDS)
    differing = differences(desired, current, ALMA_HOLDING_FIELDS)
    if not differing:
        agreed = agreement_of(Kind.HOLDING, current.key, record.hash, case.listed, full)
        outcome.agreements.append(replace(agreed, alma_record=current, pending=pending))
        return
    reason = next(one.reason for one in found.verdicts if one.verdict is Verdict.TO_ALMA)
    change = portfolio_change(scope, case, desired, current, full, differing, (*fit.losses, *more), reason)
    outcome.changes.append(replace(change, pending=pending, agreed=former is not None))
