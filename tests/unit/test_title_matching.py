"""Which title is which: a shared identifier proposes, type and name confirm (facts: domain §4)."""

from itertools import permutations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sync.match.titles import choose, name_closeness, same_publications
from sync.model import Identifier, IdentifierKind, Medium, Title, parse_isbn, parse_issn

ISSN = "0317-8471"
OTHER_ISSN = "2434-561X"
ISBN = "9780306406157"


def _title(
    key: str, name: str, *numbers: str, kind: str = "Journal", managed: bool = False, medium: Medium = Medium.ONLINE
) -> Title:
    found = [parse_isbn(one, medium) if len(one) > 9 else parse_issn(one, medium) for one in numbers]
    return Title(
        key=key,
        name=name,
        publication_type=kind,
        managed=managed,
        identifiers=tuple(one for one in found if one),
    )


WANTED = _title("99", "Journal of Tides", ISSN)


def _chosen(wanted: Title, *candidates: Title, name: str = "") -> str | None:
    found = choose(wanted, candidates, name=name).title
    return found.key if found else None


@pytest.mark.parametrize(
    "name",
    [
        "Journal of Tides",
        "JOURNAL OF TIDES",
        "The Journal of Tides",
        "Journal of Tides: the magazine of the sea",
        "Tides, Journal of",
        "Journal of Tides (Online)",
        "Journal  of\u00a0Tides.",
    ],
    ids=["same", "case", "article", "subtitle", "inverted", "medium in brackets", "spacing and full stop"],
)
def test_the_same_number_and_a_name_that_fits_is_the_same_publication(name: str) -> None:
    """A plain ratio of letters would refuse a fifth of these (facts: domain §4.4)."""
    assert _chosen(WANTED, _title("1", name, ISSN, managed=True)) == "1"


@pytest.mark.parametrize("name", ["Dunes Quarterly", "Journal of Dunes", "", "…", "杂志"])
def test_the_same_number_with_the_name_of_another_publication_is_refused(name: str) -> None:
    """One in a hundred shared ISSNs is another publication (facts: domain §4.4)."""
    assert _chosen(WANTED, _title("1", name, ISSN, managed=True)) is None
    assert choose(WANTED, []).how == "none is the same publication"


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("مجلة العلوم", "مجلة العلوم الطبيعية"),
        ("مَجَلَّة العلوم", "مجلة العلوم"),
        ("自然", "自然"),
        ("Les marées", "Marees"),
        ("Science & Nature", "Science and Nature"),
        ("Straße und Meer", "Strasse und Meer"),
        ("Mu\u0308ller", "Müller"),
    ],
)
def test_names_fit_in_every_script_and_with_or_without_marks(name: str, other: str) -> None:
    assert _chosen(_title("99", name, ISSN), _title("1", other, ISSN)) == "1"


def test_print_here_and_online_there_is_the_same_number() -> None:
    assert _chosen(WANTED, _title("1", "Journal of Tides", ISSN, medium=Medium.PRINT)) == "1"


def test_isbns_match_in_either_length() -> None:
    book = _title("99", "Dunes", "0-306-40615-2", kind="Book")

    assert _chosen(book, _title("1", "Dunes", ISBN, kind="Book")) == "1"


@pytest.mark.parametrize(
    ("one", "other", "agree"),
    [
        ("Journal", "Book", False),
        ("Book", "Newspaper", False),
        ("Proceedings", "Book", False),
        ("Journal", "Newsletter", True),
        ("Book", "Audiobook", True),
        ("Journal", "Unspecified", True),
        ("Unspecified", "Book", True),
    ],
)
def test_a_serial_is_never_a_monograph(one: str, other: str, *, agree: bool) -> None:
    found = _chosen(_title("99", "Tides", ISSN, kind=one), _title("1", "Tides", ISSN, kind=other))

    assert (found == "1") is agree


