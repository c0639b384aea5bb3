"""`diff --both` and `sync` as a person or a program uses them: in a child process, beside practice systems."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.support.commands import DIRECTION, Place, configuration, moved, writes
from tests.support.libraries import journal, plain_library
from tests.support.practice import Systems, practice_systems

LIBRARY = plain_library((4, 2))


@pytest.fixture
def systems() -> Iterator[Systems]:
    with practice_systems(LIBRARY) as running:
        yield running


@pytest.fixture
async def desk(tmp_path: Path, systems: Systems, database_url: str) -> AsyncIterator[Place]:
    place = Place(folder=tmp_path)
    place.configure(configuration(systems, database_url))
    return place


def readdress(systems: Systems, number: int, *, alma: str = "", folio: str = "") -> None:
    """Let the librarians of either side give a title another address."""
    (portfolio,) = systems.alma.portfolios(mms_id=systems.alma.mms_id(journal(number).key))
    (resource,) = [one for one in systems.folio.resources() if one.title.name == journal(number).title]
    if alma:
        systems.alma.edit_portfolio(str(portfolio["id"]), linking_details={"static_url": f"jkey={alma}"})
    if folio:
        systems.folio.edit_resource(resource.id, url=folio)


async def test_a_sync_carries_each_sides_changes_to_the_other_and_lists_what_both_changed(
    desk: Place, systems: Systems
) -> None:
    assert (await desk.run("migrate", *DIRECTION, "--yes")).code == 0
    readdress(systems, 0, alma="https://alma.invalid/0")
    readdress(systems, 1, folio="https://folio.invalid/1")
    readdress(systems, 2, alma="https://alma.invalid/2", folio="https://folio.invalid/2")

    before = writes(systems)
    looked = await desk.run("diff", "--both", "--format", "json")
    assert (looked.code, writes(systems)) == (4, before), "a conflict waits, and a diff writes nothing"
    plan = looked.json
    assert plan["direction"] == "both"
    assert {name: plan["summary"][name] for name in ("create", "update", "remove", "unchanged", "conflict")} == {
        "create": 0,
        "update": 2,
        "remove": 0,
        "unchanged": 11,
        "conflict": 1,
    }
    assert {(one["system"], one["name"]) for one in plan["changes"]} == {
        ("folio", journal(0).title),
        ("alma", journal(1).title),
    }
    (conflict,) = plan["conflicts"]
    assert {name: conflict[name] for name in ("name", "package", "field", "base", "alma", "folio", "decision")} == {
        "name": journal(2).title,
        "package": "Collection 1",
        "field": "url",
        "base": "https://journals.example.org/bib/2",
        "alma": "https://alma.invalid/2",
        "folio": "https://folio.invalid/2",
        "decision": None,
    }
    shown = await desk.run("diff", "--both")
    for words in ("Alma ⇄ FOLIO", "1 conflict waits for a decision", "https://folio.invalid/2", "conflicts"):
        assert words in shown.out

    done = await desk.run("sync", "--yes", "--format", "json")
    assert done.code == 4
    assert done.json["result"] == {"applied": 2, "verified": 2, "skipped": 0, "failed": 0, "parked": 0, "paused": 0}
    assert "2 of 2 changes written, read back and verified; 1 in conflict." in done.err
    again = await desk.run("sync", "--yes")
    assert again.code == 4
    assert "Nothing to do: 13 records agree; 1 in conflict." in again.err
    status = await desk.run("status", "--format", "json")
    assert status.json["pairs"][0]["open_conflicts"] == 1


async def test_a_sync_of_two_systems_that_agree_does_nothing_and_needs_no_decision(
    desk: Place, systems: Systems
) -> None:
    first = await desk.run("sync", "--yes")
    assert first.code == 0
    assert {len(titles) for titles in moved(systems).values()} == {4, 2}
    before = writes(systems)
    again = await desk.run("sync", "--yes")
    assert (again.code, writes(systems)) == (0, before)
    assert "Nothing to do: 14 records agree." in again.err
    looked = await desk.run("diff", "--both")
    assert looked.code == 0
    runs = await desk.run("runs", "--format", "json")
    assert [(one["command"], one["direction"]) for one in runs.json["runs"]] == [
        ("diff", "both"),
        ("sync", "both"),
        ("sync", "both"),
    ]


async def test_a_sync_refuses_to_guess_without_a_terminal(desk: Place, systems: Systems) -> None:
    answer = await desk.run("sync")
    assert answer.code == 1
    assert "sync writes to both systems, and there is no terminal to ask on." in answer.err
    assert "--yes" in answer.err
    assert writes(systems) == 0


async def test_a_policy_for_a_field_that_does_not_travel_is_refused(desk: Place, systems: Systems) -> None:
    whole = (desk.folder / "alma-folio-sync.toml").read_text(encoding="utf-8")
    desk.configure(whole + '\n[pairs.main.policy.fields]\ncolour = "alma"\n')
    answer = await desk.run("diff", "--both")
    assert answer.code == 1
    assert "'colour' is no field that travels" in answer.err
    assert "url" in answer.err
    assert writes(systems) == 0
