"""Takes titles and packages out of FOLIO: custom ones are deleted, the vendor's are deselected (facts: folio §2.1).

Nothing is removed that was edited since the plan, and no package that still holds a title which is not ours.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from dataclasses import dataclass, field

from sync.errors import DataError, NotFoundError
from sync.folio import wire
from sync.folio.bodies import deselected_package, deselected_resource
from sync.folio.client import FolioClient
from sync.folio.mapping import holding_from_wire, own_holding, own_package, package_from_wire, title_from_resource
from sync.model import Loss
from sync.plan.changes import Change
from sync.plan.compare import refuse_if_moved
from sync.plan.writes import Before
from sync.transport.paging import read_listing
from sync.transport.records import ModelT, Record
from sync.transport.sending import LOOKS, Fresh, Sender


@dataclass(slots=True, kw_only=True)
class FolioRemover:
    """Carries out removals, and waits until each shows: a record just removed may be seen for a while (facts: §2.5)."""

    client: FolioClient
    sender: Sender
    _removed: set[str] = field(default_factory=set)

    async def remove_holding(self, change: Change) -> None:
        """Take a title out of its package; one that is out of it already is as well.

        Raises:
            ChangedSincePlanError: when it was edited since the plan.
            DataError: when FOLIO still shows it after the settling time.
        """
        resource_id = change.target_id

        async def read() -> wire.Resource:
            stored = await self._resource(resource_id)
            if stored is None:
                raise NotFoundError(f"FOLIO does not show {resource_id} any longer")
            refuse_if_moved(change, holding_from_wire(stored))
            return stored

        async def remove(stored: wire.Resource) -> str:
            if stored.attributes.is_package_custom:
                await self.client.delete_resource(resource_id)
            else:
                await self.client.update_resource(resource_id, deselected_resource())
            return resource_id

        async def is_gone() -> str | None:
            return resource_id if await self._resource(resource_id) is None else None

        with suppress(NotFoundError):
            fresh = await Fresh.read(read)
            stored = fresh.first
            before = Before(
                record=own_holding(stored), title=title_from_resource(stored), lost=_tags(stored.attributes.tags)
            )
            await self._remove(change, "remove holding", before, lambda: fresh.sends(remove), is_gone)
        self._removed.add(resource_id)

    async def remove_package(self, change: Change) -> None:
        """Delete a custom package, or deselect a managed one.

        Raises:
            ChangedSincePlanError: when it was edited since the plan.
            DataError: when it holds titles that this run did not take out, or FOLIO still shows it.
        """
        package_id = change.target_id

        async def read() -> wire.Package:
            stored = await self._package(package_id)
            if stored is None:
                raise NotFoundError(f"FOLIO does not show {package_id} any longer")
            refuse_if_moved(change, package_from_wire(stored))
            await self._refuse_if_it_holds_more(package_id)
            return stored

        async def remove(stored: wire.Package) -> str:
            if stored.attributes.is_custom:
                await self.client.delete_package(package_id)
            else:
                await self.client.update_package(package_id, deselected_package(stored))
            return package_id

        async def is_gone() -> str | None:
            return package_id if await self._package(package_id) is None else None

        with suppress(NotFoundError):
            fresh = await Fresh.read(read)
            before = Before(record=own_package(fresh.first), lost=_tags(fresh.first.attributes.tags))
            await self._remove(change, "remove package", before, lambda: fresh.sends(remove), is_gone)

    async def _remove(
        self,
        change: Change,
        operation: str,
        before: Before,
        call: Callable[[], Awaitable[str]],
        is_gone: Callable[[], Awaitable[str | None]],
    ) -> None:
        with suppress(NotFoundError):  # FOLIO reads again what it has just removed, and says so (facts: folio §2.1)
            await self.sender.send(change.id, operation, change.target_id, call, is_gone, look_once=True, before=before)
        if await self.sender.look(is_gone) is None:
            raise DataError(
                f"FOLIO still shows {change.target_id} after its removal",
                advice="Look it up in FOLIO; run the command again in some minutes.",
            )

    async def _refuse_if_it_holds_more(self, package_id: str) -> None:
        others: list[str] = []
        for share in LOOKS:
            await asyncio.sleep(share * self.sender.settle_seconds)
            others = [one for one in await self._titles(package_id) if one not in self._removed]
            if not others:
                return
        raise DataError(
            f"it still holds titles that Alma does not know, such as {others[0]}, and was left",
            advice="Remove them in FOLIO, or keep the package: it is not touched.",
        )

    async def _titles(self, package_id: str) -> list[str]:
        """Return the ids that the package's list shows, unreadable ones too; empty when the package is gone.

        All pages count: for a while the first ones may show nothing but what was just taken out.
        """
        try:
            listing = await read_listing(
                lambda page: self.client.list_package_resources(package_id, page + 1, selected=True),
                key=lambda one: one.id,
            )
        except NotFoundError:
            return []
        unseen = ["one that its list counts and does not show"] if listing.missing else []
        return [*(one.model.id for one in listing.records), *(one.id for one in listing.invalid), *unseen]

    async def _resource(self, resource_id: str) -> wire.Resource | None:
        found = await _or_none(self.client.get_resource(resource_id))
        return None if found is None or found.attributes.is_selected is False else found

    async def _package(self, package_id: str) -> wire.Package | None:
        found = await _or_none(self.client.get_package(package_id))
        return None if found is None or found.attributes.is_selected is False else found


def _tags(tags: wire.Tags | None) -> tuple[Loss, ...]:
    if tags is None or not tags.tag_list:
        return ()
    return (Loss("tags", ", ".join(tags.tag_list), "tags are not made again"),)


async def _or_none(answer: Awaitable[Record[ModelT]]) -> ModelT | None:
    try:
        return (await answer).model
    except NotFoundError:
        return None
