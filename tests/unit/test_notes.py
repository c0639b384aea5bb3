"""A coverage statement within a public note: both come apart as they were put together."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.alma.notes import join_note, split_note

PIECES = st.sampled_from(
    ["[", "]", " ", "\\", "FOLIO coverage:", "[FOLIO coverage: ", "[\\FOLIO coverage: ", "a", "\n"]
)
TEXTS = st.lists(PIECES, max_size=6).map("".join)


@pytest.mark.parametrize(
    ("note", "statement", "text"),
    [
        ("", None, ""),
        ("Ask us", None, "Ask us"),
        ("Ask us", "", "Ask us"),
        ("", "2001 –", "[FOLIO coverage: 2001 –]"),
        ("Ask us", "2001 – [gaps]", "Ask us [FOLIO coverage: 2001 – [gaps]]"),
        ("Ask us\n", "2001 –", "Ask us\n [FOLIO coverage: 2001 –]"),
        ("[FOLIO coverage: x]", None, "[\\FOLIO coverage: x]"),
        ("[\\FOLIO coverage: x]", None, "[\\\\FOLIO coverage: x]"),
        ("a [FOLIO coverage: b] c", "d", "a [\\FOLIO coverage: b] c [FOLIO coverage: d]"),
        ("a", "b [FOLIO coverage: c", "a [FOLIO coverage: b [\\FOLIO coverage: c]"),
    ],
)
def test_a_statement_stands_marked_behind_the_note(note: str, statement: str | None, text: str) -> None:
    """Row Holding/coverage_statement: `public_note`, marked so that it returns."""
    assert join_note(note, statement) == text
    assert split_note(text) == (note, statement or None)


@pytest.mark.parametrize(
    ("text", "note", "statement"),
    [
        ("[FOLIO coverage: x", "[FOLIO coverage: x", None),
        ("[FOLIO coverage: ]", "[FOLIO coverage: ]", None),
        ("a [FOLIO coverage: b] c", "a [FOLIO coverage: b] c", None),
        ("a[FOLIO coverage: b]\n", "a", "b"),
        ("a [FOLIO coverage: b] [FOLIO coverage: c]", "a [FOLIO coverage: b]", "c"),
    ],
)
def test_a_mark_that_a_person_touched_is_read_as_well_as_it_can_be(text: str, note: str, statement: str | None) -> None:
    assert split_note(text) == (note, statement)


@given(TEXTS, st.none() | TEXTS)
@settings(max_examples=200, deadline=None)
def test_whatever_is_joined_comes_apart_again(note: str, statement: str | None) -> None:
    assert split_note(join_note(note, statement)) == (note, statement or None)


@given(TEXTS)
@settings(max_examples=200, deadline=None)
def test_a_note_of_alma_taken_apart_and_joined_means_the_same(text: str) -> None:
    assert split_note(join_note(*split_note(text))) == split_note(text)
