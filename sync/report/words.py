"""Texts of two systems on a terminal: they may hold anything, so nothing of them is taken for markup or a command."""

from rich.text import Text

from sync.model import clean
from sync.plan.changes import FieldValue

LONGEST_VALUE = 110


def plain(*parts: str) -> Text:
    """Return text without markup and control characters, so that a name cannot command a terminal.

    The first part is ours and stays as it is.
    """
    kept = [parts[0], *(clean(part) for part in parts[1:] if part)]
    return Text("  ".join(kept), overflow="ellipsis")


def cut(text: str) -> Text:
    """Return a text for a cell, cut where it is long."""
    return Text(short(clean(text)))


def short(text: str) -> str:
    """Return a text, cut where it is long."""
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def and_more(number: int) -> Text:
    """Return that so many more are not shown, and where they stand."""
    return Text(f"  … and {number:,} more, in the whole report (--output FILE)")


def value_words(value: FieldValue) -> str:
    """Return a value as a person reads it."""
    if value is None or value in ("", ()):
        return "nothing"
    return "; ".join(value) if isinstance(value, tuple) else str(value)
