"""Several holdings of one title in one package, made one: the other side has room for one only."""

from collections.abc import Sequence
from dataclasses import replace

from sync.model import Holding, Loss
from sync.plan.changes import FitHolding


def unite(holdings: Sequence[Holding]) -> FitHolding:
    """Return one holding: ranges united, the first available address used, and a loss naming each other portfolio.

    The order of the result does not depend on the order given (mapping: "Two portfolios of the same bib").
    A range without dates covers everything, so it makes the union everything.

    Raises:
        ValueError: when there is none.
    """
    if not holdings:
        raise ValueError("nothing to unite")
    ordered = sorted(holdings, key=lambda one: (not one.available, not one.url, one.key))
    first = ordered[0]
    if len(ordered) == 1:
        return FitHolding(record=first, losses=first.losses)
    shown = [one for one in ordered if one.available] or ordered
    unlimited = any(not one.coverage for one in shown)
    ranges = () if unlimited else tuple(dict.fromkeys(piece for one in shown for piece in one.coverage))
    losses = [loss for one in ordered for loss in one.losses]
    losses += [_loss_of(one, first) for one in ordered[1:]]
    return FitHolding(record=replace(first, coverage=ranges, losses=()), losses=tuple(losses))


def _loss_of(other: Holding, used: Holding) -> Loss:
    parts = [other.url or "no address"]
    parts += [
        f"{name}: {getattr(other, name) or 'none'}"
        for name in ("embargo", "proxy", "access_type", "public_note", "authentication_note", "internal_description")
        if getattr(other, name) != getattr(used, name)
    ]
    value = f"{other.key}: {', '.join(parts)}; used instead: {used.key}"
    return Loss("portfolio", value, "a title has one place in a FOLIO package, and another portfolio has it")
