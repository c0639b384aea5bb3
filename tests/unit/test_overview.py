"""A plan in numbers: each change is counted once, under what is going to happen with it."""

from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from io import StringIO

from rich.console import Console

from sync.model import Holding, Kind, System
from sync.plan.changes import Action, Change, Cost, Status, Summary
from sync.report.overview import Overview, PackageRow, overview_of
from sync.report.rows import ReportRow
from sync.report.text_report import plan_report
from sync.store.plans import PlanInfo


def change(number: int, action: Action, status: Status = Status.PLANNED) -> Change:
    return Change(
        id=f"alma/holding/{number}",
        system=System.ALMA,
        kind=Kind.HOLDING,
        action=action,
        name=f"Journal {number}",
        desired=Holding(key=str(number), package_key="1", title_key=str(number)),
        source_keys=(),
        package_key="1",
        package_name="One",
        status=status,
    )


async def rows(changes: Sequence[Change]) -> AsyncIterator[ReportRow]:
    for one in changes:
        yield ReportRow(change=one)


async def test_what_is_withheld_is_counted_as_not_done_and_under_no_other_heading() -> None:
    planned = [change(1, Action.CREATE), change(2, Action.SELECT), change(3, Action.UPDATE), change(4, Action.REMOVE)]
    withheld = [change(5 + at, one.action, Status.WITHHELD) for at, one in enumerate(planned)]
    found = await overview_of(rows([*planned, *withheld]))
    assert found.packages == {"One": PackageRow(name="One", create=2, update=1, remove=1, not_done=4)}
    assert [one.name for one in found.removals] == ["Journal 4"]
    assert found.planned[System.ALMA, Kind.HOLDING, Action.REMOVE] == 1


def test_the_packages_table_shows_every_column_on_a_narrow_terminal() -> None:
    overview = Overview(removals=[change(1, Action.REMOVE)])
    overview.packages["1"] = PackageRow(name="Newsstand and Trade Press, Marine Biology " * 2, remove=2, not_done=1)
    plan = PlanInfo(
        id=1,
        run_id=1,
        pair="main",
        direction="folio-to-alma",
        status="ready",
        rules="",
        created_at=datetime(2026, 11, 25, tzinfo=UTC),
        summary=Summary(remove=2),
        guards=(),
        cost=Cost(),
    )
    console = Console(width=80, record=True, file=StringIO())
    console.print(plan_report(plan, overview))
    heading, *_ = [line for line in console.export_text().splitlines() if "Package" in line]
    assert all(word in heading for word in ("new", "changed", "removed", "not done"))
