"""What a record of Alma holds that is not made again with it: told in the plan of an undo, for a person to enter.

Whatever else is lost with a record, its id and its history, is lost with every one.
"""

from collections.abc import Mapping
from typing import Any

from sync.model import Loss

OF_ALL = (
    "license", "po_line", "pda", "library", "interface", "counter_platform", "public_access_model", "process_type",
    "number", "notes", "group_settings", "alternative_title", "creator", "category", "parser", "parser_override",
    "parser_parameters", "parser_parameters_override",
)  # fmt: skip
OF_CONTAINERS = ("public_note", "authentication_note", "internal_description")
"""A portfolio is made again with its notes, a collection or service without them."""
REASON = "it is not made again: enter it in Alma"


def left_behind(raw: Mapping[str, Any], *, container: bool = False) -> tuple[Loss, ...]:
    """Return the filled fields of a collection, service or portfolio that making it again leaves out."""
    fields = (*OF_ALL, *OF_CONTAINERS) if container else OF_ALL
    texts = {name: _text(raw.get(name)) for name in fields}
    return tuple(Loss(name, text, REASON) for name, text in texts.items() if text)


def _text(value: Any) -> str:
    """Return what a value says, "" where it is empty; of an object its code, or else its name."""
    if isinstance(value, Mapping):
        return next((text for key in ("value", "name", "content") if (text := _text(value.get(key)))), "")
    if isinstance(value, list):
        return "; ".join(text for one in value if (text := _text(one)))
    return "" if value is None else str(value)
