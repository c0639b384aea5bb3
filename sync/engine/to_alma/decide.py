"""Decides every record of FOLIO that is new or differs, and stores the changes that make Alma what FOLIO is."""

from sync.engine.planning import Matched, Planning
from sync.engine.to_alma.decide_holdings import decide_holdings
from sync.engine.to_alma.decide_packages import decide_packages
from sync.engine.to_alma.outcome import store_agreements
from sync.engine.to_alma.scope import open_scope
from sync.model import Kind
from sync.store.comparison import differing_from_folio

BATCH = 500


async def decide_for_alma(planning: Planning, matched: Matched) -> None:
    """Decide packages, then holdings, each title with the first holding that needs a bib for it."""
    scope = await open_scope(planning, matched)
    for kind, decide in ((Kind.PACKAGE, decide_packages), (Kind.HOLDING, decide_holdings)):
        work = planning.work
        async for differing in differing_from_folio(
            work.database, planning.comparison, kind, run_id=work.run_id, batch=BATCH
        ):
            outcome = await decide(scope, differing)
            await store_agreements(work, outcome)
            await planning.add(outcome.changes)
            work.progress.advance("plan", len(differing))
