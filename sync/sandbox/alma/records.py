"""The records a practice Alma keeps, in memory: bibs, collections, services, portfolios."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sync.sandbox.alma import marc
from sync.sandbox.seed import SeedBib

Values = dict[str, Any]
"""The set fields of a record by their names (`fields`): plain text, nested for groups and rows."""

Wire = dict[str, Any]
"""A JSON body."""


@dataclass(slots=True, eq=False)
class Bib:
    """A bib. Its MARC record is made from the seed when somebody first asks for it."""

    mms_id: str
    seed: SeedBib | None = None
    made: marc.MarcRecord | None = None
    community_zone_id: str = ""
    suppressed: bool = False
    created: str = ""
    modified: datetime | None = None
    created_by: str = "import"
    portfolios: "dict[str, Portfolio]" = field(default_factory=dict)

    @property
    def record(self) -> marc.MarcRecord:
        """Return the MARC record."""
        if self.made is None:
            self.made = marc.from_seed(self.seed or SeedBib(key=self.mms_id, title=""))
        return self.made

    @property
    def other_ids(self) -> list[str]:
        """Return the 035 numbers, the Community-Zone id among them."""
        shared = [f"{marc.COMMUNITY_ZONE_PREFIX}{self.community_zone_id}"] if self.community_zone_id else []
        return self.record.texts("035", "a") + shared


@dataclass(slots=True, eq=False)
class Collection:
    """An electronic collection; `bib` is its own bib record."""

    id: str
    is_local: bool
    values: Values
    bib: Bib
    services: "dict[str, Service]" = field(default_factory=dict)

    @property
    def portfolio_count(self) -> int:
        """Return how many portfolios all services have."""
        return sum(len(service.portfolios) for service in self.services.values())


@dataclass(slots=True, eq=False)
class Service:
    """An electronic service of a collection. `gone_at` is set while its delete is in process."""

    id: str
    is_local: bool
    values: Values
    collection: Collection
    portfolios: "dict[str, Portfolio]" = field(default_factory=dict)
    gone_at: datetime | None = None


@dataclass(slots=True, eq=False)
class Portfolio:
    """A portfolio; standalone when it has no service. `gone_at` as for a service."""

    id: str
    is_local: bool
    values: Values
    bib: Bib
    service: Service | None
    gone_at: datetime | None = None
    bib_afterwards: str = "retain"
