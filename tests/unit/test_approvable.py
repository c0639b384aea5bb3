"""What a person may approve of what was withheld, which changes are meant, and which guards a plan is past then."""

from typing import Any

import pytest

from sync.model import Kind, System
from sync.plan.approvable import BY_PERSON, HELD_BACK, Choice, Item, guards_after, head_of
from sync.plan.changes import Action, Guard

ALL = Guard(name="removals", value=43, limit=20, tripped=True, explanation="43 removals of 90 linked records (47.8 %)")
SHRUNK = Guard(name="much-smaller", value=40, limit=18, tripped=True, explanation="Alma holds 50 records")
OWN = Guard(name=HELD_BACK, value=1, limit=0, tripped=True, explanation="removals that need a person's eyes")
FIELD = Guard(name="same-field:alma/holding/url", value=60, limit=50, tripped=True, explanation="60 of 90 records")
READ = Guard(name="alma-complete", value=1, limit=0, tripped=True, explanation="1 of 9 is missing")
GUARDS = (READ, ALL, SHRUNK, OWN, FIELD)

BY_ALL = f"guard removals: {ALL.explanation}. To approve so many: --max-removals 43"
BY_FIELD = f"guard {FIELD.name}: {FIELD.explanation}"
EDITED = "it was edited in FOLIO since both sides agreed (coverage); an edit wins over a removal"


def item(**values: Any) -> Item:
    plain = {"seq": 1, "id": "folio/holding/1", "system": System.FOLIO, "kind": Kind.HOLDING, "action": Action.REMOVE}
    return Item(**{**plain, **values})


@pytest.mark.parametrize("reason", [BY_ALL, BY_FIELD, EDITED, BY_PERSON, "it still holds 3 titles that are not to go"])
def test_what_a_guard_or_a_person_withheld_may_be_approved(reason: str) -> None:
    assert item(reason=reason).never == ""


@pytest.mark.parametrize(
    ("reason", "words"),
    [
        ("the source was not read completely, so nothing counts as gone", "says nothing"),
        ("guard empty-side: the source holds nothing at all", "says nothing"),
        ("both sides never agreed on it, so its absence says nothing", "says nothing"),
        ("Alma does not list portfolios in no collection, so its absence says nothing", "says nothing"),
        ("it comes from the Community Zone, and no API could bring it back: remove it in Alma itself", "itself"),
        ("it was not read completely in FOLIO", "not read completely"),
        ("two collections have this name; nothing is created: give them names of their own", "names of their own"),
        ("its package is gone in FOLIO; its removal in Alma is listed", "is listed"),
    ],
)
def test_whatever_else_is_withheld_stays_so(reason: str, words: str) -> None:
    assert words in item(reason=reason).never


@pytest.mark.parametrize(
    ("choice", "meant"),
    [
        (Choice(), True),
        (Choice(changes=frozenset(["folio/holding/1", "x"])), True),
        (Choice(changes=frozenset(["x"])), False),
        (Choice(guard="removals"), True),
        (Choice(guard="removal"), False),
        (Choice(guard=HELD_BACK), False),
        (Choice(package="HARBOUR"), True),
        (Choice(package="water"), False),
        (Choice(kind=Kind.HOLDING, guard="removals", package="harbour"), True),
        (Choice(kind=Kind.TITLE, guard="removals"), False),
        (Choice(field="url"), False),
    ],
)
def test_what_is_meant_fits_all_that_is_given(choice: Choice, meant: bool) -> None:
    removal = item(reason=BY_ALL, package_name="Harbour\x00 Online", fields=("url",))
    assert choice.means(removal) is meant


def test_a_field_is_meant_where_a_record_that_exists_changes_it() -> None:
    assert Choice(field="url").means(item(action=Action.UPDATE, fields=("coverage", "url")))
    assert not Choice(field="url").means(item(action=Action.CREATE, fields=("url",)))


def test_guards_go_by_their_name_or_the_first_part_of_it() -> None:
    known = [
        name
        for name in ("", "removals", "same-field", FIELD.name, "same", "x")
        if Choice(guard=name).knows_guard(GUARDS)
    ]
    assert known == ["", "removals", "same-field", FIELD.name]
    update = item(action=Action.UPDATE, reason=BY_FIELD)
    assert Choice(guard="same-field").means(update)
    assert Choice(guard=HELD_BACK).means(item(reason=EDITED))
    assert not Choice(guard=HELD_BACK).means(item(reason=BY_PERSON))


def tripped(before: list[str], after: list[str]) -> list[str]:
    heads = [{head_of(item(reason=reason), GUARDS) for reason in reasons} for reasons in (before, after)]
    return [one.name for one in guards_after(GUARDS, *heads) if one.tripped]


def test_a_plan_is_past_a_guard_once_it_withholds_nothing_any_longer() -> None:
    names = [one.name for one in GUARDS]
    assert tripped([BY_ALL, BY_FIELD, EDITED], [BY_ALL, BY_FIELD, EDITED]) == names
    assert tripped([BY_ALL, BY_FIELD, EDITED], [BY_ALL, EDITED]) == [one for one in names if one != FIELD.name]
    # the reasons name one of the guards on removals, and approving it approves what the others withheld too
    assert tripped([BY_ALL, BY_FIELD, EDITED], [BY_FIELD, EDITED]) == [READ.name, OWN.name, FIELD.name]
    assert tripped([BY_ALL, EDITED], []) == [READ.name, FIELD.name]
    assert tripped([EDITED, BY_PERSON], [EDITED]) == names
