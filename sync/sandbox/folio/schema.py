"""The module framework's reading of a request body, in two steps, as it does it (facts: folio-eholdings-api §2.6).

First the JSON must fit the types: a wrong type or enum value answers 400 text, an unknown property 422. Then all
violations of required, size and pattern are answered together, with 422.
"""

import re
from dataclasses import dataclass, field
from typing import Any

import msgspec

from sync.sandbox.folio.errors import RefusalError, plain, violations

UUID = r"^[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}$"


@dataclass(frozen=True, slots=True)
class Text:
    """A string, perhaps one of `allowed`, perhaps matching `pattern`."""

    allowed: tuple[str, ...] = ()
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Flag:
    """True or false."""


@dataclass(frozen=True, slots=True)
class Whole:
    """An integer."""


@dataclass(frozen=True, slots=True)
class Anything:
    """Any JSON value."""


@dataclass(frozen=True, slots=True)
class Many:
    """A list."""

    of: "Kind"
    most: int = 0
    unique: bool = False
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Shape:
    """An object; unknown properties are refused unless it is `open`."""

    properties: dict[str, "Kind"]
    required: tuple[str, ...] = ()
    open: bool = field(default=False)


Kind = Text | Flag | Whole | Anything | Many | Shape


def read(body: bytes, shape: Shape) -> dict[str, Any]:
    """Return the request body.

    Raises:
        RefusalError: 400 text or 422, as described above.
    """
    try:
        value = msgspec.json.decode(body)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise RefusalError(plain(400, f"Json content error {error}")) from None
    if not isinstance(value, dict):
        raise RefusalError(plain(400, "Json content error: an object is expected"))
    _check_types(shape, value, "")
    found: list[tuple[str, str, str]] = []
    _collect(shape, value, "", found)
    if found:
        raise RefusalError(violations(found))
    return value


def _check_types(kind: Kind, value: Any, path: str) -> None:
    if value is None or isinstance(kind, Anything):
        return
    if isinstance(kind, Shape):
        _check_type(isinstance(value, dict), value, path)
        for name, part in value.items():
            known = kind.properties.get(name)
            if known is not None:
                _check_types(known, part, f"{path}.{name}" if path else name)
            elif not kind.open:
                message = f'Unrecognized field "{name}", not marked as ignorable'
                raise RefusalError(violations([(message, f"{path}.{name}" if path else name, "")]))
    elif isinstance(kind, Many):
        _check_type(isinstance(value, list), value, path)
        for number, part in enumerate(value):
            _check_types(kind.of, part, f"{path}[{number}]")
    elif isinstance(kind, Text):
        _check_type(isinstance(value, str) and (not kind.allowed or value in kind.allowed), value, path)
    elif isinstance(kind, Flag):
        _check_type(isinstance(value, bool), value, path)
    else:
        _check_type(isinstance(value, int) and not isinstance(value, bool), value, path)


def _check_type(fits: bool, value: object, path: str) -> None:
    if not fits:
        raise RefusalError(plain(400, f"Json content error Cannot deserialize value {value!r} at {path or 'the body'}"))


def _collect(kind: Kind, value: Any, path: str, found: list[tuple[str, str, str]]) -> None:
    if isinstance(kind, Shape) and value is not None:
        # lists start out empty in the module's classes, so they are never missing
        found.extend(
            ("must not be null", f"{path}.{name}" if path else name, "null")
            for name in kind.required
            if value.get(name) is None and not isinstance(kind.properties[name], Many)
        )
        for name, part in value.items():
            if name in kind.properties:
                _collect(kind.properties[name], part, f"{path}.{name}" if path else name, found)
    elif isinstance(kind, Many) and value is not None:
        _collect_list(kind, value, path, found)
    elif isinstance(kind, Text) and value is not None and kind.pattern and not re.search(kind.pattern, value):
        found.append((f'must match "{kind.pattern}"', path, value))


def _collect_list(kind: Many, value: list[Any], path: str, found: list[tuple[str, str, str]]) -> None:
    shown = f"[{', '.join(str(part) for part in value)}]"
    if 0 < kind.most < len(value):
        found.append((f"size must be between 0 and {kind.most}", path, shown))
    if kind.unique and len({str(part) for part in value}) < len(value):
        found.append(("elements in list must be unique", path, shown))
    if kind.pattern and not all(isinstance(part, str) and re.fullmatch(kind.pattern, part) for part in value):
        found.append(("elements in list must match pattern", path, shown))
    for number, part in enumerate(value):
        _collect(kind.of, part, f"{path}[{number}]", found)
