"""The judge of a library that went to FOLIO and back: content with what is right, and it finds whatever is not."""

from collections.abc import Callable
from dataclasses import replace

import pytest

from sync.sandbox.alma import PracticeAlma
from sync.sandbox.alma.marc import MarcField
from sync.sandbox.alma.records import Bib
from sync.sandbox.identifiers import with_wrong_check_digit
from sync.sandbox.seed import (
    PublicationKind,
    SeedBib,
    SeedCollection,
    SeedEmbargo,
    SeedLibrary,
    SeedPortfolio,
    SeedRange,
    SeedService,
)
from tests.support.libraries import collection, issn, journal, knowledge_base, known_title, library, plain_library
from tests.support.libraries import portfolio as entry
from tests.support.there_and_back import differences

PROXIES = {"EZPROXY": "EZProxy"}
NOTES = {"public_note": "userDefinedField1"}
LONG_NAME = "Collected Periodicals of the Harbour Towns of the North " * 4 + "Edition"
CUT_NAME = "Collected Periodicals of the Harbour Towns of the North " * 3 + "Collected Periodicals of the…"
DESK = "Ask at the desk"


def _years(begin: int, end: int | None = None) -> SeedRange:
    return SeedRange(from_year=str(begin), until_year=str(end or ""))


def _days(begin: str, end: str = "") -> tuple[SeedRange, ...]:
    year, month, day = begin.split("-")
    until = dict(zip(("until_year", "until_month", "until_day"), end.split("-"), strict=False)) if end else {}
    return (SeedRange(from_year=year, from_month=month, from_day=day, **until),)


BOOK = SeedBib(
    key="book",
    title="Knots and Hitches",
    subtitle="a handbook",
    kind=PublicationKind.BOOK,
    isbn_print="0306406152",
    isbn_online="978-3-16-148410-0",
    publisher="Saltmarrow Press",
    edition="2. ed.",
    authors=("Quayle, B.", "Roper, C."),
    editors=("Tarn, D.",),
)
TALK = SeedBib(key="talk", title="Sounds of the Estuary", kind=PublicationKind.AUDIO, publisher="Saltmarrow Press")
NAMESAKES = tuple(
    SeedBib(key=f"namesake:{number}", title="Parish Notes", publisher=f"House {number}") for number in (1, 2)
)
NUMBERED = SeedRange(from_year="1990", from_volume="1", until_year="1999", until_volume="10")

ORIGINAL = library(
    [*(journal(number) for number in range(12)), BOOK, TALK, *NAMESAKES],
    collection(
        "Harbour  Journals",
        [
            entry(0, public_note=DESK, internal_description="Checked"),
            entry(1, available=False),
            entry(2, local_embargo=SeedEmbargo(operator=">=", years="1", months="6")),
            entry(3, url="https://one.example.org/3", local_coverage=(_years(1990, 1999),), public_note=DESK),
            entry(3, url="https://two.example.org/3", local_coverage=(_years(2000, 2004),)),
            entry(4, proxy_enabled=True, proxy="EZPROXY"),
            entry(5, proxy_enabled=True, proxy="OLDPROXY"),
            entry(6, local_embargo=SeedEmbargo(operator="<=", years="10"), public_note=DESK),
            entry(7, local_coverage=(NUMBERED,)),
            entry(8, local_coverage=(_years(2011, 2005),)),
            *(entry(bib, url=f"https://parish.example.org/{bib.key[-1]}", local_coverage=()) for bib in NAMESAKES),
        ],
        proxy_enabled=True,
        proxy="EZPROXY",
    ),
    collection(
        "Vendor's Name",
        [
            entry(
                0, coverage_in_use="3", global_coverage=(_years(2005, 2010),), url_override="https://new.example.org"
            ),
            entry(BOOK, local_coverage=()),
            entry(TALK, local_coverage=(), url_type="dynamic"),
        ],
        type="1",
        is_local=False,
        name_override="Our Name",
    ),
    collection("Online Library", [entry(9)]),
    collection("Online Library", [entry(10)], description="The other one"),
    SeedCollection(name="Cancelled", services=(SeedService(activation_status="10", portfolios=(entry(9),)),)),
    SeedCollection(
        name="Half Cancelled",
        services=(SeedService(portfolios=(entry(9),)), SeedService(activation_status="10", portfolios=(entry(11),))),
    ),
    collection("Not Yet Loaded"),
    SeedCollection(name="Bibliography", type="6"),
    collection("Database of Titles", [entry(9)], type="6"),
    collection(LONG_NAME, is_local=False),
)

