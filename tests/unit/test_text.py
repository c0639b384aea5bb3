"""Text as both systems can hold and compare it: every script, markup, control characters, limits."""

import unicodedata

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.model import clean, cut_at_word, name_key


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("a\x00b", "a b"),
        ("\x00", ""),
        ("tab\tnew\nline\r\nend\x0b", "tab new line end"),
        ("\x85c1\x9f", "c1"),
        ("two  spaces\u00a0and\u2003more ", "two spaces and more"),
        ("e\u0301te\u0301", "été"),
        ("مجلة العلوم", "مجلة العلوم"),
        ("ال\u200cعلوم", "ال\u200cعلوم"),
        ("自然科学", "自然科学"),
        ("<b>Bold</b> & <script>x</script>", "<b>Bold</b> & <script>x</script>"),
        ("=1+1", "=1+1"),
        ("@cmd|' /C calc'!A0", "@cmd|' /C calc'!A0"),
        ("😀 📚", "😀 📚"),
        ("", ""),
    ],
)
def test_control_characters_go_and_everything_a_person_wrote_stays(text: str, cleaned: str) -> None:
    assert clean(text) == cleaned


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
@settings(max_examples=150, deadline=2000)
def test_clean_text_is_composed_without_controls_and_stays_as_it_is(text: str) -> None:
    cleaned = clean(text)

    assert clean(cleaned) == cleaned
    assert unicodedata.is_normalized("NFC", cleaned)
    assert not any(unicodedata.category(char) == "Cc" for char in cleaned)


@pytest.mark.parametrize(
    ("text", "limit", "cut"),
    [
        ("short", 5, "short"),
        ("the quick brown fox", 19, "the quick brown fox"),
        ("the quick brown fox", 18, "the quick brown…"),
        ("the quick brown fox", 16, "the quick brown…"),
        ("the quick brown fox", 15, "the quick…"),
        ("one, two – three", 12, "one, two…"),
        ("onelongword", 6, "onelo…"),
        ("自然科学と技術の研究", 5, "自然科学…"),
        ("مجلة العلوم الطبيعية", 12, "مجلة العلوم…"),
    ],
)
def test_text_is_cut_at_a_word_with_a_mark(text: str, limit: int, cut: str) -> None:
    assert cut_at_word(text, limit) == cut


@pytest.mark.parametrize("limit", [200, 250, 400, 500])
def test_a_text_exactly_as_long_as_the_limit_is_kept_and_one_more_is_cut(limit: int) -> None:
    assert cut_at_word("x" * limit, limit) == "x" * limit
    assert cut_at_word("x" * (limit + 1), limit) == "x" * (limit - 1) + "…"


@given(st.text(max_size=80), st.integers(min_value=1, max_value=60))
@settings(max_examples=150, deadline=2000)
def test_a_cut_text_is_never_longer_than_the_limit_and_cutting_again_changes_nothing(text: str, limit: int) -> None:
    cut = cut_at_word(clean(text), limit)

    assert len(cut) <= limit
    assert cut_at_word(clean(cut), limit) == cut


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Nature", "NATURE"),
        ("Nature  Physics", " nature physics"),
        ("Straße", "STRASSE"),
        ("Müller", "Mu\u0308ller"),
        ("Ås", "A\u030as"),
        ("Na\x00ture", "Na ture"),
    ],
)
def test_names_that_only_differ_in_spelling_are_one_name(one: str, other: str) -> None:
    assert name_key(one) == name_key(other)


@pytest.mark.parametrize(("one", "other"), [("Nature", "The Nature"), ("Muller", "Müller"), ("Nature.", "Nature")])
def test_names_that_differ_otherwise_are_two(one: str, other: str) -> None:
    assert name_key(one) != name_key(other)


@given(st.text(alphabet=st.characters(codec="utf-8"), max_size=60))
@settings(max_examples=100, deadline=2000)
def test_a_name_can_be_stored_whatever_it_holds(text: str) -> None:
    """Postgres holds no NUL; the name as Alma gives it and as FOLIO gives it back is one name."""
    assert "\x00" not in name_key(text)
    assert name_key(clean(text)) == name_key(text)
