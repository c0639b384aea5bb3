"""Conflicts for people: the three values side by side, and in words what the next sync does with each decision.

Names and values come from two systems and may hold anything, so nothing of them is taken for markup.
"""

from collections.abc import Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from sync.model import clean
from sync.plan.changes import FieldValue
from sync.plan.three_way import REMOVAL, Decision
from sync.report.text_report import conflict_lines
from sync.report.words import value_words
from sync.store.conflicts import Conflict

NARROW = 72
"""On a terminal with fewer columns than these the values stand below each other."""
LONGEST_VALUE = 300
UNTIL = "A decision counts until either side's value changes again; then the conflict waits for a new one."


def conflicts_report(conflicts: Sequence[Conflict], width: int) -> RenderableType:
    """Return the conflicts as a table for a terminal of so many columns, or below each other on a narrow one."""
    if width < NARROW:
        return Group(*(line for one in conflicts for line in (*conflict_lines(one), *_choices(one, always=False))))
    table = Table(pad_edge=False, show_lines=True)
    for name in ("Conflict", "When both agreed", "In Alma", "In FOLIO"):
        table.add_column(name, overflow="fold")
    for one in conflicts:
        table.add_row(_about(one), _cell(one.base), _cell(one.alma), _cell(one.folio))
    return table


def conflict_details(one: Conflict) -> RenderableType:
    """Return all there is to know about a conflict, and what each decision would do."""
    since = f"Listed since {one.made_at:%Y-%m-%d %H:%M} UTC. " if one.made_at else ""
    state = f"Decided: {effect(one, one.decision)}." if one.decision else "It waits for a decision."
    lines = [
        *conflict_lines(one),
        _line(f"Alma {one.alma_id} = FOLIO {one.folio_id}"),
        _line(since + state),
        *_choices(one, always=True),
        _line(f"Decide: alma-folio-sync conflicts resolve {one.id} --take …"),
        _line(UNTIL),
    ]
    return Group(*lines)


def decisions_for(one: Conflict) -> tuple[Decision, ...]:
    """Return what can be decided: of a record that only one side has, nobody can keep both as they are."""
    return tuple(each for each in Decision if each is not Decision.KEEP or one.field != REMOVAL)


def effect(one: Conflict, decision: Decision) -> str:
    """Return what the next sync does with a decision."""
    if decision is Decision.KEEP:
        return "both stay as they are"
    winner, other = ("Alma", "FOLIO") if decision is Decision.ALMA else ("FOLIO", "Alma")
    if one.field != REMOVAL:
        return f"{winner}'s value is written to {other}"
    kept = one.folio if decision is Decision.ALMA else one.alma
    if kept == ("removed",):
        return f"the record of {winner} is made again in {other}"
    return f"the record is removed in {other} as well, with its edits"


def effects(conflicts: Sequence[Conflict], decision: Decision | None) -> list[str]:
    """Return what the next sync does with one decision on all of these; None: it was taken back."""
    if decision is None:
        return [f"{_which(conflicts)}: left on both sides, and listed until somebody decides"]
    by_effect: dict[str, list[Conflict]] = {}
    for one in conflicts:
        by_effect.setdefault(effect(one, decision), []).append(one)
    return [f"{_which(group)}: {words}" for words, group in by_effect.items()]


def _which(conflicts: Sequence[Conflict]) -> str:
    """Return which conflicts are meant: one by its id and name, more by their number."""
    if len(conflicts) > 1:
        return f"{len(conflicts):,} conflicts"
    return "".join(f"Conflict {one.id} ({clean(one.field)} of {clean(one.name)})" for one in conflicts)


def _about(one: Conflict) -> Text:
    name = clean(one.name)
    text = Text(f"{one.id}  {name}")
    if one.package_name and clean(one.package_name) != name:
        text.append(f"\nin {clean(one.package_name)}")
    text.append(f"\n{one.kind}: {clean(one.field)}", style="bold")
    for line in _choices(one, always=False):
        text.append(f"\n{line.plain.strip()}", style="dim")
    if one.decision:
        text.append(f"\ndecided: {one.decision}", style="italic")
    return text


def _choices(one: Conflict, *, always: bool) -> list[Text]:
    """Return what each decision would do; unless `always`, only where the values do not say it."""
    if one.field != REMOVAL and not always:
        return []
    return [_line(f"--take {decision}: {effect(one, decision)}") for decision in decisions_for(one)]


def _cell(value: FieldValue) -> Text:
    if value is None or value in ("", ()):
        return Text("nothing", style="dim")
    shown = clean(value_words(value))
    return Text(shown if len(shown) <= LONGEST_VALUE else shown[: LONGEST_VALUE - 1] + "…")


def _line(words: str) -> Text:
    return Text("      " + clean(words))
