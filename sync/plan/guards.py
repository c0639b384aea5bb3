"""The guards: what a plan may do without being asked again. What trips one is withheld; everything else goes on.

Those that count trip above a number *and* above a share, so that neither small packages nor large ones make them
useless (design: guards).
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass

from sync.plan.changes import Guard

MOST_NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalLimits:
    """What may be removed: at most `number`, or at most `percent` of what is linked.

    `approved` is a ceiling that a person set for one run; it counts alone, in place of both. `may_empty`: a package may
    lose all at once, as where a person takes back what made it.
    """

    number: int
    percent: float
    approved: int | None = None
    may_empty: bool = False

    @property
    def most(self) -> int:
        """Return the number shown as the guard's limit."""
        return self.number if self.approved is None else self.approved

    @property
    def forbids_emptying(self) -> bool:
        """Return whether a package may not lose all at once: as long as nobody said that any share is fine."""
        return not self.may_empty and self.approved is None and self.percent < 100

    def exceeded_by(self, removals: int, linked: int) -> bool:
        """Return whether so many removals of so many linked records are too many."""
        if self.approved is not None:
            return removals > self.approved
        return removals > self.number and 100 * removals > self.percent * linked


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many linked records are to be removed; `moved` of them, since they stand in another place now."""

    removals: int
    linked: int
    moved: int = 0

    @property
    def empties(self) -> bool:
        """Return whether nothing of it would be left, and something of it is nowhere else."""
        return self.removals == self.linked > self.moved


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalVerdict:
    """Which removals are withheld, with the guards that say so. `why` gives the reason for one package."""

    guards: tuple[Guard, ...]
    all_withheld: str = ""
    packages: Mapping[str, str]

    def why(self, package_key: str) -> str:
        """Return why removals in this package are withheld, "" when they are not."""
        return self.all_withheld or self.packages.get(package_key, "")


def judge_removals(
    packages: Mapping[str, Share],
    *,
    others: int,
    limits: RemovalLimits,
    source_records: int,
    source_complete: bool,
    names: Mapping[str, str],
    reading: Guard,
) -> RemovalVerdict:
    """Return what the guards say of the removals planned: holdings by package, and `others` (services, packages).

    `names` are the packages' names, for the report; `reading` is the guard on the source as a whole. Absence counts
    only from a complete reading, and an empty one is no reading of a library (design: guards).
    """
    total = sum(one.removals for one in packages.values()) + others
    # the packages and services that are to go are linked records as well
    linked = sum(one.linked for one in packages.values()) + others
    guards = [_in_all(total, linked, limits)]
    withheld = _words(guards[0]) if guards[0].tripped else ""
    if total and not source_complete:
        withheld = "the source was not read completely, so nothing counts as gone"
    if total and not source_records:
        empty = "the source holds nothing at all"
        guards.append(Guard(name="empty-side", value=0, limit=1, tripped=True, explanation=empty))
        withheld = f"guard empty-side: {empty}"
    guards.append(reading)
    if total and reading.tripped:
        words = f"guard {reading.name}: {reading.explanation}"
        withheld = f"{withheld}. Also {words}" if withheld else words
    by_package: dict[str, str] = {}
    for key, share in packages.items():
        too_many = limits.exceeded_by(share.removals, share.linked)
        emptied = not too_many and limits.forbids_emptying and share.empties
        if not (emptied or too_many):
            continue
        words = f"{names.get(key, key)!r}: {_of(share.removals, share.linked)}"
        guard = Guard(
            name=EMPTIED if emptied else IN_PACKAGE,
            value=share.removals,
            limit=0 if emptied else limits.most,
            tripped=True,
            explanation=f"{words}: nothing of it would be left" if emptied else words,
        )
        by_package[key] = _words(guard)
        if len(by_package) <= MOST_NAMED:
            guards.append(guard)
    return RemovalVerdict(guards=tuple(guards), all_withheld=withheld, packages=by_package)


IN_PACKAGE = "removals-in-package"
EMPTIED = "package-emptied"
CONFIGURATION = "configuration-changed"
SAME_FIELD = "same-field"
SHRUNK = "much-smaller"
SCOPE = "scope-changed"
WHOLE = "selected"
"""The scope of a reading of everything that FOLIO has selected; any other one reads less of it."""
AUTOMATIC = "automatic"
"""The guards on what goes through without anybody's word in a scheduled run; each names the sort of change."""
STAGE = "stage"
TAKEN_BACK = "taken-back"
TAKEN_BACK_WORDS = "an undo took it back, and only a person brings it again"
FEW = 20
"""A reading that lacks no more records than this is never called much smaller."""


