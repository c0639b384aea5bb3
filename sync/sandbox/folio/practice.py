"""The practice FOLIO as tests and rehearsals hold it: the application, its controls, and a librarian's hands."""

from dataclasses import dataclass, replace
from typing import Any

from starlette.types import ASGIApp

from sync.sandbox.controls import Controls
from sync.sandbox.folio.app import build, build_breakage, build_gate
from sync.sandbox.folio.knowledge_base import KnowledgeBase
from sync.sandbox.folio.login import Login
from sync.sandbox.folio.module import Module
from sync.sandbox.folio.query import ids_of
from sync.sandbox.folio.records import Coverage, Identifier, Package, Provider, Resource, Title
from sync.sandbox.folio.switches import FolioSwitches
from sync.sandbox.seed import SeedKnowledgeBase, SeedKnowledgeBasePackage, SeedKnowledgeBaseTitle


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredPackage:
    """A package as it is stored. `id` as FOLIO has it; `access_type` is the name of one."""

    id: str
    package: Package
    tags: tuple[str, ...]
    access_type: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredTitle:
    """A title as it is stored. `packages`: the FOLIO ids of those it is in."""

    id: str
    title: Title
    tags: tuple[str, ...]
    packages: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class StoredResource:
    """A resource as it is stored, with the name and identifiers of its title."""

    id: str
    package_id: str
    title: Title
    resource: Resource
    tags: tuple[str, ...]
    access_type: str | None


