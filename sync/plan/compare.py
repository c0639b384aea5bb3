"""What differs between a record as it is and as it shall be, field by field, in canonical meaning."""

from sync.model import Contributor, CoverageRange, DayRange, Holding, Identifier, Package, Record, Title, day_ranges
from sync.plan.changes import FieldChange, FieldValue

PACKAGE_FIELDS = ("name", "content_type", "hidden", "proxy", "access_type", "url", "description")
TITLE_FIELDS = (
    "name", "publication_type", "identifiers", "publisher", "edition", "description", "contributors",
)  # fmt: skip
HOLDING_FIELDS = (
    "available", "url", "coverage", "embargo", "coverage_statement", "proxy", "access_type", "user_defined",
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


def fields_of(record: Record) -> tuple[str, ...]:
    """Return the fields that flow from Alma to FOLIO for this kind of record (mapping: flow)."""
    if isinstance(record, Package):
        return PACKAGE_FIELDS
    return TITLE_FIELDS if isinstance(record, Title) else HOLDING_FIELDS


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
