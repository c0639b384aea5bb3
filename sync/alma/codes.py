"""What this institution's Alma codes mean: from its own code tables, from the configuration, else from what is known.

The codes for coverage in use and for the moving wall are not published (facts: alma §2c); their tables' English
descriptions tell them apart, and the configuration has the last word.
"""

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from enum import StrEnum

from sync.model import EmbargoKind


class CoverageInUse(StrEnum):
    """Which of a portfolio's two coverage lists count."""

    LOCAL = "local"
    GLOBAL = "global"
    BOTH = "both"
    EITHER = "either"


KNOWN_COVERAGE_IN_USE = {
    "0": CoverageInUse.LOCAL,
    "1": CoverageInUse.GLOBAL,
    "2": CoverageInUse.BOTH,
    "3": CoverageInUse.EITHER,
}


@dataclass(frozen=True, slots=True)
class Operator:
    """What an operator of a moving wall says with the number X: its kind, of X and so many `more`."""

    kind: EmbargoKind
    more: int = 0


KNOWN_OPERATORS = {
    ">=": Operator(EmbargoKind.DELAY),
    ">": Operator(EmbargoKind.DELAY, 1),
    "<=": Operator(EmbargoKind.ROLLING),
    "<": Operator(EmbargoKind.ROLLING, -1),
}
"""The four walls of Alma (facts: alma §2c; cases: embargo operators). Years count as years, months as months."""

