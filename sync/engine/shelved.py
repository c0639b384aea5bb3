"""Hidden collections: what their portfolios say is taken for what they said while the collection was shown."""

from collections.abc import Mapping
from dataclasses import replace

from sync.model import Holding
from sync.plan.changes import Change
from sync.store.bases import BaseRecords
from sync.store.comparison import SourceRecord


def hidden_with_all(
    sources: Mapping[str, SourceRecord], bases: Mapping[str, BaseRecords | None]
) -> dict[str, SourceRecord]:
    """Return the portfolios of a hidden collection, each as available as when both sides agreed.

    In a hidden collection a portfolio speaks for itself, whatever its service said for it before; that is no change,
    and is looked at again when the collection is shown.
    """
    found = dict(sources)
    for key, source in sources.items():
        base, now = bases.get(key), source.record
        before = base.alma if base is not None else None
        if isinstance(now, Holding) and isinstance(before, Holding) and now.available != before.available:
            found[key] = SourceRecord(record=replace(now, available=before.available))
    return found


def until_shown(change: Change, sources: Mapping[str, SourceRecord], taken_for: Mapping[str, SourceRecord]) -> Change:
    """Return a change of such a portfolio with the base of its availability left as it is, where it says another."""
    if "available" in (*change.pending, *(one.field for one in change.fields)):
        return change
    if all(taken_for[key].record == source.record for key, source in sources.items()):
        return change
    return replace(change, pending=(*change.pending, "available"))
