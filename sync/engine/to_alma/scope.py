"""What is decided on the way to Alma, and what every decision needs to know."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from sync.alma.fit import AlmaMaps
from sync.alma.mapping import DATABASE_TYPE
from sync.engine.planning import Matched, Planning
from sync.engine.to_alma.services import services_by_collection, where_portfolios_go
from sync.engine.work import Work
from sync.model import Holding, Kind, Package, Service
from sync.store.comparison import publication_types
from sync.store.links import Link, links_from_folio
from sync.store.snapshots import all_records, parked_places


@dataclass(slots=True, kw_only=True)
class AlmaScope:
    """What is decided on the way to Alma.

    `packages` are FOLIO's by id, `collections` the links of packages to collections that Alma has, by FOLIO id,
    `hidden` those collections that are hidden, `databases` those that can have no service, `services` those of each
    collection, `ours_hidden` the services that we made unavailable with their packages; `types` what the titles of
    each package are, `unreadable` where portfolios stand that had to be parked.

    `left` are packages nothing is written for, with the reason; `new_titles` the titles for which a bib is planned,
    `parked_titles` those that cannot have one, with the reason.
    """

    planning: Planning
    matched: Matched
    maps: AlmaMaps
    packages: Mapping[str, Package]
    collections: Mapping[str, list[Link]]
    services: Mapping[str, list[Service]]
    types: Mapping[str, frozenset[str]]
    hidden: frozenset[str]
    databases: frozenset[str]
    ours_hidden: frozenset[str]
    unreadable: frozenset[str]
    left: dict[str, str] = field(default_factory=dict)
    new_titles: set[str] = field(default_factory=set)
    parked_titles: dict[str, str] = field(default_factory=dict)

    @property
    def work(self) -> Work:
        """Return the run."""
        return self.planning.work

    def collection(self, package_id: str) -> str:
        """Return the collection a package is linked to, "" without one."""
        found = self.collections.get(package_id)
        return found[0].alma_id if found else ""

    def shown_again(self, collection_id: str) -> list[Service]:
        """Return the services that make a hidden collection visible: those hidden with it, or where portfolios go."""
        services = self.services.get(collection_id, [])
        ours = [one for one in services if one.key in self.ours_hidden]
        return ours or [where_portfolios_go(services)] if services else []

    def stays_hidden(self, package: Package, holding: Holding) -> bool:
        """Return whether a portfolio of Alma is in a hidden collection, and its service stays unavailable."""
        if holding.package_key not in self.hidden:
            return False
        return package.hidden or holding.service_key not in {one.key for one in self.shown_again(holding.package_key)}


def _there(links: list[Link], collections: Mapping[str, Package]) -> list[Link]:
    return [link for link in links if link.alma_id in collections]


async def open_scope(planning: Planning, matched: Matched) -> AlmaScope:
    """Return what the decisions need to know, as both systems were read."""
    work, database, folio = planning.work, planning.work.database, planning.folio.id
    records = all_records(database, folio, Kind.PACKAGE)
    packages = {one.key: one async for one in records if isinstance(one, Package) and one.selected}
    records = all_records(database, planning.alma.id, Kind.PACKAGE)
    collections = {one.key: one async for one in records if isinstance(one, Package)}
    linked = await links_from_folio(database, work.name, Kind.PACKAGE, sorted(packages))
    hidden_services = await links_from_folio(database, work.name, Kind.SERVICE)
    services = await services_by_collection(database, planning.alma.id)
    return AlmaScope(
        planning=planning,
        matched=matched,
        maps=planning.work.alma_maps,
        packages=packages,
        collections={key: there for key, found in linked.items() if (there := _there(found, collections))},
        hidden=frozenset(key for key, one in collections.items() if one.hidden),
        databases=frozenset(
            key for key, one in collections.items() if one.type_code == DATABASE_TYPE and key not in services
        ),
        ours_hidden=frozenset(link.alma_id for found in hidden_services.values() for link in found),
        unreadable=await parked_places(database, work.run_id),
        services=services,
        types=await publication_types(database, folio),
    )
