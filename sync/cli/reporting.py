"""Printing plans: on standard output or into a file, for people or for machines."""

from pathlib import Path
from typing import TYPE_CHECKING

import msgspec
from rich.console import Console

from sync.cli.output import output_file
from sync.report.json_report import write_json
from sync.report.overview import Overview, overview_of
from sync.report.rows import report_rows
from sync.report.text_report import plan_head, plan_report, result_report, write_text

if TYPE_CHECKING:
    from sqlalchemy.ext.asyncio import AsyncEngine

    from sync.engine.running import Ended
    from sync.store.plans import PlanInfo


async def print_ended(database: "AsyncEngine", ended: "Ended", form: str, output: Path | None) -> None:
    """Print what a run ended with, in the form asked for, to standard output or into the file."""
    if form == "json":
        await _print_json(database, ended, output)
        return
    overview = await overview_of(report_rows(database, ended.plan))
    if output is None:
        Console().print(plan_report(ended.plan, overview, done=ended.result is not None))
        return
    await _write_text_file(database, ended.plan, overview, output)
    console = Console(stderr=True)
    console.print(plan_head(ended.plan, overview, done=ended.result is not None))
    console.print(f"Written to {output}", markup=False)


async def show_plan(database: "AsyncEngine", plan: "PlanInfo", console: Console) -> Overview:
    """Show a plan to the person who is to approve it."""
    overview = await overview_of(report_rows(database, plan))
    console.print(plan_report(plan, overview))
    return overview


async def show_result(database: "AsyncEngine", plan: "PlanInfo", console: Console) -> None:
    """Show what became of a plan that was shown before."""
    console.print(result_report(plan, await overview_of(report_rows(database, plan))))


async def write_reports(database: "AsyncEngine", ended: "Ended", folder: Path) -> Path:
    """Write the whole report of a run as text and as JSON below `folder`; return the path of the text."""
    path = folder / f"run-{ended.run_id}.txt"
    overview = await overview_of(report_rows(database, ended.plan))
    await _write_text_file(database, ended.plan, overview, path, private=True)
    await _print_json(database, ended, path.with_suffix(".json"), private=True)
    return path


async def _print_json(database: "AsyncEngine", ended: "Ended", output: Path | None, *, private: bool = False) -> None:
    rows = report_rows(database, ended.plan)
    result = msgspec.to_builtins(ended.result) if ended.result is not None else None
    with output_file(output, private=private) as file:
        await write_json(file.write, ended.plan, rows, run_id=ended.run_id, result=result)


async def _write_text_file(
    database: "AsyncEngine", plan: "PlanInfo", overview: Overview, output: Path, *, private: bool = False
) -> None:
    with output_file(output, private=private) as file:
        await write_text(Console(file=file, width=140), plan, overview, report_rows(database, plan))
