"""A write that had to wait is made of the record as it is then: what somebody edited during the wait is left."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.plan.changes import Status
from sync.plan.direction import Direction
from tests.support.libraries import collection, journal, library, portfolio
from tests.support.migrating import changes, run_migration
from tests.support.practice import Refusal
from tests.support.removals import BOTH, Story, agreed, removing, told

SMALL = library(
    [journal(number) for number in range(12)], collection("Harbour", [portfolio(number) for number in range(12)])
)
EDITED = "https://edited.invalid/meanwhile"
ONE, OTHER, GONE = 0, 5, 9


def _too_fast(story: Story, seconds: int) -> Refusal:
    said = {
        "errorsExist": True,
        "errorList": {"error": [{"errorCode": "PER_SECOND_THRESHOLD", "errorMessage": "fast"}]},
    }
    body = json.dumps(said) if story.to_alma else "Too Many Requests"
    kind = "application/json" if story.to_alma else "text/plain"
    return Refusal(429, body, (("Content-Type", kind), ("Retry-After", str(seconds))))


def _record(story: Story, number: int) -> str:
    return story.portfolios(number)[0] if story.to_alma else story.resources(number)[0].id


def _move_address(story: Story, number: int) -> None:
    """Let a librarian give the target's record another address."""
    if story.to_alma:
        story.systems.alma.edit_portfolio(_record(story, number), linking_details={"static_url": f"jkey={EDITED}"})
    else:
        story.systems.folio.edit_resource(_record(story, number), url=EDITED)


def _address(story: Story, number: int) -> str:
    if story.to_alma:
        (found,) = story.systems.alma.portfolios(mms_id=story.systems.alma.mms_id(journal(number).key))
        return str(found["linking_details"]["static_url"]).removeprefix("jkey=")
    return story.resources(number)[0].resource.url or ""


@dataclass(slots=True)
class Once:
    """Refuses the first write of a record, or of any, and lets something happen meanwhile."""

    method: str
    ending: str
    refusal: Refusal
    meanwhile: Callable[[], None]
    happened: int = 0

    def __call__(self, method: str, path: str) -> Refusal | None:
        if self.happened or method != self.method or not path.endswith(self.ending):
            return None
        self.happened += 1
        # in another thread than the server's own: editing asks the practice system like a librarian does
        edit = threading.Thread(target=self.meanwhile)
        edit.start()
        edit.join()
        return self.refusal


def _front(story: Story):
    return story.systems.alma_front if story.to_alma else story.systems.folio_front


@BOTH
async def test_what_was_edited_while_a_refused_write_waited_is_left_and_listed(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, SMALL) as story:
        await agreed(story)
        await story.run()
        story.edit(ONE, at_source=True)
        story.edit(OTHER, at_source=True)
        once = Once("PUT", f"/{_record(story, ONE)}", _too_fast(story, 1), lambda: _move_address(story, ONE))
        _front(story).doorman = once
        ended = await story.run()

        assert once.happened
        assert _address(story, ONE) == EDITED
        (left,) = await changes(database, ended, status=Status.SKIPPED)
        assert left.change.name == journal(ONE).title
        assert "url" in left.outcome.reason
        written = await changes(database, ended, status=Status.VERIFIED)
        assert {one.change.name for one in written} == {journal(OTHER).title}


@BOTH
async def test_a_refused_write_that_nobody_edited_meanwhile_is_made_anew(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, SMALL) as story:
        await agreed(story)
        await story.run()
        story.edit(ONE, at_source=True)
        once = Once("PUT", f"/{_record(story, ONE)}", _too_fast(story, 1), lambda: None)
        _front(story).doorman = once
        ended = await story.run()

        assert once.happened
        assert {one.change.name for one in await changes(database, ended, status=Status.VERIFIED)} == {
            journal(ONE).title
        }
        await story.nothing_more()


@BOTH
async def test_what_was_edited_while_a_refused_removal_waited_stays(
    direction: Direction, database: AsyncEngine
) -> None:
    with told(direction, database, SMALL) as story:
        await agreed(story)
        await story.run()
        kept = _record(story, GONE)
        story.take(GONE)
        once = Once("DELETE", f"/{kept}", _too_fast(story, 1), lambda: _move_address(story, GONE))
        _front(story).doorman = once
        ended = await story.run(removing(direction))

        assert once.happened
        assert kept in story.ids_of(GONE)
        (left,) = await changes(database, ended, status=Status.SKIPPED)
        assert left.change.target_id == kept


@BOTH
async def test_what_was_edited_while_all_calls_paused_is_left(direction: Direction, database: AsyncEngine) -> None:
    """The write was not refused itself: it waited for its turn, since another call was."""
    with told(direction, database, SMALL) as story:
        await agreed(story)
        await story.run()
        for number in range(12):
            story.edit(number, at_source=True)
        paused: list[str] = []

        def pause(method: str, path: str) -> Refusal | None:
            if method != "PUT" or paused:
                return None
            paused.append(path)
            for number in range(12):
                if not path.endswith(f"/{_record(story, number)}"):
                    edit = threading.Thread(target=_move_address, args=(story, number))
                    edit.start()
                    edit.join()
            return _too_fast(story, 6)

        _front(story).doorman = pause
        more = {"requests_per_second": 20, "calls_in_flight": 1}
        pair = story.systems.pair(alma={**more, "settle_seconds": 0.1}, folio={**more, "settle_seconds": 0})
        ended = await run_migration(database, story.systems, pair, wanted=removing(direction))

        assert paused
        edited = [number for number in range(12) if not paused[0].endswith(f"/{_record(story, number)}")]
        assert {_address(story, number) for number in edited} == {EDITED}
        assert len(await changes(database, ended, status=Status.SKIPPED)) == len(edited)


@pytest.mark.parametrize("number", [ONE])
async def test_a_login_that_expired_before_a_write_makes_it_anew_too(number: int, database: AsyncEngine) -> None:
    with told(Direction.ALMA_TO_FOLIO, database, SMALL) as story:
        await agreed(story)
        story.edit(number, at_source=True)
        expired = Refusal(401, "Token expired", (("Content-Type", "text/plain"),))
        once = Once("PUT", f"/{_record(story, number)}", expired, lambda: _move_address(story, number))
        _front(story).doorman = once
        await story.run()

        assert once.happened
        assert _address(story, number) == EDITED
