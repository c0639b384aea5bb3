"""Two-way: a value that changed, and that the other side cannot hold, is named though nothing is written."""

from collections.abc import Iterator
from dataclasses import replace

from sync.engine.arbitration import Arbiter, Pairing
from sync.model import Loss, System
from sync.plan.changes import Change, Status, change_id
from sync.plan.three_way import Comparison, Verdict

LEFT = (Verdict.NOT_IN_FOLIO, Verdict.NOT_IN_ALMA)


def noted_changes(arbiter: Arbiter, pairing: Pairing, found: Comparison, change: Change) -> Iterator[Change]:
    """Yield what is to be named of a record; `change` is FOLIO's, with all that it cannot hold.

    What is written to a record names its losses itself.
    """
    alma_id = min(pairing.alma)
    if not change.fields:
        yield from _noted(found, Verdict.NOT_IN_FOLIO, change, change.losses)
    if not found.fields(Verdict.TO_ALMA):
        in_alma = replace(
            change,
            id=change_id(System.ALMA, pairing.kind, alma_id),
            system=System.ALMA,
            source_keys=(pairing.folio_id,),
            target_id=alma_id,
        )
        yield from _noted(found, Verdict.NOT_IN_ALMA, in_alma, arbiter.losses_in_alma(pairing.folio))


def _noted(found: Comparison, verdict: Verdict, change: Change, losses: tuple[Loss, ...]) -> Iterator[Change]:
    left = {one.field: one.reason for one in found.verdicts if one.verdict is verdict}
    lost = tuple(one for one in losses if one.field in left)
    if lost:
        yield replace(change, reason=left[lost[0].field], status=Status.NOTED, fields=(), losses=lost, pending=())
