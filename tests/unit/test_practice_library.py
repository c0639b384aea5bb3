"""The made-up practice library: its size, its shape, and that every awkward case is really awkward."""

import itertools
import re
import unicodedata
from collections import Counter
from collections.abc import Callable, Sequence
from urllib.parse import urlsplit

import pytest
from stdnum import isbn, issn

from sync.sandbox.awkward import (
    COLLECTION_NAMES,
    COMPLETE_FROM_COLLECTIONS,
    COMPLETE_FROM_PORTFOLIOS,
    HYPERLINK_FORMULA,
    AwkwardCase,
    Located,
    bib_key,
    cases_in,
    collections_of,
    is_awkward,
    located,
    portfolios_of,
)
from sync.sandbox.library import practice_knowledge_base, practice_library
from sync.sandbox.seed import PublicationKind, SeedBib, SeedCollection, SeedEmbargo, SeedLibrary, SeedRange
from sync.sandbox.seed_knowledge import same_identifier_other_name

Case = AwkwardCase


@pytest.fixture(scope="module")
def library() -> SeedLibrary:
    return practice_library()


def _size(library: SeedLibrary) -> tuple[int, int]:
    return len(library.collections), sum(1 for _ in located(library))


def _identifiers(bib: SeedBib) -> tuple[str, ...]:
    return tuple(filter(None, (bib.issn_print, bib.issn_online, bib.isbn_print, bib.isbn_online)))


# ---------------------------------------------------------------------------------------------------------------------
# Size and repeatability


def test_default_library_is_of_the_promised_size(library: SeedLibrary) -> None:
    assert _size(library) == (27, 3000)


@pytest.mark.parametrize(
    ("collections", "portfolios"), [(0, 0), (1, 0), (1, 1), (2, 40), (5, 40), (26, 150), (40, 20_000)]
)
def test_library_has_exactly_the_size_asked_for(collections: int, portfolios: int) -> None:
    library = practice_library(collections=collections, portfolios=portfolios)
    assert _size(library) == (collections, portfolios)
    keys = Counter(bib.key for bib in library.bibs)
    assert not keys or max(keys.values()) == 1
    assert {place.portfolio.bib for place in located(library)} == set(keys)


@pytest.mark.parametrize(("collections", "portfolios"), [(0, 1), (-1, 0), (3, -1), (3, 1_000_001)])
def test_impossible_sizes_are_refused(collections: int, portfolios: int) -> None:
    with pytest.raises(ValueError, match="cannot be made"):
        practice_library(collections=collections, portfolios=portfolios)


def test_same_seed_gives_the_same_library_and_another_seed_another() -> None:
    first, again = practice_library(seed=7, portfolios=400), practice_library(seed=7, portfolios=400)
    other = practice_library(seed=8, portfolios=400)
    assert first == again
    assert practice_knowledge_base(first, seed=1) == practice_knowledge_base(again, seed=1)
    assert {bib.title for bib in first.bibs} != {bib.title for bib in other.bibs}


def test_small_libraries_are_at_most_half_awkward() -> None:
    library = practice_library(collections=4, portfolios=40)
    awkward = sum(is_awkward(place.bib) for place in located(library))
    assert 10 <= awkward <= 20
    assert sum(collection.name in COLLECTION_NAMES.values() for collection in library.collections) <= 2


def test_all_cases_are_there_from_the_sizes_that_promise_it() -> None:
    library = practice_library(collections=COMPLETE_FROM_COLLECTIONS, portfolios=COMPLETE_FROM_PORTFOLIOS, seed=99)
    assert cases_in(library) == frozenset(AwkwardCase)


# ---------------------------------------------------------------------------------------------------------------------
# Shape


def test_ordinary_identifiers_are_valid_and_belong_to_one_bib(library: SeedLibrary) -> None:
    ordinary = [bib for bib in library.bibs if not is_awkward(bib)]
    for bib in ordinary:
        assert all(issn.is_valid(number) for number in (bib.issn_print, bib.issn_online) if number)
        assert all(isbn.is_valid(number) for number in (bib.isbn_print, bib.isbn_online) if number)
    counted = Counter(isbn.compact(number) for bib in ordinary for number in _identifiers(bib))
    assert max(counted.values()) == 1
    assert {len(isbn.compact(bib.isbn_print)) for bib in ordinary if bib.isbn_print} == {10, 13}


