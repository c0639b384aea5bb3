"""What a person may approve of what was withheld in a plan, and which guards a plan is past once it was approved.

Absence that says nothing, and records that nothing tells apart, stay withheld whoever asks.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from sync.model import Kind, System, clean
from sync.plan.changes import REMOVALS, Action, Guard

BY_PERSON = "withheld by a person"
"""The reason of a change that a person withheld."""

EDITED = "it was edited in "
"""How the reason begins of a removal of what somebody edited since both sides agreed."""

MAY_BE_APPROVED = ("guard ", BY_PERSON, EDITED, "it still holds ")
"""How the reasons begin of what a person may approve. Whatever else is withheld waits for another plan."""

NO_READING = ("guard empty-side:", "the source was not read completely")
HELD_BACK = "removals-held-back"
"""The guard on removals each of which has a reason of its own."""

REMOVAL_GUARDS = ("removals", "removals-in-package", "package-emptied", "much-smaller", "scope-changed")
"""The guards on removals as a whole: where several tripped, the reasons name one of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """A change, as far as its approval depends on it. `reason` is why it is withheld, where it is."""

    seq: int
    id: str
    system: System
    kind: Kind
    action: Action
    reason: str = ""
    package_key: str = ""
    package_name: str = ""
    fields: tuple[str, ...] = ()

    @property
    def must_be_empty(self) -> bool:
        """Return whether it takes away what other records are in: a package or a service."""
        return self.action in REMOVALS and self.kind is not Kind.HOLDING

    @property
    def follows(self) -> bool:
        """Return whether it is made for the sake of others only: a title, for its holdings."""
        return self.kind is Kind.TITLE and self.action is Action.CREATE

    @property
    def never(self) -> str:
        """Return why nobody may approve it, "" where a person may."""
        if self.reason.startswith(NO_READING):
            return f"{self.reason}; absence from such a reading says nothing"
        return "" if self.reason.startswith(MAY_BE_APPROVED) else self.reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Choice:
    """Which changes of a plan are meant: those that fit all of what is given, and all when nothing is.

    `package` is a part of a package's name; `field` one that a change gives another value in a record that exists.
    """

    changes: frozenset[str] = frozenset()
    guard: str = ""
    package: str = ""
    field: str = ""
    kind: Kind | None = None

    def means(self, item: Item) -> bool:
        """Return whether a change is meant."""
        # what somebody edited is let go by its own name only, or by that of its guard
        if item.reason.startswith(EDITED) and not (self.changes or self.guard):
            return False
        return (
            (not self.changes or item.id in self.changes)
            and (not self.guard or _is_held_by(self.guard, item))
            and (not self.package or clean(self.package).casefold() in clean(item.package_name).casefold())
            and (not self.field or (item.action is Action.UPDATE and self.field in item.fields))
            and self.kind in (None, item.kind)
        )

    def knows_guard(self, guards: Sequence[Guard]) -> bool:
        """Return whether the guard that is named, or one below that name, has tripped; without a name all is well."""
        names = [one.name for one in guards if one.tripped]
        return not self.guard or any(name == self.guard or name.startswith(f"{self.guard}:") for name in names)


def _is_held_by(guard: str, item: Item) -> bool:
    if guard == HELD_BACK:
        return _has_own_reason(item)
    return item.reason.startswith(f"guard {guard}:")


def _has_own_reason(item: Item) -> bool:
    return item.action in REMOVALS and not item.reason.startswith(("guard ", BY_PERSON))


def head_of(item: Item, guards: Sequence[Guard]) -> str:
    """Return the words with which a withheld change names its guard; "" where no guard of the plan withheld it."""
    if _has_own_reason(item):
        return HELD_BACK
    return next((head for head in map(_head, guards) if item.reason.startswith(head)), "")


def guards_after(guards: Sequence[Guard], before: Collection[str], after: Collection[str]) -> tuple[Guard, ...]:
    """Return the guards of a plan once a person approved: those that withhold nothing any longer have not tripped.

    `before` and `after` are the heads (`head_of`) of what was withheld, and of what still is. Guards that withheld
    nothing under their own name stay as they are, but for those on removals: they go with the last of these.
    """
    removals = tuple(f"guard {name}:" for name in REMOVAL_GUARDS)
    removals_approved = _any(before, removals) and not _any(after, removals)

    def passed(guard: Guard) -> bool:
        head = HELD_BACK if guard.name == HELD_BACK else _head(guard)
        if head in before:
            return head not in after
        return guard.name in REMOVAL_GUARDS and removals_approved

    words = "approved by a person"
    return tuple(
        replace(one, tripped=False, explanation=f"{one.explanation}; {words}") if one.tripped and passed(one) else one
        for one in guards
    )


def _head(guard: Guard) -> str:
    return f"guard {guard.name}: {guard.explanation}"


def _any(heads: Collection[str], beginnings: tuple[str, ...]) -> bool:
    return any(head.startswith(beginnings) for head in heads)