STATED = "[FOLIO coverage: v.1 (1990)-v.10 (1999)]"
RETURNED = library(
    [
        *(journal(number) for number in (0, 1, 2, 3, 4, 5, 6, 7, 9, 10, 11)),
        replace(BOOK, title="Knots and Hitches: a handbook", subtitle="", isbn_print="9780306406157"),
        TALK,
        NAMESAKES[0],
        replace(NAMESAKES[1], title="Parish Notes (House 2)"),
    ],
    collection(
        "Harbour Journals",
        [
            entry(0, public_note=DESK, local_coverage=_days("1998-1-1")),
            entry(1, available=False),
            entry(2, local_embargo=SeedEmbargo(operator=">=", months="18")),
            entry(3, url="https://one.example.org/3", public_note=DESK, local_coverage=_days("1990-1-1", "2004-12-31")),
            entry(4, proxy_enabled=True, proxy="EZPROXY"),
            entry(5),
            entry(6, public_note=f"{DESK} [FOLIO coverage: Most recent 10 years only]"),
            entry(7, public_note=STATED, local_coverage=_days("1990-1-1", "1999-12-31")),
            *(entry(bib, url=f"https://parish.example.org/{bib.key[-1]}", local_coverage=()) for bib in NAMESAKES),
        ],
        proxy_enabled=True,
        proxy="EZPROXY",
    ),
    collection(
        "Our Name",
        [
            entry(0, local_coverage=(_years(2005, 2010),), url="https://new.example.org"),
            entry(BOOK, local_coverage=()),
            entry(TALK, local_coverage=(), url=""),
        ],
        type="1",
    ),
    collection("Online Library", [entry(9)]),
    collection("Online Library (Harbour Online)", [entry(10)]),
    SeedCollection(name="Cancelled", services=(SeedService(activation_status="10", portfolios=(entry(9),)),)),
    collection("Half Cancelled", [entry(9), entry(11, available=False)]),
    collection("Not Yet Loaded"),
    SeedCollection(name="Bibliography", type="6"),
    collection("Database of Titles", [entry(9)]),
    collection(CUT_NAME),
)


def _filled(returned: SeedLibrary) -> PracticeAlma:
    """Return an Alma that holds this, each bib with the mark of a title of FOLIO."""
    alma = PracticeAlma()
    alma.load(returned)
    for number, bib in enumerate(alma.state.keys.values()):
        _mark(bib, f"{900 + number}")
    return alma


def _mark(bib: Bib, title_id: str) -> None:
    bib.record.fields.append(MarcField("035", "  ", (("a", f"(FOLIO-EH){title_id}"),)))


def _complaints(alma: PracticeAlma, original: SeedLibrary = ORIGINAL) -> list[str]:
    return differences(original, alma, proxies=PROXIES, notes=NOTES)


@pytest.fixture
def back() -> PracticeAlma:
    return _filled(RETURNED)


def test_what_came_back_as_it_should_is_all_right(back: PracticeAlma) -> None:
    assert _complaints(back) == []


def test_two_equal_libraries_of_plain_journals_are_all_right() -> None:
    assert _complaints(_filled(plain_library([3, 2])), plain_library([3, 2])) == []


def test_an_empty_library_comes_back_as_an_empty_alma() -> None:
    assert _complaints(PracticeAlma(), SeedLibrary()) == []


def test_bibs_that_no_portfolio_uses_are_ignored(back: PracticeAlma) -> None:
    back.add_bib(journal(50))
    assert _complaints(back) == []


# --- planted differences


def _collection(alma: PracticeAlma, name: str) -> str:
    (found,) = [one["id"] for one in alma.collections() if one["public_name"] == name]
    return str(found)


def _service(alma: PracticeAlma, name: str) -> str:
    (found,) = alma.services(_collection(alma, name))
    return str(found["id"])


def _portfolio(alma: PracticeAlma, bib: SeedBib | int, name: str = "Harbour Journals") -> str:
    key = bib.key if isinstance(bib, SeedBib) else f"bib:{bib}"
    (found,) = [
        one["id"]
        for one in alma.portfolios(collection_id=_collection(alma, name))
        if one["resource_metadata"]["mms_id"]["value"] == alma.mms_id(key)
    ]
    return str(found)


def _change_portfolio(alma: PracticeAlma, bib: SeedBib | int, /, **changes: object) -> None:
    alma.edit_portfolio(_portfolio(alma, bib), **changes)


def _recatalogue(alma: PracticeAlma, seed: SeedBib, **changes: object) -> None:
    alma.edit_bib(alma.mms_id(seed.key), replace(seed, **changes))  # type: ignore[arg-type]
    _mark(alma.state.keys[seed.key], f"7{seed.key}")