def judge_configuration(number: int, *, asks: bool) -> Guard:
    """Return the guard on changes of records agreed on under other settings or another version of the mapping.

    It trips where nobody said which side is right (`asks`); a one-way plan only tells.
    """
    words = f"{number:,} changes are of records agreed on under other maps, or another version of the mapping"
    tripped = asks and number > 0
    return Guard(name=CONFIGURATION, value=number, limit=0, tripped=tripped, explanation=words if number else "")


def same_field_name(system: str, kind: str, name: str) -> str:
    """Return the name of the guard on changes of one field: it says which."""
    return f"{SAME_FIELD}:{system}/{kind}/{name}"


def judge_same_field(guard_name: str, number: int, linked: int, *, most: int, percent: float) -> Guard:
    """Return the guard on so many changes of one field among so many linked records."""
    if number <= most or 100 * number <= percent * linked:
        return Guard(name=guard_name, value=number, limit=most, tripped=False)
    share = f" ({100 * number / linked:.1f} %)" if linked else ""
    words = (
        f"{number:,} of {linked:,} linked records{share} change in this one field: this looks like a change of the "
        f"mapping or of an encoding; it trips above {most} and above {percent:g} %"
    )
    return Guard(name=guard_name, value=number, limit=most, tripped=True, explanation=words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Size:
    """How many packages and holdings a reading held, and what it was to hold."""

    records: int
    scope: str


def judge_reading(name: str, now: Size, last: Size | None, *, percent: float, approved: bool) -> Guard:
    """Return the guard on a source that lacks much of what it held when a plan was last carried out.

    `approved`: a person set a ceiling for the removals of this run, and knows. A narrower scope lacks records too.
    """
    if last is None:
        return Guard(name=SHRUNK, value=0, limit=FEW, tripped=False)
    if now.scope != last.scope and last.scope == WHOLE:
        words = f"{name} was read in another scope than last time ({now.scope}, not {last.scope})"
        return Guard(name=SCOPE, value=1, limit=0, tripped=not approved, explanation=words)
    lacking, limit = max(0, last.records - now.records), max(FEW, math.floor(percent * last.records / 100))
    tripped = lacking > limit and not approved
    share = 100 * lacking / last.records if last.records else 0.0
    words = f"{name} holds {now.records:,} records, and held {last.records:,} last time: {share:.1f} % less"
    return Guard(name=SHRUNK, value=lacking, limit=limit, tripped=tripped, explanation=words if tripped else "")


def _in_all(total: int, linked: int, limits: RemovalLimits) -> Guard:
    tripped = limits.exceeded_by(total, linked)
    rule = f"more than {limits.most}" + ("" if limits.approved is not None else f" and more than {limits.percent:g} %")
    return Guard(
        name="removals",
        value=total,
        limit=limits.most,
        tripped=tripped,
        explanation=f"{_of(total, linked)}; it trips above {rule}" if tripped else "",
    )


def _of(removals: int, linked: int) -> str:
    share = f" ({100 * removals / linked:.1f} %)" if linked else ""
    return f"{removals:,} removals of {linked:,} linked records{share}"


def _words(guard: Guard) -> str:
    return f"guard {guard.name}: {guard.explanation}. To approve so many: --max-removals {guard.value}"