def test_the_closest_of_several_is_chosen() -> None:
    longer = _title("1", "Journal of Tides and Dunes", ISSN)
    turned = _title("2", "Tides Journal of", ISSN)
    same = _title("3", "Journal of Tides", ISSN)

    for order in permutations([longer, turned, same]):
        assert _chosen(WANTED, *order) == "3"
    assert _chosen(WANTED, longer, turned) == "2"


def test_the_very_name_counts_before_more_shared_numbers_and_those_before_a_closer_name() -> None:
    """Else a former name, or a volume, would take the title of the record that bears its very name."""
    wanted = _title("99", "Journal of Tides", ISSN, OTHER_ISSN)
    very = _title("1", "Journal of Tides", ISSN)
    both = _title("2", "The Tides: Journal of sea", ISSN, OTHER_ISSN)
    closer = _title("3", "Tides, Journal of", ISSN)

    assert _chosen(wanted, both, closer, very) == "1"
    assert _chosen(wanted, closer, both) == "2"


def test_a_tie_goes_to_the_lowest_id_as_a_number() -> None:
    duplicates = [_title(key, "Journal of Tides", ISSN, managed=True) for key in ("100", "20", "9000")]

    for order in permutations(duplicates):
        assert _chosen(WANTED, *order) == "20"


def test_a_wrong_number_never_matches() -> None:
    wrong = "0317-8472"

    assert _chosen(_title("99", "Tides", wrong, ISSN), _title("1", "Tides", wrong, OTHER_ISSN)) is None


def test_a_placeholder_never_matches() -> None:
    assert _chosen(_title("99", "Tides", "0000-0000", ISSN), _title("1", "Tides", "0000-0000", OTHER_ISSN)) is None


@pytest.mark.parametrize(
    ("own", "theirs", "same"),
    [((), (), True), ((ISSN,), (), True), ((), (ISSN,), True), ((ISSN,), (OTHER_ISSN,), False)],
)
def test_a_custom_title_of_the_same_name_is_the_same_unless_both_have_other_numbers(
    own: tuple[str, ...], theirs: tuple[str, ...], *, same: bool
) -> None:
    choice = choose(_title("99", "Tides", *own), [_title("1", "TIDES", *theirs)])

    assert (choice.title is not None) is same
    assert choice.how == ("name" if same else "none is the same publication")


def test_a_title_of_the_knowledge_base_is_never_taken_by_its_name_alone() -> None:
    """A name alone is dangerous across packages (facts: domain §4.4, §4.5)."""
    assert _chosen(_title("99", "Tides"), _title("1", "Tides", managed=True)) is None


def test_a_custom_title_must_have_exactly_the_name() -> None:
    assert _chosen(_title("99", "Tides"), _title("1", "The Tides")) is None
    assert _chosen(_title("99", "Tides"), _title("1", "Tides of the sea")) is None


def test_the_name_given_to_tell_it_apart_is_looked_for_instead_of_its_own() -> None:
    wanted = _title("99", "Tides")
    plain, told_apart = _title("1", "Tides"), _title("2", "Tides (Sea Press)")

    assert _chosen(wanted, plain, told_apart, name="Tides (Sea Press)") == "2"
    assert _chosen(_title("99", "Tides", ISSN), _title("2", "Tides (Sea Press)", ISSN), name="Tides (Sea Press)") == "2"


def test_a_match_by_number_goes_before_one_by_name() -> None:
    choice = choose(WANTED, [_title("1", "Journal of Tides"), _title("2", "Journal of Tides: online", ISSN)])

    assert choice.title is not None
    assert (choice.title.key, choice.how) == ("2", "identifier and name")


