"""Everything one practice Alma holds: ids, records by id, and the rules of removing them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime

from sync.sandbox.alma import marc
from sync.sandbox.alma.codes import Proxy
from sync.sandbox.alma.records import Bib, Collection, Portfolio, Service, Values
from sync.sandbox.seed import SeedBib


@dataclass(slots=True)
class Institution:
    """What is configured in Alma, outside the API's reach: what codes of records may point to."""

    code: str = "01PRACTICE_INST"
    name: str = "Practice Institution"
    suffix: str = "4321"
    libraries: dict[str, str] = field(default_factory=lambda: {"MAIN": "Main Library", "ONLINE": "Online Library"})
    proxies: dict[str, Proxy] = field(
        default_factory=lambda: {
            "ezproxy": Proxy("110001", "ezproxy", "EZproxy", "https://proxy.practice.invalid/login?url=")
        }
    )
    licenses: set[str] = field(default_factory=lambda: {"LICENSE-1"})
    po_lines: set[str] = field(default_factory=lambda: {"POL-1"})
    interfaces: set[str] = field(default_factory=lambda: {"Practice Interface"})

    def knows(self, table: str, value: str) -> bool:
        """Return whether a record may point to `value` of `table` (a name of the attributes above; others: never)."""
        return value in getattr(self, table, ())


@dataclass(slots=True)
class State:
    """The records by id, in the order they were made."""

    institution: Institution = field(default_factory=Institution)
    bibs: dict[str, Bib] = field(default_factory=dict)
    collections: dict[str, Collection] = field(default_factory=dict)
    services: dict[str, Service] = field(default_factory=dict)
    portfolios: dict[str, Portfolio] = field(default_factory=dict)
    keys: dict[str, Bib] = field(default_factory=dict)
    _serial: int = 10_000_000
    _leaving: list[Service | Portfolio] = field(default_factory=list)
    _numbers: dict[str, dict[str, list[Bib]]] | None = None

    # Ids: a prefix that tells the type, the institution's suffix at the end (facts: conventions §2)

    def next_id(self, prefix: str, width: int = 8) -> str:
        """Return an id nobody has yet: 61 collection, 62 service, 53 portfolio; 17 characters by default."""
        self._serial += 1
        return f"{prefix}{self._serial:0{width}d}000{self.institution.suffix}"

    # Adding

    def add_bib(self, *, seed: SeedBib | None = None, record: marc.MarcRecord | None = None, created: str) -> Bib:
        """Keep a bib made from a seed or from a record that was sent; `created` is a date, YYYY-MM-DD."""
        bib = Bib(self.next_id("99", 9), seed=seed, made=record, created=created)
        self.bibs[bib.mms_id] = bib
        if seed is not None:
            self.keys.setdefault(seed.key, bib)
        self._numbers = None
        return bib

    def add_collection_bib(self, name: str, *, created: str) -> Bib:
        """Keep a bib for the collection of that name."""
        title = marc.MarcField("245", "00", (("a", name),))
        record = marc.MarcRecord("00000cai a2200000 i 4500", [], [title])
        return self.add_bib(record=record, created=created)

    def add_collection(self, values: Values, bib: Bib, *, is_local: bool) -> Collection:
        """Keep a new collection."""
        collection = Collection(self.next_id("61"), is_local, values, bib)
        self.collections[collection.id] = collection
        return collection

    def add_service(self, collection: Collection, values: Values, *, is_local: bool) -> Service:
        """Keep a new service of a collection."""
        service = Service(self.next_id("62"), is_local, values, collection)
        collection.services[service.id] = self.services[service.id] = service
        return service

    def add_portfolio(self, bib: Bib, service: Service | None, values: Values, *, is_local: bool) -> Portfolio:
        """Keep a new portfolio. The bib of one from the Community Zone has an id of that zone."""
        portfolio = Portfolio(self.next_id("53"), is_local, values, bib, service)
        self.portfolios[portfolio.id] = bib.portfolios[portfolio.id] = portfolio
        if service is not None:
            service.portfolios[portfolio.id] = portfolio
        if not is_local and not bib.community_zone_id:
            bib.community_zone_id = f"{bib.mms_id[:-4]}0041"
            self.forget_index()
        return portfolio

    # Removing

    def remove_portfolio(self, portfolio: Portfolio, *, bib: str = "retain") -> None:
        """Remove a portfolio; `bib` (retain, suppress, delete) is for a bib left without any inventory."""
        self.portfolios.pop(portfolio.id, None)
        portfolio.bib.portfolios.pop(portfolio.id, None)
        if portfolio.service is not None:
            portfolio.service.portfolios.pop(portfolio.id, None)
        if portfolio.bib.portfolios:
            return
        if bib == "delete":
            self.remove_bib(portfolio.bib)
        elif bib == "suppress":
            portfolio.bib.suppressed = True

    def remove_service(self, service: Service) -> None:
        """Remove a service with its portfolios."""
        for portfolio in list(service.portfolios.values()):
            self.remove_portfolio(portfolio)
        self.services.pop(service.id, None)
        service.collection.services.pop(service.id, None)

    def remove_collection(self, collection: Collection) -> None:
        """Remove a collection with its services, its portfolios and its own bib."""
        for service in list(collection.services.values()):
            self.remove_service(service)
        self.collections.pop(collection.id, None)
        if not collection.bib.portfolios:
            self.remove_bib(collection.bib)

    def remove_bib(self, bib: Bib) -> None:
        """Remove a bib."""
        self.bibs.pop(bib.mms_id, None)
        if bib.seed is not None and self.keys.get(bib.seed.key) is bib:
            del self.keys[bib.seed.key]
        self._numbers = None

    def leave_later(self, record: Service | Portfolio, at: datetime) -> None:
        """Have a record removed by the first call after `at`: its delete is in process until then."""
        record.gone_at = at
        self._leaving.append(record)

    def finish_deletes(self, now: datetime) -> None:
        """Remove what is due."""
        for record in [each for each in self._leaving if each.gone_at is not None and each.gone_at <= now]:
            self._leaving.remove(record)
            if isinstance(record, Portfolio):
                self.remove_portfolio(record, bib=record.bib_afterwards)
            else:
                self.remove_service(record)

    # Finding

    def bibs_numbered(self, kind: str, text: str) -> list[Bib]:
        """Return the bibs with that number; `kind` is "issn", "isbn" or "other" (an 035, as it stands)."""
        if self._numbers is None:
            self._numbers = _index(self.bibs.values())
        wanted = text.strip() if kind == "other" else marc.plain_number(text)
        return self._numbers[kind].get(wanted, []) if wanted else []

    def forget_index(self) -> None:
        """Have the numbers looked up anew: a bib was edited, or got an id of the Community Zone."""
        self._numbers = None


def _index(bibs: Iterable[Bib]) -> dict[str, dict[str, list[Bib]]]:
    index: dict[str, dict[str, list[Bib]]] = {"issn": {}, "isbn": {}, "other": {}}
    for bib in bibs:
        found = {(kind, marc.plain_number(text)) for kind, text in bib.record.identifiers}
        found |= {("other", text) for text in bib.other_ids}
        for kind, number in found:
            index[kind].setdefault(number, []).append(bib)
    return index
