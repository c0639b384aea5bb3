"""Writes packages, titles and holdings to FOLIO: an intent before each write, its outcome after it.

A lost answer is never answered by sending again blindly: the record is looked for by its natural key for as long as
FOLIO's lists may lag; only what is surely not there is sent again (design: writing).
"""

from collections.abc import Awaitable
from dataclasses import dataclass, replace
from enum import Enum
from typing import TypeVar

from pydantic import BaseModel

from sync.errors import (
    AmbiguousError,
    DataError,
    NotFoundError,
    RefusedError,
)
from sync.folio import wire
from sync.folio.bodies import (
    needs_details,
    package_post,
    package_put,
    resource_post,
    resource_put,
    tags_put,
    title_post,
    title_put,
)
from sync.folio.client import FolioClient
from sync.folio.fit import PACKAGE_NAME_LIMIT, TITLE_NAME_LIMIT
from sync.folio.lookup import FolioLookup, WrittenTitle
from sync.folio.mapping import holding_from_wire, own_holding, own_package, package_from_wire, title_from_wire
from sync.match.titles import choose
from sync.model import Holding, Medium, Package, Title
from sync.plan.changes import Change
from sync.plan.compare import HOLDING_FIELDS, PACKAGE_FIELDS, differences, refuse_if_edited
from sync.plan.names import NameClaim, name_candidates
from sync.plan.writes import Before, Claims
from sync.transport.records import Record as WireRecord
from sync.transport.sending import Fresh, Sender, chosen_by

MOST_LOOKUPS = 6
NAME_TAKEN = "already exists"
ALREADY_THERE = "already associated"

ModelT = TypeVar("ModelT", bound=BaseModel)
HasId = TypeVar("HasId", wire.Package, wire.Resource, wire.Title)


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenPackage:
    """A package that now exists, under the name it was given."""

    id: str
    name: str


class Origin(Enum):
    """How a resource came into being: with its title, by adding the title to one more package, or before us."""

    WITH_TITLE = "with its title"
    ADDED = "added"
    FOUND = "found"


