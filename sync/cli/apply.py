"""apply: carry a stored plan out, once."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from sync.cli.options import NUMBER, format_option, global_options, output_option
from sync.cli.running import pair_of, settings_of
from sync.cli.writing import carry_out, require_consent
from sync.errors import GuardError

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from sync.cli.progress import ConsoleProgress
    from sync.engine.running import Confirm, Ended


@click.command(
    "apply",
    epilog="""\b
Examples:
  alma-folio-sync apply 7            shows the plan and asks, unless it was approved: plan approve 7
  alma-folio-sync apply 7 --yes      does not ask

A plan is carried out once, and not after links or the configuration have changed. Each record is read again just
before it is written: what somebody edited since the plan was made is left as it is, and listed. After an interruption
or a pause, sync or migrate goes on: what is done is found and not done twice.

\b
Exit codes: 0 done, or nothing to do · 1 error · 4 a guard refused the plan, or stopped part of it ·
5 another run is at work · 6 paused for quota · 7 done, but some records failed, were skipped or are parked""",
)
@global_options
@click.argument("plan_id", metavar="ID", type=NUMBER)
@click.option("--yes", is_flag=True, help="Carry the plan out without asking.")
@format_option
@output_option
@click.pass_context
def command(ctx: click.Context, plan_id: int, yes: bool, form: str, output: Path | None) -> int:
    """Carry out a stored plan: what it has planned, and nothing of what is withheld in it."""
    name, pair = pair_of(ctx, settings_of(ctx))

    async def start(database: "AsyncEngine", progress: "ConsoleProgress", confirm: "Confirm") -> "Ended":
        from sync.engine.migrate import apply_stored

        await _require_plan(database, name, plan_id, yes=yes)
        ended = await apply_stored(database, name, pair, progress, confirm, plan_id)
        if ended.paused is not None:
            ended.paused.advice = "This plan is used up. After the time named go on with the rest: alma-folio-sync sync"
        return ended

    return carry_out(ctx, start, yes=yes, form=form, output=output)


async def _require_plan(database: "AsyncEngine", name: str, plan_id: int, *, yes: bool) -> None:
    """Refuse a plan that cannot be carried out before anybody is asked, and to write without anybody's word.

    Raises:
        ConfigurationError: when there is no such plan; when it is not approved, and there is no terminal to ask on.
        GuardError: when it was carried out already, or a newer one took its place; when all of it is withheld.
    """
    from sync.plan.direction import BOTH_WAYS, Direction
    from sync.store.approval import no_such_plan, require_waiting
    from sync.store.plans import PlanStatus, find_plan

    plan = await find_plan(database, name, plan_id)
    if plan is None:
        raise no_such_plan(name, plan_id)
    require_waiting(plan_id, plan.status)
    if plan.summary.withheld and not plan.summary.writes:
        raise GuardError(  # carried out, it would be used up for nothing
            f"Plan {plan_id} has nothing to carry out: all of its {plan.summary.withheld:,} changes are withheld.",
            advice=f"Why: alma-folio-sync plan show {plan_id} --withheld. Then let through what is right: "
            f"alma-folio-sync plan approve {plan_id} --guard NAME",
        )
    if plan.status != PlanStatus.APPROVED and plan.summary.writes:
        both = plan.direction == BOTH_WAYS
        target = "both systems" if both else Direction(plan.direction).target.label
        require_consent(yes=yes, command=f"apply {plan_id}", writes_to=target)
