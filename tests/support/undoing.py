"""Runs that are taken back, and whether everything is as it was before them."""

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

from sync.engine.migrate import migrate
from sync.engine.plan import Wanted
from sync.engine.running import Ended
from sync.engine.undo import undo
from sync.model import Kind
from sync.plan.changes import Action, Status
from sync.settings import Pair
from tests.support.migrating import PAIR, Quiet, approve, changes, watched
from tests.support.removals import Story, removing, tripped
from tests.support.to_alma import entry, package

OWN = ("id", "package_id", "title_id", "location_id")
WIRE_OWN = ("id", "link", "electronic_collection", "resource_metadata", "activation_date")


def pair_of(story: Story, **alma: Any) -> Pair:
    return story.systems.pair(
        alma={"settle_seconds": 0.1, "delete_wait_seconds": 0.5, **alma}, policy={"max_shrink_percent": 100}
    )


async def take_back(story: Story, ended: Ended, approved: int | None = 1000, **alma: Any) -> Ended:
    """Take a run back, so many removals approved."""
    pair = pair_of(story, **alma)
    return await undo(story.database, PAIR, pair, Quiet(), approve, ended.run_id, watched(None), approved=approved)


def values(story: Story) -> list[Any]:
    """Return everything the target holds, ids aside, in an order of its own."""
    return sorted(map(repr, _in_alma(story) if story.to_alma else _in_folio(story)))


def same(now: list[Any], before: list[Any]) -> None:
    """Assert that the target holds the same, and say what it does not."""
    gone, come = sorted(set(before) - set(now)), sorted(set(now) - set(before))
    for was, is_now in zip(gone, come, strict=False):
        at = next((at for at, (one, other) in enumerate(zip(was, is_now, strict=False)) if one != other), 0)
        print(was[:80], "...", was[max(0, at - 60) : at + 100], "IS NOW", is_now[max(0, at - 60) : at + 100])
    assert now == before


def _in_folio(story: Story) -> Iterable[Any]:
    folio = story.systems.folio
    names = {one.id: one.package.name for one in folio.packages()}
    for one in folio.packages():
        if one.package.is_selected:
            yield "package", {key: value for key, value in asdict(one.package).items() if key not in OWN}
    for held in folio.resources():
        if held.resource.is_selected:
            both = asdict(held.resource) | {f"title {key}": value for key, value in asdict(held.title).items()}
            kept = {key: _filled(value) for key, value in both.items() if key not in (*OWN, "title id")}
            yield "resource", names[held.id.rpartition("-")[0]], sorted(kept.items(), key=lambda item: item[0])


def _filled(value: Any) -> Any:
    """Return a value as readers see it: a text that was never set is an empty one."""
    return tuple(text or "" for text in value) if isinstance(value, tuple) and None in value else value or ""


def _in_alma(story: Story) -> Iterable[Any]:
    alma = story.systems.alma
    names = {one["id"]: one["public_name"] for one in alma.collections()}
    for one in alma.collections():
        yield "collection", one["public_name"], one["url"], one["access_type"], one["portfolios"]["value"]
    for one in alma.services():
        yield "service", one["public_description"], one["activation_status"], one["portfolios"]["value"]
    for one in alma.portfolios():
        kept = {key: value for key, value in one.items() if key not in WIRE_OWN}
        place = names.get(one["electronic_collection"]["id"]["value"], "")
        yield "portfolio", place, one["resource_metadata"]["title"], sorted(kept.items())


async def lines(story: Story, ended: Ended, status: Status) -> set[tuple[Action, Kind, str]]:
    found = await changes(story.database, ended, status=status)
    return {(one.change.action, one.change.kind, one.change.name) for one in found}


async def stays_taken_back(story: Story, *, one_way: bool = True, both_ways: bool = True) -> Ended:
    """Assert that no later run brings again what was taken back, nor carries it to the other side.

    `one_way`, `both_ways`: such a run would have to do so, and withholds it; the last one is returned.
    """
    before = values(story), story.systems.alma.controls.writes, story.systems.folio.controls.writes
    pair = pair_of(story)
    for wanted, withholds in ((removing(story.direction), one_way), (Wanted.both(pair.policy), both_ways)):
        ended = await migrate(story.database, PAIR, pair, Quiet(), approve, watched(None), wanted=wanted)
        found = await changes(story.database, ended)
        assert ended.plan.summary.writes == 0, [one.change for one in found if one.change.status is not Status.WITHHELD]
        assert tripped(ended) == ({"taken-back"} if withholds else set())
    assert (values(story), story.systems.alma.controls.writes, story.systems.folio.controls.writes) == before
    return ended


def some_titles(story: Story, numbers: Iterable[int]) -> None:
    """Let a FOLIO librarian make a package of these journals."""
    into = package(story.systems, "Coastal Titles")
    for number in numbers:
        entry(story.systems, into, number)


async def not_done(story: Story, ended: Ended) -> list[Any]:
    found = await changes(story.database, ended)
    return [(one.change.id, one.outcome.reason) for one in found if one.outcome.error]