def test_shape_is_that_of_real_lists(library: SeedLibrary) -> None:
    places = [place for place in located(library) if not is_awkward(place.bib)]
    journals = [place for place in places if place.bib.kind is PublicationKind.JOURNAL]
    aggregated = [place for place in journals if place.collection.type == "1"]
    without_issn = sum(not _identifiers(place.bib) for place in aggregated) / len(aggregated)
    with_embargo = sum(_embargo(place) is not None for place in journals) / len(journals)
    assert 0.42 < without_issn < 0.60
    assert 0.06 < with_embargo < 0.13
    assert {place.bib.kind for place in places} == set(PublicationKind)
    assert {place.collection.is_local for place in places} == {True, False}
    assert {place.portfolio.coverage_in_use for place in places} == {"0", "1", "2", "3"}
    collections_of_bib = Counter(key for key, _ in {(place.bib.key, place.collection_position) for place in places})
    assert sum(count > 1 for count in collections_of_bib.values()) > 100


def _embargo(place: Located) -> SeedEmbargo | None:
    return place.portfolio.local_embargo or place.portfolio.global_embargo


def test_ordinary_coverage_runs_forward_without_overlap(library: SeedLibrary) -> None:
    for place in located(library):
        if is_awkward(place.bib):
            continue
        for ranges in (place.portfolio.local_coverage, place.portfolio.global_coverage):
            assert all(int(span.from_year) <= int(span.until_year) for span in ranges if span.until_year)
            assert all(int(one.until_year) < int(two.from_year) for one, two in itertools.pairwise(ranges))


def test_every_address_is_under_an_example_host(library: SeedLibrary) -> None:
    addresses = [collection.url for collection in library.collections]
    addresses += [url for place in located(library) for url in (place.portfolio.url, place.portfolio.url_override)]
    hosts = {urlsplit(url.removeprefix("jkey=")).hostname for url in addresses if url}
    assert all(host and host.endswith((".example.org", ".example.edu")) for host in hosts)


def test_titles_can_stand_in_marc_xml(library: SeedLibrary) -> None:
    texts = [text for bib in library.bibs for text in (bib.title, bib.subtitle, bib.publisher, *bib.authors)]
    assert not [text for text in texts if re.search(r"[\x00-\x08\x0b\x0c\x0e-\x1f]", text)]


def test_only_two_named_portfolios_have_bad_dates(library: SeedLibrary) -> None:
    bad = {
        place.bib.key
        for place in located(library)
        for span in (*place.portfolio.local_coverage, *place.portfolio.global_coverage)
        if (span.from_month, span.from_day) == ("2", "30") or (span.until_year and span.until_year < span.from_year)
    }
    assert bad == {bib_key(Case.IMPOSSIBLE_DATE), bib_key(Case.UNTIL_BEFORE_FROM)}


# ---------------------------------------------------------------------------------------------------------------------
# Awkward titles: each predicate gets the portfolios of its case


Places = Sequence[Located]


def _spans(places: Places) -> tuple[SeedRange, ...]:
    return places[0].portfolio.local_coverage


def _notes(places: Places) -> str:
    portfolio = places[0].portfolio
    return portfolio.public_note + portfolio.authentication_note + portfolio.internal_description


def _twice_in_one_service(places: Places) -> bool:
    first, second = places
    same_place = (first.collection_position, first.service_position) == (
        second.collection_position,
        second.service_position,
    )
    return same_place and first.bib == second.bib and first.portfolio.url != second.portfolio.url


def _in_use(code: str) -> Callable[[Places], bool]:
    def holds(places: Places) -> bool:
        portfolio = places[0].portfolio
        return bool(portfolio.coverage_in_use == code and portfolio.local_coverage and portfolio.global_coverage)

    return holds


def _is_embargo(**parts: str) -> Callable[[Places], bool]:
    return lambda places: places[0].portfolio.local_embargo == SeedEmbargo(**parts)