KNOWN_PUBLICATION_TYPES = {
    "JOURNAL": "Journal",
    "BOOK": "Book",
    "EBOOK": "Book",
    "NEWSPAPER": "Newspaper",
    "NEWSLETTER": "Newsletter",
    "PROCEEDINGS": "Proceedings",
    "CONFERENCE": "Proceedings",
    "REPORT": "Report",
    "DISSERTATION": "Thesis & Dissertation",
    "MASTERTHESIS": "Thesis & Dissertation",
    "DATABASE": "Database",
    "WEBSITE": "Website",
    "VIDEO": "Streaming Video",
    "AUDIO": "Streaming Audio",
    "AUDIOBOOK": "Audiobook",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class AlmaCodes:
    """The meanings of codes; a code that is in none of the maps is not understood, and said so."""

    coverage_in_use: Mapping[str, CoverageInUse] = field(default_factory=lambda: dict(KNOWN_COVERAGE_IN_USE))
    embargo_operators: Mapping[str, Operator] = field(default_factory=lambda: dict(KNOWN_OPERATORS))
    publication_types: Mapping[str, str] = field(default_factory=lambda: dict(KNOWN_PUBLICATION_TYPES))
    coverage_table: frozenset[str] = frozenset()
    operator_table: frozenset[str] = frozenset()
    """The codes that the institution's own tables hold, or its configuration names; empty: it could not be read."""


@dataclass(frozen=True, slots=True, kw_only=True)
class WriteCodes:
    """The codes of this institution for what is written: the reverse of `AlmaCodes`, one code for each meaning.

    `only_local` stands for coverage in use, `delay` and `rolling` for the embargo's operator, with `delay_more` and
    `rolling_more` for what that adds to its number;
    `collection_access_type` for a new collection, which Alma refuses without one (60128); "" where the institution's
    tables have none.
    `material_types` lead from FOLIO's publication types to codes; `proxies` are those Alma knows, None when it does
    not tell.
    """

    only_local: str = "0"
    delay: str = ">="
    delay_more: int = 0
    rolling: str = "<="
    rolling_more: int = 0
    collection_access_type: str = ""
    material_types: Mapping[str, str] = field(default_factory=dict)
    proxies: frozenset[str] | None = None


def write_codes(
    codes: AlmaCodes,
    *,
    material_table: Collection[str],
    access_type_table: Mapping[str, bool],
    access_type: str,
    proxies: frozenset[str] | None = None,
) -> WriteCodes:
    """Return which code stands for what.

    `material_table` and `access_type_table` (code → whether it is the default) are the institution's own tables,
    empty where the key may not read them; then what is known must do. `access_type` is the configuration's word.
    """
    local = sorted(
        code
        for code, use in codes.coverage_in_use.items()
        if use is CoverageInUse.LOCAL and _exists(code, codes.coverage_table)
    )
    default = next((code for code, is_default in access_type_table.items() if is_default), "")
    material_types: dict[str, str] = {}
    for code, publication_type in codes.publication_types.items():
        if not material_table or code in material_table:
            material_types.setdefault(publication_type, code)
    delay, delay_more = _operator(codes, EmbargoKind.DELAY)
    rolling, rolling_more = _operator(codes, EmbargoKind.ROLLING)
    return WriteCodes(
        only_local="0" if "0" in local else next(iter(local), ""),
        delay=delay,
        delay_more=delay_more,
        rolling=rolling,
        rolling_more=rolling_more,
        collection_access_type=access_type or default or next(iter(access_type_table), ""),
        material_types=material_types,
        proxies=proxies,
    )


def _exists(code: str, table: frozenset[str]) -> bool:
    """Return whether the institution has the code, as far as its table could be read: what is only known may not."""
    return not table or code in table


def _operator(codes: AlmaCodes, kind: EmbargoKind) -> tuple[str, int]:
    """Return the code for a wall of this kind, if possible one that adds nothing, and what it adds; "" without one."""
    meaning_it = [
        (found.more != 0, code not in KNOWN_OPERATORS, code, found.more)
        for code, found in codes.embargo_operators.items()
        if found.kind is kind and _exists(code, codes.operator_table)
    ]
    *_, code, more = min(meaning_it, default=(False, False, "", 0))
    return code, more


def interpret(
    *,
    coverage_table: Mapping[str, str],
    operator_table: Mapping[str, str],
    coverage_in_use: Mapping[str, str],
    embargo_operators: Mapping[str, str],
    material_types: Mapping[str, str],
) -> AlmaCodes:
    """Return the meanings from the two code tables (code → English description) and the configuration's maps."""
    coverage = dict(KNOWN_COVERAGE_IN_USE)
    for code, description in coverage_table.items():
        found = read_coverage_description(description)
        if found is not None:
            coverage[code] = found
    operators = dict(KNOWN_OPERATORS)
    for code, description in operator_table.items():
        meaning = read_operator_description(description)
        if meaning is not None:
            operators[code] = meaning
    coverage.update({code: CoverageInUse(word) for code, word in coverage_in_use.items()})
    operators.update({code: Operator(EmbargoKind(word)) for code, word in embargo_operators.items()})
    return AlmaCodes(
        coverage_in_use=coverage,
        embargo_operators=operators,
        publication_types={**KNOWN_PUBLICATION_TYPES, **material_types},
        coverage_table=frozenset({*coverage_table, *coverage_in_use}) if coverage_table else frozenset(),
        operator_table=frozenset({*operator_table, *embargo_operators}) if operator_table else frozenset(),
    )


def read_coverage_description(description: str) -> CoverageInUse | None:
    """Return what a description of the table `CoverageInUse` says, None when its words are others."""
    words = set(re.findall(r"\w+", description.lower()))
    if {"local", "global"} <= words:
        if "or" in words:
            return CoverageInUse.EITHER
        return CoverageInUse.BOTH if "and" in words else None
    if "local" in words:
        return CoverageInUse.LOCAL
    return CoverageInUse.GLOBAL if "global" in words else None


def read_operator_description(description: str) -> Operator | None:
    """Return what a description of the table `MovingWallOperator` says, None when its words are others.

    "Older than" a year is one year more than "as old as or older than": the year itself is not available.
    """
    words = description.lower()
    itself = any(word in words for word in ("as old as", "equal", "at least", "at most"))
    if any(word in words for word in ("not available", "unavailable", "delay")):
        return Operator(EmbargoKind.DELAY)
    if "older" in words:
        return Operator(EmbargoKind.DELAY, 0 if itself else 1)
    if "available" in words and "younger" in words:
        return Operator(EmbargoKind.ROLLING, 0 if itself else -1)
    if "available" in words and any(word in words for word in ("only", "newer", "within")):
        return Operator(EmbargoKind.ROLLING)
    return None
