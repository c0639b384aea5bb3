"""Wire records with the JSON they came from, one at a time and in pages."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

ModelT = TypeVar("ModelT", bound=BaseModel)

PROBLEMS_NAMED = 5


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Generic[ModelT]):
    """One record: `model` to read from, `raw` to write back whole, with every key the model does not know."""

    model: ModelT
    raw: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidRecord:
    """An item of a page that cannot be read. `id` is "" when it has none; `reason` holds no values of the item."""

    id: str
    raw: Any
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Page(Generic[ModelT]):
    """One page of a list. `total` is what the server declares for the whole list, None when it does not say."""

    records: tuple[Record[ModelT], ...]
    total: int | None
    invalid: tuple[InvalidRecord, ...] = ()

    @property
    def size(self) -> int:
        """Return how many items the server sent, the unreadable ones included."""
        return len(self.records) + len(self.invalid)


def read_record(model: type[ModelT], item: Any, id_key: str = "id") -> Record[ModelT] | InvalidRecord:
    """Return the item as a record, or why it is none."""
    if not isinstance(item, dict):
        return InvalidRecord(id="", raw=item, reason=f"not an object but {type(item).__name__}")
    try:
        return Record(model=model.model_validate(item), raw=item)
    except ValidationError as error:
        return InvalidRecord(id=str(item.get(id_key) or ""), raw=item, reason=_reason(error))


def read_page(model: type[ModelT], items: Iterable[Any], total: int | None, id_key: str = "id") -> Page[ModelT]:
    """Return the items as a page; an item that cannot be read is kept aside and never loses the others."""
    records: list[Record[ModelT]] = []
    invalid: list[InvalidRecord] = []
    for item in items:
        outcome = read_record(model, item, id_key)
        if isinstance(outcome, Record):
            records.append(outcome)
        else:
            invalid.append(outcome)
    return Page(records=tuple(records), total=total, invalid=tuple(invalid))


def read_total(value: Any) -> int | None:
    """Return a declared count; None when it is absent, null or no count."""
    if isinstance(value, bool) or not isinstance(value, int | str):
        return None
    text = str(value).strip()
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _reason(error: ValidationError) -> str:
    problems = error.errors(include_input=False, include_url=False, include_context=False)
    named = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in problems[:PROBLEMS_NAMED])
    more = len(problems) - PROBLEMS_NAMED
    return f"{named}; and {more} more" if more > 0 else named
