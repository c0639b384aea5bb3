"""The plan for people. Names come from two systems and may hold anything, so nothing of them is taken for markup."""

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sync.model import Kind, Parked, System, clean
from sync.plan.changes import NOT_ASKED, REMOVALS, Action, Change, Guard, Status
from sync.plan.direction import BOTH_WAYS, Direction, directions_of
from sync.report.overview import MOST_SHOWN, Overview
from sync.report.rows import ReportRow
from sync.report.words import LONGEST_VALUE, and_more, cut, plain, value_words
from sync.store.changes import Outcome
from sync.store.conflicts import Conflict
from sync.store.plans import PlanInfo

NOUNS = {Kind.PACKAGE: "package", Kind.SERVICE: "service", Kind.TITLE: "title", Kind.HOLDING: "holding"}
COLUMNS = {"create": "new", "update": "changed", "remove": "removed", "not_done": "not done"}
MOST_PACKAGES = 10


def plan_report(plan: PlanInfo, overview: Overview, *, done: bool = False) -> RenderableType:
    """Return the plan (or, when `done`, what became of it) as it is shown on a terminal."""
    parts: list[RenderableType] = [plan_head(plan, overview, done=done)]
    parts += [_guard(guard) for guard in plan.guards if guard.tripped]
    if overview.packages:
        parts.append(_packages(overview))
    if overview.updates and not done:
        parts.append(_updates(overview))
    if overview.removals and not done:
        parts.append(_removals(overview))
    if overview.not_done:
        parts.append(_not_done(overview))
    if overview.conflicts:
        parts.append(_conflicts(overview))
    if overview.parked:
        parts.append(_parked(overview))
    if overview.losses:
        parts.append(_losses(overview, directions_of(plan.direction)))
    return Group(*parts)


def result_report(plan: PlanInfo, overview: Overview) -> RenderableType:
    """Return what became of a plan that was shown before: its head, and what was not done."""
    return Group(plan_head(plan, overview, done=True), *([_not_done(overview)] if overview.not_done else []))


async def write_text(console: Console, plan: PlanInfo, overview: Overview, rows: AsyncIterator[ReportRow]) -> None:
    """Write the whole report: the overview, then every change, parked record and conflict on its own lines."""
    console.print(plan_head(plan, overview, done=False))
    console.print(Group(*(_guard(guard) for guard in plan.guards if guard.tripped)))
    if overview.packages:
        console.print(_packages(overview, most=len(overview.packages)))
    if overview.losses:
        console.print(_losses(overview, directions_of(plan.direction), most=len(overview.losses)))
    async for row in rows:
        if row.change is not None:
            console.print(Group(*_change_lines(row.change, row.outcome)))
        elif row.parked is not None:
            console.print(plain("parked   ", row.parked.kind, row.parked.key, row.parked.name, row.parked.reason))
        elif row.conflict is not None:
            console.print(Group(*conflict_lines(row.conflict)))


def sentence(plan: PlanInfo, overview: Overview) -> str:
    """Return in one sentence what approving the plan would do."""
    summary = plan.summary
    withheld = "1 change is withheld" if summary.withheld == 1 else f"{summary.withheld:,} changes are withheld"
    waits = f"; {withheld}" if summary.withheld else ""
    conflicts = "1 conflict waits" if summary.conflict == 1 else f"{summary.conflict:,} conflicts wait"
    waits += f"; {conflicts} for a decision" if summary.conflict else ""
    if not summary.writes:
        return f"Nothing to do: {summary.unchanged:,} records were compared and agree{waits}."
    parts: list[str] = []
    for direction in directions_of(plan.direction):
        parts += _what_happens(direction.target, overview)
    parts.append(f"{summary.unchanged:,} records agree already")
    return (
        "; ".join(parts)
        + (waits if plan.direction == BOTH_WAYS else "")
        + ("." if summary.remove else "; nothing is removed.")
    )