@pytest.mark.parametrize(
    ("one", "other", "closeness"),
    [
        ("Tides", "The Tides", 3),
        ("Die Zeit", "Zeit", 3),
        ("Tides and Dunes", "Dunes & Tides", 2),
        ("Tides", "Tides and Dunes", 1),
        ("Reader's Digest", "Readers\u2019 Digest.", 3),
        ("E-Journals", "EJournals", 3),
        ("Journal of Physics", "Journal of Physics A", 0),
        ("Tides", "Tides. Vol. 2", 0),
        ("Tides", "Tides 2", 0),
        ("Tides", "Tides: Supplement", 0),
        ("Jahrbuch", "Jahrbuch 2019", 0),
        ("कि", "का", 0),
        ("Tides", "Dunes", 0),
        ("A", "The", 0),
        ("The", "the", 3),
        ("!!!", "???", 0),
        ("!!!", "!!!", 3),
        ("Tides", "", 0),
        ("Tide", "Tides", 0),
    ],
)
def test_how_close_two_names_are(one: str, other: str, closeness: int) -> None:
    assert name_closeness(one, other) == closeness
    assert name_closeness(other, one) == closeness


@given(st.text(max_size=30), st.text(max_size=30))
@settings(max_examples=80, deadline=2000)
def test_closeness_is_the_same_both_ways_and_every_name_is_closest_to_itself(one: str, other: str) -> None:
    assert name_closeness(one, other) == name_closeness(other, one)
    assert name_closeness(one, one) == 3


def test_titles_of_one_name_that_share_a_number_through_others_are_one() -> None:
    """The print and the online bib of a journal, chained by a third."""
    first = _title("3", "Tides", ISSN)
    middle = _title("2", "Tides", ISSN, OTHER_ISSN)
    last = _title("1", "Tides", OTHER_ISSN)

    for order in permutations([first, middle, last]):
        assert same_publications(order) == {"2": "1", "3": "1"}


@pytest.mark.parametrize(
    "other",
    [
        _title("2", "Tides", OTHER_ISSN),
        _title("2", "Tides"),
        _title("2", "Tides", ISSN, kind="Newspaper"),
        _title("2", "Dunes", ISSN),
        _title("2", "Tides", "0317-8472"),
    ],
    ids=["another number", "no number", "another type", "another name", "a wrong number"],
)
def test_titles_that_may_be_two_stay_two(other: Title) -> None:
    wanted = _title("1", "Tides", ISSN, "0317-8472")

    assert same_publications([wanted, other]) == {}


def test_titles_of_one_name_in_different_spelling_are_one() -> None:
    assert same_publications([_title("1", "Müller", ISSN), _title("2", "MU\u0308LLER", ISSN)]) == {"2": "1"}


@given(
    st.lists(
        st.lists(st.sampled_from("ABCDE"), max_size=3),
        min_size=1,
        max_size=6,
    ),
    st.randoms(use_true_random=False),
)
@settings(max_examples=80, deadline=2000)
def test_one_publication_is_what_is_connected_by_numbers_in_whatever_order(
    numbers: list[list[str]], chance: object
) -> None:
    titles = [
        Title(key=str(at), name="Tides", identifiers=tuple(Identifier(IdentifierKind.ISSN, one) for one in own))
        for at, own in enumerate(numbers)
    ]
    shuffled = list(titles)
    chance.shuffle(shuffled)  # type: ignore[attr-defined]

    found = same_publications(titles)

    assert same_publications(shuffled) == found
    for one in titles:
        for other in titles:
            if one.match_keys() & other.match_keys():
                assert found.get(one.key, one.key) == found.get(other.key, other.key)
    for key, leader in found.items():
        assert leader < key
        assert leader not in found


# of several records that want one title


VOLUME = _title("11", "History of the sea. Vol. 1", ISBN, kind="Book")
OTHER_VOLUME = _title("12", "History of the sea. Vol. 2", ISBN, kind="Book")
WHOLE = _title("13", "History of the sea", ISBN, kind="Book")
THE_SET = _title("1", "History of the Sea.", ISBN, kind="Book", managed=True)


def test_a_volume_never_takes_the_title_of_the_whole_set() -> None:
    for rivals in ((), (WHOLE,), (OTHER_VOLUME,), (WHOLE, OTHER_VOLUME)):
        assert choose(VOLUME, [THE_SET], rivals=rivals).title is None
    assert choose(WHOLE, [THE_SET], rivals=[VOLUME, OTHER_VOLUME]).title == THE_SET


