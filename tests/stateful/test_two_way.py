"""Two librarians and the two-way sync between them, in any order: what neither of them did must never happen.

`make soak` tells many more and longer stories (ALMA_FOLIO_SYNC_SOAK_EXAMPLES of them).
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial

import pytest
from hypothesis import HealthCheck, Phase, Verbosity, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, rule, run_state_machine_as_test

from sync.model import System
from tests.support.databases import Databases
from tests.support.two_way_base import SHELVES, Beginning
from tests.support.two_way_crash import Crash, Death
from tests.support.two_way_edits import SHARED_VERBS, Edit, Meeting, Verb
from tests.support.two_way_story import Interruption, Story, Tally
from tests.support.two_way_world import World, open_world

SOAK_VARIABLE = "ALMA_FOLIO_SYNC_SOAK_EXAMPLES"
SOAK_EXAMPLES = 20_000
EVERY = 100
"""So many stories pass between two lines of a soak's progress."""

NUMBERS = st.integers(0, 11)
PICKS = st.integers(0, 5)
EDITS = st.builds(Edit, st.sampled_from(System), st.sampled_from(Verb), NUMBERS, PICKS)
MEETINGS = st.builds(Meeting, st.sampled_from(SHARED_VERBS), NUMBERS, PICKS, PICKS)
INTERRUPTIONS = st.lists(st.builds(Interruption, st.integers(1, 60), EDITS), max_size=3).map(tuple)
POLICIES = st.sampled_from(["ask", "alma", "folio"])
FIELDS = st.dictionaries(
    st.sampled_from(["name", "hidden", "available", "url", "coverage", "embargo", "coverage_statement", "public_note"]),
    POLICIES,
    max_size=2,
)
LIMITS = st.sampled_from([0, 1, 3, 20])
CRASHES = st.builds(Crash, st.sampled_from(Death), st.integers(1, 60))
BEGINNINGS = st.builds(
    Beginning,
    shelves=st.sets(st.integers(0, len(SHELVES) - 1), min_size=1, max_size=3).map(lambda one: tuple(sorted(one))),
    managed=st.booleans(),
    acquainted=st.sampled_from([True, True, True, False]),
    notes_mapped=st.booleans(),
)


class TwoWay(RuleBasedStateMachine):
    """One story; `world` and `tally` are the same for all of them."""

    def __init__(self, world: World, tally: Tally) -> None:
        super().__init__()
        self._world = world
        self._tally = tally
        self._story: Story | None = None
        self._sound = True

    @contextmanager
    def _told(self) -> Iterator[Story]:
        """Yield the story; what went wrong in it once is not judged again at its end."""
        assert self._story is not None
        self._sound = False
        self._tally.steps += 1
        yield self._story
        self._sound = True

    @initialize(beginning=BEGINNINGS)
    def begin(self, beginning: Beginning) -> None:
        self._sound = False
        self._story = Story(self._world, beginning, self._tally)
        self._sound = True

    @rule(edits=st.lists(EDITS, min_size=1, max_size=6))
    def edit(self, edits: list[Edit]) -> None:
        with self._told() as story:
            for edit in edits:
                story.edit(edit)

    @rule(meetings=st.lists(MEETINGS, min_size=1, max_size=4))
    def edit_both(self, meetings: list[Meeting]) -> None:
        with self._told() as story:
            for meeting in meetings:
                story.edit_both(meeting)

    @rule(conflicts=POLICIES, fields=FIELDS, max_removals=LIMITS, interruptions=INTERRUPTIONS)
    def cycle(
        self, conflicts: str, fields: dict[str, str], max_removals: int, interruptions: tuple[Interruption, ...]
    ) -> None:
        with self._told() as story:
            story.cycle(interruptions, conflicts=conflicts, fields=fields, max_removals=max_removals)

    @rule(conflicts=POLICIES)
    def dry_run(self, conflicts: str) -> None:
        with self._told() as story:
            story.dry_run(conflicts=conflicts)

    # also where nothing waits: which steps there are must not depend on how fast a run was when it died
    @rule(which=NUMBERS, decision=st.sampled_from(["alma", "folio", "keep"]))
    def decide(self, which: int, decision: str) -> None:
        with self._told() as story:
            story.decide(which, decision)

    def teardown(self) -> None:
        """Let it be quiet, and judge what was left."""
        if self._sound and self._story is not None:
            self._story.settle()
        if self._tally.loud and self._tally.stories % EVERY == 0:
            print(f"  {self._tally}", flush=True)


class Crashing(TwoWay):
    """The same, with cycles that die."""

    @rule(conflicts=POLICIES, max_removals=LIMITS, crash=CRASHES)
    def crash(self, conflicts: str, max_removals: int, crash: Crash) -> None:
        with self._told() as story:
            story.crash(crash, conflicts=conflicts, fields={}, max_removals=max_removals)


@pytest.fixture(scope="module")
def world(databases: Databases) -> Iterator[World]:
    """Give the systems and the database of all stories."""
    with open_world(databases) as opened:
        yield opened


LEFT_BEHIND = pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
"""A run that dies closes nothing behind it: its connections are found later."""

SHORT = settings(
    max_examples=8,
    stateful_step_count=10,
    derandomize=True,  # the same stories each time: new ones are for the soak
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
    phases=[Phase.explicit, Phase.reuse, Phase.generate, Phase.shrink],
)


def _tell(world: World, wanted: settings, machine: type[TwoWay] = TwoWay, *, loud: bool = False) -> None:
    tally = Tally(loud=loud, began=time.monotonic())

    try:
        run_state_machine_as_test(partial(machine, world, tally), settings=wanted)
    finally:
        print(f"\ntwo-way stories: {tally}")


@pytest.mark.timeout(900)  # a story that fails is told again and again, until it is short
def test_no_edit_is_lost_and_both_sides_agree_in_the_end(world: World) -> None:
    _tell(world, SHORT)


@pytest.mark.timeout(900)
@LEFT_BEHIND
def test_the_same_holds_where_cycles_die_and_answers_are_lost(world: World) -> None:
    _tell(world, settings(SHORT, max_examples=5), Crashing)


@pytest.mark.soak
@LEFT_BEHIND
@pytest.mark.timeout(0)
@pytest.mark.parametrize("machine", [TwoWay, Crashing])
def test_many_stories(world: World, machine: type[TwoWay]) -> None:
    examples = int(os.environ.get(SOAK_VARIABLE, SOAK_EXAMPLES))
    long = settings(SHORT, derandomize=False, max_examples=examples, stateful_step_count=20, verbosity=Verbosity.quiet)
    _tell(world, long, machine, loud=True)
