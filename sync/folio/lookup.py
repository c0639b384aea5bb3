"""Looks for what a write may have made in FOLIO, by its natural key, among records that are nobody else's."""

from collections.abc import Iterable
from dataclasses import dataclass

from sync.errors import NotFoundError
from sync.folio import wire
from sync.folio.client import FolioClient
from sync.folio.mapping import title_from_resource, title_from_wire
from sync.match.titles import choose
from sync.model import Title, name_key
from sync.plan.writes import Claims
from sync.transport.paging import read_listing


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenTitle:
    """A title that now exists. `resource_made`: its creation already put it into the package."""

    id: str
    name: str
    how: str
    managed: bool
    resource_made: bool


@dataclass(frozen=True, slots=True)
class FolioLookup:
    """Looks once; whoever asks waits for FOLIO's lists (facts: folio §2.5).

    Where a set `seen` is given, the ids of all records of the same name go into it, also those of others.
    """

    client: FolioClient

    async def package(self, name: str, claims: Claims, seen: set[str] | None = None) -> wire.Package | None:
        """Return the custom package of this name, if it is nobody else's."""
        page = await self.client.list_packages(1, custom=True, query=quoted(name))
        for one in page.records:
            if name_key(one.model.attributes.name or "") != name_key(name):
                continue
            if seen is not None:
                seen.add(one.model.id)
            if await claims.is_free(one.model.id) and claims.take(one.model.id):
                return (await self.client.get_package(one.model.id)).model
        return None

    async def title(self, title: Title, claims: Claims, seen: set[str] | None = None) -> WrittenTitle | None:
        """Return the custom title of this name that is the same publication, if it is nobody else's."""
        page = await self.client.find_titles(name=quoted(title.name))
        titles = (title_from_wire(one.model) for one in page.records if one.model.attributes.name)
        return await self._ours(title, titles, claims, seen)

    async def title_in_package(self, title: Title, package_id: str, claims: Claims) -> WrittenTitle | None:
        """Return the same as `title`, from the list of a package."""
        listing = await read_listing(
            lambda page: self.client.list_package_resources(package_id, page + 1), key=lambda one: one.id, rounds=1
        )
        titles = (title_from_resource(one.model) for one in listing.records if one.model.attributes.name)
        return await self._ours(title, titles, claims, None)

    async def resource(self, resource_id: str) -> str | None:
        """Return the id of a resource that is there."""
        try:
            return (await self.client.get_resource(resource_id)).model.id
        except NotFoundError:
            return None

    @staticmethod
    async def _ours(
        title: Title, titles: Iterable[Title], claims: Claims, seen: set[str] | None
    ) -> WrittenTitle | None:
        for known in titles:
            if known.managed or name_key(known.name) != name_key(title.name):
                continue
            if seen is not None:
                seen.add(known.key)
            if not choose(title, [known]).title or not await claims.is_free(known.key):
                continue
            if claims.take(known.key):
                return WrittenTitle(id=known.key, name=title.name, how="name", managed=False, resource_made=False)
        return None


def quoted(name: str) -> str:
    """Return a name as EBSCO's search takes it literally: a phrase, without the quotes that would end it."""
    return '"' + name.replace('"', " ").strip() + '"'
