"""The canonical holdings model: what Alma and FOLIO both mean, in frozen types without I/O."""

from sync.model.coverage import CoverageRange, DayRange, Embargo, EmbargoKind, EmbargoUnit, PartialDate, day_ranges
from sync.model.identifiers import Identifier, IdentifierKind, Medium, parse_isbn, parse_issn
from sync.model.readings import Batch, Extraction, Reading, Sink
from sync.model.records import (
    INHERITED,
    PUBLICATION_TYPES,
    Contributor,
    Holding,
    Kind,
    Loss,
    Package,
    Parked,
    Proxy,
    Record,
    Service,
    System,
    Title,
    UserDefined,
)
from sync.model.text import clean, cut_at_word, name_key

__all__ = [
    "INHERITED",
    "PUBLICATION_TYPES",
    "Batch",
    "Contributor",
    "CoverageRange",
    "DayRange",
    "Embargo",
    "EmbargoKind",
    "EmbargoUnit",
    "Extraction",
    "Holding",
    "Identifier",
    "IdentifierKind",
    "Kind",
    "Loss",
    "Medium",
    "Package",
    "Parked",
    "PartialDate",
    "Proxy",
    "Reading",
    "Record",
    "Service",
    "Sink",
    "System",
    "Title",
    "UserDefined",
    "clean",
    "cut_at_word",
    "day_ranges",
    "name_key",
    "parse_isbn",
    "parse_issn",
]
