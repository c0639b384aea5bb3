"""Conflicts in words: which are meant, what a decision does, and names that nothing takes for markup."""

import io
from typing import Any

import pytest
from rich.console import Console

from sync.cli.conflicts import Selection
from sync.model import Kind
from sync.plan.three_way import REMOVAL, Decision
from sync.report.conflicts import conflict_details, conflicts_report, decisions_for, effect, effects
from sync.store.conflicts import Conflict

GONE = ("removed",)


def conflict(number: int = 1, **values: Any) -> Conflict:
    told: dict[str, Any] = {"base": "then", "alma": "one", "folio": "other", "field": "url", **values}
    return Conflict(
        **{
            "kind": Kind.HOLDING,
            "alma_id": f"53{number}",
            "folio_id": f"19-1-{number}",
            "id": number,
            "name": f"Journal {number} of Piers",
            "package_name": "Harbour Online",
            **told,
        }
    )


CONFLICTS = [
    conflict(1),
    conflict(2, field="coverage"),
    conflict(3, package_name="Freshwater\x1b[2J Online"),
    conflict(12, name="ANNALS of [Piers]"),
]


@pytest.mark.parametrize(
    ("selection", "meant"),
    [
        (Selection(), [1, 2, 3, 12]),
        (Selection(ids=frozenset([2, 3])), [2, 3]),
        (Selection(field="url"), [1, 3, 12]),
        (Selection(package="water"), [3]),
        (Selection(pattern="journal *"), [1, 2, 3]),
        (Selection(pattern="piers"), []),
        (Selection(pattern="*[[]piers]"), [12]),
        (Selection(ids=frozenset([1, 2]), field="coverage", package="harbour", pattern="*2*"), [2]),
        (Selection(ids=frozenset([1]), field="coverage"), []),
    ],
)
def test_what_selects_is_combined(selection: Selection, meant: list[int]) -> None:
    assert [one.id for one in selection.of(CONFLICTS)] == meant


def test_each_decision_says_what_the_next_sync_does() -> None:
    plain = conflict()
    assert decisions_for(plain) == tuple(Decision)
    assert effect(plain, Decision.FOLIO) == "FOLIO's value is written to Alma"
    assert effect(plain, Decision.KEEP) == "both stay as they are"
    in_alma = conflict(2, field=REMOVAL, base="in both", alma=("coverage: 1811-",), folio=GONE)
    in_folio = conflict(3, field=REMOVAL, base="in both", alma=GONE, folio=("coverage: 1811-",))
    assert decisions_for(in_alma) == (Decision.ALMA, Decision.FOLIO)
    assert effect(in_alma, Decision.ALMA) == "the record of Alma is made again in FOLIO"
    assert effect(in_alma, Decision.FOLIO) == "the record is removed in Alma as well, with its edits"
    assert effect(in_folio, Decision.ALMA) == "the record is removed in FOLIO as well, with its edits"
    assert effect(in_folio, Decision.FOLIO) == "the record of FOLIO is made again in Alma"
    assert effects([plain, in_alma, conflict(4)], Decision.ALMA) == [
        "2 conflicts: Alma's value is written to FOLIO",
        "Conflict 2 (removal of Journal 2 of Piers): the record of Alma is made again in FOLIO",
    ]


@pytest.mark.parametrize("width", [40, 80])
def test_the_list_says_what_becomes_of_a_removal(width: int) -> None:
    out = io.StringIO()
    edited = conflict(field=REMOVAL, base="in both", alma=("coverage: 1811-",), folio=GONE)
    Console(file=out, width=width).print(conflicts_report([edited, conflict(2)], width))
    assert out.getvalue().count("--take") == 2


@pytest.mark.parametrize("width", [20, 50, 80, 200])
def test_names_and_values_are_shown_as_they_are_and_command_nothing(width: int) -> None:
    odd = conflict(name="[bold]\x1b]0;owned\x07\u009b31m[/]", alma=("[red]one[/]", ""), folio="long/" * 200)
    out = io.StringIO()
    console = Console(file=out, width=width, force_terminal=True, color_system=None)
    console.print(conflicts_report([odd], console.width))
    console.print(conflict_details(odd))
    shown = out.getvalue()
    assert "[bold]" in shown
    assert "[red]one[/]" in shown
    assert not {"\x1b]", "\x07", "\u009b"} & {*shown, *(shown[at : at + 2] for at in range(len(shown)))}
    assert max(map(len, shown.splitlines())) <= width
