"""The plan for people. Names come from two systems and may hold anything, so nothing of them is taken for markup."""

from collections.abc import AsyncIterator, Iterable
from datetime import timedelta

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from sync.model import Kind, Parked, clean
from sync.plan.changes import Action, Change, FieldValue, Guard, Status
from sync.report.overview import MOST_SHOWN, Overview
from sync.report.rows import ReportRow
from sync.store.plans import Outcome, PlanInfo

NOUNS = {Kind.PACKAGE: "package", Kind.SERVICE: "service", Kind.TITLE: "title", Kind.HOLDING: "holding"}
MOST_PACKAGES = 10
LONGEST_VALUE = 110


def plan_report(plan: PlanInfo, overview: Overview, *, done: bool = False) -> RenderableType:
    """Return the plan (or, when `done`, what became of it) as it is shown on a terminal."""
    parts: list[RenderableType] = [_head(plan, overview, done=done)]
    parts += [_guard(guard) for guard in plan.guards if guard.tripped]
    if overview.packages:
        parts.append(_packages(overview))
    if overview.updates and not done:
        parts.append(_updates(overview))
    if overview.not_done:
        parts.append(_not_done(overview))
    if overview.parked:
        parts.append(_parked(overview))
    if overview.losses:
        parts.append(_losses(overview))
    return Group(*parts)


def result_report(plan: PlanInfo, overview: Overview) -> RenderableType:
    """Return what became of a plan that was shown before: its head, and what was not done."""
    return Group(_head(plan, overview, done=True), *([_not_done(overview)] if overview.not_done else []))


async def write_text(console: Console, plan: PlanInfo, overview: Overview, rows: AsyncIterator[ReportRow]) -> None:
    """Write the whole report: the overview, then every change on its own lines."""
    console.print(plan_report(plan, overview))
    async for row in rows:
        if row.change is not None:
            console.print(Group(*_change_lines(row.change, row.outcome)))
        elif row.parked is not None:
            console.print(_plain("parked   ", row.parked.kind, row.parked.key, row.parked.name, row.parked.reason))


def sentence(plan: PlanInfo, overview: Overview) -> str:
    """Return in one sentence what approving the plan would do."""
    summary = plan.summary
    if not summary.writes:
        return f"Nothing to do: {summary.unchanged:,} records were compared and agree."
    adds = _listing((kind, overview.kinds[kind, Action.CREATE]) for kind in Kind)
    changes = _listing((kind, overview.kinds[kind, Action.UPDATE]) for kind in Kind)
    parts = [f"{adds} will be added to FOLIO"] if adds else []
    parts += [f"{changes} will be changed there"] if changes else []
    return f"{'; '.join(parts)}; {summary.unchanged:,} records agree already; nothing is removed."


def _listing(counts: Iterable[tuple[Kind, int]]) -> str:
    words = [f"{count:,} {NOUNS[kind]}{'s' if count != 1 else ''}" for kind, count in counts if count > 0]
    return ", ".join(words[:-1]) + f" and {words[-1]}" if len(words) > 1 else "".join(words)


def _head(plan: PlanInfo, overview: Overview, *, done: bool) -> RenderableType:
    lines = [f"Plan {plan.id} · {plan.pair} · Alma → FOLIO · {plan.created_at:%Y-%m-%d %H:%M} UTC"]
    if not done:
        lines.append(sentence(plan, overview))
        if plan.summary.writes:
            cost = plan.cost
            lines.append(
                f"Cost: about {cost.folio_calls:,} calls to FOLIO, {cost.ebsco_calls:,} of EBSCO's daily calls, "
                f"at least {timedelta(seconds=round(cost.seconds))} at the permitted rate."
            )
    titles = overview.kinds[Kind.TITLE, Action.CREATE]
    if done and titles:
        lines.append(
            f"Of {titles:,} titles FOLIO knew {overview.known_titles:,} already, and those were used; "
            "the others were created as custom titles."
        )
    return Panel(Text("\n".join(lines)), expand=False)


