"""The small values that stand in FOLIO's answers and in requests alike, with exactly the keys requests may hold.

Requests are refused for any key FOLIO does not know (facts: folio §0), so unknown keys of answers are dropped here;
`Record.raw` still has them.
"""

from enum import StrEnum
from typing import Annotated, Any

from pydantic import BaseModel, BeforeValidator, ConfigDict
from pydantic.alias_generators import to_camel

Text = Annotated[str, BeforeValidator(lambda value: "" if value is None else value)]
Number = Annotated[int, BeforeValidator(lambda value: 0 if value is None else value)]


class Value(BaseModel):
    """A value by its keys in camel case."""

    model_config = ConfigDict(
        extra="ignore", alias_generator=to_camel, populate_by_name=True, frozen=True, coerce_numbers_to_str=True
    )

    def body(self) -> dict[str, Any]:
        """Return the value as JSON, without what is not set."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


class Coverage(Value):
    """A range of dates YYYY-MM-DD; an open end, or no coverage at all, is ""."""

    begin_coverage: Text = ""
    end_coverage: Text = ""


class EmbargoUnit(StrEnum):
    """The units an embargo is counted in."""

    DAYS = "Days"
    WEEKS = "Weeks"
    MONTHS = "Months"
    YEARS = "Years"


class Embargo(Value):
    """An embargo; without one the value is 0 and the unit absent (facts: folio §1.5)."""

    embargo_unit: Annotated[EmbargoUnit | None, BeforeValidator(lambda value: value or None)] = None
    embargo_value: Number = 0


class Identifier(Value):
    """An identifier: type ISSN or ISBN, subtype Print or Online; answers may hold others (facts: folio §2.2)."""

    id: Text = ""
    type: Text = ""
    subtype: Text = ""


class Contributor(Value):
    """A contributor: type author, editor or illustrator in requests; answers hold other spellings too."""

    type: Text = ""
    contributor: Text = ""


class Proxy(Value):
    """A proxy; the id of none is <n>. `inherited` tells whether it comes from the package or the library."""

    id: str | None = None
    inherited: bool | None = None


class VisibilityData(Value):
    """Whether a record is hidden from patrons, and why, as far as the system set it."""

    is_hidden: bool | None = None
    reason: str | None = None


class Visibility(Value):
    """Whether a package is hidden in one place (PF, FTF or MARC); interface 5.0 only (facts: folio §1.4)."""

    category: str
    hidden: bool
    reason: str | None = None


class AlternativeName(Value):
    """Another name of a package; interface 5.0 only (facts: folio §1.4)."""

    alt_name: Text = ""


class Token(Value):
    """A token of a vendor that goes into addresses."""

    fact_name: str | None = None
    prompt: str | None = None
    help_text: str | None = None
    value: str | None = None
