"""The stories' own measures: each of them sees what it is there to see."""

from dataclasses import dataclass
from typing import Literal

import pytest

from sync.model import Kind, System
from sync.sandbox.alma import AlmaSwitches, PracticeAlma
from sync.sandbox.folio import FolioSwitches, PracticeFolio
from sync.settings import Policy
from tests.support.two_way import ANY_FIELD, Listing, Named
from tests.support.two_way_alma import AlmaHands
from tests.support.two_way_edits import COVERAGES, EMBARGOES, NOTES, STATEMENTS, URLS, Edit, Verb
from tests.support.two_way_folio import FolioHands
from tests.support.two_way_judge import Judge
from tests.support.two_way_seen import Field, Shown, Spot
from tests.support.two_way_seen_alma import shown_in_alma
from tests.support.two_way_seen_folio import shown_in_folio

Winner = Literal["ask", "alma", "folio"]
ALMA, FOLIO = System.ALMA, System.FOLIO
NOTHING = Listing(conflicts=(), named=(), losses=(), plan=(), failed=0, packages={})
PAIRS = [
    *((Verb.URL, Field.URL, pick) for pick in range(len(URLS))),
    *((Verb.COVERAGE, Field.COVERAGE, pick) for pick in range(len(COVERAGES) - 1)),
    *((Verb.EMBARGO, Field.EMBARGO, pick) for pick in range(len(EMBARGOES) - 1)),
    *((Verb.NOTE, Field.NOTE, pick) for pick in range(len(NOTES))),
    *((Verb.STATEMENT, Field.STATEMENT, pick) for pick in range(len(STATEMENTS))),
    *((Verb.AVAILABLE, Field.AVAILABLE, pick) for pick in range(2)),
]
"""The last coverage and the last embargo mean something else in each system, on purpose."""


@dataclass(slots=True)
class Desk:
    """One package with one title in each system, made by hand, and a judge who knows both."""

    alma: AlmaHands
    folio: FolioHands
    judge: Judge

    def shown(self, system: System) -> Shown:
        return shown_in_alma(self.alma.alma) if system is ALMA else shown_in_folio(self.folio.folio)

    def edit(self, system: System, verb: Verb, pick: int) -> None:
        before = self.shown(system)
        assert (self.alma if system is ALMA else self.folio).do(Edit(system, verb, 0, pick))
        self.judge.edited(before, self.shown(system), during=False)

    def complaints(self, policy: Policy | None = None, listing: Listing = NOTHING) -> list[str]:
        """Return what the judge has to say when all is quiet after a cycle that did nothing."""
        alma, folio = self.shown(ALMA), self.shown(FOLIO)
        found = self.judge.after_cycle(alma, folio, listing, policy or Policy())
        return [*found, *self.judge.when_quiet(alma, folio, listing)]


@pytest.fixture
def desk() -> Desk:
    alma = AlmaHands(PracticeAlma(switches=AlmaSwitches(requests_per_second=0)))
    folio = FolioHands(PracticeFolio(switches=FolioSwitches(daily_calls=0)))
    made = Desk(alma, folio, Judge(notes_mapped=True))
    for system in System:
        assert (alma if system is ALMA else folio).do(Edit(system, Verb.ADD_PACKAGE, 0, 0))
    made.judge.shelves.look(made.shown(ALMA), made.shown(FOLIO), {})
    assert made.complaints() == []
    return made


@pytest.mark.parametrize(("verb", "wanted", "pick"), PAIRS)
def test_the_same_value_is_shown_the_same(desk: Desk, verb: Verb, wanted: Field, pick: int) -> None:
    for system in System:
        desk.edit(system, verb, pick)
    values = []
    for system in System:
        shown = desk.shown(system)
        (package,) = shown.packages.values()
        (title,) = package.holdings
        values.append(shown.value(Spot(package.id, title, wanted)))
    assert values[0] == values[1]
    assert desk.complaints() == []


def test_an_edit_that_nobody_carried_over_is_seen_unless_it_is_named(desk: Desk) -> None:
    desk.edit(ALMA, Verb.URL, 1)
    (complaint,) = desk.complaints()
    assert "not the same, and not named" in complaint
    (held,) = next(iter(desk.shown(ALMA).packages.values())).holdings.values()
    for names, found in ((ANY_FIELD, 0), ("url", 0), ("coverage", 1)):
        named = Named(ids=held.own, fields=frozenset([names]), kind=Kind.HOLDING, why="")
        listing = Listing(conflicts=(), named=(named,), losses=(), plan=(), failed=0, packages={})
        assert len(desk.complaints(listing=listing)) == found


def test_an_edit_that_was_written_over_is_seen(desk: Desk) -> None:
    desk.edit(ALMA, Verb.URL, 1)
    desk.alma.do(Edit(ALMA, Verb.URL, 0, 0))  # as the product would, from FOLIO, whose librarian did nothing
    assert "edit lost" in desk.complaints()[0]


def test_a_record_that_came_back_or_went_away_is_seen(desk: Desk) -> None:
    before = desk.shown(FOLIO)
    desk.edit(FOLIO, Verb.COVERAGE, 1)
    desk.folio.do(Edit(FOLIO, Verb.REMOVE))  # as the product would
    assert before.packages
    assert any("removed there all the same" in one for one in desk.complaints())


@pytest.mark.parametrize(("policy", "right"), [("alma", True), ("folio", False), ("ask", False)])
def test_of_two_edits_that_win_which_the_policy_says(desk: Desk, policy: Winner, right: bool) -> None:
    desk.edit(ALMA, Verb.URL, 1)
    desk.edit(FOLIO, Verb.URL, 2)
    desk.folio.do(Edit(FOLIO, Verb.URL, 0, 1))  # Alma's value won
    assert (desk.complaints(Policy(conflicts=policy)) == []) is right
