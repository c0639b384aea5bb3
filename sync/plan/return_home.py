"""Values that return home: what a side did not change since both agreed goes back to the other as it was there.

The other side may hold a value more precisely (a year, volumes, a rolling wall, 12 months as a year). As long as this
side's own form of it is unchanged, nothing has happened, and the original stands (design: the comparison).
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar

from sync.model import INHERITED, Holding, Package, Proxy, Record, Title
from sync.plan.compare import NOTE_FIELDS, meaning

R = TypeVar("R", bound=Package | Title | Holding)

MAPPED = (*NOTE_FIELDS, "proxy", "access_type")
"""Fields whose words the configuration's maps translate: under other maps nothing of them is known to be agreed."""
COMES_FROM = {
    "coverage_statement": ("coverage_statement", "coverage", "embargo"),
    "user_defined": NOTE_FIELDS,
}
"""Fields of FOLIO that are made of several of Alma's: they return only when none of those changed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """What both sides held when they last agreed, each in its own form.

    `source_listed` is what the source's lists told, `source_full` what its record by id told or was meant to be; a
    field that neither tells is not known to have changed. On the `unsettled` fields they never agreed.
    """

    target: Record
    source_listed: Record
    source_full: Record
    unsettled: tuple[str, ...] = ()


def returned(fitted: R, source: R, base: Base, fields: tuple[str, ...]) -> R:
    """Return `fitted` (the source's record as the target can hold it), with the target's own former values in every
    field that did not change at the source since the base.

    A field the source does not tell now (None) did not change either, but for an embargo, whose None means none.
    """
    changed = changed_fields(source, base, fields)
    return replace(fitted, **{name: getattr(base.target, name) for name in fields if name not in changed})


def spoken(home: R, source: R, base: Base, fields: tuple[str, ...]) -> R:
    """Return `home` without what the source told neither now nor at the base (None): the target is left as it is.

    A proxy that is inherited and an access type that is not given (FOLIO's "") are not told either; an embargo always
    is.
    """
    untold: dict[str, Any] = {
        name: None
        for name in fields
        if name != "embargo"
        and all(_is_untold(name, getattr(one, name)) for one in (source, base.source_listed, base.source_full))
    }
    return replace(home, **untold)


def _is_untold(name: str, value: object) -> bool:
    return value is None or value == INHERITED or (name == "access_type" and value == "")


def never_emptied(desired: R, current: R, fields: tuple[str, ...]) -> R:
    """Return `desired` with the target's values where it has none: at first contact nothing is ever wiped."""
    kept = {
        name: getattr(current, name)
        for name in fields
        if _is_empty(getattr(desired, name)) and not _is_empty(getattr(current, name))
    }
    return replace(desired, **kept)


def _is_empty(value: object) -> bool:
    return value in ("", (), None) or (isinstance(value, Proxy) and not value.enabled)


def returned_to_folio(
    fitted: R,
    sources: Sequence[tuple[Record, Record | None]],
    listed: Record,
    full: Record,
    fields: Iterable[str],
) -> R:
    """Return `fitted` with FOLIO's own former values in every field that no record of Alma behind it changed.

    `sources` are those records as they are and as they were at the base (None: not part of it); `listed` and `full`
    what FOLIO held then, as its lists told it and in full. What `fitted` leaves alone (None) stays so.
    """
    home: dict[str, Any] = {}
    for name in fields:
        if any(_differs(now, before, COMES_FROM.get(name, (name,))) for now, before in sources):
            continue
        wanted, value = getattr(fitted, name), getattr(listed, name)
        if name == "embargo":
            home[name] = value
        elif name == "user_defined":
            home[name] = tuple(None if own is None else text for own, text in zip(wanted, value, strict=True))
        elif wanted is not None:
            before = getattr(full, name) if value is None else value
            home[name] = wanted if before is None else before
    return replace(fitted, **home)


def _differs(now: Record, before: Record | None, names: tuple[str, ...]) -> bool:
    return before is None or any(meaning(getattr(now, name)) != meaning(getattr(before, name)) for name in names)


def changed_fields(source: Record, base: Base, fields: tuple[str, ...]) -> tuple[str, ...]:
    """Return the fields whose meaning at the source is another one than at the base."""
    return tuple(
        name
        for name in fields
        if name in base.unsettled or _changed(name, getattr(source, name), base.source_listed, base.source_full)
    )


def _changed(name: str, now: object, listed: Record, full: Record) -> bool:
    before = getattr(listed, name)
    if name == "embargo":
        return bool(now != before)
    if before is None:
        before = getattr(full, name)
    if now is None or before is None:
        return False
    return meaning(now) != meaning(before)


def held_back(now: Record, before: Record, pending: Sequence[str]) -> Record:
    """Return what a base becomes: the record as it is, but for the fields in `pending`, which stay as they were.

    A note stands in one of FOLIO's user-defined fields, so these stay with it; what a statement is made of stays with
    the statement.
    """
    names = set(pending) | ({"user_defined"} if set(pending) & set(NOTE_FIELDS) else set())
    if "coverage_statement" in names:
        names |= set(COMES_FROM["coverage_statement"])
    kept: dict[str, Any] = {name: getattr(before, name) for name in names if hasattr(before, name)}
    return replace(now, **kept)