class PracticeFolio:
    """A FOLIO with eHoldings to rehearse with.

    Attributes:
        app: the ASGI application, with counting, rate limit and faults around it.
        controls: faults, clock and counters; may be changed while it runs.
        switches: how it behaves; may be changed while it runs.
        state: EBSCO's side, with `state.quota` (used calls, `use_up`).
        login: accounts and tokens (`login.blocked`, `login.unblock`, `login.revoke_all`).
    """

    def __init__(self, *, switches: FolioSwitches | None = None, controls: Controls | None = None) -> None:
        self.switches = switches or FolioSwitches()
        self.controls = controls or Controls()
        self.state = KnowledgeBase(self.switches, self.controls)
        self.login = Login(self.switches, self.controls)
        self._module = Module(self.state, self.controls)
        self.app: ASGIApp = self.controls.wrap(
            build(self._module, self.login), gate=build_gate(self.switches), breakage=build_breakage(self.switches)
        )
        self._providers: dict[str, int] = {self.switches.customer_provider_name: self.switches.customer_provider_id}

    # --- filling

    def load(self, knowledge_base: SeedKnowledgeBase) -> None:
        """Add the vendor's titles and packages; lists show them at once."""
        lag, self.switches.search_lag_seconds = self.switches.search_lag_seconds, 0.0
        title_ids = [self._add_title(title) for title in knowledge_base.titles]
        for package in knowledge_base.packages:
            self._add_package(package, [title_ids[position] for position in package.titles])
        self.switches.search_lag_seconds = lag

    def add_managed_package(
        self, package: SeedKnowledgeBasePackage, titles: tuple[SeedKnowledgeBaseTitle, ...] = ()
    ) -> str:
        """Add a package of the vendor's, `package.titles` being positions in `titles`; return its FOLIO id."""
        title_ids = [self._add_title(title) for title in titles]
        return self._add_package(package, [title_ids[position] for position in package.titles])

    def _add_title(self, seed: SeedKnowledgeBaseTitle) -> int:
        identifiers = (
            ("ISSN", "Print", seed.issn_print),
            ("ISSN", "Online", seed.issn_online),
            ("ISBN", "Print", seed.isbn_print),
            ("ISBN", "Online", seed.isbn_online),
        )
        title = Title(
            id=self.state.new_id(),
            name=seed.name,
            publication_type=seed.publication_type,
            is_custom=False,
            publisher=seed.publisher or None,
            identifiers=tuple(Identifier(value, kind, subtype) for kind, subtype, value in identifiers if value),
        )
        self.state.put_title(title)
        return title.id

    def _add_package(self, seed: SeedKnowledgeBasePackage, title_ids: list[int]) -> str:
        package = Package(
            id=self.state.new_id(),
            provider_id=self._provider(seed.provider),
            name=seed.name,
            is_custom=False,
            content_type=seed.content_type,
            package_type="Variable",
            is_selected=seed.selected,
        )
        self.state.put_package(package)
        for title_id in title_ids:
            self.state.put_resource(
                Resource(
                    package_id=package.id,
                    title_id=title_id,
                    location_id=self.state.new_location(),
                    is_selected=seed.selected,
                    url=f"https://kb.example.com/{package.id}/{title_id}",
                    managed_coverages=(Coverage(f"{1990 + title_id % 30}-01-01"),),
                )
            )
        return f"{package.provider_id}-{package.id}"

    def _provider(self, name: str) -> int:
        if name not in self._providers:
            provider = Provider(id=self.state.new_id(), name=name)
            self._providers[name] = provider.id
            self.state.change(lambda catalogue: catalogue.put_provider(provider))
        return self._providers[name]

    # --- looking, without any lag

    def packages(self) -> tuple[StoredPackage, ...]:
        """Return every package as it is stored."""
        return tuple(
            StoredPackage(id=key, package=package, **self._own("packages", key))
            for package in self.state.live.packages.values()
            for key in (f"{package.provider_id}-{package.id}",)
        )

    def titles(self) -> tuple[StoredTitle, ...]:
        """Return every title as it is stored."""
        return tuple(
            StoredTitle(
                id=str(title.id),
                title=title,
                tags=self._module.own.tags.get(("titles", str(title.id)), ()),
                packages=tuple(held.package_key for held in self.state.live.of_title(title.id)),
            )
            for title in self.state.live.titles.values()
        )

    def resources(self, package_id: str | None = None) -> tuple[StoredResource, ...]:
        """Return every resource, or those of one package, as they are stored."""
        live = self.state.live
        wanted = list(live.holdings) if package_id is None else [self._number(package_id)]
        found = (live.held(one, title_id) for one in wanted for title_id in live.holdings.get(one, {}))
        return tuple(
            StoredResource(
                id=held.key,
                package_id=held.package_key,
                title=held.title,
                resource=held.resource,
                **self._own("resources", held.key),
            )
            for held in found
            if held is not None
        )

    def _own(self, kind: str, key: str) -> dict[str, Any]:
        own = self._module.own
        access_type = own.access_types.get(own.assigned.get((kind, key), ""))
        return {"tags": own.tags.get((kind, key), ()), "access_type": access_type}

    # --- a librarian's hands: at once, without quota, but lists notice it after their lag

    def edit_package(self, package_id: str, **fields: Any) -> None:
        """Change fields of a package (names as in `records.Package`): rename it, hide it, deselect it."""
        self.state.put_package(replace(self.state.live.packages[self._number(package_id)], **fields))

    def edit_title(self, title_id: str, **fields: Any) -> None:
        """Change fields of a title (names as in `records.Title`)."""
        self.state.put_title(replace(self.state.live.titles[int(title_id)], **fields))

    def edit_resource(self, resource_id: str, **fields: Any) -> None:
        """Change fields of a resource (names as in `records.Resource`)."""
        _, package_id, title_id = ids_of(resource_id, 3, "not the id of a resource")
        self.state.put_resource(replace(self.state.live.holdings[package_id][title_id], **fields))

    def remove_resource(self, resource_id: str) -> None:
        """Take a title out of a package; a custom title that is in no other vanishes."""
        _, package_id, title_id = ids_of(resource_id, 3, "not the id of a resource")
        self.state.remove_resource(package_id, title_id)

    def remove_package(self, package_id: str) -> None:
        """Remove a package with all its resources."""
        self.state.remove_package(self._number(package_id))

    @staticmethod
    def _number(package_id: str) -> int:
        return ids_of(package_id, 2, "not the id of a package")[1]
