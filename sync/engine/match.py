"""match: which record is which. Links are made once, and then stand by their ids."""

from sync.engine.planning import Matched
from sync.engine.read import Snapshot
from sync.engine.to_alma import match as from_folio
from sync.engine.to_folio import match as from_alma
from sync.engine.work import Work
from sync.plan.direction import BOTH_WAYS, Direction


async def match(work: Work, way: str, alma: Snapshot, folio: Snapshot) -> Matched:
    """Link what belongs together and is not linked yet; return what else matching settled."""
    if way == BOTH_WAYS:
        return await _match_both(work, alma, folio)
    if way == Direction.ALMA_TO_FOLIO:
        return await from_alma.match_from_alma(work, alma, folio)
    return await from_folio.match_from_folio(work, alma, folio)


async def _match_both(work: Work, alma: Snapshot, folio: Snapshot) -> Matched:
    """Link from both sides: packages that bear one name alone first, so that nothing ambiguous is decided by order."""
    work.progress.begin("match", None)
    doubts = await from_folio.match_packages(work, alma, folio)
    leave = [key for doubt in doubts for key in doubt.folio]
    names, more = await from_alma.match_packages(work, alma, folio, leave=leave)
    titles = await from_alma.match_contents(work, alma, folio)
    doubtful = await from_folio.match_contents(work, alma, folio)
    work.progress.end("match")
    return Matched(
        package_names=names,
        title_names=titles.names,
        doubts=(*doubts, *more),
        doubtful_bibs=titles.doubtful,
        doubtful_titles=doubtful,
    )
