"""The audit of one record: both sides as they are, field by field, without asking what they agreed on before.

| both sides' values                                            | what is said                                |
|---------------------------------------------------------------|---------------------------------------------|
| FOLIO's list does not tell                                    | not compared                                |
| the same, or neither has any                                  | nothing                                     |
| the same in the form one side can hold (mapping: every row)   | explained: by the loss, else by the form    |
| different, and in an open conflict                            | a difference, with the number of the conflict |
| different, and a rule keeps them so                           | explained: by that rule                     |
| different                                                     | a difference                                |

The rules are those by which a two-way plan leaves both values as they are (`sync.plan.three_way`, and what the plans to
each side keep); which side changed last, and whether a value once agreed, is not asked. No I/O: records in, differences
and explanations out.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from sync.model import Holding, Loss, Package, Proxy, Record, Title, name_key
from sync.plan.changes import FieldValue, Fit
from sync.plan.compare import meaning, shown
from sync.plan.three_way import flows_of

IN_ANOTHER_FORM = "the same in the words, precision or order that one side has for it"
SPELLED_OTHERWISE = "the same name in another spelling: case, spacing or accents"
GIVEN_NAME = "the name FOLIO was given, since another record has the record's own"
NEVER_TO_ALMA = "only FOLIO has one, and it never goes to Alma"
MANAGED_PACKAGE = "a managed package has its own"
MANAGED_TITLE = "a title of the knowledge base has its own"
VENDORS_ADDRESS = "a title of a managed package has the vendor's address"
TWO_VENDORS = "each side tells what its own knowledge base says"
HIDDEN_PACKAGE = "the whole package is hidden, and its titles are looked at again when it is shown"
NO_SERVICES = "a collection is hidden by its services, and this one has none"
NO_WORDS = "the other side cannot hold it"

UNTOLD_IN_LISTS = frozenset({"proxy", "access_type", "url", "description", "edition", "contributors"})
"""What a list of FOLIO may leave out (None); the record by its id tells it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Counterparts:
    """One record on both sides. `in_folio` is Alma's as FOLIO can hold it, `in_alma` FOLIO's as Alma can, the notes
    of both in their own fields, with what each had to leave behind.

    `names` are those FOLIO may have been given for it, taken only if the names differ; `in_full`: FOLIO's was read by
    its id; `shelved`: the collection it is in is hidden; `conflicts` are the numbers of open conflicts, by field.
    """

    alma: Record
    folio: Record
    in_folio: Fit
    in_alma: Fit
    names: Iterable[str] = ()
    in_full: bool = False
    shelved: bool = False
    conflicts: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class FieldDifference:
    """A field in which both sides differ and no rule says why, with the number of its open conflict, if there is one."""

    field: str
    alma: FieldValue
    folio: FieldValue
    conflict: int | None = None


@dataclass(frozen=True, slots=True, order=True)
class Explanation:
    """Why a field may differ, or what was left behind of it."""

    field: str
    reason: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Audited:
    """What comparing a record brings: each explanation once, and the fields FOLIO's list does not tell."""

    differences: tuple[FieldDifference, ...] = ()
    explained: tuple[Explanation, ...] = ()
    not_compared: tuple[str, ...] = ()


def audit_record(both: Counterparts) -> Audited:
    """Return in which fields both sides differ, and what explains the rest. Of a managed title only the name counts."""
    differences: list[FieldDifference] = []
    explained = set(_left_behind(both))
    not_compared: list[str] = []
    managed = isinstance(both.folio, Title) and both.folio.managed
    for name in ("name",) if managed else flows_of(both.alma):
        if name in UNTOLD_IN_LISTS and not both.in_full and getattr(both.folio, name) is None:
            not_compared.append(name)
            continue
        found = _judge(name, both)
        if isinstance(found, FieldDifference):
            differences.append(found)
        elif found is not None:
            explained.add(found)
    return Audited(differences=tuple(differences), explained=tuple(sorted(explained)), not_compared=tuple(not_compared))


