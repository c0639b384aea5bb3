"""The audit of one record: both sides as they are, field by field, without asking what they agreed on before.

| both sides' values                                          | what is said                             |
|-------------------------------------------------------------|------------------------------------------|
| FOLIO's list does not tell                                  | not compared                             |
| the same, or neither has any                                | nothing                                  |
| the same in the form one side can hold (mapping: every row) | explained: by the loss, else by the form |
| different, and in an open conflict                          | a difference, with the conflict's number |
| different, and a rule keeps them so                         | explained: by that rule                  |
| different                                                   | a difference                             |

The rules are those by which a two-way plan leaves both values as they are (`sync.plan.three_way`, and what the plans to
each side keep); which side changed last, and whether a value once agreed, is not asked. No I/O: records in, differences
and explanations out.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from sync.errors import DataError
from sync.model import Holding, Kind, Loss, Package, Record, Title, same_name_key
from sync.plan.changes import FieldValue, Fit
from sync.plan.compare import meaning, shown
from sync.plan.three_way import flows_of, is_empty
from sync.plan.unite import unite

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
    """A field in which both sides differ and no rule says why, with the number of its open conflict if it has one."""

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
    """What comparing a record brings: each explanation once, and the fields FOLIO's list does not tell.

    `refused` is why Alma's record cannot be in FOLIO as it is now, where that is so.
    """

    differences: tuple[FieldDifference, ...] = ()
    explained: tuple[Explanation, ...] = ()
    not_compared: tuple[str, ...] = ()
    refused: DataError | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """A difference as it is told: which record it is of, by its names and ids; of several portfolios the one used."""

    kind: Kind
    package: str
    name: str
    field: str
    alma: FieldValue
    folio: FieldValue
    alma_id: str
    folio_id: str
    conflict: int | None = None


@dataclass(frozen=True, slots=True)
class Tally:
    """What is counted: records compared, of titles the custom ones; explanations; and what no list tells, by field."""

    compared: Counter[Kind] = field(default_factory=Counter)
    explained: Counter[Explanation] = field(default_factory=Counter)
    not_compared: Counter[tuple[Kind, str]] = field(default_factory=Counter)

    def add(self, kind: Kind, folio: Record, found: Audited) -> None:
        """Count a record."""
        if not (isinstance(folio, Title) and folio.managed):
            self.compared[kind] += 1
        self.explained.update(found.explained)
        self.not_compared.update((kind, one) for one in found.not_compared)


@dataclass(frozen=True, slots=True)
class Forms:
    """Make a record of Alma as FOLIO can hold it, and the other way round; both raise DataError where it cannot be."""

    in_folio: Callable[[Record], Fit]
    in_alma: Callable[[Record], Fit]


def united(alma: Sequence[Record]) -> Fit:
    """Return the one record that several of Alma are in FOLIO: portfolios united, of bibs the first by its id."""
    holdings = [one for one in alma if isinstance(one, Holding)]
    return unite(holdings) if holdings else Fit(record=min(alma, key=lambda one: one.key))


def audit_pair(
    alma: Fit,
    folio: Record,
    forms: Forms,
    *,
    names: Iterable[str] = (),
    in_full: bool = False,
    shelved: bool = False,
    conflicts: Mapping[str, int] | None = None,
) -> Audited:
    """Compare Alma's record, `united`, with FOLIO's, its notes where Alma has them; the rest is `Counterparts`'.

    What cannot be on the other side as it is now is compared as it stands.
    """
    refused = None
    try:
        in_folio = forms.in_folio(alma.record)
    except DataError as error:
        in_folio, names, refused = Fit(record=alma.record), (), error
    try:
        in_alma = forms.in_alma(folio)
    except DataError:  # the plan to Alma says so
        in_alma = Fit(record=folio)
    both = Counterparts(
        alma=alma.record,
        folio=folio,
        in_folio=replace(in_folio, losses=(*alma.losses, *in_folio.losses)),
        in_alma=in_alma,
        names=names,
        in_full=in_full,
        shelved=shelved,
        conflicts=conflicts or {},
    )
    return replace(audit_record(both), refused=refused)


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
    """Yield what was lost of fields that are not compared: tags, notes of packages, a title's other portfolios."""
    compared = flows_of(both.alma)
    for loss in (*both.in_folio.losses, *both.in_alma.losses):
        if loss.field not in compared:
            yield Explanation(loss.field, loss.reason)


