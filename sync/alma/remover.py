"""Removes portfolios, services and collections from Alma, which may take its time to do so (facts: alma §4).

A delete is answered before it is carried out; "in process" is progress then, and "not found" after our own delete is
success. Nothing is removed that was edited since the plan, and nothing that still holds something.
"""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sync.alma.client import AlmaClient, BibTreatment
from sync.alma.errors import STILL_ATTACHED
from sync.alma.made_again import kept
from sync.alma.mapping import package_from_collection, service_from_wire
from sync.alma.read_portfolios import STANDALONE_KEY
from sync.alma.shelves import Shelves
from sync.errors import DataError, InProgressError, NotFoundError, RefusedError
from sync.model import Holding, Service, Title
from sync.plan.changes import Change
from sync.plan.compare import refuse_if_moved
from sync.plan.writes import Before
from sync.transport.sending import Fresh, Sender

LOOKS = (0.0, 0.0, 0.02, 0.04, 0.08, 0.16, 0.3, 0.4)
"""Shares of the waiting time between two looks whether a delete is carried out; together the whole of it."""


@dataclass(slots=True, kw_only=True)
class AlmaRemover:
    """Carries out removals. `wait_seconds` is how long a delete may take; `bib` what becomes of a bib left alone."""

    client: AlmaClient
    sender: Sender
    shelves: Shelves
    wait_seconds: float
    bib: BibTreatment = BibTreatment.RETAIN

    async def remove_portfolio(
        self, change: Change, holding: Holding, title: Title | None = None, bib: BibTreatment | None = None
    ) -> None:
        """Delete a portfolio and return when it is gone; one that is gone already is as well.

        `title` is its bib as it was read, for whoever makes it again; `bib` what becomes of that, if not as usual.

        Raises:
            ChangedSincePlanError: when it was edited since the plan; the same goes for services and collections.
            InProgressError: when it is still there after the waiting time.
        """
        place, portfolio_id = holding, change.target_id

        treatment = bib or self.bib

        async def look() -> Before:
            stored = await self.shelves.portfolio(place, portfolio_id)
            refuse_if_moved(change, stored.record)
            return Before(record=stored.record, title=title, wire=kept(stored.raw))

        async def delete() -> None:
            if place.package_key == STANDALONE_KEY:
                await self.client.delete_bib_portfolio(place.title_key, portfolio_id, bib=treatment)
            else:
                await self.client.delete_portfolio(place.package_key, place.service_key, portfolio_id, bib=treatment)

        await self._remove(change, "delete portfolio", look, delete)

    async def remove_service(self, change: Change, service: Service) -> None:
        """Delete a service.

        Raises:
            DataError: when it still holds portfolios.
        """

        async def look() -> Before:
            stored = await self.client.get_service(service.package_key, change.target_id)
            record = service_from_wire(stored.model, service.package_key)
            refuse_if_moved(change, record)
            return Before(record=record, wire=kept(stored.raw))

        await self._remove(
            change,
            "delete service",
            look,
            lambda: self.client.delete_service(service.package_key, change.target_id),
        )
        self.shelves.forget(service.package_key)

    async def remove_collection(self, change: Change) -> None:
        """Delete a collection.

        Raises:
            DataError: when it still holds services.
        """

        async def look() -> Before:
            stored = await self.client.get_collection(change.target_id)
            record = package_from_collection(stored.model, (), ())
            refuse_if_moved(change, record)
            return Before(record=record, wire=kept(stored.raw))

        await self._remove(change, "delete collection", look, lambda: self.client.delete_collection(change.target_id))

    async def _remove(
        self,
        change: Change,
        operation: str,
        look: Callable[[], Awaitable[Before]],
        delete: Callable[[], Awaitable[None]],
    ) -> None:
        async def is_gone() -> str | None:
            try:
                await look()
            except NotFoundError:
                return change.target_id
            return None

        async def remove(_: Before) -> str:
            await delete()
            return change.target_id

        try:
            fresh = await Fresh.read(look)
        except NotFoundError:
            return
        attached: RefusedError | None = None
        under_way = False
        for share in LOOKS:
            await asyncio.sleep(share * self.wait_seconds)
            if under_way and await is_gone():
                return
            if not under_way:
                attached = await self._send(change, operation, fresh, remove, is_gone)
                under_way = attached is None
        if under_way:
            raise InProgressError(f"Alma has not carried out the delete within {self.wait_seconds:.0f} seconds")
        raise DataError(
            f"it still holds something, and was left: {attached.message if attached else ''}",
            advice="Look in Alma what it holds; what this product does not manage it does not remove.",
        )

    async def _send(
        self,
        change: Change,
        operation: str,
        fresh: Fresh[Before],
        remove: Callable[[Before], Awaitable[str]],
        is_gone: Callable[[], Awaitable[str | None]],
    ) -> RefusedError | None:
        """Ask for the delete; return None when it is under way, or why it cannot be carried out yet.

        The count of what is attached may lag behind deletes that were carried out (facts: alma §4).
        """
        try:
            await self.sender.send(
                change.id,
                operation,
                change.target_id,
                lambda: fresh.sends(remove),
                is_gone,
                look_once=True,
                before=fresh.first,
            )
        except (NotFoundError, InProgressError):
            return None
        except RefusedError as error:
            if not error.says(STILL_ATTACHED):
                raise
            return error
        return None
