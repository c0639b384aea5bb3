"""plan: a stored plan, shown, approved, and parts of it let through or held back."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.cli.options import NUMBER, format_option, global_options, output_option
from sync.cli.output import output_file
from sync.cli.plans import as_json, waits_for
from sync.cli.running import ExitCode, database_of, pair_of, run_async, settings_of

if TYPE_CHECKING:
    from rich.text import Text
    from sqlalchemy.ext.asyncio import AsyncEngine

    from sync.report.rows import ReportRow
    from sync.store.approval import Decided
    from sync.store.plans import PlanInfo

KINDS = ["package", "service", "title", "holding"]


@click.group(
    "plan",
    epilog="""\b
Examples:
  alma-folio-sync plan show 7 --withheld
  alma-folio-sync plan approve 7 --guard removals
  alma-folio-sync plan withhold 7 --package "Harbour Online"
  alma-folio-sync apply 7""",
)
@global_options
def command() -> None:
    """Look at a stored plan, approve it, let through what was withheld in it, or hold parts of it back."""


_plan_id = click.argument("plan_id", metavar="ID", type=NUMBER)
_change_option = click.option(
    "--change", "changes", multiple=True, metavar="CHANGE_ID", help="Only this one; may be repeated."
)
_package_option = click.option("--package", default="", help="Only in packages with this text in their name.")


@command.command(
    "show",
    epilog="""\b
Examples:
  alma-folio-sync plan show 7
  alma-folio-sync plan show 7 --withheld             what is held back, with reasons and ids
  alma-folio-sync plan show 7 --format json --output plan.json""",
)
@global_options
@_plan_id
@click.option("--withheld", is_flag=True, help="Only the changes that are withheld, each with its id and the reason.")
@format_option
@output_option
@click.pass_context
def show(ctx: click.Context, plan_id: int, withheld: bool, form: str, output: Path | None) -> int:
    """Show a stored plan as diff shows it, or what became of one that was carried out."""
    settings = settings_of(ctx)
    name, _ = pair_of(ctx, settings)

    async def work() -> int:
        async with database_of(settings) as database:
            plan = await _find(database, name, plan_id)
            if withheld:
                await _show_withheld(database, plan, form, output)
            else:
                await _show_whole(database, plan, form, output)
        click.echo(f"Plan {plan.id} is {plan.status}{_waiting(plan)}.", err=True)
        return ExitCode.DONE

    return run_async(ctx, work)


@command.command(
    "approve",
    epilog="""\b
Examples:
  alma-folio-sync plan approve 7                            as it stands: apply 7 does not ask any longer
  alma-folio-sync plan approve 7 --guard removals           lets through what this guard withheld
  alma-folio-sync plan approve 7 --guard removals --package "Harbour Online"
  alma-folio-sync plan approve 7 --change folio/holding/19-101-301

Options that select are combined: what is meant fits all of them. What is let through brings along what it cannot do
without. Absence that says nothing, such as from an incomplete reading, and ambiguous records stay withheld.

\b
Exit codes: 0 approved · 1 error, such as an unknown change · 2 wrong usage ·
4 a guard: the plan was carried out or replaced, or what is meant cannot be approved; nothing was changed ·
5 a run is at work, which may make a newer plan: look again when it has ended""",
)
@global_options
@_plan_id
@_change_option
@click.option("--guard", default="", metavar="NAME", help="Only what this guard withheld: its name as in the plan.")
@_package_option
@click.option("--all-withheld", is_flag=True, help="Everything withheld that can be approved, edited records aside.")
@format_option
@click.pass_context
def approve(
    ctx: click.Context,
    plan_id: int,
    *,
    changes: tuple[str, ...],
    guard: str,
    package: str,
    all_withheld: bool,
    form: str,
) -> int:
    """Approve a plan, and let through what is selected of what was withheld in it. Writes to neither system."""
    settings = settings_of(ctx)
    name, pair = pair_of(ctx, settings)
    selected = bool(changes or guard or package or all_withheld)

    async def work() -> int:
        from sync.plan.approvable import Choice
        from sync.store.approval import approve_changes, approve_plan, costs_today
        from sync.store.runs import pair_lock

        # a run at work is about to put a plan of its own in the place of this one
        async with database_of(settings) as database, pair_lock(database, name):
            if selected:
                choice = Choice(changes=frozenset(changes), guard=guard, package=package)
                cost_of = await costs_today(database, name, pair)
                decided = await approve_changes(database, name, plan_id, choice, cost_of)
            else:
                decided = await approve_plan(database, name, plan_id)
        words = f"Plan {plan_id} is approved"
        if selected:
            words += f": {decided.meant:,} changes are planned that were withheld{_along(decided)}"
        _tell(decided, words, form)
        return ExitCode.DONE

    return run_async(ctx, work)


@command.command(
    "withhold",
    epilog="""\b
Examples:
  alma-folio-sync plan withhold 7 --package "Harbour Online"
  alma-folio-sync plan withhold 7 --field url                 no record that exists gets another address
  alma-folio-sync plan withhold 7 --kind title
  alma-folio-sync plan withhold 7 --change alma/holding/53912345

