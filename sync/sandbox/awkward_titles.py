"""The awkward cases that are titles: their bibs, their portfolios, and in which sort of collection each belongs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any

from sync.sandbox.awkward import HYPERLINK_FORMULA, AwkwardCase, bib_key
from sync.sandbox.identifiers import IdentifierMint, isbn10, with_wrong_check_digit
from sync.sandbox.seed import PublicationKind, SeedBib, SeedEmbargo, SeedPortfolio, SeedRange
from sync.sandbox.seed_coverage import DELAY, ROLLING

Case = AwkwardCase
_ADDRESS = "https://awkward.example.org/{}/{}"


class Host(Enum):
    """Where a portfolio belongs."""

    LOCAL = auto()  # the first local collection
    COMMUNITY = auto()  # the first collection of the Community Zone
    THIRD = auto()  # another ordinary collection
    FIRST_SERVICE = auto()  # of the collection with two services
    SECOND_SERVICE = auto()


@dataclass(frozen=True, slots=True, kw_only=True)
class AwkwardTitles:
    """A case with its bibs and their portfolios. It is taken as a whole or not at all."""

    case: AwkwardCase
    bibs: tuple[SeedBib, ...]
    portfolios: tuple[tuple[Host, SeedPortfolio], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Simple:
    """A case of one bib and one portfolio, said by what differs from an ordinary journal."""

    title: str
    bib: Mapping[str, Any] = field(default_factory=dict)
    portfolio: Mapping[str, Any] = field(default_factory=dict)
    host: Host = Host.LOCAL


def _years(begin: int, end: int | None = None) -> SeedRange:
    return SeedRange(from_year=str(begin), until_year="" if end is None else str(end))


def _long_address(length: int) -> str:
    return ("https://awkward.example.org/openurl?session=" + "a1b2c3d4e5" * 70)[:length]


_BOTH_LISTS: Mapping[str, Any] = {"local_coverage": (_years(2000, 2010),), "global_coverage": (_years(1995, 2005),)}
_NO_ISSN: Mapping[str, Any] = {"issn_print": "", "issn_online": ""}

_COVERAGE: Mapping[AwkwardCase, _Simple] = {
    Case.NINE_RANGES: _Simple(
        title="Notes on Interrupted Publishing",
        portfolio={"local_coverage": tuple(_years(year, year + 1) for year in range(1980, 2007, 3))},
    ),
    Case.YEARS_ONLY: _Simple(
        title="Yearbook of Lighthouse Keeping", portfolio={"local_coverage": (_years(1991, 2004),)}
    ),
    Case.MONTHS: _Simple(
        title="Monthly Record of Tides",
        portfolio={
            "local_coverage": (SeedRange(from_year="1996", from_month="4", until_year="2008", until_month="2"),),
        },
    ),
    Case.VOLUMES_AND_ISSUES: _Simple(
        title="Numbered Proceedings in Ropemaking",
        portfolio={
            "local_coverage": (
                SeedRange(
                    from_year="1988",
                    from_volume="12",
                    from_issue="1&2",
                    until_year="2001",
                    until_month="10",
                    until_day="31",
                    until_volume="25",
                    until_issue="4/5",
                ),
            ),
        },
    ),
    Case.OPEN_END: _Simple(
        title="Continuing Letters on Harbour Ice",
        portfolio={"local_coverage": (SeedRange(from_year="2003", from_month="1", from_day="15"),)},
    ),
    Case.NO_COVERAGE: _Simple(title="Undated Leaflets on Beekeeping", portfolio={"local_coverage": ()}),
    Case.ONLY_LOCAL: _Simple(
        title="Coverage Studies, Local", portfolio={**_BOTH_LISTS, "coverage_in_use": "0"}, host=Host.COMMUNITY
    ),
    Case.ONLY_GLOBAL: _Simple(
        title="Coverage Studies, Global", portfolio={**_BOTH_LISTS, "coverage_in_use": "1"}, host=Host.COMMUNITY
    ),
    Case.LOCAL_AND_GLOBAL: _Simple(
        title="Coverage Studies, Shared", portfolio={**_BOTH_LISTS, "coverage_in_use": "2"}, host=Host.COMMUNITY
    ),
    Case.LOCAL_OR_GLOBAL: _Simple(
        title="Coverage Studies, Joint", portfolio={**_BOTH_LISTS, "coverage_in_use": "3"}, host=Host.COMMUNITY
    ),
    Case.ONLY_LOCAL_EMPTY: _Simple(
        title="Coverage Studies, Empty",
        portfolio={"local_coverage": (), "global_coverage": (_years(1995, 2005),)},
        host=Host.COMMUNITY,
    ),
    Case.EMBARGO_MONTHS: _Simple(
        title="Delayed Reports on Kelp", portfolio={"local_embargo": SeedEmbargo(operator=DELAY, months="12")}
    ),
    Case.EMBARGO_YEARS: _Simple(
        title="Delayed Reports on Slate", portfolio={"local_embargo": SeedEmbargo(operator=DELAY, years="1")}
    ),
    Case.EMBARGO_YEARS_AND_MONTHS: _Simple(
        title="Delayed Reports on Peat",
        portfolio={"local_embargo": SeedEmbargo(operator=DELAY, years="1", months="6")},
    ),
    Case.ROLLING_WALL: _Simple(
        title="Ten Latest Years of Canal Traffic",
        portfolio={"local_embargo": SeedEmbargo(operator=ROLLING, years="10")},
    ),
    Case.EQUAL_WALL: _Simple(
        title="Wharf and Crane Gazette", portfolio={"local_embargo": SeedEmbargo(operator="=", months="6")}
    ),
    Case.ENDED_WITH_EMBARGO: _Simple(
        title="Closed Series on Salt Pans",
        portfolio={
            "local_coverage": (_years(1990, 2012),),
            "local_embargo": SeedEmbargo(operator=DELAY, months="18"),
        },
    ),
    Case.IMPOSSIBLE_DATE: _Simple(
        title="Calendar of Errors",
        portfolio={
            "local_coverage": (
                SeedRange(from_year="2003", from_month="2", from_day="30", until_year="2009", until_month="12"),
            ),
        },
    ),
    Case.UNTIL_BEFORE_FROM: _Simple(title="Calendar of Reversals", portfolio={"local_coverage": (_years(2011, 2005),)}),
}

_ADDRESSES: Mapping[AwkwardCase, _Simple] = {
    Case.UNAVAILABLE: _Simple(title="Withdrawn Journal of Millstones", portfolio={"available": False}),
    Case.PROXY: _Simple(title="Proxied Journal of Dykes", portfolio={"proxy_enabled": True, "proxy": "EZPROXY"}),
    Case.UNMAPPED_PROXY: _Simple(
        title="Proxied Journal of Weirs", portfolio={"proxy_enabled": True, "proxy": "OLDPROXY"}
    ),
    Case.DYNAMIC_LINK: _Simple(
        title="Resolved Journal of Ferries", portfolio={"url": "", "url_type": "dynamic"}, host=Host.COMMUNITY
    ),
    Case.URL_OVERRIDE: _Simple(
        title="Journal of Moved Addresses",
        portfolio={"url_override": "https://mirror.example.edu/moved-addresses"},
        host=Host.COMMUNITY,
    ),
    Case.RAW_URL_WITH_JKEY: _Simple(
        title="Journal of Prefixed Addresses",
        portfolio={"url": "jkey=https://awkward.example.org/prefixed", "raw_url": True},
    ),
    Case.RAW_URL_WITHOUT_JKEY: _Simple(
        title="Journal of Plain Addresses", portfolio={"url": "https://awkward.example.org/plain", "raw_url": True}
    ),
    Case.JKEY_IN_QUERY: _Simple(
        title="Journal of Queried Addresses", portfolio={"url": "https://awkward.example.org/get?jkey=A1&view=full"}
    ),
    Case.URL_OF_600: _Simple(title="Journal of Long Addresses", portfolio={"url": _long_address(600)}),
    Case.URL_OVER_600: _Simple(title="Journal of Longer Addresses", portfolio={"url": _long_address(640)}),
}

_NAMES: Mapping[AwkwardCase, _Simple] = {
    Case.NO_IDENTIFIER: _Simple(title="Nameless Newsletter for Bell Founders", bib=_NO_ISSN),
    Case.LONG_TITLE: _Simple(
        title=("Transactions, Minutes and Correspondence of the Committee on Drainage, " * 7)[:430]
    ),
    Case.LONG_PUBLISHER: _Simple(
        title="Papers of a Long-Named Society",
        bib={"publisher": ("Calderstane Society for the Improvement of Roads, Bridges and Ferries; " * 4)[:270]},
    ),
    Case.ARABIC: _Simple(title="مجلة دراسات الموانئ القديمة", bib={"publisher": "دار تولفار"}),
    Case.CHINESE: _Simple(title="港口工程与航运史研究", bib={"publisher": "阿什奎尔出版社"}),
    Case.COMBINING: _Simple(title="Cahiers d'e\u0301tudes portuaires ge\u0301ne\u0301rales, Zu\u0308rich"),
    Case.MARKUP_IN_TITLE: _Simple(
        title="The <b>Bold</b> & <i>Slanted</i> Journal of Type",
        portfolio={
            "public_note": "Ask at the <b>desk</b>.<br/>Tom &amp; Ann",
            "authentication_note": "<a href='#'>log in</a>",
        },
    ),
    Case.SCRIPT_IN_TITLE: _Simple(
        title="Scripts <script>alert('title')</script> Quarterly",
        portfolio={
            "public_note": "<script>alert('note')</script>",
            "internal_description": "<img src=x onerror=alert(1)>",
        },
    ),
    Case.FORMULA_HYPERLINK: _Simple(
        title=HYPERLINK_FORMULA, portfolio={"public_note": HYPERLINK_FORMULA, "authentication_note": "=1+1"}
    ),
    Case.FORMULA_PLUS: _Simple(title="+1 Quarterly", portfolio={"public_note": "+1", "internal_description": "-2+3"}),
    Case.FORMULA_AT: _Simple(title="@SUM(A1:A9) Letters", portfolio={"public_note": "@SUM(A1:A9)"}),
    # U+0098 and U+009C enclose words that sorting skips, as German libraries write them
    Case.CONTROLS_IN_TITLE: _Simple(title="\u0098The\u009c Sorted Review of Files\u007f"),
    Case.CONTROLS_IN_NOTE: _Simple(
        title="Journal of Silent Bells",
        portfolio={"public_note": "ring\x07 twice\r\nthen\twait", "internal_description": "nul\x00 escape\x1b[31m"},
    ),
    Case.LEADING_BLANKS: _Simple(title="  \u00a0Indented Journal of Margins "),
}


def awkward_titles(mint: IdentifierMint) -> tuple[AwkwardTitles, ...]:
    """Return every case that is a title, in the order of AwkwardCase. The mint should be one for them alone."""
    cases = {}
    for case in AwkwardCase:
        simple = _COVERAGE.get(case) or _ADDRESSES.get(case) or _NAMES.get(case)
        if simple is not None:
            cases[case] = _from_simple(case, simple, mint)
        elif case in _MAKERS:
            cases[case] = _MAKERS[case](case, mint)
    return tuple(cases.values())


def _from_simple(case: AwkwardCase, simple: _Simple, mint: IdentifierMint) -> AwkwardTitles:
    bib = replace(_journal(case, simple.title, mint), **simple.bib)
    portfolio = replace(_portfolio(bib), **simple.portfolio)
    return AwkwardTitles(case=case, bibs=(bib,), portfolios=((simple.host, portfolio),))


def _journal(case: AwkwardCase, title: str, mint: IdentifierMint, number: int = 1) -> SeedBib:
    return SeedBib(
        key=bib_key(case, number),
        title=title,
        issn_print=mint.issn(),
        issn_online=mint.issn(),
        publisher="Saltmarrow Press",
    )


def _portfolio(bib: SeedBib, number: int = 1) -> SeedPortfolio:
    _, case, bib_number = bib.key.split(":")
    address = _ADDRESS.format(case.lower().replace("_", "-"), f"{bib_number}{number}")
    ranges = (_years(1998),) if bib.kind is PublicationKind.JOURNAL else ()
    return SeedPortfolio(bib=bib.key, url=address, local_coverage=ranges)


def _placed(case: AwkwardCase, bib: SeedBib, *hosts: Host) -> AwkwardTitles:
    portfolios = tuple((host, _portfolio(bib, number)) for number, host in enumerate(hosts, start=1))
    return AwkwardTitles(case=case, bibs=(bib,), portfolios=portfolios)


def _several_collections(case: AwkwardCase, mint: IdentifierMint) -> AwkwardTitles:
    bib = _journal(case, "Widely Held Journal of Estuaries", mint)
    return _placed(case, bib, Host.LOCAL, Host.COMMUNITY, Host.THIRD)


def _both_services(case: AwkwardCase, mint: IdentifierMint) -> AwkwardTitles:
    bib = _journal(case, "Twice Served Journal of Quays", mint)
    return _placed(case, bib, Host.FIRST_SERVICE, Host.SECOND_SERVICE)


def _twice(case: AwkwardCase, mint: IdentifierMint) -> AwkwardTitles:
    touching = case is Case.TWICE_TOUCHING
    bib = _journal(case, f"Journal of {'Adjoining' if touching else 'Overlapping'} Fields", mint)
    earlier, later = (_years(1990, 1999), _years(2000)) if touching else (_years(1990, 2005), _years(2000, 2010))
    return AwkwardTitles(
        case=case,
        bibs=(bib,),
        portfolios=(
            (Host.LOCAL, replace(_portfolio(bib, 1), local_coverage=(earlier,))),
            (Host.LOCAL, replace(_portfolio(bib, 2), local_coverage=(later,))),
        ),
    )


def _pair(case: AwkwardCase, first: SeedBib, second: SeedBib) -> AwkwardTitles:
    portfolios = ((Host.LOCAL, _portfolio(first)), (Host.LOCAL, _portfolio(second)))
    return AwkwardTitles(case=case, bibs=(first, second), portfolios=portfolios)


def _same_name(case: AwkwardCase, mint: IdentifierMint) -> AwkwardTitles:
    if case is Case.SAME_NAME_OTHER_PUBLISHER:
        first, second = (_journal(case, "Harbour Bulletin", mint, number) for number in (1, 2))
        return _pair(case, first, replace(second, publisher="Éditions Corvenna"))
    first, second = (replace(_journal(case, "Parish Notes", mint, number), **_NO_ISSN) for number in (1, 2))
    return _pair(case, first, second)


def _odd_issn(case: AwkwardCase, mint: IdentifierMint) -> AwkwardTitles:
    first = _journal(case, "Misprinted Journal of Locks", mint)
    if case is Case.WRONG_CHECK_DIGIT:
        bib = replace(first, issn_print=with_wrong_check_digit(first.issn_print), issn_online="")
        return _placed(case, bib, Host.LOCAL)
    if case is Case.PRINT_IS_ONLINE:
        return _placed(case, replace(first, title="Twofold Journal of Oars", issn_online=first.issn_print), Host.LOCAL)
    second = _journal(case, "Placeholder Journal of Buoys", mint, 2)
    placeholder: Mapping[str, Any] = {"issn_print": "1111-1111", "issn_online": ""}
    return _pair(
        case, replace(first, title="Placeholder Journal of Masts", **placeholder), replace(second, **placeholder)
    )


def _monograph(case: AwkwardCase, mint: IdentifierMint) -> AwkwardTitles:
    kind, title = {
        Case.AUDIO: (PublicationKind.AUDIO, "Sounds of the Estuary"),
        Case.VIDEO: (PublicationKind.VIDEO, "Building a Breakwater"),
        Case.ISBN10: (PublicationKind.BOOK, "Knots, Splices and Hitches"),
    }[case]
    bib = SeedBib(
        key=bib_key(case),
        title=title,
        kind=kind,
        isbn_print=isbn10(mint.isbn()) if case is Case.ISBN10 else "",
        isbn_online=mint.isbn(),
        publisher="Saltmarrow Press",
    )
    return _placed(case, bib, Host.LOCAL)


_MAKERS: Mapping[AwkwardCase, Callable[[AwkwardCase, IdentifierMint], AwkwardTitles]] = {
    Case.SEVERAL_COLLECTIONS: _several_collections,
    Case.BOTH_SERVICES: _both_services,
    Case.TWICE_TOUCHING: _twice,
    Case.TWICE_OVERLAPPING: _twice,
    Case.SAME_NAME_OTHER_PUBLISHER: _same_name,
    Case.SAME_NAME_SAME_PUBLISHER: _same_name,
    Case.WRONG_CHECK_DIGIT: _odd_issn,
    Case.PLACEHOLDER_ISSN: _odd_issn,
    Case.PRINT_IS_ONLINE: _odd_issn,
    Case.AUDIO: _monograph,
    Case.VIDEO: _monograph,
    Case.ISBN10: _monograph,
}
