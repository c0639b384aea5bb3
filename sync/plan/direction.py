"""Which way a plan goes: from which system its records come, and which one is written to; or both ways."""

from enum import StrEnum

from sync.model import System

BOTH_WAYS = "both"
"""What a two-way plan has in the place of its direction."""


class Direction(StrEnum):
    """The two one-way directions; a two-way plan goes both."""

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


def directions_of(way: str) -> tuple[Direction, ...]:
    """Return the directions of a stored plan, in the order in which they are planned and carried out."""
    return tuple(Direction) if way == BOTH_WAYS else (Direction(way),)


def way_shown(way: str) -> str:
    """Return which way a stored plan goes, as people write it."""
    if way == BOTH_WAYS:
        return "Alma ⇄ FOLIO"
    direction = Direction(way)
    return f"{direction.source.label} → {direction.target.label}"