def _guard(guard: Guard) -> RenderableType:
    words = f"Guard {guard.name}: {guard.value} (limit {guard.limit}) {guard.explanation}"
    return Text(clean(words), style="bold red")


def _packages(overview: Overview) -> RenderableType:
    table = Table(title="By package", title_justify="left", pad_edge=False)
    table.add_column("Package", overflow="ellipsis", max_width=70, no_wrap=True)
    for name in ("new", "changed", "not done"):
        table.add_column(name, justify="right")
    rows = sorted(overview.packages.values(), key=lambda one: (-one.create - one.update, one.name))
    for one in rows[:MOST_PACKAGES]:
        table.add_row(_cut(one.name), *(f"{number:,}" if number else "·" for number in
                                        (one.create, one.update, one.not_done)))  # fmt: skip
    if len(rows) > MOST_PACKAGES:
        table.add_row(Text(f"… and {len(rows) - MOST_PACKAGES} more packages"), "", "", "")
    return table


def _updates(overview: Overview) -> RenderableType:
    parts: list[RenderableType] = [Text("Changes", style="italic")]
    for change in overview.updates:
        parts += _change_lines(change, Outcome())
    return Group(*parts, *_more(sum(n for (_, a), n in overview.kinds.items() if a is Action.UPDATE)))


def _not_done(overview: Overview) -> RenderableType:
    lines: list[RenderableType] = [Text("Not done", style="bold yellow")]
    for change, outcome in overview.not_done:
        lines.append(_plain(f"  {change.status}", change.kind, change.package_name, change.name))
        reason = outcome.reason or change.reason
        lines.append(_plain("     ", reason, outcome.advice))
    return Group(*lines, *_more(overview.not_done_count))


def _parked(overview: Overview) -> RenderableType:
    lines: list[RenderableType] = [Text("Parked: these records cannot be moved as they stand", style="bold yellow")]
    for one in overview.parked:
        lines.append(_plain(f"  {one.kind} {one.key}", one.name))
        lines.append(_parked_reason(one))
    return Group(*lines, *_more(overview.parked_count))


def _parked_reason(one: Parked) -> Text:
    return _plain("     ", one.reason + ".", one.advice)


def _losses(overview: Overview) -> RenderableType:
    lines: list[RenderableType] = [Text("What FOLIO cannot hold; it stays in Alma", style="italic")]
    ordered = sorted(overview.losses.items(), key=lambda item: (-item[1].count, item[0]))
    for (field, reason), one in ordered[:MOST_SHOWN]:
        lines.append(_plain(f"  {one.count:>6,} × {field}:", reason))
        lines.append(_plain("          ", f"such as {one.example[:LONGEST_VALUE]}"))
    return Group(*lines, *_more(len(ordered)))


def _change_lines(change: Change, outcome: Outcome) -> list[Text]:
    sign = {Action.CREATE: "+", Action.UPDATE: "~"}.get(change.action, "-")
    lines = [_plain(f"  {sign} {change.kind}", change.name, *change.identifiers[:2])]
    if change.action is Action.UPDATE:
        lines += [_plain("      ", f"{one.field}: {_value(one.before)} → {_value(one.after)}") for one in change.fields]
    if change.status in (Status.FAILED, Status.SKIPPED):
        lines.append(_plain("      ", change.status, outcome.reason, outcome.advice))
    return lines


def _value(value: FieldValue) -> str:
    if value is None or value in ("", ()):
        return "nothing"
    return "; ".join(value) if isinstance(value, tuple) else str(value)


def _plain(*parts: str) -> Text:
    """Return text without markup and control characters, so that a name cannot command a terminal."""
    kept = [parts[0], *(clean(part) for part in parts[1:] if part)]
    return Text("  ".join(kept), overflow="ellipsis")


def _cut(text: str) -> Text:
    shown = clean(text)
    return Text(shown if len(shown) <= LONGEST_VALUE else shown[: LONGEST_VALUE - 1] + "…")


def _more(count: int) -> list[Text]:
    return [Text(f"  … and {count - MOST_SHOWN:,} more; the report file has them all")] if count > MOST_SHOWN else []
