"""A story of two librarians and the product between them: edits, cycles, and what must be true after each."""

import time
from dataclasses import dataclass, field
from typing import Any

from sync.engine.migrate import Ended
from sync.model import Kind, System
from sync.settings import Pair
from tests.support import two_way
from tests.support.migrating import all_done
from tests.support.practice import Exchange
from tests.support.two_way_alma import AlmaHands
from tests.support.two_way_base import Beginning
from tests.support.two_way_crash import Crash, run_dying
from tests.support.two_way_edits import Edit, Meeting, Verb, chosen
from tests.support.two_way_folio import FolioHands
from tests.support.two_way_judge import Judge, made_twice
from tests.support.two_way_log import Entry, is_raced
from tests.support.two_way_seen import Shown
from tests.support.two_way_seen_alma import shown_in_alma
from tests.support.two_way_seen_folio import shown_in_folio
from tests.support.two_way_world import World

QUIET_CYCLES = 2


@dataclass(frozen=True, slots=True)
class Interruption:
    """An edit in the midst of a cycle: after that many answers of the system it is made in."""

    after: int
    edit: Edit


@dataclass(frozen=True, slots=True)
class _Race:
    """What an edit in the midst of a cycle touched, and how many calls had arrived by then."""

    entries: tuple[Entry, ...]
    calls: int


@dataclass(slots=True)
class Tally:
    """How much was done in all stories since `began`; `loud`: it is to be told from time to time."""

    began: float
    loud: bool = False
    stories: int = 0
    steps: int = 0
    edits: int = 0
    cycles: int = 0
    crashes: int = 0
    in_cycles: float = 0.0

    def __str__(self) -> str:
        each = self.in_cycles / max(1, self.cycles)
        seconds = time.monotonic() - self.began
        words = f"{self.stories:,} examples, {self.steps:,} steps, {self.edits:,} edits, {self.crashes:,} crashes"
        return f"{words}, {self.cycles:,} cycles of {each:.2f} s each, {seconds:,.0f} s in all"


