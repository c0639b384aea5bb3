"""A record that a system can never deliver costs that record, not the run; a system that answers nobody ends it."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TypeVar

from sync.errors import UndeliverableError, UnreachableError

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Deliveries:
    """Reads of one system. `simple` is a call that a system answers which answers anybody."""

    system: str
    simple: Callable[[], Awaitable[object]]

    async def of(self, answer: Awaitable[T]) -> T:
        """Return what was asked for.

        Raises:
            UndeliverableError: when the system answers others, and never this; it is a matter of the record.
            UnreachableError: when the system answers nobody.
        """
        try:
            return await answer
        except UnreachableError as error:
            await self.simple()
            raise UndeliverableError(f"{self.system} could not deliver it: {error.message}") from None