AWKWARD_TITLES: dict[AwkwardCase, Callable[[Places], bool]] = {
    Case.SEVERAL_COLLECTIONS: lambda ps: len({p.collection_position for p in ps}) == 3 == len(ps),
    Case.BOTH_SERVICES: lambda ps: (
        [p.service_position for p in ps] == [0, 1] and len({(p.bib.key, p.collection_position) for p in ps}) == 1
    ),
    Case.TWICE_TOUCHING: lambda ps: (
        _twice_in_one_service(ps)
        and int(_spans(ps)[0].until_year) + 1 == int(ps[1].portfolio.local_coverage[0].from_year)
    ),
    Case.TWICE_OVERLAPPING: lambda ps: (
        _twice_in_one_service(ps) and _spans(ps)[0].until_year > ps[1].portfolio.local_coverage[0].from_year
    ),
    Case.NO_IDENTIFIER: lambda ps: not _identifiers(ps[0].bib),
    Case.SAME_NAME_OTHER_PUBLISHER: lambda ps: (
        ps[0].bib.title == ps[1].bib.title
        and ps[0].bib.publisher != ps[1].bib.publisher
        and not set(_identifiers(ps[0].bib)) & set(_identifiers(ps[1].bib))
    ),
    Case.SAME_NAME_SAME_PUBLISHER: lambda ps: (
        ps[0].bib.key != ps[1].bib.key
        and (ps[0].bib.title, ps[0].bib.publisher) == (ps[1].bib.title, ps[1].bib.publisher)
        and not _identifiers(ps[0].bib) + _identifiers(ps[1].bib)
    ),
    Case.AUDIO: lambda ps: ps[0].bib.kind is PublicationKind.AUDIO,
    Case.VIDEO: lambda ps: ps[0].bib.kind is PublicationKind.VIDEO,
    Case.NINE_RANGES: lambda ps: len(_spans(ps)) == 9,
    Case.YEARS_ONLY: lambda ps: _spans(ps) == (SeedRange(from_year="1991", until_year="2004"),),
    Case.MONTHS: lambda ps: bool(_spans(ps)[0].from_month and not _spans(ps)[0].from_day),
    Case.VOLUMES_AND_ISSUES: lambda ps: bool(
        _spans(ps)[0].from_volume and _spans(ps)[0].from_issue and _spans(ps)[0].until_issue
    ),
    Case.OPEN_END: lambda ps: bool(_spans(ps)[0].from_year and not _spans(ps)[0].until_year),
    Case.NO_COVERAGE: lambda ps: not ps[0].portfolio.local_coverage + ps[0].portfolio.global_coverage,
    Case.ONLY_LOCAL: _in_use("0"),
    Case.ONLY_GLOBAL: _in_use("1"),
    Case.LOCAL_AND_GLOBAL: _in_use("2"),
    Case.LOCAL_OR_GLOBAL: _in_use("3"),
    Case.ONLY_LOCAL_EMPTY: lambda ps: (
        ps[0].portfolio.coverage_in_use == "0" and not _spans(ps) and bool(ps[0].portfolio.global_coverage)
    ),
    Case.EMBARGO_MONTHS: _is_embargo(operator=">=", months="12"),
    Case.EMBARGO_YEARS: _is_embargo(operator=">=", years="1"),
    Case.EMBARGO_YEARS_AND_MONTHS: _is_embargo(operator=">=", years="1", months="6"),
    Case.ROLLING_WALL: _is_embargo(operator="<=", years="10"),
    Case.EQUAL_WALL: _is_embargo(operator="=", months="6"),
    Case.ENDED_WITH_EMBARGO: lambda ps: bool(_spans(ps)[0].until_year and ps[0].portfolio.local_embargo),
    Case.IMPOSSIBLE_DATE: lambda ps: (_spans(ps)[0].from_month, _spans(ps)[0].from_day) == ("2", "30"),
    Case.UNTIL_BEFORE_FROM: lambda ps: _spans(ps)[0].until_year < _spans(ps)[0].from_year,
    Case.UNAVAILABLE: lambda ps: not ps[0].portfolio.available,
    Case.PROXY: lambda ps: ps[0].portfolio.proxy_enabled and ps[0].portfolio.proxy == "EZPROXY",
    Case.UNMAPPED_PROXY: lambda ps: ps[0].portfolio.proxy_enabled and ps[0].portfolio.proxy == "OLDPROXY",
    Case.DYNAMIC_LINK: lambda ps: (ps[0].portfolio.url_type, ps[0].portfolio.url) == ("dynamic", ""),
    Case.URL_OVERRIDE: lambda ps: bool(ps[0].portfolio.url and ps[0].portfolio.url_override),
    Case.RAW_URL_WITH_JKEY: lambda ps: ps[0].portfolio.raw_url and ps[0].portfolio.url.startswith("jkey=https://"),
    Case.RAW_URL_WITHOUT_JKEY: lambda ps: ps[0].portfolio.raw_url and ps[0].portfolio.url.startswith("https://"),
    Case.JKEY_IN_QUERY: lambda ps: "?jkey=" in ps[0].portfolio.url and not ps[0].portfolio.raw_url,
    Case.URL_OF_600: lambda ps: len(ps[0].portfolio.url) == 600,
    Case.URL_OVER_600: lambda ps: len(ps[0].portfolio.url) == 640,
    Case.WRONG_CHECK_DIGIT: lambda ps: (
        not issn.is_valid(ps[0].bib.issn_print) and bool(re.fullmatch(r"\d{4}-\d{3}[\dX]", ps[0].bib.issn_print))
    ),
    Case.PLACEHOLDER_ISSN: lambda ps: (
        [p.bib.issn_print for p in ps] == ["1111-1111", "1111-1111"] and ps[0].bib.title != ps[1].bib.title
    ),
    Case.PRINT_IS_ONLINE: lambda ps: ps[0].bib.issn_print == ps[0].bib.issn_online != "",
    Case.ISBN10: lambda ps: len(ps[0].bib.isbn_print) == 10 and isbn.is_valid(ps[0].bib.isbn_print),
    Case.LONG_TITLE: lambda ps: len(ps[0].bib.title) == 430,
    Case.LONG_PUBLISHER: lambda ps: len(ps[0].bib.publisher) == 270,
    Case.ARABIC: lambda ps: unicodedata.bidirectional(ps[0].bib.title[0]) == "AL",
    Case.CHINESE: lambda ps: unicodedata.name(ps[0].bib.title[0]).startswith("CJK"),
    Case.COMBINING: lambda ps: unicodedata.normalize("NFC", ps[0].bib.title) != ps[0].bib.title,
    Case.MARKUP_IN_TITLE: lambda ps: "<b>" in ps[0].bib.title and "<b>" in _notes(ps),
    Case.SCRIPT_IN_TITLE: lambda ps: "<script>" in ps[0].bib.title and "<script>" in _notes(ps),
    Case.FORMULA_HYPERLINK: lambda ps: ps[0].bib.title == HYPERLINK_FORMULA == ps[0].portfolio.public_note,
    Case.FORMULA_PLUS: lambda ps: ps[0].bib.title.startswith("+1") and ps[0].portfolio.public_note == "+1",
    Case.FORMULA_AT: lambda ps: ps[0].bib.title.startswith("@SUM") and _notes(ps).startswith("@SUM"),
    Case.CONTROLS_IN_TITLE: lambda ps: "\x98" in ps[0].bib.title,
    Case.CONTROLS_IN_NOTE: lambda ps: "\x00" in _notes(ps) and "\x07" in _notes(ps),
    Case.LEADING_BLANKS: lambda ps: ps[0].bib.title != ps[0].bib.title.strip(),
}


