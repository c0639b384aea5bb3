"""Writes collections, services, bibs and portfolios to Alma: an intent before each write, its outcome after it.

Updates are whole records: read, our fields changed, written back with every key that was there (facts: alma §2e).
What is created is looked for by its natural key after a lost answer, and sent again only if it is surely not there.
"""

import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from itertools import count
from typing import TypeVar

from sync.alma import wire
from sync.alma.bodies import (
    Body,
    Parents,
    changed_collection,
    changed_portfolio,
    changed_service,
    new_collection,
    new_portfolio,
    new_service,
    settings_together,
)
from sync.alma.client import AlmaClient
from sync.alma.codes import WriteCodes
from sync.alma.lookup import AlmaLookup
from sync.alma.made_again import LIBRARY, again
from sync.alma.mapping import package_from_collection, service_from_wire
from sync.alma.marc import read_marc, title_from_marc
from sync.alma.marc_write import bib_xml, holds_more, own_number
from sync.alma.read_portfolios import STANDALONE_KEY
from sync.alma.reading import PLAIN_TYPES
from sync.alma.search import SearchClient
from sync.alma.shelves import Shelves, StoredPortfolio
from sync.errors import AmbiguousError, DataError, NotFoundError, RefusedError
from sync.model import Holding, Package, Service, Title
from sync.plan.changes import Change
from sync.plan.compare import ALMA_HOLDING_FIELDS, differences, refuse_if_edited
from sync.plan.writes import Before, Claims
from sync.transport.records import Record
from sync.transport.sending import LOOKS, Fresh, Sender, chosen_by

T = TypeVar("T")

ACCESS_TYPE_MISSING = "60128"
WORD = r"\w+"


@dataclass(frozen=True, slots=True, kw_only=True)
class WrittenBib:
    """A bib that now exists; `how` says what led to it, `created` whether this call made it."""

    mms_id: str
    how: str
    created: bool


