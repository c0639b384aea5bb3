"""plans: what was planned, where each plan stands, and what it waits for."""

from typing import TYPE_CHECKING, Any

import click

from sync.cli.options import format_option, global_options
from sync.cli.running import ExitCode, database_of, pair_of, run_async, settings_of

if TYPE_CHECKING:
    from sync.store.plans import PlanInfo


@click.command(
    "plans",
    epilog="""\b
Examples:
  alma-folio-sync plans
  alma-folio-sync plans --limit 100 --format json

Every diff, migrate and sync makes a plan, and takes the place of the one before, if that still waits.""",
)
@global_options
@click.option("--limit", type=click.IntRange(1, 1000), default=20, show_default=True, help="How many, newest first.")
@format_option
@click.pass_context
def command(ctx: click.Context, limit: int, form: str) -> int:
    """List the plans that were made, and what each one waits for."""
    settings = settings_of(ctx)
    pair, _ = pair_of(ctx, settings)

    async def work() -> int:
        from sync.report.json_report import json_text
        from sync.store.plans import recent_plans

        async with database_of(settings) as database:
            plans = await recent_plans(database, pair, limit)
        if form == "json":
            click.echo(json_text({"plans": [as_json(one) for one in plans]}))
            return ExitCode.DONE
        if not plans:
            click.echo("There is no plan yet. Make one with: alma-folio-sync diff --both")
        for one in plans:
            click.echo(line(one))
        return ExitCode.DONE

    return run_async(ctx, work)


def as_json(one: "PlanInfo") -> dict[str, Any]:
    """Return a plan without its changes as JSON shows it."""
    import msgspec

    return {
        "plan_id": one.id,
        "run_id": one.run_id,
        "pair": one.pair,
        "direction": one.direction,
        "takes_back": one.takes_back,
        "status": one.status,
        "created_at": one.created_at,
        "summary": msgspec.to_builtins(one.summary),
        "waits_for": waits_for(one) or None,
    }


def line(one: "PlanInfo") -> str:
    """Return a plan as a line."""
    from sync.logs import printable

    summary = one.summary
    counts = (
        (summary.create, "new"),
        (summary.update, "changed"),
        (summary.remove, "removed"),
        (summary.withheld, "withheld"),
        (summary.conflict, "in conflict"),
    )
    numbers = ", ".join(f"{number:,} {what}" for number, what in counts if number) or "nothing to do"
    made = f"{one.created_at:%Y-%m-%d %H:%M}"
    parts = [f"plan {one.id}", one.way, made, one.status, numbers, waits_for(one)]
    return printable("  ".join(part for part in parts if part)).replace("\n", " ")


def waits_for(one: "PlanInfo") -> str:
    """Return what a plan waits for, with the command that goes on; "" when nothing is left to do with it."""
    from sync.store.plans import PlanStatus

    if one.status == PlanStatus.BEGUN:
        return "being carried out, or interrupted in it: then sync or migrate goes on"
    if one.status not in (PlanStatus.DRAFT, PlanStatus.APPROVED):
        return ""
    if not one.guards:  # they are stored when the plan is complete
        return "being made, or interrupted in it: then run the command again"
    waits = []
    if one.summary.writes:
        waits.append(f"to be carried out: alma-folio-sync apply {one.id}")
    if one.summary.withheld:
        waits.append(f"what is withheld: alma-folio-sync plan show {one.id} --withheld")
    if one.summary.conflict:
        waits.append("conflicts: alma-folio-sync conflicts list")
    return "; ".join(waits)
