"""Commits shared by those who wait for one at the same moment."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

MOST_TOGETHER = 200

Item = TypeVar("Item")


class GroupCommit(Generic[Item]):
    """Hands items to `store` together: all that arrived while the commit before was under way.

    An item alone is stored at once; nobody waits for company.
    """

    def __init__(self, store: Callable[[list[Item]], Awaitable[None]]) -> None:
        self._store = store
        self._waiting: list[tuple[Item, asyncio.Future[None]]] = []
        self._storing: asyncio.Task[None] | None = None

    async def submit(self, item: Item) -> None:
        """Return when the item is committed.

        Raises:
            Exception: whatever `store` raised for the group the item was in; then none of the group is stored.
        """
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((item, done))
        if self._storing is None or self._storing.done():
            self._storing = asyncio.create_task(self._drain())
        await done

    async def finish(self) -> None:
        """Return when nothing is being stored any longer, whoever has stopped waiting for it."""
        if self._storing is not None:
            await asyncio.wait([self._storing])

    async def _drain(self) -> None:
        while self._waiting:
            group, self._waiting = self._waiting[:MOST_TOGETHER], self._waiting[MOST_TOGETHER:]
            try:
                await self._store([item for item, _ in group])
            except BaseException as error:
                for _, done in group:
                    if not done.done():
                        done.set_exception(error)
                if not isinstance(error, Exception):
                    raise
            else:
                for _, done in group:
                    if not done.done():
                        done.set_result(None)