@pytest.mark.parametrize("case", AWKWARD_TITLES, ids=lambda case: case.name)
def test_awkward_title_is_there_and_is_awkward(library: SeedLibrary, case: AwkwardCase) -> None:
    places = portfolios_of(library, case)
    assert places
    assert AWKWARD_TITLES[case](places)


AWKWARD_COLLECTIONS: dict[AwkwardCase, Callable[[Sequence[SeedCollection]], bool]] = {
    Case.TWO_SERVICES: lambda cs: all(len(c.services) == 2 and all(s.portfolios for s in c.services) for c in cs),
    Case.DATABASE: lambda cs: (cs[0].type, cs[0].services) == ("6", ()) and bool(cs[0].url),
    Case.EMPTY_COLLECTION: lambda cs: len(cs[0].services) == 1 and not cs[0].services[0].portfolios,
    Case.SAME_NAME_COLLECTIONS: lambda cs: len(cs) == 2 and cs[0] != cs[1],
    Case.UNAVAILABLE_SERVICE: lambda cs: (
        cs[0].services[0].activation_status == "10" and bool(cs[0].services[0].portfolios)
    ),
    Case.LONG_COLLECTION_NAME: lambda cs: len(cs[0].name) > 200,
    Case.MARKUP_IN_COLLECTION: lambda cs: "<script>" in cs[0].name and "<script>" in cs[0].public_note,
    Case.FORMULA_IN_COLLECTION: lambda cs: cs[0].name.startswith("=HYPERLINK"),
    Case.CONTROLS_IN_COLLECTION: lambda cs: "\x07" in cs[0].name and "\x1b" in cs[0].public_note,
    Case.BLANKS_IN_COLLECTION: lambda cs: cs[0].name.startswith(" "),
}