@dataclass(slots=True, kw_only=True)
class AlmaLoader:
    """Carries out single changes. Its methods raise what `AlmaClient` does, and what `Sender.send` adds.

    `before` is a record that is made again, as it was (`sync.alma.made_again`); `left_out` says by change why Alma did
    not take it so, and it was made with our fields alone.
    """

    client: AlmaClient
    sender: Sender
    shelves: Shelves
    codes: WriteCodes
    search: SearchClient | None = None
    left_out: dict[str, str] = field(default_factory=dict)

    @property
    def lookup(self) -> AlmaLookup:
        """Return what looks for records by their natural keys."""
        return AlmaLookup(self.client, self.shelves)

    async def create_collection(self, change_id: str, package: Package, claims: Claims, before: str = "") -> str:
        """Create a local collection and return its id."""
        looks = count(1)

        async def found() -> str | None:
            # the search is cheap; before the write is sent again, the whole list has the last word
            query = f"name~{'_'.join(re.findall(WORD, package.name))}" if next(looks) < len(LOOKS) else ""
            return await self.lookup.collection(package.name, claims, query)

        async def create(body: Body) -> str:
            return await self.sender.send(
                change_id, "create collection", package.name, lambda: _id_of(self.client.create_collection(body)), found
            )

        body = new_collection(package, self.codes)
        try:
            made = await self._create(change_id, body, again(body, before, without=LIBRARY), create)
        except RefusedError as error:
            if not error.says(ACCESS_TYPE_MISSING):
                raise
            raise DataError(
                f"Alma wants an access type for the new collection {package.name!r}: {error.message}",
                advice="Name a code of Alma's table CollectionAccessType in [pairs.NAME.alma] collection_access_type.",
            ) from None
        claims.take(made)  # else another package of this name could find it before it is linked
        return made

    async def update_collection(self, change: Change, package: Package) -> None:
        """Write a collection that exists.

        Raises:
            ChangedSincePlanError: when it is no longer as the plan saw it; the same goes for services and portfolios.
        """

        async def write(stored: Record[wire.Collection]) -> str:
            body = changed_collection(stored.raw, package, _fields(change))
            return await _id_of(self.client.update_collection(change.target_id, body))

        await self.sender.rewrite(
            change,
            package,
            "update collection",
            lambda: self.client.get_collection(change.target_id),
            write,
            canonical=lambda stored: package_from_collection(stored.model, (), ()),
        )

    async def create_service(self, change_id: str, service: Service, collection_id: str, before: str = "") -> str:
        """Create the service of a collection that has none, and return its id."""

        async def found() -> str | None:
            return await self.lookup.service(collection_id)

        async def create(body: Body) -> str:
            return await self.sender.send(
                change_id,
                "create service",
                collection_id,
                lambda: _id_of(self.client.create_service(collection_id, body)),
                found,
            )

        body = new_service(service)
        was = again(body, before)
        made = await self._create(change_id, body, settings_together(was) if was else None, create)
        self.shelves.forget(collection_id)
        return made

    async def update_service(self, change: Change, service: Service) -> None:
        """Write a service that exists."""
        collection_id, service_id = service.package_key, change.target_id

        async def write(stored: Record[wire.Service]) -> str:
            body = changed_service(stored.raw, service, _fields(change))
            return await _id_of(self.client.update_service(collection_id, service_id, body))

        await self.sender.rewrite(
            change,
            service,
            "update service",
            lambda: self.client.get_service(collection_id, service_id),
            write,
            canonical=lambda stored: service_from_wire(stored.model, collection_id),
        )
        self.shelves.forget(collection_id)

    async def find_or_create_bib(self, change_id: str, title: Title, claims: Claims) -> WrittenBib:
        """Return the bib of a title: one with our own number, one that the search finds, else one made from it."""
        own = await self.lookup.bib(title.key, claims)
        if own is not None:
            return WrittenBib(mms_id=own, how="made from this title before", created=False)
        if self.search is not None:
            known = await self.search.titles_numbered(title.identifiers)
            choice = await chosen_by(title, {one.key: one for one in known if await claims.is_free(one.key)}, claims)
            if choice.doubtful:
                raise AmbiguousError(choice.why)
            if choice.title is not None:
                return WrittenBib(mms_id=choice.title.key, how="identifier and name", created=False)
        body = bib_xml(title, today=datetime.now(UTC).date())
        mms_id = await self.sender.send(
            change_id,
            "create bib",
            own_number(title.key),
            lambda: self.client.create_bib(body),
            lambda: self.lookup.bib(title.key, claims),
        )
        claims.take(mms_id)
        return WrittenBib(mms_id=mms_id, how="created", created=True)

    async def read_bib(self, mms_id: str, publication_type: str) -> Title:
        """Return a bib as a whole reading would, its portfolios being of this publication type.

        Raises:
            NotFoundError: when Alma does not show it.
        """
        page = await self.client.get_bibs([mms_id])
        if not page.records:
            raise NotFoundError(f"Alma does not show the bib {mms_id}")
        special = [publication_type] if publication_type not in PLAIN_TYPES else []
        return title_from_marc(mms_id, read_marc(page.records[0].model.marc_xml), special)

    async def was_catalogued(self, mms_id: str, title: Title) -> bool:
        """Return whether a bib that was made from a title holds something else by now, or is gone."""
        page = await self.client.get_bibs([mms_id])
        return not page.records or holds_more(read_marc(page.records[0].model.marc_xml), title)

    async def create_portfolio(
        self, change_id: str, holding: Holding, parents: Parents, material_type: str, claims: Claims, before: str = ""
    ) -> StoredPortfolio:
        """Create a portfolio, and give it by a following PUT what its creation did not take over."""

        async def call(body: Body) -> Record[wire.Portfolio]:
            if parents.service_id:
                return await self.client.create_portfolio(parents.collection_id, parents.service_id, body)
            return await self.client.create_bib_portfolio(parents.mms_id, body)

        async def found() -> Record[wire.Portfolio] | None:
            return await self.lookup.portfolio(holding.url, parents, claims)

        natural_key = f"{parents.service_id or STANDALONE_KEY}/{parents.mms_id}/{holding.url or ''}"
        body = new_portfolio(holding, parents, material_type)
        made = await self._create(
            change_id,
            body,
            again(body, before),
            lambda one: self.sender.send(change_id, "create portfolio", natural_key, lambda: call(one), found),
        )
        claims.take(made.model.id)
        return await self._complete(change_id, holding, await self.shelves.seen(made), before)

    async def _create(self, change_id: str, body: Body, whole: Body | None, send: Callable[[Body], Awaitable[T]]) -> T:
        """Create a record as it was before, where that is known and Alma takes it, else with our fields alone."""
        if whole is not None:
            try:
                return await send(whole)
            except RefusedError as error:
                self.left_out[change_id] = error.message
        return await send(body)

    async def complete_portfolio(
        self, change_id: str, holding: Holding, parents: Parents, portfolio_id: str, before: str = ""
    ) -> StoredPortfolio:
        """Give a portfolio that was created before it could be completed all its details."""
        place = replace(
            holding,
            package_key=parents.collection_id or STANDALONE_KEY,
            service_key=parents.service_id,
            title_key=parents.mms_id,
        )
        stored = await self.sender.patiently(lambda: self.shelves.portfolio(place, portfolio_id))
        return await self._complete(change_id, holding, stored, before)

    async def _complete(
        self, change_id: str, holding: Holding, stored: StoredPortfolio, before: str
    ) -> StoredPortfolio:
        fields = frozenset(one.field for one in differences(holding, stored.record, ALMA_HOLDING_FIELDS))
        whole = None if change_id in self.left_out else again(dict(stored.raw), before)
        if whole is not None and whole != stored.raw:
            try:
                await self._finish_portfolio(
                    change_id, holding, stored, lambda one: again(dict(one.raw), before) or dict(one.raw)
                )
            except RefusedError as error:
                self.left_out[change_id] = error.message
            else:
                return stored
        if fields:
            await self._finish_portfolio(
                change_id,
                holding,
                stored,
                lambda one: changed_portfolio(one.raw, holding, one.record, fields, self.codes),
            )
        return stored

    async def update_portfolio(self, change: Change, holding: Holding) -> None:
        """Write a portfolio that exists; `holding` names its collection, service and bib."""

        async def write(stored: StoredPortfolio) -> str:
            body = changed_portfolio(stored.raw, holding, stored.record, _fields(change), self.codes)
            return await self._put_portfolio(stored.record, body)

        await self.sender.rewrite(
            change,
            holding,
            "update portfolio",
            lambda: self.shelves.portfolio(holding, change.target_id),
            write,
            canonical=lambda stored: stored.record,
        )

    async def _finish_portfolio(
        self,
        change_id: str,
        holding: Holding,
        stored: StoredPortfolio,
        body: Callable[[StoredPortfolio], Body],
    ) -> None:
        place = stored.record

        async def read() -> StoredPortfolio:
            now = await self.shelves.portfolio(place, place.key)
            refuse_if_edited(place.key, holding, place, now.record, ALMA_HOLDING_FIELDS)
            return now

        async def write(one: StoredPortfolio) -> str:
            return await self._put_portfolio(place, body(one))

        async def found() -> str | None:
            current = (await self.shelves.portfolio(place, place.key)).record
            return None if differences(holding, current, ALMA_HOLDING_FIELDS) else place.key

        fresh = Fresh(stored, read)
        await self.sender.send(
            change_id,
            "update portfolio",
            place.key,
            lambda: fresh.sends(write),
            found,
            look_once=True,
            before=Before(record=place),
        )

    async def _put_portfolio(self, place: Holding, body: Body) -> str:
        if place.package_key == STANDALONE_KEY:
            return await _id_of(self.client.update_bib_portfolio(place.title_key, place.key, body))
        return await _id_of(self.client.update_portfolio(place.package_key, place.service_key, place.key, body))


def _fields(change: Change) -> frozenset[str]:
    return frozenset(one.field for one in change.fields)


async def _id_of(answer: Awaitable[Record[wire.Collection] | Record[wire.Service] | Record[wire.Portfolio]]) -> str:
    return (await answer).model.id
