"""Whole lists from pages that may move, repeat or come up short while they are read.

Neither system promises an order or a stable count (facts: alma §4 pagination; folio §2.4). So: ids seen twice are one,
a short page ends nothing, and the declared total decides whether all was seen; if not, the list is read again and the
readings are united.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from sync.transport.records import InvalidRecord, ModelT, Page, Record

PAGE_SIZE = 100
ROUNDS = 3
MOST_PAGES = 20_000
PAGES_AT_ONCE = 16
"""So many empty pages in a row end a list, whatever its total says."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


@dataclass(frozen=True, slots=True, kw_only=True)
class Listing(Generic[ModelT]):
    """A whole list. `declared` is the most the server ever said; `missing` how many of those were never seen."""

    records: tuple[Record[ModelT], ...]
    invalid: tuple[InvalidRecord, ...]
    declared: int
    missing: int


async def read_listing(
    fetch: Callable[[int], Awaitable[Page[ModelT]]],
    *,
    key: Callable[[ModelT], str],
    expected: int = 0,
    page_size: int = PAGE_SIZE,
    rounds: int = ROUNDS,
) -> Listing[ModelT]:
    """Return every record of a list, each once. `fetch` takes a page number from 0.

    `expected` is a total known from elsewhere (0: none). The list is read up to `rounds` times while records are
    missing.
    """
    records: dict[str, Record[ModelT]] = {}
    invalid: dict[str, InvalidRecord] = {}
    declared = missing = 0
    for _ in range(rounds):
        declared = await _round(fetch, key, page_size, records, invalid)
        missing = max(0, max(declared, expected) - len(records) - len(invalid))
        if not missing:
            break
    return Listing(
        records=tuple(records.values()),
        invalid=tuple(invalid.values()),
        declared=max(declared, expected),
        missing=missing,
    )


async def _round(
    fetch: Callable[[int], Awaitable[Page[ModelT]]],
    key: Callable[[ModelT], str],
    page_size: int,
    records: dict[str, Record[ModelT]],
    invalid: dict[str, InvalidRecord],
) -> int:
    """Read every page once, some at a time, and return the largest total declared."""
    declared, number, again = 0, 0, True
    while again and number < MOST_PAGES:
        last = min(-(-declared // page_size), number + PAGES_AT_ONCE, MOST_PAGES)
        wanted = range(number, max(number + 1, last))
        sizes = []
        async for page in in_parallel(wanted, fetch, width=len(wanted)):
            declared = max(declared, page.total or 0)
            sizes.append(page.size)
            for record in page.records:
                records.setdefault(key(record.model), record)
            for item in page.invalid:
                invalid.setdefault(item.id or repr(item.raw)[:1000], item)
            told = page.total is not None
        number = wanted.stop
        over = not any(sizes) and len(sizes) == PAGES_AT_ONCE
        again = not over and (number * page_size < declared or (not told and sizes[-1] >= page_size))
    return declared


async def in_parallel(
    items: Iterable[_Item], work: Callable[[_Item], Awaitable[_Result]], *, width: int
) -> AsyncIterator[_Result]:
    """Yield the results of `work` on each item, as they come, at most `width` at once.

    The first error ends the rest.
    """
    waiting = iter(items)
    running: set[asyncio.Task[_Result]] = set()
    done: set[asyncio.Task[_Result]] = set()
    try:
        while True:
            while len(running) < max(1, width):
                try:
                    item = next(waiting)
                except StopIteration:
                    break
                running.add(asyncio.ensure_future(work(item)))
            if not running:
                return
            done, running = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            while done:
                yield done.pop().result()
    finally:
        for task in running:
            task.cancel()
        await asyncio.gather(*running, *done, return_exceptions=True)
