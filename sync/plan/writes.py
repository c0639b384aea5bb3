"""What a loader tells before and after each write, and what it asks before it takes a record that is there."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from sync.model import Loss, Record, System, Title


class IntentState(StrEnum):
    """What is known of a write."""

    OPEN = "open"  # about to be sent → done, refused, unknown
    DONE = "done"  # carried out
    REFUSED = "refused"  # surely not carried out
    UNKNOWN = "unknown"  # sent, answer lost → adopted, absent
    ADOPTED = "adopted"  # found by its natural key: it had been carried out
    ABSENT = "absent"  # not found by its natural key: it had not been carried out
    SUPERSEDED = "superseded"  # left open by a run that broke off; its target was read anew since


@dataclass(frozen=True, slots=True, kw_only=True)
class Before:
    """A record as it was read just before it was written over or removed, so that an undo can bring it back.

    Of a holding that is removed `title` is what it was of. `wire` is the whole record for the system it came from, and
    `lost` what is not brought back of it.
    """

    record: Record
    title: Title | None = None
    lost: tuple[Loss, ...] = ()
    wire: str = ""


class WriteLog(Protocol):
    """Keeps intents. Each method has stored its row when it returns."""

    async def intend(
        self, change_id: str, system: System, operation: str, natural_key: str, before: Before | None = None
    ) -> str:
        """Store that a write is about to be sent, with the record as it is, and return the intent's id."""

    async def settle(self, intent_id: str, state: IntentState, answer_id: str = "") -> None:
        """Store what became of it; `answer_id` is the id the system gave."""


class Claims(Protocol):
    """Keeps two records of the source from taking the same record of the target."""

    async def is_free(self, target_id: str) -> bool:
        """Return whether nobody else is linked to the record or about to be."""

    def take(self, target_id: str) -> bool:
        """Take the record; False when somebody else was faster."""

    async def rivals(self, candidates: Sequence[Title]) -> Sequence[Title]:
        """Return the other titles of the source, without a partner yet, that may want one of these as well."""
