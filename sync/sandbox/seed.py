"""What a practice system is filled with: plain records, close to what a librarian would type into a spreadsheet.

The generator (`library.py`) and the title-list reader (`kbart.py`) make these; the practice systems turn them into
their own records and give them their ids.
"""

from dataclasses import dataclass, field
from enum import StrEnum


class PublicationKind(StrEnum):
    """What a bib describes: decides its MARC leader and the portfolio's material type."""

    JOURNAL = "JOURNAL"
    BOOK = "BOOK"
    AUDIO = "AUDIO"
    VIDEO = "VIDEO"


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedBib:
    """A title. `key` is a name of our own, unique within one library, by which portfolios refer to it."""

    key: str
    title: str
    subtitle: str = ""
    kind: PublicationKind = PublicationKind.JOURNAL
    issn_print: str = ""
    issn_online: str = ""
    isbn_print: str = ""
    isbn_online: str = ""
    publisher: str = ""
    edition: str = ""
    authors: tuple[str, ...] = ()
    editors: tuple[str, ...] = ()
    description: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedRange:
    """One coverage range. Parts that are unknown are empty; an empty end is open. Numbers are text, as in Alma."""

    from_year: str = ""
    from_month: str = ""
    from_day: str = ""
    from_volume: str = ""
    from_issue: str = ""
    until_year: str = ""
    until_month: str = ""
    until_day: str = ""
    until_volume: str = ""
    until_issue: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedEmbargo:
    """`operator` is a code of the practice Alma's `MovingWallOperator` table."""

    operator: str
    years: str = ""
    months: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedPortfolio:
    """A bib in a service. `url` without Alma's `jkey=` prefix unless `raw_url` says to store it as it stands."""

    bib: str
    available: bool = True
    url: str = ""
    url_override: str = ""
    raw_url: bool = False
    url_type: str = "static"
    coverage_in_use: str = "0"
    local_coverage: tuple[SeedRange, ...] = ()
    global_coverage: tuple[SeedRange, ...] = ()
    local_embargo: SeedEmbargo | None = None
    global_embargo: SeedEmbargo | None = None
    proxy_enabled: bool = False
    proxy: str = ""
    public_note: str = ""
    authentication_note: str = ""
    internal_description: str = ""
    material_type: str = ""
    is_local: bool | None = None  # None: as its collection


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedService:
    """An electronic service. `type` and `activation_status` are codes (facts: getFullTxt; 11 available, 10 not)."""

    type: str = "getFullTxt"
    activation_status: str = "11"
    public_description: str = ""
    portfolios: tuple[SeedPortfolio, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedCollection:
    """An electronic collection. `type`: 0 selective package, 1 aggregator package, 6 database."""

    name: str
    type: str = "0"
    is_local: bool = True
    name_override: str = ""
    access_type: str = "current"
    description: str = ""
    public_note: str = ""
    authentication_note: str = ""
    internal_description: str = ""
    url: str = ""
    url_override: str = ""
    proxy_enabled: bool = False
    proxy: str = ""
    interface: str = ""
    library: str = ""
    services: tuple[SeedService, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedLibrary:
    """Everything one practice Alma holds."""

    bibs: tuple[SeedBib, ...] = ()
    collections: tuple[SeedCollection, ...] = ()
    warnings: tuple[str, ...] = field(default=())  # what a title list held that could not be used, row by row


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedKnowledgeBaseTitle:
    """A title the vendor's knowledge base behind the practice FOLIO already knows (managed)."""

    name: str
    publication_type: str = "Journal"
    issn_print: str = ""
    issn_online: str = ""
    isbn_print: str = ""
    isbn_online: str = ""
    publisher: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedKnowledgeBasePackage:
    """A managed package of the vendor's knowledge base. `titles` are positions in the list of titles."""

    name: str
    provider: str
    content_type: str = "E-Journal"
    titles: tuple[int, ...] = ()
    selected: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class SeedKnowledgeBase:
    """What the practice FOLIO knows before anybody has written to it."""

    titles: tuple[SeedKnowledgeBaseTitle, ...] = ()
    packages: tuple[SeedKnowledgeBasePackage, ...] = ()
