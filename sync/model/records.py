"""The records of the canonical model: package, service, title, holding; and what could not become one."""

from dataclasses import dataclass
from enum import StrEnum

from sync.model.coverage import CoverageRange, Embargo
from sync.model.identifiers import Identifier

PUBLICATION_TYPES = (
    "Audiobook", "Book", "Book Series", "Database", "Journal", "Newsletter", "Newspaper", "Proceedings", "Report",
    "Streaming Audio", "Streaming Video", "Thesis & Dissertation", "Website", "Unspecified",
)  # fmt: skip
"""What a title can be: FOLIO's fourteen publication types (facts: folio §2.2)."""

UserDefined = tuple[str | None, str | None, str | None, str | None, str | None]


class System(StrEnum):
    """The two sides of a pair."""

    ALMA = "alma"
    FOLIO = "folio"

    @property
    def label(self) -> str:
        """Return the system's name as people write it."""
        return "Alma" if self is System.ALMA else "FOLIO"


class Kind(StrEnum):
    """The kinds of records, in the order in which they are created."""

    PACKAGE = "package"
    SERVICE = "service"
    TITLE = "title"
    HOLDING = "holding"


@dataclass(frozen=True, slots=True)
class Proxy:
    """The proxy a link goes through. `code` is the owning system's code; "" with `enabled` False is no proxy."""

    enabled: bool
    code: str = ""

    def __str__(self) -> str:
        return self.code if self.enabled else "none"


INHERITED = Proxy(enabled=False, code="inherited")
"""FOLIO's word that a title or package has the proxy of the level above it, and none of its own."""


@dataclass(frozen=True, slots=True)
class Contributor:
    """`role` is author, editor or illustrator."""

    role: str
    name: str


@dataclass(frozen=True, slots=True)
class Loss:
    """A value the other side cannot hold: recorded, never silent."""

    field: str
    value: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Package:
    """Alma electronic collection, FOLIO package. None in a field means: the reading did not say.

    `content_type` is one of FOLIO's nine; `type_code` Alma's collection type; `selected` is always true in Alma.
    `service_keys` are the collection's services; FOLIO has none. `losses` are what the reading already had to leave
    out.
    """

    key: str
    name: str
    managed: bool
    content_type: str = "Unknown"
    hidden: bool = False
    selected: bool = True
    coverage: tuple[CoverageRange, ...] = ()
    proxy: Proxy | None = None
    url: str | None = ""
    description: str | None = ""
    public_note: str = ""
    authentication_note: str = ""
    internal_description: str = ""
    access_type: str | None = None
    tags: tuple[str, ...] | None = None
    type_code: str = ""
    interface_name: str = ""
    provider_name: str = ""
    service_keys: tuple[str, ...] = ()
    losses: tuple[Loss, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """Alma electronic service; FOLIO has none. `type_code` is Alma's (getFullTxt, …)."""

    key: str
    package_key: str
    type_code: str = ""
    available: bool = True
    name: str = ""
    public_note: str = ""
    authentication_note: str = ""
    internal_description: str = ""
    proxy: Proxy | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Title:
    """Alma bib, FOLIO title. `managed` titles belong to a knowledge base and are never written.

    `publication_type` is one of FOLIO's fourteen. None in `edition`, `description` or `contributors`: not read.
    `related` are numbers that are none of its own and may match all the same (a linking ISSN), as match keys;
    `suppressed`: Alma shows it to no reader.
    """

    key: str
    name: str
    publication_type: str = "Unspecified"
    managed: bool = False
    identifiers: tuple[Identifier, ...] = ()
    publisher: str = ""
    edition: str | None = ""
    description: str | None = ""
    contributors: tuple[Contributor, ...] | None = ()
    related: tuple[str, ...] = ()
    suppressed: bool = False

    def match_keys(self) -> frozenset[str]:
        """Return the numbers in the form in which they match: the valid identifiers, and related ones."""
        return frozenset([*self.related, *(one.match_key for one in self.identifiers if one.valid)])

    def numbers(self) -> tuple[str, ...]:
        """Return the valid identifiers as a report shows them, each once."""
        return tuple(dict.fromkeys(one.value for one in self.identifiers if one.valid))


@dataclass(frozen=True, slots=True, kw_only=True)
class Holding:
    """Alma portfolio, FOLIO resource: one title in one package. None in a field: not read, or to be left as it is.

    `coverage` are the ranges in effect, in the source's own precision; with `vendor_coverage` (and `vendor_embargo`)
    they are the knowledge base's, not the library's own. `user_defined` are FOLIO's five local fields, `losses` what
    the reading already had to leave out.
    """

    key: str
    package_key: str
    title_key: str
    service_key: str = ""
    available: bool = True
    managed: bool = False
    url: str | None = ""
    coverage: tuple[CoverageRange, ...] = ()
    embargo: Embargo | None = None
    coverage_statement: str | None = None
    public_note: str | None = ""
    authentication_note: str | None = ""
    internal_description: str | None = ""
    proxy: Proxy | None = None
    access_type: str | None = None
    user_defined: UserDefined = (None, None, None, None, None)
    tags: tuple[str, ...] | None = None
    vendor_coverage: bool = False
    vendor_embargo: bool = False
    losses: tuple[Loss, ...] = ()


Record = Package | Service | Title | Holding


def kind_of(record: Record) -> Kind:
    """Return which kind of record it is."""
    match record:
        case Package():
            return Kind.PACKAGE
        case Service():
            return Kind.SERVICE
        case Title():
            return Kind.TITLE
        case Holding():
            return Kind.HOLDING


@dataclass(frozen=True, slots=True, kw_only=True)
class Parked:
    """A record that cannot take part as it stands, with the reason and what to do about it.

    `place` says of a portfolio of Alma in which collection on which bib it stands: "collection/bib".
    """

    system: System
    kind: Kind
    key: str
    name: str
    field: str
    reason: str
    advice: str
    place: str = ""