def _what_happens(target: System, overview: Overview) -> list[str]:
    counts = overview.planned
    adds = _listing((kind, counts[target, kind, Action.CREATE] + counts[target, kind, Action.SELECT]) for kind in Kind)
    changes = _listing((kind, counts[target, kind, Action.UPDATE]) for kind in Kind)
    removals = _listing((kind, sum(counts[target, kind, action] for action in REMOVALS)) for kind in Kind)
    parts = [f"{adds} will be added to {target.label}"] if adds else []
    parts += [f"{changes} will be changed in {target.label}"] if changes else []
    return parts + ([f"{removals} will be REMOVED from {target.label}"] if removals else [])


def _listing(counts: Iterable[tuple[Kind, int]]) -> str:
    words = [f"{count:,} {NOUNS[kind]}{'s' if count != 1 else ''}" for kind, count in counts if count > 0]
    return ", ".join(words[:-1]) + f" and {words[-1]}" if len(words) > 1 else "".join(words)


def plan_head(plan: PlanInfo, overview: Overview, *, done: bool) -> RenderableType:
    """Return what a plan is, and in a sentence what it would do; when `done`, only what it was."""
    lines = [f"Plan {plan.id} · {plan.pair} · {plan.way} · {plan.created_at:%Y-%m-%d %H:%M} UTC"]
    if not done:
        lines.append(sentence(plan, overview))
        gone = [guard.explanation for guard in plan.guards if guard.name == NOT_ASKED]
        lines += [f"{words}: --remove would remove them." for words in gone]
        if plan.summary.writes:
            lines.append(f"Cost: {_cost(plan)}, at least {_time(plan)} at the permitted rate.")
    titles = overview.kinds[Kind.TITLE, Action.CREATE]
    if done and titles and plan.direction != BOTH_WAYS and not plan.takes_back:
        direction = Direction(plan.direction)
        made = "custom titles" if direction.target is System.FOLIO else "new bibs"
        lines.append(
            f"Of {titles:,} titles {direction.target.label} knew {overview.known_titles:,} already, and those were "
            f"used; the others were created as {made}."
        )
    return Panel(Text("\n".join(lines)), expand=False)


def _time(plan: PlanInfo) -> str:
    return str(timedelta(seconds=round(plan.cost.seconds)))


def _cost(plan: PlanInfo) -> str:
    cost = plan.cost
    parts = [f"{cost.alma_calls:,} calls to Alma"] if cost.alma_calls or not cost.folio_calls else []
    if cost.folio_calls:
        parts.append(f"{cost.folio_calls:,} calls to FOLIO, {cost.ebsco_calls:,} of EBSCO's daily calls")
    return "about " + " and ".join(parts)


def _guard(guard: Guard) -> RenderableType:
    words = f"Guard {guard.name}: {guard.value} (limit {guard.limit}) {guard.explanation}"
    return Text(clean(words), style="bold red")


def _packages(overview: Overview, most: int = MOST_PACKAGES) -> RenderableType:
    table = Table(title="By package", title_justify="left", pad_edge=False)
    table.add_column("Package", overflow="fold", max_width=70)
    shown = ["create", "update", *(["remove"] if overview.removals else []), "not_done"]
    for name in shown:
        table.add_column(COLUMNS[name], justify="right", no_wrap=True, min_width=len(COLUMNS[name]))
    rows = sorted(overview.packages.values(), key=lambda one: (-one.create - one.update - one.remove, one.name))
    for one in rows[:most]:
        table.add_row(cut(one.name), *(f"{number:,}" if (number := getattr(one, name)) else "·" for name in shown))
    if len(rows) > most:
        table.add_row(Text(f"… and {len(rows) - most} more packages"), *("" for _ in shown))
    return table


def _updates(overview: Overview) -> RenderableType:
    parts: list[RenderableType] = [Text("Changes", style="italic")]
    for change in overview.updates:
        parts += _change_lines(change, Outcome())
    return Group(*parts, *_more(sum(n for (_, a), n in overview.kinds.items() if a is Action.UPDATE)))


