"""The guards of removals: how many a run may make without being asked again, in one package and in all.

A guard that trips withholds removals; everything else goes on (design: guards). It trips above a number *and* above a
share, so that neither small packages nor large ones make it useless.
"""

from collections.abc import Mapping
from dataclasses import dataclass

from sync.plan.changes import Guard

MOST_NAMED = 10


@dataclass(frozen=True, slots=True, kw_only=True)
class RemovalLimits:
    """What may be removed: at most `number`, or at most `percent` of what is linked.

    `approved` is a ceiling that a person set for one run; it counts alone, in place of both.
    """

    number: int
    percent: float
    approved: int | None = None

    @property
    def most(self) -> int:
        """Return the number shown as the guard's limit."""
        return self.number if self.approved is None else self.approved

    def exceeded_by(self, removals: int, linked: int) -> bool:
        """Return whether so many removals of so many linked records are too many."""
        if self.approved is not None:
            return removals > self.approved
        return removals > self.number and 100 * removals > self.percent * linked


@dataclass(frozen=True, slots=True)
class Share:
    """So many of so many linked records are to be removed."""

    removals: int
    linked: int


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
) -> RemovalVerdict:
    """Return what the guards say of the removals planned: holdings by package, and `others` (services, packages).

    `names` are the packages' names, for the report. Absence counts only from a complete reading, and an empty one is
    no reading of a library (design: guards).
    """
    total = sum(one.removals for one in packages.values()) + others
    linked = sum(one.linked for one in packages.values())
    guards = [_in_all(total, linked, limits)]
    withheld = _words(guards[0]) if guards[0].tripped else ""
    if total and not source_complete:
        withheld = "the source was not read completely, so nothing counts as gone"
    if total and not source_records:
        empty = "the source holds nothing at all"
        guards.append(Guard(name="empty-side", value=0, limit=1, tripped=True, explanation=empty))
        withheld = f"guard empty-side: {empty}"
    by_package: dict[str, str] = {}
    for key, share in packages.items():
        if not limits.exceeded_by(share.removals, share.linked):
            continue
        guard = Guard(
            name="removals-in-package",
            value=share.removals,
            limit=limits.most,
            tripped=True,
            explanation=f"{names.get(key, key)!r}: {_of(share.removals, share.linked)}",
        )
        by_package[key] = _words(guard)
        if len(by_package) <= MOST_NAMED:
            guards.append(guard)
    return RemovalVerdict(guards=tuple(guards), all_withheld=withheld, packages=by_package)


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