def _judge(name: str, both: Counterparts) -> FieldDifference | Explanation | None:
    alma, folio = _value(both.alma, name), _value(both.folio, name)
    if meaning(alma) == meaning(folio) or (is_empty(alma) and is_empty(folio)):
        lost = _lost(both.in_folio.losses, name) if is_empty(alma) and is_empty(folio) else ""
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
    if name == "name" and any(same_name_key(str(fitted)) == same_name_key(str(own)) for fitted, own, _ in forms):
        return SPELLED_OTHERWISE
    return ""


def _rule_of_kind(name: str, both: Counterparts) -> str:
    """Return the rule by which records of this kind may differ in the field, "" when there is none."""
    alma, folio = both.alma, both.folio
    managed = isinstance(folio, Package | Title | Holding) and folio.managed
    bare = isinstance(alma, Package) and not alma.service_keys and not alma.hidden
    rules = (
        (name == "name" and isinstance(folio, Title) and managed, MANAGED_TITLE),
        (name in ("name", "content_type") and isinstance(folio, Package) and managed, MANAGED_PACKAGE),
        (name == "name" and getattr(folio, name) in set(both.names), GIVEN_NAME),
        (name == "hidden" and bare, NO_SERVICES),
        (name == "available" and both.shelved, HIDDEN_PACKAGE),
        (name == "url" and isinstance(folio, Holding) and managed, VENDORS_ADDRESS),
        (_of_two_vendors(name, alma, folio), TWO_VENDORS),
        (not flows_of(alma)[name].to_alma and is_empty(getattr(alma, name)), NEVER_TO_ALMA),
    )
    return next((reason for holds, reason in rules if holds), "")


def _of_two_vendors(name: str, alma: Record, folio: Record) -> bool:
    if not (isinstance(alma, Holding) and isinstance(folio, Holding) and alma.managed):
        return False
    return (name == "coverage" and folio.vendor_coverage) or (name == "embargo" and folio.vendor_embargo)


def _cannot_be_held(name: str, both: Counterparts) -> str:
    """Return why a value that one side has cannot be on the other, "" when it could.

    Of two values both must be such: one that could be on the other side, and is not there, is a difference. An embargo
    is always told: where one cannot be held, the other side must have none, and that is seen before.
    """
    if name == "embargo":
        return ""
    no_alma, no_folio = _why_not(name, both.alma, both.in_folio), _why_not(name, both.folio, both.in_alma)
    if no_alma and (no_folio or is_empty(_value(both.folio, name)) or _made_at_each_click(name, both.alma)):
        return no_alma
    return no_folio if is_empty(_value(both.alma, name)) else ""


def _why_not(name: str, own: Record, fit: Fit) -> str:
    lost = _lost(fit.losses, name)
    if _value(fit.record, name) is not None or (is_empty(_value(own, name)) and not lost):
        return ""
    return lost or NO_WORDS


def _made_at_each_click(name: str, alma: Record) -> bool:
    """Return whether Alma makes a portfolio's address by itself: then FOLIO's never takes its place."""
    return name == "url" and isinstance(alma, Holding) and alma.url is None


def _lost(losses: Sequence[Loss], name: str) -> str:
    return next((loss.reason for loss in losses if loss.field == name), "")


def _value(record: Record, name: str) -> object:
    """Return a field. A statement that is not told is none: Alma has one only where it was given FOLIO's."""
    value = getattr(record, name)
    return value or "" if name == "coverage_statement" else value
