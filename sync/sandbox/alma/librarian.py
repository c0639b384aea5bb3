"""What a librarian does in Alma's own screens, behind the API's back: for tests and rehearsals."""

from collections.abc import Mapping
from typing import Any

from sync.sandbox.alma import seeding
from sync.sandbox.alma.records import Bib, Collection, Portfolio, Service, Values, Wire
from sync.sandbox.alma.render import Renderer
from sync.sandbox.alma.state import State
from sync.sandbox.alma.world import World
from sync.sandbox.seed import SeedBib, SeedCollection, SeedEmbargo, SeedLibrary, SeedPortfolio, SeedRange, SeedService


class Librarian:
    """Looks at and edits the records directly: no key, no limits, no faults, and Community-Zone fields too.

    Changes name a record's fields as the API does, with plain values: a code is its text, a group a mapping of its
    own changed fields (the others are kept), a list replaces the whole list. Unknown ids raise `KeyError`.
    """

    world: World

    @property
    def state(self) -> State:
        """Return the records."""
        return self.world.state

    @property
    def _render(self) -> Renderer:
        return Renderer(self.world.switches)

    # Filling

    def load(self, library: SeedLibrary) -> None:
        """Add everything a library holds to what is there.

        Raises:
            ValueError: a portfolio refers to a bib the library does not have.
        """
        seeding.load(self.state, library, today=self.world.today)

    def add_bib(self, seed: SeedBib) -> str:
        """Add a bib; return its MMS ID."""
        return self.state.add_bib(seed=seed, created=self.world.today).mms_id

    def add_collection(self, seed: SeedCollection) -> str:
        """Add a collection with all it holds; return its id."""
        return seeding.add_collection(self.state, seed, today=self.world.today).id

    def add_service(self, collection_id: str, seed: SeedService) -> str:
        """Add a service with its portfolios to a collection; return its id."""
        return seeding.add_service(self.state, self.state.collections[collection_id], seed).id

    def add_portfolio(self, service_id: str, seed: SeedPortfolio) -> str:
        """Add a portfolio to a service; return its id."""
        return seeding.add_portfolio(self.state, self.state.services[service_id], seed).id

    # Looking

    def collections(self) -> list[Wire]:
        """Return every collection as GET shows it."""
        return [self._render.collection(each) for each in self.state.collections.values()]

    def services(self, collection_id: str = "") -> list[Wire]:
        """Return every service, or those of one collection, as GET shows it."""
        found = self.state.collections[collection_id].services if collection_id else self.state.services
        return [self._render.service(each) for each in found.values()]

    def portfolios(self, *, collection_id: str = "", service_id: str = "", mms_id: str = "") -> list[Wire]:
        """Return every portfolio, or those of one collection, service or bib, as GET shows it."""
        if service_id:
            found = list(self.state.services[service_id].portfolios.values())
        elif collection_id:
            services = self.state.collections[collection_id].services.values()
            found = [each for service in services for each in service.portfolios.values()]
        else:
            found = list((self.state.bibs[mms_id].portfolios if mms_id else self.state.portfolios).values())
        return [self._render.portfolio(each) for each in found]

    def collection(self, collection_id: str) -> Wire:
        """Return a collection as GET shows it."""
        return self._render.collection(self.state.collections[collection_id])

    def service(self, service_id: str) -> Wire:
        """Return a service as GET shows it."""
        return self._render.service(self.state.services[service_id])

    def portfolio(self, portfolio_id: str) -> Wire:
        """Return a portfolio as GET shows it."""
        return self._render.portfolio(self.state.portfolios[portfolio_id])

    def bib(self, mms_id: str) -> Wire:
        """Return a bib as GET shows it."""
        return self._render.bib(self.state.bibs[mms_id])

    def bibs(self) -> list[Wire]:
        """Return every bib as GET shows it, those of collections included."""
        return [self._render.bib(each) for each in self.state.bibs.values()]

    def mms_id(self, key: str) -> str:
        """Return the MMS ID of the bib with that key in its seed."""
        return self.state.keys[key].mms_id

    # Editing

    def edit_collection(self, collection_id: str, **changes: Any) -> None:
        """Change fields of a collection."""
        _edit(self.state.collections[collection_id], changes)

    def rename_collection(self, collection_id: str, name: str) -> None:
        """Give a collection another public name."""
        self.edit_collection(collection_id, public_name=name)

    def edit_service(self, service_id: str, **changes: Any) -> None:
        """Change fields of a service."""
        _edit(self.state.services[service_id], changes)

    def edit_portfolio(self, portfolio_id: str, **changes: Any) -> None:
        """Change fields of a portfolio, for example availability="10" or linking_details={"static_url": …}."""
        _edit(self.state.portfolios[portfolio_id], changes)

    def set_coverage(
        self, portfolio_id: str, *ranges: SeedRange, embargo: SeedEmbargo | None = None, level: str = "local"
    ) -> None:
        """Replace the ranges and the embargo of a portfolio; `level` is local, global or perpetual."""
        coverage: Values = {
            f"{level}_date_coverage_parameters": [seeding.range_values(each) for each in ranges],
            f"{level}_embargo_information": seeding.embargo_values(embargo) if embargo is not None else None,
        }
        self.edit_portfolio(portfolio_id, coverage_details=coverage)

    def edit_bib(self, mms_id: str, seed: SeedBib) -> None:
        """Catalogue a bib anew."""
        bib = self.state.bibs[mms_id]
        bib.seed, bib.made, bib.modified = seed, None, self.world.controls.clock.now()
        self.state.forget_index()

    # Removing

    def remove_portfolio(self, portfolio_id: str) -> None:
        """Remove a portfolio at once; its bib stays."""
        self.state.remove_portfolio(self.state.portfolios[portfolio_id])

    def detach_portfolio(self, portfolio_id: str) -> None:
        """Make a portfolio standalone, as the screens' "Remove" does."""
        portfolio = self.state.portfolios[portfolio_id]
        if portfolio.service is not None:
            del portfolio.service.portfolios[portfolio_id]
        portfolio.service = None

    def remove_service(self, service_id: str) -> None:
        """Remove a service with its portfolios at once."""
        self.state.remove_service(self.state.services[service_id])

    def remove_collection(self, collection_id: str) -> None:
        """Remove a collection with all it holds at once."""
        self.state.remove_collection(self.state.collections[collection_id])

    def remove_bib(self, mms_id: str) -> None:
        """Remove a bib with its portfolios at once."""
        bib: Bib = self.state.bibs[mms_id]
        for portfolio in list(bib.portfolios.values()):
            self.state.remove_portfolio(portfolio)
        self.state.remove_bib(bib)


def _edit(record: Collection | Service | Portfolio, changes: Mapping[str, Any]) -> None:
    record.values = _overlaid(record.values, changes)


def _overlaid(old: Values, changes: Mapping[str, Any]) -> Values:
    new = dict(old)
    for name, value in changes.items():
        new[name] = _overlaid(new.get(name) or {}, value) if isinstance(value, Mapping) else value
    return new