def _without_marks(alma: PracticeAlma, bib: int) -> None:
    record = alma.state.keys[f"bib:{bib}"].record
    record.fields = [one for one in record.fields if one.tag != "035"]


def _add(alma: PracticeAlma, portfolio: SeedPortfolio, name: str = "Harbour Journals") -> None:
    alma.add_portfolio(_service(alma, name), portfolio)


def _twin(alma: PracticeAlma) -> None:
    """Let journal 9 be there as two bibs, one of them for one collection only."""
    alma.remove_portfolio(_portfolio(alma, 9, "Cancelled"))
    alma.add_bib(journal(9, key="twin"))
    _mark(alma.state.keys["twin"], "777")
    _add(alma, entry(journal(9, key="twin"), url=entry(9).url), "Cancelled")


def _parked(alma: PracticeAlma) -> None:
    alma.add_bib(journal(8))
    _mark(alma.state.keys["bib:8"], "888")
    _add(alma, entry(8))


def _merged_bibs(alma: PracticeAlma) -> None:
    alma.remove_portfolio(_portfolio(alma, NAMESAKES[1]))
    _add(alma, entry(NAMESAKES[0], url="https://parish.example.org/2", local_coverage=()))


ANOTHER_COLLECTION = collection("Stranger", [entry(0)])
OPEN = {"local_date_coverage_parameters": []}
HALF_YEAR = {"embargo_operator": ">=", "number_of_years": "", "number_of_months": "6"}
PLANTED: dict[str, tuple[Callable[[PracticeAlma], object], str]] = {
    # collections
    "collection missing": (lambda a: a.remove_collection(_collection(a, "Our Name")), "no collection 'Our Name'"),
    "collection too many": (lambda a: a.add_collection(ANOTHER_COLLECTION), "a collection too many: 'Stranger'"),
    "collection twice": (lambda a: a.add_collection(collection("Cancelled")), "collection name 2 times: 'cancelled'"),
    "collection renamed": (lambda a: a.rename_collection(_collection(a, "Cancelled"), "Other"), "no collection"),
    "needless bracket": (
        lambda a: a.rename_collection(_collection(a, "Cancelled"), "Cancelled (2)"), "no collection 'Cancelled'",
    ),
    "collection name cut too early": (
        lambda a: a.rename_collection(_collection(a, CUT_NAME), "Collected Periodicals…"), "no collection 'Collected",
    ),
    "managed collection": (
        lambda a: setattr(a.state.collections[_collection(a, "Cancelled")], "is_local", False), "is_local is False",
    ),
    "type": (lambda a: a.edit_collection(_collection(a, "Our Name"), type="0"), "type is '0', not '1'"),
    "type of a database with titles": (
        lambda a: a.edit_collection(_collection(a, "Database of Titles"), type="6"), "type is '6', not '0'",
    ),
    "proxy of a collection": (
        lambda a: a.edit_collection(_collection(a, "Harbour Journals"), proxy_enabled="false"),
        "'Harbour Journals': proxy is none",
    ),
    "invented address": (lambda a: a.edit_collection(_collection(a, "Cancelled"), url="https://x.org"), "url is"),
    # services
    "service missing": (lambda a: a.remove_service(_service(a, "Not Yet Loaded")), "0 services, not 1"),
    "service too many": (lambda a: a.add_service(_collection(a, "Our Name"), SeedService()), "2 services, not 1"),
    "service of a database": (
        lambda a: a.add_service(_collection(a, "Bibliography"), SeedService()), "1 services, not 0",
    ),
    "service type": (
        lambda a: a.edit_service(_service(a, "Our Name"), type="getSelectedFullTxt"), "service type is",
    ),
    "service shown": (
        lambda a: a.edit_service(_service(a, "Cancelled"), activation_status="11"), "activation_status is '11', not",
    ),
    "service hidden": (
        lambda a: a.edit_service(_service(a, "Half Cancelled"), activation_status="10"), "status is '10', not '11'",
    ),
    # portfolios
    "portfolio missing": (lambda a: a.remove_portfolio(_portfolio(a, 0)), "no portfolio of bib:0"),
    "portfolio too many": (lambda a: _add(a, entry(11)), "a portfolio too many: 'Journal 11"),
    "portfolio twice": (lambda a: _add(a, entry(3)), "2 portfolios of one bib"),
    "portfolio in no collection": (lambda a: a.detach_portfolio(_portfolio(a, 0)), "a portfolio in no collection"),
    "parked": (_parked, "which cannot be moved"),
    "shown": (lambda a: _change_portfolio(a, 1, availability="11"), "availability is '11', not '10'"),
    "hidden": (lambda a: _change_portfolio(a, 0, availability="10"), "availability is '10', not '11'"),
    "shown below a cancelled service": (
        lambda a: a.edit_portfolio(_portfolio(a, 11, "Half Cancelled"), availability="11"), "availability is '11'",
    ),
    "other address": (
        lambda a: _change_portfolio(a, 0, linking_details={"static_url": "jkey=https://x.org"}), "static_url is",
    ),
    "address without prefix": (
        lambda a: _change_portfolio(a, 3, linking_details={"static_url": "https://one.example.org/3"}),
        "not 'jkey=https://one.example.org/3'",
    ),
    "address of the other portfolio": (
        lambda a: _change_portfolio(a, 3, linking_details={"static_url": "jkey=https://two.example.org/3"}),
        "not 'jkey=https://one.example.org/3'",
    ),
    "kind of address": (lambda a: _change_portfolio(a, 0, linking_details={"url_type": "dynamic"}), "url_type is"),
    "override": (
        lambda a: _change_portfolio(a, 0, linking_details={"static_url_override": "jkey=https://x.org"}),
        "static_url_override is",
    ),
    "material type": (lambda a: _change_portfolio(a, 0, material_type="BOOK"), "material_type is 'BOOK'"),
    "no material type": (lambda a: _change_portfolio(a, 0, material_type=""), "material_type is ''"),
    "proxy lost": (lambda a: _change_portfolio(a, 4, linking_details={"proxy_enabled": "false"}), "proxy is none"),
    "proxy invented": (
        lambda a: _change_portfolio(a, 0, linking_details={"proxy_enabled": "true", "proxy": "EZPROXY"}),
        "proxy is EZPROXY",
    ),
    "unmapped proxy": (
        lambda a: _change_portfolio(a, 5, linking_details={"proxy_enabled": "true", "proxy": "OLDPROXY"}),
        "proxy is OLDPROXY",
    ),
    # coverage and notes
    "coverage in use": (lambda a: _change_portfolio(a, 0, coverage_details={"coverage_in_use": "1"}), "in_use is '1'"),
    "coverage lost": (lambda a: _change_portfolio(a, 0, coverage_details=OPEN), "local coverage is []"),
    "coverage not united": (
        lambda a: a.set_coverage(_portfolio(a, 3), _years(1990, 1999)), "coverage is [('1990-01-01', '1999-12-31')]",
    ),
    "a day too long": (
        lambda a: a.set_coverage(_portfolio(a, 7), *_days("1990-1-1", "2000-1-1")), "local coverage is",
    ),
    "end lost": (lambda a: a.set_coverage(_portfolio(a, 7), _years(1990)), "local coverage is"),
    "impossible date": (lambda a: a.set_coverage(_portfolio(a, 0), *_days("2001-2-30")), "coverage is 'unreadable"),
    "coverage of the community": (
        lambda a: a.set_coverage(_portfolio(a, 0), _years(1990), level="global"), "global coverage or embargo",
    ),
    "embargo lost": (lambda a: a.set_coverage(_portfolio(a, 2), _years(1998)), "local embargo is ('', 0)"),
    "embargo shorter": (
        lambda a: _change_portfolio(a, 2, coverage_details={"local_embargo_information": HALF_YEAR}), "('>=', 6), not",
    ),
    "embargo turned": (
        lambda a: _change_portfolio(a, 2, coverage_details={"local_embargo_information": {"embargo_operator": "<"}}),
        "local embargo is ('<', 18)",
    ),
    "rolling wall": (
        lambda a: a.set_coverage(_portfolio(a, 6), _years(1998), embargo=SeedEmbargo(operator="<=", years="10")),
        "local embargo is ('<=', 120), not ('', 0)",
    ),
    "note lost": (lambda a: _change_portfolio(a, 0, public_note=""), "public_note is ''"),
    "note changed": (lambda a: _change_portfolio(a, 6, public_note=f"Ask {STATED}"), "public_note is 'Ask', not"),
    "unmapped note": (lambda a: _change_portfolio(a, 0, internal_description="Checked"), "internal_description is"),
    "statement of a wall lost": (lambda a: _change_portfolio(a, 6, public_note=DESK), "coverage statement is ''"),
    "statement of volumes lost": (lambda a: _change_portfolio(a, 7, public_note=""), "coverage statement is ''"),
    "statement invented": (lambda a: _change_portfolio(a, 0, public_note=f"{DESK} {STATED}"), "statement is 'v.1"),
    # bibs
    "title": (lambda a: _recatalogue(a, journal(0), title="Other Journal"), "title is 'Other Journal'"),
    "title with a needless bracket": (lambda a: _recatalogue(a, journal(0), title=f"{journal(0).title} (2)"), "title"),
    "identifier lost": (lambda a: _recatalogue(a, journal(0), issn_print=""), "identifiers is"),
    "identifier added": (lambda a: _recatalogue(a, NAMESAKES[0], issn_print=issn(99)), "identifiers is"),
    "publisher": (lambda a: _recatalogue(a, journal(0), publisher="Other Press"), "publisher is 'Other Press'"),
    "edition": (lambda a: _recatalogue(a, BOOK, edition=""), "edition is ''"),
    "author lost": (lambda a: _recatalogue(a, BOOK, authors=("Quayle, B.",)), "people is"),
    "editor as author": (
        lambda a: _recatalogue(a, BOOK, authors=(*BOOK.authors, *BOOK.editors), editors=()), "people is",
    ),
    "description": (lambda a: _recatalogue(a, BOOK, description="99 pages"), "description is '99 pages'"),
    "kind of bib": (lambda a: _recatalogue(a, journal(0), kind=PublicationKind.BOOK), "leader 06 and 07 is 'am'"),
    "bib without mark": (lambda a: _without_marks(a, 0), "035 with (FOLIO-EH) is []"),
    "bib with two marks": (lambda a: _mark(a.state.keys["bib:0"], "778"), "not exactly one"),
    "mark on two bibs": (lambda a: _mark(a.state.keys["bib:0"], "901"), "bib twice: (FOLIO-EH)901 on 2 bibs"),
    "bib twice": (_twin, "bib 'bib:9' came back as 2 bibs"),
    "two bibs as one": (_merged_bibs, "stands for 2 bibs of the library"),
}  # fmt: skip


