"""What this institution's Alma codes mean: from its own code tables, from the configuration, else from what is known.

The codes for coverage in use and for the moving wall are not published (facts: alma §2c); their tables' English
descriptions tell them apart, and the configuration has the last word.
"""

import re
from collections.abc import Mapping
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
KNOWN_OPERATORS = {
    ">": EmbargoKind.DELAY,
    ">=": EmbargoKind.DELAY,
    "<": EmbargoKind.ROLLING,
    "<=": EmbargoKind.ROLLING,
}
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
    embargo_operators: Mapping[str, EmbargoKind] = field(default_factory=lambda: dict(KNOWN_OPERATORS))
    publication_types: Mapping[str, str] = field(default_factory=lambda: dict(KNOWN_PUBLICATION_TYPES))


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
        kind = read_operator_description(description)
        if kind is not None:
            operators[code] = kind
    coverage.update({code: CoverageInUse(word) for code, word in coverage_in_use.items()})
    operators.update({code: EmbargoKind(word) for code, word in embargo_operators.items()})
    return AlmaCodes(
        coverage_in_use=coverage,
        embargo_operators=operators,
        publication_types={**KNOWN_PUBLICATION_TYPES, **material_types},
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


def read_operator_description(description: str) -> EmbargoKind | None:
    """Return what a description of the table `MovingWallOperator` says, None when its words are others."""
    words = description.lower()
    if any(word in words for word in ("not available", "unavailable", "delay", "older")):
        return EmbargoKind.DELAY
    if "available" in words and any(word in words for word in ("only", "younger", "newer", "within")):
        return EmbargoKind.ROLLING
    return None
