"""docs/configuration.md: every key of the configuration, with what it means, its limits and its default."""

import re
from collections.abc import Iterator
from typing import Annotated, Any, Literal, get_args, get_origin

from annotated_types import Ge, Gt, Le, Lt, MinLen
from pydantic import BaseModel, SecretStr
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from sync.settings import ENVIRONMENT_PREFIX, Pair, Settings

HEAD = f"""# Configuration

Every key of `alma-folio-sync.toml`. `alma-folio-sync init` writes a file to begin with, and `alma-folio-sync check`
proves it. This page is made from the program itself.

Each key can be set from the environment instead: `{ENVIRONMENT_PREFIX}`, then the way to the key in capitals with two
underscores between its parts, as in `{ENVIRONMENT_PREFIX}PAIRS__MAIN__ALMA__API_KEY`. Lists and tables are written
there as JSON. The environment has precedence over the file. Keys that do not exist are refused.

Secrets (*secret* below) are shown nowhere, whichever way they are given: in the file, in the environment, or in a file
of their own that the key with `_file` at its end names, such as one of systemd's credentials or a mounted secret.

`main` stands for the name of a pair; a configuration may have several.
"""
NAMES = {str: "text", int: "number", float: "number", SecretStr: "secret"}


def configuration_page() -> str:
    """Return the page."""
    sections = [("database", "database"), ("daemon", "daemon"), ("mail", "mail"), ("pairs.main", "pairs")]
    parts = [HEAD]
    for title, name in sections:
        model = Pair if name == "pairs" else _model(Settings.model_fields[name].annotation)
        for path, section in _sections(title, model):
            parts.append(_section(path, section))
    return "\n".join(parts)


def _sections(path: str, model: type[BaseModel]) -> Iterator[tuple[str, type[BaseModel]]]:
    if any(section_in(field.annotation) is None for field in model.model_fields.values()):
        yield path, model
    for name, field in model.model_fields.items():
        below = section_in(field.annotation)
        if below is not None:
            yield from _sections(f"{path}.{name}", below)


def _section(path: str, model: type[BaseModel]) -> str:
    lines = [
        f"## [{path}]",
        "",
        _words(model.__doc__ or ""),
        "",
        "| key | value | default | meaning |",
        "|---|---|---|---|",
    ]
    lines += [
        f"| `{name}` | {_kind(field)} | {_default(name, model)} | {_words(field.description or '')} |"
        for name, field in model.model_fields.items()
        if section_in(field.annotation) is None
    ]
    return "\n".join([*lines, ""])


def _words(text: str) -> str:
    """Return a text in one line, without what only programmers look up."""
    return re.sub(r" \(facts: [^)]*\)", "", " ".join(text.split())).replace("|", "\\|")


def _model(annotation: Any) -> type[BaseModel]:
    found = section_in(annotation)
    if found is None:
        raise TypeError(f"{annotation} is no section")
    return found


def section_in(annotation: Any) -> type[BaseModel] | None:
    """Return the section that a key holds, or several of under names; None where it holds a value."""
    for one in (annotation, *get_args(annotation)):
        if isinstance(one, type) and issubclass(one, BaseModel):
            return one
    return None


def _kind(field: FieldInfo) -> str:
    kind = _type(field.annotation)
    return f"{kind}{_limits(field.metadata)}"


def _type(annotation: Any) -> str:
    origin, arguments = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        return _type(arguments[0])
    if origin is Literal:
        return ", ".join(f"`{one}`" for one in arguments)
    if origin is dict:
        return f"table: {_type(arguments[0])} = {_type(arguments[1])}"
    if origin is tuple:
        return f"list: {_type(arguments[0])}"
    if type(None) in arguments:
        return _type(next(one for one in arguments if one is not type(None)))
    return NAMES.get(annotation, "file or folder")


def _limits(metadata: list[Any]) -> str:
    words = []
    for one in metadata:
        match one:
            case Ge(ge=least):
                words.append(f"at least {least}")
            case Gt(gt=less):
                words.append(f"more than {less}")
            case Le(le=most):
                words.append(f"at most {most}")
            case Lt(lt=more):
                words.append(f"less than {more}")
            case MinLen(min_length=length):
                words.append("not empty" if length == 1 else f"at least {length} long")
            case _:
                pass
    return f", {', '.join(words)}" if words else ""


def _default(name: str, model: type[BaseModel]) -> str:
    default = model.model_fields[name].get_default(call_default_factory=True)
    if default is PydanticUndefined:
        return f"**needed**, or `{name}_file`" if f"{name}_file" in model.model_fields else "**needed**"
    if default is None or (isinstance(default, SecretStr) and not default.get_secret_value()):
        return ""
    if default in ({}, ()):
        return "none"
    if isinstance(default, int | float):
        return f"{default:g}"
    return f'`"{default}"`'
