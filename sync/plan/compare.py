"""What differs between a record as it is and as it shall be, field by field, in canonical meaning."""

from sync.errors import ChangedSincePlanError
from sync.model import (
    Contributor,
    CoverageRange,
    DayRange,
    Holding,
    Identifier,
    Package,
    Record,
    Service,
    System,
    Title,
    day_ranges,
)
from sync.plan.changes import Change, FieldChange, FieldValue

PACKAGE_FIELDS = ("name", "content_type", "hidden", "proxy", "access_type", "url", "description")
TITLE_FIELDS = (
    "name", "publication_type", "identifiers", "publisher", "edition", "description", "contributors",
)  # fmt: skip
HOLDING_FIELDS = (
    "available", "url", "coverage", "embargo", "coverage_statement", "proxy", "access_type", "user_defined",
)  # fmt: skip
ALMA_PACKAGE_FIELDS = ("name", "proxy", "access_type", "url", "description")
"""Whether a collection is hidden is said by its services (mapping: hidden)."""
ALMA_SERVICE_FIELDS = ("available",)
NOTE_FIELDS = ("public_note", "authentication_note", "internal_description")
ALMA_HOLDING_FIELDS = (
    "available", "url", "coverage", "embargo", "coverage_statement", *NOTE_FIELDS, "proxy", "access_type",
)  # fmt: skip


def differences(desired: Record, current: Record | None, fields: tuple[str, ...]) -> tuple[FieldChange, ...]:
    """Return the fields to write. None in `desired` leaves a field alone; without `current` every filled field counts.

    Of a field that `current` does not tell (None: not read) the same is true: what is filled is written.
    """
    found: list[FieldChange] = []
    for name in fields:
        wanted = getattr(desired, name)
        if name == "user_defined":
            found += _user_defined(wanted, current.user_defined if isinstance(current, Holding) else None)
        elif wanted is None and name != "embargo":
            continue
        elif current is None or getattr(current, name) is None:
            if name == "available" or not _empty(wanted):
                found.append(FieldChange(name, None, shown(wanted)))
        elif meaning(wanted) != meaning(getattr(current, name)):
            found.append(FieldChange(name, shown(getattr(current, name)), shown(wanted)))
    return tuple(found)


def fields_of(record: Record, target: System = System.FOLIO) -> tuple[str, ...]:
    """Return the fields that flow to the target for this kind of record (mapping: flow)."""
    to_alma = target is System.ALMA
    match record:
        case Package():
            return ALMA_PACKAGE_FIELDS if to_alma else PACKAGE_FIELDS
        case Service():
            return ALMA_SERVICE_FIELDS if to_alma else ()
        case Title():
            return TITLE_FIELDS
        case Holding():
            return ALMA_HOLDING_FIELDS if to_alma else HOLDING_FIELDS


def removed_fields(record: Record, target: System) -> tuple[FieldChange, ...]:
    """Return what a removal takes away: each filled field, as it is."""
    return tuple(
        FieldChange(name, shown(getattr(record, name)), None)
        for name in fields_of(record, target)
        if name != "user_defined" and not _empty(getattr(record, name))
    )


def refuse_if_moved(change: Change, current: Record) -> None:
    """Refuse a write over a record that is neither as the plan saw it nor as it shall be.

    Every field counts, not only those of the change: what somebody edited meanwhile is for the next plan.

    Raises:
        ChangedSincePlanError: naming the field and both values.
    """
    planned = {one.field: one.before for one in change.fields}
    for one in differences(change.desired, current, fields_of(change.desired, change.system)):
        before = planned.get(one.field, one.after)
        if _unordered(one.before) != _unordered(before):
            raise ChangedSincePlanError(
                f"{change.name}: {one.field} was {before!r} when the plan was made and is {one.before!r} now"
            )


def refuse_if_edited(name: str, desired: Record, before: Record | None, now: Record, fields: tuple[str, ...]) -> None:
    """Refuse a write over a record that is no longer as it was read, in a field that is not as it shall be either.

    Without `before` it was just made, and nothing was in it but what it shall be: what is filled otherwise is an edit.

    Raises:
        ChangedSincePlanError: naming the field and both values.
    """
    was = {one.field: one.before for one in differences(desired, before, fields)} if before is not None else {}
    for one in differences(desired, now, fields):
        if before is None and (one.field in ("available", "proxy") or _empty(one.before)):
            continue  # it is made available, and with the proxy of its package
        known = was.get(one.field, one.after)
        if before is None or _unordered(one.before) != _unordered(known):
            raise ChangedSincePlanError(
                f"{name}: {one.field} was edited while it was written, and is {one.before!r} now"
            )


def left_to_write(change: Change, desired: Record, current: Record) -> bool:
    """Return whether a field of the change is not yet as it shall be; edits of other fields are not its matter."""
    fields = {one.field for one in change.fields}
    return any(one.field in fields for one in differences(desired, current, fields_of(desired, change.system)))


def _unordered(value: FieldValue) -> object:
    return sorted(value) if isinstance(value, tuple) else value


def meaning(value: object) -> object:
    """Return a value such that equal meanings are equal: order, spelling of dates and media do not count."""
    if isinstance(value, tuple) and value and isinstance(value[0], CoverageRange):
        return day_ranges(one for one in value if isinstance(one, CoverageRange))
    if isinstance(value, tuple) and value and isinstance(value[0], Identifier | Contributor):
        return frozenset(value)
    if isinstance(value, tuple):
        return frozenset(value)
    return value


def shown(value: object) -> FieldValue:
    """Return a value as a report shows it."""
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, tuple):
        return tuple(_shown_item(one) for one in value)
    return str(value)


def _shown_item(item: object) -> str:
    if isinstance(item, Identifier):
        return f"{item.kind} {item.value} ({item.medium})"
    if isinstance(item, Contributor):
        return f"{item.name} ({item.role})"
    if isinstance(item, DayRange):
        return str(item.as_coverage())
    return str(item)


def _empty(value: object) -> bool:
    return value is None or value is False or value in ("", ())


def _user_defined(wanted: tuple[str | None, ...], current: tuple[str | None, ...] | None) -> list[FieldChange]:
    found = []
    for number, text in enumerate(wanted, start=1):
        before = current[number - 1] if current else None
        if text is not None and text != (before or ""):
            found.append(FieldChange(f"userDefinedField{number}", before, text))
    return found
