"""Wire records with the JSON they came from, one at a time and in pages."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from pydantic import BaseModel, ValidationError

from sync.model import is_usable_id

ModelT = TypeVar("ModelT", bound=BaseModel)

PROBLEMS_NAMED = 5
LONGEST_ID_SHOWN = 100


@dataclass(frozen=True, slots=True, kw_only=True)
class Record(Generic[ModelT]):
    """One record: `model` to read from, `raw` to write back whole, with every key the model does not know."""

    model: ModelT
    raw: dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class InvalidRecord:
    """An item of a page that cannot be read. `id` is "" when it has none; `reason` holds no values of the item.

    `nameless`: nobody can tell which record it is, so that it may be any of those that were not seen.
    """

    id: str
    raw: Any
    reason: str
    nameless: bool = False


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


def read_single(model: type[ModelT], item: Any, wanted: str) -> Record[ModelT] | InvalidRecord:
    """Return the item as the record that was asked for by its id, or why it is not that."""
    record = read_record(model, item)
    if isinstance(record, InvalidRecord):
        return record
    own = getattr(record.model, getattr(model, "ID_FIELD", ""), wanted)
    if own != wanted:
        reason = f"it answers under another id ({own}): a cache between may mix answers up"
        return InvalidRecord(id=wanted, raw=item, reason=reason)
    return record


def read_record(model: type[ModelT], item: Any, id_key: str = "id") -> Record[ModelT] | InvalidRecord:
    """Return the item as a record, or why it is none.

    A model whose `ID_FIELD` names a field is of records that are called by their id: one that cannot be called is none.
    """
    if not isinstance(item, dict):
        return InvalidRecord(id="", raw=item, reason=f"not an object but {type(item).__name__}", nameless=True)
    told = str(item.get(id_key) or "")
    nameless = not is_usable_id(told)

    def invalid(reason: str) -> InvalidRecord:
        return InvalidRecord(id=told[:LONGEST_ID_SHOWN], raw=item, reason=reason, nameless=nameless)

    try:
        record = Record(model=model.model_validate(item), raw=item)
    except ValidationError as error:
        return invalid(_reason(error))
    except (RecursionError, OverflowError) as error:
        return invalid(f"absurd values ({type(error).__name__})")
    own = getattr(record.model, getattr(model, "ID_FIELD", ""), None)
    if isinstance(own, str) and not is_usable_id(own):
        return invalid("its id is none: no address can hold it")
    return record


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