Options that select are combined: what is meant fits all of them. What cannot be done without it, or is not needed
without it, is withheld as well. The next sync or migrate plans all of it again.

Exit codes: 0 withheld · 1 error, such as an unknown change · 2 wrong usage · 4 the plan was carried out or replaced""",
)
@global_options
@_plan_id
@_change_option
@_package_option
@click.option("--field", default="", help="Only changes of this field in records that exist.")
@click.option("--kind", type=click.Choice(KINDS), help="Only changes of records of this kind.")
@format_option
@click.pass_context
def withhold(
    ctx: click.Context,
    plan_id: int,
    *,
    changes: tuple[str, ...],
    package: str,
    field: str,
    kind: str | None,
    form: str,
) -> int:
    """Hold back what is selected of a plan: carrying it out leaves that alone. Writes to neither system."""
    if not (changes or package or field or kind):
        raise click.UsageError("Say what to withhold: --change, --package, --field or --kind.")
    settings = settings_of(ctx)
    name, pair = pair_of(ctx, settings)

    async def work() -> int:
        from sync.model import Kind
        from sync.plan.approvable import Choice
        from sync.store.approval import costs_today, withhold_changes

        choice = Choice(
            changes=frozenset(changes), package=package, field=field, kind=Kind(kind) if kind is not None else None
        )
        async with database_of(settings) as database:
            cost_of = await costs_today(database, name, pair)
            decided = await withhold_changes(database, name, plan_id, choice, cost_of)
        _tell(decided, f"Plan {plan_id}: {decided.meant:,} changes are withheld{_along(decided)}", form)
        return ExitCode.DONE

    return run_async(ctx, work)


async def _find(database: "AsyncEngine", name: str, plan_id: int) -> "PlanInfo":
    from sync.store.approval import no_such_plan
    from sync.store.plans import find_plan

    plan = await find_plan(database, name, plan_id)
    if plan is None:
        raise no_such_plan(name, plan_id)
    return plan


async def _show_whole(database: "AsyncEngine", plan: "PlanInfo", form: str, output: Path | None) -> None:
    from sync.cli.reporting import print_ended
    from sync.engine.running import Ended, result_of
    from sync.store.plans import PlanStatus
    from sync.store.snapshots import count_parked

    parked = await count_parked(database, plan.run_id)
    carried_out = plan.status in (PlanStatus.BEGUN, PlanStatus.APPLIED)
    result = await result_of(database, plan.id, parked) if carried_out else None
    await print_ended(database, Ended(run_id=plan.run_id, plan=plan, parked=parked, result=result), form, output)


def _along(decided: "Decided") -> str:
    return f", and {decided.along:,} more with them" if decided.along else ""


def _tell(decided: "Decided", words: str, form: str) -> None:
    from sync.logs import printable
    from sync.report.json_report import json_text

    plan = decided.plan
    if form == "json":
        moved = {"changed": decided.meant, "along": decided.along, "left": dict(decided.left)}
        click.echo(json_text({**as_json(plan), **moved}))
    click.echo(f"{words}.", err=True)
    for why, number in decided.left.most_common():
        click.echo(printable(f"{number:,} cannot be approved: {why}"), err=True)
    click.echo(f"It would write {plan.summary.writes:,} changes{_waiting(plan)}.", err=True)


def _waiting(plan: "PlanInfo") -> str:
    waits = waits_for(plan)
    return f"; {waits}" if waits else ""


async def _show_withheld(database: "AsyncEngine", plan: "PlanInfo", form: str, output: Path | None) -> None:
    from rich.console import Console

    from sync.report.json_report import write_json

    with output_file(output) as file:
        if form == "json":
            await write_json(file.write, plan, _withheld(database, plan), run_id=plan.run_id)
            return
        console = Console() if output is None else Console(file=file, width=140)
        async for row in _withheld(database, plan):
            for line in _lines(row):
                console.print(line)
    if not plan.summary.withheld:
        click.echo("Nothing is withheld.", err=True)


async def _withheld(database: "AsyncEngine", plan: "PlanInfo") -> AsyncIterator["ReportRow"]:
    """Yield the withheld changes of a plan, and the open conflicts."""
    from sync.plan.changes import Status
    from sync.report.rows import report_rows

    async for row in report_rows(database, plan):
        if row.conflict is not None or (row.change is not None and row.change.status is Status.WITHHELD):
            yield row


def _lines(row: "ReportRow") -> "list[Text]":
    """Return a withheld change as a terminal shows it: what it would do, why it is withheld, and its id."""
    from rich.text import Text

    from sync.model import clean

    change = row.change
    if change is None:
        return []
    package = f" in {change.package_name}" if change.package_name and change.package_name != change.name else ""
    what = f"{change.action} {change.kind} in {change.system.label}: {change.name}{package}"
    details = [row.outcome.reason or change.reason, f"--change {change.id}"]
    return [Text(clean(what)), *(Text(f"   {clean(line)}") for line in details)]
