"""Which part of one record decides which part of another: found by changing one value after the other."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from copy import deepcopy
from typing import Any

from pydantic import ValidationError

from sync.errors import DataError

Path = tuple[str | int, ...]
OTHERS: Mapping[str, str] = {
    "11": "10",
    "0": "1",
    ">": "<",
    "Months": "Years",
    "E-Journal": "E-Book",
    "Journal": "Book",
}
"""Another value for one that is a code, of which not any text will do."""


def leaves(record: Any, path: Path = ()) -> Iterator[Path]:
    """Return the way to each single value of a record."""
    if isinstance(record, Mapping):
        for name, value in record.items():
            yield from leaves(value, (*path, name))
    elif isinstance(record, list):
        for number, value in enumerate(record):
            yield from leaves(value, (*path, number))
    else:
        yield path


def readers(record: Any, read: Callable[[Any], Any]) -> dict[str, list[Path]]:
    """Return which values of a record decide each field of what is read from it."""
    before, found = read(record), dict[str, list[Path]]()
    for path in leaves(record):
        for other in _others(_at(record, path)):
            after = _read_or_none(read, _with(record, path, other))
            changed = _changed_fields(before, after) if after is not None else []
            for field in changed:
                found.setdefault(field, []).append(path)
            if changed:
                break
    return found


def changed_keys(before: Any, after: Any) -> list[Path]:
    """Return the ways to the values in which two bodies differ."""
    ways = dict.fromkeys((*leaves(before), *leaves(after)))
    return [path for path in ways if _at(before, path) != _at(after, path)]


def _others(value: Any) -> Iterable[Any]:
    """Return other values to try in the place of one, the likeliest first, and at last none at all."""
    if isinstance(value, bool):
        return (not value, None)
    if isinstance(value, int):
        return (value + 1, None)
    text = str(value)
    other = OTHERS.get(text)
    if other is None and text.isdigit():
        other = str(int(text) + 1)
    dates = (text.replace("-01-", "-02-"),) if "-01-" in text else ()
    return (*([other] if other else ()), *dates, f"{text}x", "")


def _read_or_none(read: Callable[[Any], Any], record: Any) -> Any:
    try:
        return read(record)
    except (DataError, ValidationError, ValueError):
        return None


def _changed_fields(before: Any, after: Any) -> list[str]:
    return [name for name in type(before).__slots__ if getattr(before, name) != getattr(after, name)]


def _at(record: Any, path: Path) -> Any:
    for step in path:
        try:
            record = record[step]
        except (KeyError, IndexError, TypeError):
            return None
    return record


def _with(record: Any, path: Path, value: Any) -> Any:
    changed = deepcopy(record)
    place = _at(changed, path[:-1])
    place[path[-1]] = value
    return changed