def test_a_volume_whose_set_is_nobody_elses_waits_and_is_made_where_the_set_has_its_record() -> None:
    assert choose(VOLUME, [THE_SET]).doubtful == (THE_SET,)
    assert "'History of the Sea.' (1)" in choose(VOLUME, [THE_SET]).why
    assert choose(VOLUME, [THE_SET], rivals=[WHOLE]).doubtful == ()


def test_a_former_name_leaves_the_title_to_the_record_that_bears_its_name() -> None:
    former, now = _title("11", "Tides Bulletin", ISSN, OTHER_ISSN), _title("12", "Tides", ISSN)
    title = _title("1", "TIDES", ISSN, OTHER_ISSN, managed=True)

    assert choose(former, [title]).title == title
    assert choose(former, [title], rivals=[now]).title is None
    assert choose(now, [title], rivals=[former]).title == title


def test_of_two_records_that_fit_alike_neither_takes_the_title() -> None:
    one, other = _title("11", "Tides", ISSN), _title("12", "Tides", ISSN)
    title = _title("1", "Tides", ISSN, managed=True)

    for wanted, rival in ((one, other), (other, one)):
        choice = choose(wanted, [title], rivals=[rival])
        assert (choice.title, choice.doubtful) == (None, (title,))


def test_the_next_best_is_taken_where_the_best_is_another_records() -> None:
    wanted = _title("11", "Tides and Dunes", ISSN)
    rival = _title("12", "Tides", ISSN)

    choice = choose(wanted, [_title("1", "Tides", ISSN), _title("2", "Dunes and tides", ISSN)], rivals=[rival])

    assert choice.title is not None
    assert choice.title.key == "2"


@pytest.mark.parametrize(
    ("name", "other"),
    [
        ("Tides.", "Tides"),
        ("Sailor's Tides", "Sailors\u2019 Tides"),
        ("E-Tides", "Etides"),
        ("Tides & Dunes", "Tides and Dunes"),
        ("Gezeiten und Dünen", "GEZEITEN & DUNEN"),
        ("Marées: revue", "Marees / revue"),
    ],
)
def test_a_custom_title_of_the_same_name_in_another_spelling_is_the_same(name: str, other: str) -> None:
    assert _chosen(_title("99", name), _title("1", other)) == "1"


@pytest.mark.parametrize(
    ("wanted", "other"),
    [
        (_title("99", "The Tides"), _title("1", "Tides")),
        (_title("99", "Tides, Journal of"), _title("1", "Journal of Tides")),
        (_title("99", "Tides", ISSN, medium=Medium.PRINT), _title("1", "Tides", OTHER_ISSN, medium=Medium.ONLINE)),
    ],
    ids=["an article", "the order of words", "the printed number here, the online one there"],
)
def test_what_is_not_surely_different_waits(wanted: Title, other: Title) -> None:
    choice = choose(wanted, [other])

    assert (choice.title, choice.doubtful) == (None, (other,))


@pytest.mark.parametrize(
    "other",
    [
        _title("1", "Tides", OTHER_ISSN),
        _title("1", "The Tides", kind="Book"),
        _title("1", "The Tides", managed=True),
        _title("1", "Tides of the sea"),
    ],
    ids=["other numbers", "another type", "of the knowledge base", "another name"],
)
def test_what_is_surely_different_does_not_wait(other: Title) -> None:
    assert choose(WANTED if other.numbers() else _title("99", "Tides"), [other]).doubtful == ()


def test_titles_linked_to_different_records_are_never_one() -> None:
    """A second bib of one name and number, made for a title of its own, is that title's (first use, F1)."""
    one, other, third = (_title(key, name, ISSN) for key, name in (("1", "Tides"), ("2", "TIDES"), ("3", "Tides")))

    assert same_publications([one, other], {"1": "a", "2": "b"}) == {}
    assert same_publications([one, other], {"1": "a", "2": "a"}) == {"2": "1"}
    assert same_publications([one, other, third], {"1": "a", "2": "b"}) == {"3": "1"}
    assert same_publications([one, other, third], {"2": "b", "3": "c"}) == {"2": "1"}
