"""Which way a plan goes: from which system its records come, and which one is written to."""

from enum import StrEnum

from sync.model import System


class Direction(StrEnum):
    """The two one-way directions."""

    ALMA_TO_FOLIO = "alma-to-folio"
    FOLIO_TO_ALMA = "folio-to-alma"

    @classmethod
    def between(cls, source: System, target: System) -> "Direction":
        """Return the direction from one system to the other.

        Raises:
            ValueError: when both are the same.
        """
        return cls(f"{source}-to-{target}")

    @property
    def source(self) -> System:
        """Return the system that is only read."""
        return System.ALMA if self is Direction.ALMA_TO_FOLIO else System.FOLIO

    @property
    def target(self) -> System:
        """Return the system that is written to."""
        return System.FOLIO if self is Direction.ALMA_TO_FOLIO else System.ALMA