@dataclass(slots=True, kw_only=True)
class FolioLoader:
    """Carries out single changes; `tags` are put on every package and holding that is created."""

    client: FolioClient
    sender: Sender
    tags: tuple[str, ...] = ()

    @property
    def lookup(self) -> FolioLookup:
        """Return what looks for records by their natural keys."""
        return FolioLookup(self.client)

    async def create_package(self, change_id: str, package: Package, claims: Claims) -> WrittenPackage:
        """Create a custom package, or take the one of the same name that nobody else is linked to.

        Raises:
            RefusedError, QuotaError, TransientError: as the client.
        """
        claim = NameClaim(key=package.key, name=package.name, hints=(package.interface_name,))
        for name in name_candidates(claim, PACKAGE_NAME_LIMIT):
            named = replace(package, name=name)
            stored = await self._create_or_find_package(change_id, named, claims)
            if stored is not None:
                return await self._complete_package(change_id, named, stored)
        raise DataError(f"no free name was found for the package {package.name!r}")

    async def complete_package(self, change_id: str, package: Package, package_id: str) -> WrittenPackage:
        """Give a package that was created before it could be completed all its details; its name stays."""
        stored = (await self.sender.patiently(lambda: self.client.get_package(package_id))).model
        named = replace(package, name=stored.attributes.name or package.name)
        return await self._complete_package(change_id, named, stored)

    async def _complete_package(self, change_id: str, package: Package, stored: wire.Package) -> WrittenPackage:
        await self._write_package(change_id, package, stored)
        if self.tags:
            await self._tag_package(change_id, stored, package)
        return WrittenPackage(id=stored.id, name=package.name)

    async def update_package(self, change: Change, package: Package) -> None:
        """Write a package that exists, keeping what is not ours.

        Raises:
            ChangedSincePlanError: when it is no longer as the plan saw it; the same goes for titles and holdings.
        """
        await self.sender.rewrite(
            change,
            package,
            "update package",
            lambda: _model(self.client.get_package(change.target_id)),
            lambda stored: _id_of(self.client.update_package(stored.id, package_put(package, stored))),
            canonical=package_from_wire,
            own=own_package,
        )

    async def create_title(
        self, change_id: str, title: Title, package_id: str, claims: Claims, *, own_name: str = ""
    ) -> WrittenTitle:
        """Find the title in the knowledge base by its identifiers, or create it as a custom title in the package.

        `own_name` is its own, where it is given another since that one is taken.
        """
        known = await self.known_title(replace(title, name=own_name or title.name), claims)
        if known is not None:
            return known
        hints = (title.publisher, *(one.value for one in title.identifiers[:1]))
        for name in name_candidates(NameClaim(key=title.key, name=title.name, hints=hints), TITLE_NAME_LIMIT):
            written = await self._create_or_find_title(change_id, replace(title, name=name), package_id, claims)
            if written is not None:
                return written
        raise DataError(f"no free name was found for the title {title.name!r}")

    async def known_title(self, title: Title, claims: Claims) -> WrittenTitle | None:
        """Return the title of the knowledge base that is the same publication, None when it has none."""
        known = await self._known_title(title, claims)
        if known is None:
            return None
        return WrittenTitle(
            id=known.key, name=known.name, how="identifier and name", managed=known.managed, resource_made=False
        )

    async def update_title(self, change: Change, title: Title) -> None:
        """Write a custom title that exists."""
        await self.sender.rewrite(
            change,
            title,
            "update title",
            lambda: _model(self.client.get_title(change.target_id)),
            lambda stored: _id_of(self.client.update_title(stored.id, title_put(title, stored))),
            canonical=title_from_wire,
        )

    async def complete_holding(
        self, change_id: str, holding: Holding, resource_id: str, origin: Origin, *, name: str
    ) -> None:
        """Give a resource that came into being lately all its details."""
        stored: wire.Resource | None = None
        if origin is Origin.FOUND:
            stored = (await self.sender.patiently(lambda: self.client.get_resource(resource_id))).model
            await self._write_resource(change_id, resource_id, holding, stored)
        elif needs_details(holding) or (origin is Origin.WITH_TITLE and holding.url):
            await self._write_resource(change_id, resource_id, holding, None)
        if self.tags:
            await self._tag_holding(change_id, resource_id, name, stored)

    async def select_holding(self, change_id: str, holding: Holding, resource_id: str) -> None:
        """Take a title of a managed package into the library's holdings, with all details.

        Raises:
            DataError: when the vendor's package does not have it.
        """
        try:
            stored = (await self.client.get_resource(resource_id)).model
        except NotFoundError:
            raise DataError(
                "the vendor's package does not have this title, and nothing can be added to it",
                advice="Put the portfolio into a collection of your own in Alma, or leave it: it is listed only.",
            ) from None
        await self._write_resource(change_id, resource_id, holding, stored)

    async def update_holding(self, change: Change, holding: Holding) -> None:
        """Write a resource that exists, keeping what is not ours."""
        await self.sender.rewrite(
            change,
            holding,
            "update holding",
            lambda: _model(self.client.get_resource(change.target_id)),
            lambda stored: _id_of(self.client.update_resource(stored.id, resource_put(holding, stored))),
            canonical=holding_from_wire,
            own=own_holding,
        )

    async def _create_or_find_package(self, change_id: str, package: Package, claims: Claims) -> wire.Package | None:
        """Return the package, or None when its name belongs to another record."""
        seen: set[str] = set()

        async def found() -> wire.Package | None:
            return await self.lookup.package(package.name, claims, seen)

        body = package_post(package)
        try:
            return await self.sender.send(
                change_id, "create package", package.name, lambda: _model(self.client.create_package(body)), found
            )
        except RefusedError as error:
            if not error.says(NAME_TAKEN):
                raise
        return await self.sender.look(found, enough=lambda: bool(seen))

    async def _write_package(self, change_id: str, package: Package, stored: wire.Package) -> None:
        if not differences(package, package_from_wire(stored), PACKAGE_FIELDS):
            return

        async def read() -> wire.Package:
            now = (await self.client.get_package(stored.id)).model
            before = package_from_wire(stored)
            refuse_if_edited(package.name, package, before, package_from_wire(now), PACKAGE_FIELDS)
            return now

        async def write(one: wire.Package) -> str:
            return await _id_of(self.client.update_package(one.id, package_put(package, one)))

        async def found() -> str | None:
            current = package_from_wire((await self.client.get_package(stored.id)).model)
            return None if differences(package, current, PACKAGE_FIELDS) else stored.id

        fresh = Fresh(stored, read)
        await self.sender.send(
            change_id,
            "update package",
            stored.id,
            lambda: fresh.sends(write),
            found,
            before=Before(record=own_package(stored)),
        )

    async def _tag_package(self, change_id: str, stored: wire.Package, package: Package) -> None:
        async def read() -> tuple[str, ...]:
            return _tags((await self.client.get_package(stored.id)).model.attributes.tags)

        async def write(there: tuple[str, ...]) -> str:
            body = tags_put(package.name, self._with_ours(there), package.content_type)
            return await _done(self.client.put_package_tags(stored.id, body), stored.id)

        fresh = Fresh(_tags(stored.attributes.tags), read)
        await self.sender.send(change_id, "tag package", stored.id, lambda: fresh.sends(write), _never)

    async def _tag_holding(self, change_id: str, resource_id: str, name: str, stored: wire.Resource | None) -> None:
        async def read() -> tuple[str, ...]:
            return _tags((await self.client.get_resource(resource_id)).model.attributes.tags)

        async def write(there: tuple[str, ...]) -> str:
            body = tags_put(name, self._with_ours(there))
            return await _done(self.client.put_resource_tags(resource_id, body), resource_id)

        fresh = Fresh(_tags(stored.attributes.tags) if stored is not None else (), read)
        await self.sender.send(change_id, "tag holding", resource_id, lambda: fresh.sends(write), _never)

    def _with_ours(self, there: tuple[str, ...]) -> tuple[str, ...]:
        """Return the tags that are there, and ours: a librarian's own stay."""
        return tuple(dict.fromkeys((*there, *self.tags)))

    async def _known_title(self, title: Title, claims: Claims) -> Title | None:
        """Return the knowledge base's title with one of our identifiers that is the same publication.

        Raises:
            AmbiguousError: when nothing tells whether a title is the same, or whose it is.
        """
        valid = [one for one in title.identifiers if one.valid]
        by_use = sorted(valid, key=lambda one: (one.medium is not Medium.ONLINE, one.value))
        free: dict[str, Title] = {}
        for value in list(dict.fromkeys(one.value for one in by_use))[:MOST_LOOKUPS]:
            page = await self.client.find_titles(isxn=value)
            candidates = [title_from_wire(one.model) for one in page.records if one.model.attributes.name]
            free |= {one.key: one for one in candidates if one.key not in free and await claims.is_free(one.key)}
            if choose(title, free.values()).sure:
                break
        choice = await chosen_by(title, free, claims)
        if choice.doubtful:
            raise AmbiguousError(choice.why)
        return choice.title

    async def _create_or_find_title(
        self, change_id: str, title: Title, package_id: str, claims: Claims
    ) -> WrittenTitle | None:
        """Return the custom title, or None when its name belongs to another one."""
        seen: set[str] = set()

        async def found() -> WrittenTitle | None:
            return await self.lookup.title(title, claims, seen)

        async def create() -> WrittenTitle:
            made = (await self.client.create_title(title_post(title, package_id))).model
            return WrittenTitle(id=made.id, name=title.name, how="created", managed=False, resource_made=True)

        try:
            return await self.sender.send(change_id, "create title", title.name, create, found)
        except RefusedError as error:
            if not error.says(NAME_TAKEN):
                raise
        known = await self.sender.look(found, enough=lambda: bool(seen))
        # a name that the search finds nowhere, and that is taken, may be our own lost write in this package
        return known if known or seen else await self.lookup.title_in_package(title, package_id, claims)

    async def add_to_package(self, change_id: str, holding: Holding, package_id: str, title_id: str) -> Origin:
        """Put a title that exists into a package, with its address, and return whether it was there already."""
        resource_id = f"{package_id}-{title_id}"
        body = resource_post(holding, package_id, title_id)

        async def found() -> str | None:
            return await self.lookup.resource(resource_id)

        try:
            await self.sender.send(
                change_id, "add title to package", resource_id, lambda: _id_of(self.client.create_resource(body)), found
            )
        except RefusedError as error:
            if not error.says(ALREADY_THERE):
                raise
            return Origin.FOUND
        return Origin.ADDED

    async def _write_resource(
        self, change_id: str, resource_id: str, holding: Holding, stored: wire.Resource | None
    ) -> None:
        known = holding_from_wire(stored) if stored is not None else None

        async def read() -> wire.Resource:
            now = (await self.client.get_resource(resource_id)).model
            refuse_if_edited(resource_id, holding, known, holding_from_wire(now), HOLDING_FIELDS)
            return now

        async def write(one: wire.Resource | None) -> str:
            return await _id_of(self.client.update_resource(resource_id, resource_put(holding, one)))

        async def found() -> str | None:
            try:
                current = holding_from_wire((await self.client.get_resource(resource_id)).model)
            except NotFoundError:
                return None
            return None if differences(holding, current, HOLDING_FIELDS) else resource_id

        fresh: Fresh[wire.Resource | None] = Fresh(stored, read)
        await self.sender.send(
            change_id,
            "update holding",
            resource_id,
            lambda: fresh.sends(write),
            found,
            patient=stored is None,
            look_once=True,
            before=Before(record=own_holding(stored)) if stored is not None else None,
        )


async def _model(answer: Awaitable[WireRecord[ModelT]]) -> ModelT:
    return (await answer).model


async def _id_of(answer: Awaitable[WireRecord[HasId]]) -> str:
    return (await answer).model.id


async def _done(answer: Awaitable[None], record_id: str) -> str:
    await answer
    return record_id


def _tags(tags: wire.Tags | None) -> tuple[str, ...]:
    return tuple(tags.tag_list) if tags is not None else ()


async def _never() -> str | None:
    """Tags have no natural key to look for; sending the same tags again does no harm."""
    return None