@dataclass(slots=True)
class Story:
    """One story in a world. `policy` is that of the last cycle; `diary` tells in words what happened."""

    world: World
    beginning: Beginning
    tally: Tally
    policy: dict[str, Any] = field(default_factory=dict)
    met: bool = False
    diary: list[str] = field(default_factory=list)
    judge: Judge = field(init=False)
    alma: AlmaHands = field(init=False)
    folio: FolioHands = field(init=False)
    last: two_way.Listing | None = None

    def __post_init__(self) -> None:
        world = self.world
        world.begin(self.beginning)
        self.tally.stories += 1
        self.judge = Judge(notes_mapped=self.beginning.notes_mapped)
        self.alma, self.folio = AlmaHands(world.alma), FolioHands(world.folio)
        ended = world.run(two_way.first_migration(world.database, world.pair({})))
        self._check(["the first migration was not done"] if not all_done(ended) else [])
        self.judge.losses += world.run(two_way.listed(world.database, ended)).losses
        if self.beginning.acquainted:
            self.met = True
            self._look()
        else:
            world.forget()

    def shown(self, system: System) -> Shown:
        """Return what a system shows now."""
        return shown_in_alma(self.world.alma) if system is System.ALMA else shown_in_folio(self.world.folio)

    def _look(self) -> None:
        """Find out which packages belong together, by the names they bear when a run begins, as the product does."""
        links = self.world.run(two_way.linked_packages(self.world.database))
        self.judge.shelves.look(self.shown(System.ALMA), self.shown(System.FOLIO), links)

    # --- librarians

    def edit(self, edit: Edit, *, during: bool = False, record: str = "", package: str = "") -> list[Entry]:
        """Let a librarian edit; return what of it is to be remembered."""
        before = self.shown(edit.system)
        hands = self.alma if edit.system is System.ALMA else self.folio
        words = hands.do(edit, record, package)
        if not words:
            return []
        self.tally.edits += 1
        self.diary.append(f"  {'in the midst: ' if during else ''}{words}")
        if not self.met and not during:
            return []  # before both systems met, the product cannot know an edit from what was there
        entries = self.judge.edited(before, self.shown(edit.system), during=during)
        for entry in entries:
            entry.looked = entry.looked or not self.met  # it may have been there before the first reading came by
        return entries

    def edit_both(self, meeting: Meeting) -> None:
        """Let both librarians edit the same record."""
        whole = meeting.verb in (Verb.RENAME, Verb.HIDE, Verb.REMOVE_PACKAGE)
        common = self.judge.shelves.common(self.shown(System.ALMA), self.shown(System.FOLIO))
        one = chosen(sorted(each for each in common if bool(each.title) is not whole), meeting.which)
        if one is None:
            return
        for system, pick, record, package in (
            (System.ALMA, meeting.in_alma, one.portfolio, one.alma),
            (System.FOLIO, meeting.in_folio, one.resource, one.folio),
        ):
            self.edit(Edit(system, meeting.verb, meeting.which, pick), record=record, package=package)

    # --- runs

    def cycle(self, interruptions: tuple[Interruption, ...] = (), **policy: Any) -> Ended:
        """Run a cycle, with librarians at work meanwhile; then judge it."""
        world = self.world
        self._look()
        self.policy = policy or self.policy
        pair = world.pair(self.policy)
        self.diary.append(f"cycle {self.policy}")
        races: list[_Race] = []
        for system in System:
            of_it = [one for one in interruptions if one.edit.system is system]
            world.meddle(self._meddler(of_it, races) if of_it else None, in_alma=system is System.ALMA)
        began = time.monotonic()
        try:
            ended = world.run(two_way.cycle(world.database, pair))
        finally:
            self.tally.in_cycles += time.monotonic() - began
            for system in System:
                world.meddle(None, in_alma=system is System.ALMA)
        self.met = True
        self.tally.cycles += 1
        self._after(ended, pair, races)
        return ended

    def crash(self, crash: Crash, **policy: Any) -> None:
        """Let a cycle die, and the next one take up what it left."""
        world = self.world
        self._look()
        self.policy = policy or self.policy
        pair = world.pair(self.policy)
        self.diary.append(f"dies {crash.death}, number {crash.number} {self.policy}")
        ended = run_dying(world, crash, two_way.cycle(world.database, pair))
        self.tally.crashes += 1
        if ended is None:
            self.judge.losses += world.run(two_way.losses_of_the_last_plan(world.database))
            self._check(made_twice(self.alma, world.folio))
            self.cycle()  # takes up the plan, or reads anew where none was made yet
        else:
            self.met = True
            self._after(ended, pair, [])

    def _meddler(self, wanted: list[Interruption], races: list[_Race]) -> Any:
        left = sorted(wanted, key=lambda one: one.after)
        answers = 0

        def meddle(exchange: Exchange) -> None:
            nonlocal answers
            answers += 1
            while left and left[0].after <= answers:
                edit = left.pop(0).edit
                controls = (self.world.alma if edit.system is System.ALMA else self.world.folio).controls
                calls = len(controls.calls)
                races.append(_Race(tuple(self.edit(edit, during=True)), calls))

        return meddle

    def _after(self, ended: Ended, pair: Pair, races: list[_Race]) -> None:
        world = self.world
        for race in races:
            for entry in race.entries:
                controls = (world.alma if entry.system is System.ALMA else world.folio).controls
                entry.raced = entry.raced or is_raced(entry, list(controls.calls)[race.calls :])
        self.last = world.run(two_way.listed(world.database, ended))
        self.diary += [f"    {words}" for words in self.last.plan]
        self.diary += [f"    open: {one.why}" for one in self.last.named if one.why.startswith(("conflict", "parked"))]
        alma, folio = self.shown(System.ALMA), self.shown(System.FOLIO)
        wrong = self.judge.after_cycle(alma, folio, self.last, pair.policy)
        self._check([*wrong, *made_twice(self.alma, world.folio)])

    def dry_run(self, **policy: Any) -> None:
        """Plan a cycle; no write may arrive anywhere."""
        world, writes = self.world, self.world.writes
        self._look()
        self.diary.append(f"dry run {policy}")
        world.run(two_way.dry_run(world.database, world.pair(policy)))
        self._check([] if world.writes == writes else [f"a dry run wrote {world.writes - writes} times"])
        self.judge.looked(self.shown(System.ALMA), self.shown(System.FOLIO))

    def decide(self, which: int, decision: Any) -> None:
        """Decide one of the open conflicts, if there is any."""
        world = self.world
        conflicts = self.last.conflicts if self.last is not None else ()
        if not conflicts:
            return
        one = conflicts[which % len(conflicts)]
        self.diary.append(f"decided: {decision} for {one.field} of {one.name}")
        world.run(two_way.choose(world.database, one, decision))
        if one.field == "removal" and one.kind is Kind.HOLDING:
            self.judge.needed.add(one.folio_id.rpartition("-")[0])
        named = two_way.of_conflict(one)
        (self.judge.kept if decision == "keep" else self.judge.decided).append(named)

    def settle(self) -> None:
        """Let it be quiet: all agrees or is named after two cycles, and a third one writes nothing."""
        for _ in range(QUIET_CYCLES):
            self.cycle()
        alma, folio = self.shown(System.ALMA), self.shown(System.FOLIO)
        if self.last is not None:
            self._check(self.judge.when_quiet(alma, folio, self.last))
        before = self.world.writes
        self.cycle()
        # what a system refuses is tried again each time, and named each time
        wrote, refused = self.world.writes - before, self.last.failed if self.last is not None else 0
        self._check([f"a third quiet cycle wrote {wrote} times"] if wrote > refused else [])

    def _check(self, wrong: list[str]) -> None:
        if wrong:
            raise AssertionError("\n".join([str(self.beginning), *self.diary, "WRONG:", *wrong]))