@pytest.mark.parametrize("case", AWKWARD_COLLECTIONS, ids=lambda case: case.name)
def test_awkward_collection_is_there_and_is_awkward(library: SeedLibrary, case: AwkwardCase) -> None:
    found = collections_of(library, case)
    assert found
    assert AWKWARD_COLLECTIONS[case](found)


def test_every_case_is_checked_above() -> None:
    assert set(AWKWARD_TITLES) | set(AWKWARD_COLLECTIONS) == set(AwkwardCase)


# ---------------------------------------------------------------------------------------------------------------------
# The vendor's knowledge base


def test_knowledge_base_knows_the_share_asked_for(library: SeedLibrary) -> None:
    with_identifier = [bib for bib in library.bibs if _identifiers(bib) and not is_awkward(bib)]
    knowledge_base = practice_knowledge_base(library, seed=5, share=0.2)
    held = {number for title in knowledge_base.titles for number in _title_identifiers(title)}
    known = sum(bool(held & set(_identifiers(bib))) for bib in with_identifier)
    assert known == round(0.2 * len(with_identifier))


def _title_identifiers(title: object) -> set[str]:
    names = ("issn_print", "issn_online", "isbn_print", "isbn_online")
    return {value for name in names if (value := getattr(title, name))}


def test_knowledge_base_has_near_names_other_names_and_duplicates(library: SeedLibrary) -> None:
    knowledge_base = practice_knowledge_base(library, seed=5)
    bib_of = {number: bib for bib in library.bibs if not is_awkward(bib) for number in _identifiers(bib)}
    near = same = 0
    for title in knowledge_base.titles:
        bib = next((bib_of[number] for number in _title_identifiers(title) if number in bib_of), None)
        if bib is not None:
            same += title.name == bib.title
            near += title.name != bib.title and _letters(bib.title) & _letters(title.name) != set()
    others = same_identifier_other_name(library, knowledge_base)
    issns = Counter(number for title in knowledge_base.titles for number in _title_identifiers(title))
    assert same > 50
    assert near > 50
    assert 3 <= len(others) <= 0.05 * len(knowledge_base.titles)
    assert sum(count == 2 for count in issns.values()) >= 3
    assert max(issns.values()) == 2


def _letters(name: str) -> set[str]:
    return set(re.findall(r"\w{4,}|[^\W\d_a-zA-Z]", name.casefold()))


def test_knowledge_base_packages_hold_every_title_and_at_most_one_is_selected(library: SeedLibrary) -> None:
    knowledge_base = practice_knowledge_base(library, seed=5)
    positions = {position for package in knowledge_base.packages for position in package.titles}
    assert positions == set(range(len(knowledge_base.titles)))
    assert sum(package.selected for package in knowledge_base.packages) <= 1
    assert len({package.name for package in knowledge_base.packages}) == len(knowledge_base.packages) >= 3


def test_knowledge_base_of_an_empty_library_is_empty() -> None:
    assert practice_knowledge_base(practice_library(collections=1, portfolios=0), seed=1).titles == ()


def test_share_must_be_a_share(library: SeedLibrary) -> None:
    with pytest.raises(ValueError, match="between 0 and 1"):
        practice_knowledge_base(library, seed=1, share=1.5)