def _removals(overview: Overview) -> RenderableType:
    parts: list[RenderableType] = [Text("Removals", style="bold red")]
    for change in overview.removals:
        parts += _change_lines(change, Outcome())
    return Group(*parts, *_more(sum(n for (*_, a), n in overview.planned.items() if a in REMOVALS)))


def _not_done(overview: Overview) -> RenderableType:
    lines: list[RenderableType] = [Text("Not done", style="bold yellow")]
    for change, outcome in overview.not_done:
        lines.append(plain(f"  {change.status}", change.kind, change.package_name, change.name))
        reason = outcome.reason or change.reason
        lines.append(plain("     ", reason, outcome.advice))
    return Group(*lines, *_more(overview.not_done_count))


def _conflicts(overview: Overview) -> RenderableType:
    title = "Conflicts: changed on both sides, left as they are until somebody decides (alma-folio-sync conflicts)"
    lines: list[RenderableType] = [Text(title, style="bold yellow")]
    for one in overview.conflicts:
        lines += conflict_lines(one)
    return Group(*lines, *_more(overview.conflict_count))


def conflict_lines(one: Conflict) -> list[Text]:
    """Return a conflict as it is shown on a terminal: what it is about, then the three values below each other."""
    decided = f"decided: {one.decision}" if one.decision else ""
    name = one.name if one.name != one.package_name else ""
    return [
        plain(f"  ! {one.id}", one.kind, one.package_name, name, f"({one.field})", decided),
        plain("      when both agreed: ", value_words(one.base)),
        plain("      in Alma now:      ", value_words(one.alma)),
        plain("      in FOLIO now:     ", value_words(one.folio)),
    ]


def _parked(overview: Overview) -> RenderableType:
    lines: list[RenderableType] = [Text("Parked: these records cannot be moved as they stand", style="bold yellow")]
    for one in overview.parked:
        lines.append(plain(f"  {one.kind} {one.key}", one.name))
        lines.append(_parked_reason(one))
    return Group(*lines, *_more(overview.parked_count))


def _parked_reason(one: Parked) -> Text:
    return plain("     ", one.reason + ".", one.advice)


def _losses(overview: Overview, directions: tuple[Direction, ...], most: int = MOST_SHOWN) -> RenderableType:
    words = "What the other side cannot hold; it stays where it is"
    if len(directions) == 1:
        words = f"What {directions[0].target.label} cannot hold; it stays in {directions[0].source.label}"
    lines: list[RenderableType] = [Text(words, style="italic")]
    ordered = sorted(overview.losses.items(), key=lambda item: (-item[1].count, item[0]))
    for (field, reason), one in ordered[:most]:
        lines.append(plain(f"  {one.count:>6,} × {field}:", reason))
        lines.append(plain("          ", f"such as {one.example[:LONGEST_VALUE]}"))
    return Group(*lines, *(_more(len(ordered)) if len(ordered) > most else []))


def _change_lines(change: Change, outcome: Outcome) -> list[Text]:
    sign = {Action.CREATE: "+", Action.UPDATE: "~"}.get(change.action, "-")
    if change.status is Status.NOTED:
        lost = (f"{one.field}: {one.value} stays where it is: {one.reason}" for one in change.losses)
        return [plain(f"  · {change.kind}", change.name), *(plain("      ", words) for words in lost)]
    lines = [plain(f"  {sign} {change.kind}", change.name, *change.identifiers[:2])]
    place = clean(change.package_name) if change.kind is Kind.HOLDING else ""
    where = f"{place}, {change.system.label}" if place else change.system.label
    lines[0].append(f"  in {where}", style="dim")
    if change.action is Action.UPDATE:
        lines += [
            plain("      ", f"{one.field}: {value_words(one.before)} → {value_words(one.after)}")
            for one in change.fields
        ]
    if change.status in (Status.FAILED, Status.SKIPPED):
        lines.append(plain("      ", change.status, outcome.reason, outcome.advice))
    elif change.status is Status.WITHHELD:
        lines.append(plain("      ", change.status, change.reason))
    return lines


def _more(count: int) -> list[Text]:
    return [and_more(count - MOST_SHOWN)] if count > MOST_SHOWN else []