def _left_behind(both: Counterparts) -> Iterator[Explanation]:
    """Yield what was lost of fields that are not compared: tags, the other portfolios of one title, notes of packages."""
    compared = flows_of(both.alma)
    for loss in (*both.in_folio.losses, *both.in_alma.losses):
        if loss.field not in compared:
            yield Explanation(loss.field, loss.reason)


def _judge(name: str, both: Counterparts) -> FieldDifference | Explanation | None:
    alma, folio = _value(both.alma, name), _value(both.folio, name)
    if meaning(alma) == meaning(folio) or (_blank(alma) and _blank(folio)):
        lost = _lost(both.in_folio.losses, name) if _blank(alma) and _blank(folio) else ""
        return Explanation(name, lost) if lost else None
    reason = _same_in_form(name, both)
    if reason:
        return Explanation(name, reason)
    conflict = both.conflicts.get(name)
    if conflict is None:
        reason = _rule_of_kind(name, both) or _cannot_be_held(name, both)
    return Explanation(name, reason) if reason else FieldDifference(name, shown(alma), shown(folio), conflict)


def _same_in_form(name: str, both: Counterparts) -> str:
    """Return why both values count as equal, "" when they do not: each is looked at as the other side can hold it."""
    alma, folio = _value(both.alma, name), _value(both.folio, name)
    forms = (
        (_value(both.in_folio.record, name), folio, both.in_folio.losses),
        (_value(both.in_alma.record, name), alma, both.in_alma.losses),
    )
    for fitted, own, losses in forms:
        if (fitted is not None or name == "embargo") and meaning(fitted) == meaning(own):
            return _lost(losses, name) or IN_ANOTHER_FORM
    if name == "name" and any(name_key(str(fitted)) == name_key(str(own)) for fitted, own, _ in forms):
        return SPELLED_OTHERWISE
    return ""


def _rule_of_kind(name: str, both: Counterparts) -> str:
    """Return the rule by which records of this kind may differ in the field, "" when there is none."""
    alma, folio = both.alma, both.folio
    match name:
        case "name" if isinstance(folio, Title) and folio.managed:
            return MANAGED_TITLE
        case "name" | "content_type" if isinstance(folio, Package) and folio.managed:
            return MANAGED_PACKAGE
        case "name" if getattr(folio, name) in set(both.names):
            return GIVEN_NAME
        case "hidden" if isinstance(alma, Package) and not alma.service_keys and not alma.hidden:
            return NO_SERVICES
        case "available" if both.shelved:
            return HIDDEN_PACKAGE
        case "url" if isinstance(folio, Holding) and folio.managed:
            return VENDORS_ADDRESS
        case "coverage" | "embargo" if _of_two_vendors(name, alma, folio):
            return TWO_VENDORS
        case _ if not flows_of(alma)[name].to_alma and _blank(getattr(alma, name)):
            return NEVER_TO_ALMA
    return ""


def _of_two_vendors(name: str, alma: Record, folio: Record) -> bool:
    if not (isinstance(alma, Holding) and isinstance(folio, Holding) and alma.managed):
        return False
    return folio.vendor_coverage if name == "coverage" else folio.vendor_embargo


def _cannot_be_held(name: str, both: Counterparts) -> str:
    """Return why a value that one side has cannot be on the other, "" when it could.

    An embargo is always told: where one cannot be held, the other side must have none, and that is seen before.
    """
    if name == "embargo":
        return ""
    for own, fit in ((both.alma, both.in_folio), (both.folio, both.in_alma)):
        lost = _lost(fit.losses, name)
        if _value(fit.record, name) is None and (lost or not _blank(_value(own, name))):
            return lost or NO_WORDS
    return ""


def _lost(losses: Sequence[Loss], name: str) -> str:
    return next((loss.reason for loss in losses if loss.field == name), "")


def _value(record: Record, name: str) -> object:
    """Return a field. A statement that is not told is none: Alma has one only where it was given FOLIO's."""
    value = getattr(record, name)
    return value or "" if name == "coverage_statement" else value


def _blank(value: object) -> bool:
    """Return whether a value says nothing: of a proxy, that a record has none of its own."""
    if isinstance(value, Proxy):
        return not value.enabled
    return value is None or value in ("", (), "Unknown", "Unspecified")
