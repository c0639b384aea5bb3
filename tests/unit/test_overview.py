"""A plan in numbers: each change is counted once, under what is going to happen with it."""

from collections.abc import AsyncIterator, Sequence

from sync.model import Holding, Kind, System
from sync.plan.changes import Action, Change, Status
from sync.report.overview import PackageRow, overview_of
from sync.report.rows import ReportRow


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
    assert found.packages == {"1": PackageRow(name="One", create=2, update=1, remove=1, not_done=4)}
    assert [one.name for one in found.removals] == ["Journal 4"]
    assert found.planned[Kind.HOLDING, Action.REMOVE] == 1