@pytest.mark.parametrize("name", PLANTED)
def test_a_planted_difference_is_found(name: str, back: PracticeAlma) -> None:
    plant, words = PLANTED[name]
    plant(back)
    found = _complaints(back)
    assert any(words in one for one in found), found


# --- where more than one outcome is right


def test_a_number_in_a_field_for_wrong_ones_counts_only_when_it_is_wrong() -> None:
    wrong = with_wrong_check_digit(issn(0))
    original = library([journal(0, issn_print="", issn_online=wrong)], collection("Journals", [entry(0)]))
    alma = _filled(library([journal(0, issn_print="", issn_online="")], collection("Journals", [entry(0)])))
    record = alma.state.keys["bib:0"].record
    record.fields.append(MarcField("022", "  ", (("y", wrong),)))
    assert _complaints(alma, original) == []
    valid = library([journal(0, issn_print="")], *original.collections)
    record.fields[-1] = MarcField("022", "  ", (("y", issn(1)),))
    (complaint,) = _complaints(alma, valid)
    assert "identifiers is []" in complaint


def test_the_knowledge_base_may_know_a_title_by_another_name(back: PracticeAlma) -> None:
    known = knowledge_base(known_title(journal(0), name="JOURNAL 0, THE"))
    _recatalogue(back, journal(0), title="JOURNAL 0, THE", issn_print="", publisher="Vendor")
    assert differences(ORIGINAL, back, proxies=PROXIES, notes=NOTES, knowledge_base=known) == []
    assert len(_complaints(back)) == 3
    _recatalogue(back, journal(0), title="Other Journal", issn_print="")
    assert differences(ORIGINAL, back, proxies=PROXIES, notes=NOTES, knowledge_base=known) != []


def test_a_long_note_comes_back_cut() -> None:
    note = "Ask at the desk. " * 40
    original = library([journal(0)], collection("Journals", [entry(0, public_note=note)]))
    cut = f"{note[:492].rstrip()}…"
    back = _filled(library([journal(0)], collection("Journals", [entry(0, public_note=cut)])))
    assert _complaints(back, original) == []
    back = _filled(library([journal(0)], collection("Journals", [entry(0, public_note=note.strip())])))
    (complaint,) = _complaints(back, original)
    assert "public_note is" in complaint


def test_a_film_may_have_no_material_type_and_a_proxy_two_codes_lead_to_is_lost(back: PracticeAlma) -> None:
    back.edit_portfolio(_portfolio(back, TALK, "Our Name"), material_type="")
    assert _complaints(back) == []
    two = {"EZPROXY": "EZProxy", "OLDPROXY": "EZProxy"}
    found = differences(ORIGINAL, back, proxies=two, notes=NOTES)
    assert len([one for one in found if "proxy is EZPROXY, not ['']" in one]) == 2
