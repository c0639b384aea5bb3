"""One state of the knowledge base, with the ways to look things up in it.

The practice knowledge base has two: what is stored, and what lists and searches have noticed so far.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field

from sync.sandbox.folio.records import Held, Package, Provider, Resource, Title
from sync.sandbox.folio.search import WordIndex


def identifier_key(text: str) -> str:
    """Return an identifier as the isxn filter compares it: without hyphens and blanks, in lower case."""
    return text.replace("-", "").replace(" ", "").lower()


@dataclass(slots=True)
class Catalogue:
    """Records by id, each with its neighbours. `version` and `package_versions` change with what lists would show.

    Words and identifiers are filed only where `searchable`.
    """

    searchable: bool = True
    providers: dict[int, Provider] = field(default_factory=dict)
    packages: dict[int, Package] = field(default_factory=dict)
    titles: dict[int, Title] = field(default_factory=dict)
    holdings: dict[int, dict[int, Resource]] = field(default_factory=dict)
    """Resources by package id, then by title id."""
    packages_of_title: dict[int, dict[int, None]] = field(default_factory=dict)
    packages_of_provider: dict[int, dict[int, None]] = field(default_factory=dict)
    selected_in_package: dict[int, int] = field(default_factory=dict)
    selected_of_title: dict[int, int] = field(default_factory=dict)
    titles_with_identifier: dict[str, set[int]] = field(default_factory=dict)
    provider_names: WordIndex = field(default_factory=WordIndex)
    package_names: WordIndex = field(default_factory=WordIndex)
    title_names: WordIndex = field(default_factory=WordIndex)
    publishers: WordIndex = field(default_factory=WordIndex)
    subjects: WordIndex = field(default_factory=WordIndex)
    version: int = 0
    package_versions: dict[int, int] = field(default_factory=dict)

    def put_provider(self, provider: Provider) -> None:
        """Store or replace a provider."""
        self.providers[provider.id] = provider
        self.packages_of_provider.setdefault(provider.id, {})
        if self.searchable:
            self.provider_names.put(provider.id, provider.name)
        self.version += 1

    def put_package(self, package: Package) -> None:
        """Store or replace a package."""
        self.packages[package.id] = package
        self.packages_of_provider[package.provider_id][package.id] = None
        self.holdings.setdefault(package.id, {})
        self.selected_in_package.setdefault(package.id, 0)
        if self.searchable:
            self.package_names.put(package.id, package.name)
        self.version += 1

    def put_title(self, title: Title) -> None:
        """Store or replace a title."""
        former = self.titles.get(title.id)
        self.titles[title.id] = title
        if self.searchable:
            self._file(title, former)
        self.packages_of_title.setdefault(title.id, {})
        self.selected_of_title.setdefault(title.id, 0)
        self.version += 1

    def put_resource(self, resource: Resource) -> None:
        """Store or replace a resource; its package and title are there already."""
        held = self.holdings[resource.package_id]
        former = held.get(resource.title_id)
        held[resource.title_id] = resource
        if former is None or former.is_selected != resource.is_selected:
            self._count(resource, int(resource.is_selected) - int(former is not None and former.is_selected))
        if former is None:
            self.packages_of_title[resource.title_id][resource.package_id] = None

    def remove_resource(self, package_id: int, title_id: int) -> None:
        """Forget a resource."""
        former = self.holdings.get(package_id, {}).pop(title_id, None)
        if former is not None:
            self._count(former, -int(former.is_selected))
            self.packages_of_title.get(title_id, {}).pop(package_id, None)

    def remove_title(self, title_id: int) -> None:
        """Forget a title that is in no package."""
        former = self.titles.pop(title_id, None)
        if former is not None:
            self._forget_identifiers(former)
            for index in (self.title_names, self.publishers, self.subjects):
                index.remove(title_id)
            self.packages_of_title.pop(title_id, None)
            self.selected_of_title.pop(title_id, None)
            self.version += 1

    def remove_package(self, package_id: int) -> None:
        """Forget a package that holds nothing any more."""
        former = self.packages.pop(package_id, None)
        if former is not None:
            self.package_names.remove(package_id)
            self.packages_of_provider[former.provider_id].pop(package_id, None)
            self.holdings.pop(package_id, None)
            self.selected_in_package.pop(package_id, None)
            self.package_versions.pop(package_id, None)
            self.version += 1

    def held(self, package_id: int, title_id: int) -> Held | None:
        """Return a resource with what it belongs to."""
        resource = self.holdings.get(package_id, {}).get(title_id)
        if resource is None:
            return None
        package = self.packages[package_id]
        return Held(resource, self.titles[title_id], package, self.providers[package.provider_id])

    def of_title(self, title_id: int) -> Iterable[Held]:
        """Yield the title's resources, one for each package it is in."""
        for package_id in self.packages_of_title.get(title_id, {}):
            held = self.held(package_id, title_id)
            if held is not None:
                yield held

    def _count(self, resource: Resource, step: int) -> None:
        package_id, title_id = resource.package_id, resource.title_id
        self.selected_in_package[package_id] = self.selected_in_package.get(package_id, 0) + step
        self.selected_of_title[title_id] = self.selected_of_title.get(title_id, 0) + step
        self.package_versions[package_id] = self.package_versions.get(package_id, 0) + 1

    def _file(self, title: Title, former: Title | None) -> None:
        if former is not None:
            self._forget_identifiers(former)
        for identifier in title.identifiers:
            self.titles_with_identifier.setdefault(identifier_key(identifier.id), set()).add(title.id)
        self.title_names.put(title.id, title.name)
        self.publishers.put(title.id, title.publisher or "")
        self.subjects.put(title.id, " ".join(subject for subject, _ in title.subjects))

    def _forget_identifiers(self, title: Title) -> None:
        for identifier in title.identifiers:
            key = identifier_key(identifier.id)
            ids = self.titles_with_identifier.get(key)
            if ids is not None:
                ids.discard(title.id)
                if not ids:
                    del self.titles_with_identifier[key]
