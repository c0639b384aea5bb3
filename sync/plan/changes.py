"""A plan and its changes: everything one run would write, one record on one side each, with its reason."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from sync.model import Holding, Kind, Loss, Package, Record, System, Title

FieldValue = str | int | bool | None | tuple[str, ...]


class Action(StrEnum):
    """What a change does to its record."""

    CREATE = "create"
    UPDATE = "update"
    REMOVE = "remove"
    SELECT = "select"
    DESELECT = "deselect"


REMOVALS = (Action.REMOVE, Action.DESELECT)
"""What takes a record away; all other actions write one."""


class Status(StrEnum):
    """Where a change stands."""

    PLANNED = "planned"  # → applied, skipped, failed
    WITHHELD = "withheld"  # a guard or a person keeps it back
    APPLIED = "applied"  # written, not yet read back → verified, failed
    VERIFIED = "verified"  # read back, and equal to what was meant
    SKIPPED = "skipped"  # not tried: what it needs is missing, or the record changed since the plan
    FAILED = "failed"  # refused, or stored otherwise than meant
    NOTED = "noted"  # nothing is written: a value changed that the other side cannot hold


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field, before and after, in the words of a report."""

    field: str
    before: FieldValue
    after: FieldValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """One record on one side. `source_keys` are the records it comes from: several portfolios may meet in one.

    `package_key` and `title_key` name what it needs on the source's side; `desired` is the record as it shall be, or
    of a removal as it is. `origin` is FOLIO's record in full, where the plan knows it: as it is, or as it is to be. The
    base of the fields in `pending` does not move with this change: on them both sides do not agree yet. `agreed`: both
    sides agreed on the record before, so that this is a change since then; it is not stored.
    """

    id: str
    system: System
    kind: Kind
    action: Action
    name: str
    desired: Record
    source_keys: tuple[str, ...]
    origin: Record | None = None
    package_key: str = ""
    package_name: str = ""
    title_key: str = ""
    target_id: str = ""
    identifiers: tuple[str, ...] = ()
    reason: str = ""
    status: Status = Status.PLANNED
    fields: tuple[FieldChange, ...] = ()
    losses: tuple[Loss, ...] = ()
    pending: tuple[str, ...] = ()
    agreed: bool = False


NOT_ASKED = "gone-at-source"
"""The guard that only counts what `--remove` would remove; it never trips."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Guard:
    """A guard's name, the number it looked at, its limit, and whether it tripped."""

    name: str
    value: int
    limit: int
    tripped: bool
    explanation: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cost:
    """What carrying out a plan takes: calls to each system, EBSCO's calls behind FOLIO, and seconds."""

    alma_calls: int = 0
    folio_calls: int = 0
    ebsco_calls: int = 0
    seconds: float = 0.0


@dataclass(slots=True)
class Summary:
    """How many records fall under each heading."""

    create: int = 0
    update: int = 0
    remove: int = 0
    unchanged: int = 0
    conflict: int = 0
    withheld: int = 0
    ambiguous: int = 0
    lossy: int = 0

    def count(self, changes: Iterable[Change]) -> None:
        """Add these changes."""
        for change in changes:
            self.add(change.action, change.status, 1)
            self.lossy += bool(change.losses)

    def add(self, action: Action, status: Status, number: int) -> None:
        """Add so many changes that do this and stand there."""
        if status is Status.WITHHELD:
            self.withheld += number
        elif status is Status.NOTED:
            pass
        elif action in (Action.CREATE, Action.SELECT):
            self.create += number
        elif action is Action.UPDATE:
            self.update += number
        else:
            self.remove += number

    @property
    def writes(self) -> int:
        """Return how many changes would be written."""
        return self.create + self.update + self.remove


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """A record as the target can hold it, and what it had to leave behind."""

    record: Record
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FitPackage(Fit):
    """A package as the target can hold it."""

    record: Package


@dataclass(frozen=True, slots=True, kw_only=True)
class FitTitle(Fit):
    """A title as the target can hold it."""

    record: Title


@dataclass(frozen=True, slots=True, kw_only=True)
class FitHolding(Fit):
    """A holding as the target can hold it."""

    record: Holding


def change_id(system: System, kind: Kind, key: str) -> str:
    """Return the change's id within its plan: the same records give the same id in every plan."""
    return f"{system}/{kind}/{key}"
