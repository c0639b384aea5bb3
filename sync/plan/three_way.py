"""The comparison of two sides that may both change: each with its own base, field by field (design: the comparison).

| Alma vs its base | FOLIO vs its base    | verdict                                                                  |
|------------------|----------------------|--------------------------------------------------------------------------|
| same             | same                 | NOTHING                                                                  |
| changed          | same                 | TO_FOLIO; NOT_IN_FOLIO where FOLIO cannot hold it (a loss)               |
| same             | changed              | TO_ALMA; NOT_IN_ALMA where Alma cannot hold it (a loss); AGREED where    |
|                  |                      | the field never goes to Alma                                             |
| changed          | changed, to the same | AGREED: the base moves, nothing is written                               |
| changed          | changed, differently | what a person decided, else what the policy says; CONFLICT where it asks |

A field on which both sides never agreed (first contact) counts as changed on each side that holds something: a gap is
filled from the other side, and two values that differ are a conflict. What becomes of a record that is gone on one
side is decided with the removals (`sync.engine.removals`): gone and unchanged → removal, gone and changed → conflict.

No I/O: records, fields, policies and decisions in; verdicts and their reasons out.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from sync.model import CoverageRange, Holding, Package, Proxy, Record, Title, same_name_key
from sync.plan.changes import FieldValue
from sync.plan.compare import NOTE_FIELDS, TITLE_FIELDS, meaning, shown


class Verdict(StrEnum):
    """What becomes of one field."""

    NOTHING = "nothing"
    TO_FOLIO = "to-folio"
    TO_ALMA = "to-alma"
    AGREED = "agreed"
    NOT_IN_FOLIO = "not-in-folio"
    NOT_IN_ALMA = "not-in-alma"
    CONFLICT = "conflict"


class Policy(StrEnum):
    """Which side is right where both changed a field differently. `ask` leaves both, and lists the conflict."""

    ASK = "ask"
    ALMA = "alma"
    FOLIO = "folio"


class Decision(StrEnum):
    """What a person decided about a conflict. `keep` leaves both sides as they are, and is content with that."""

    ALMA = "alma"
    FOLIO = "folio"
    KEEP = "keep"


@dataclass(frozen=True, slots=True)
class Flow:
    """Which ways a field travels in a two-way pair (mapping: flow)."""

    to_folio: bool = True
    to_alma: bool = True


BOTH, ONLY_TO_FOLIO = Flow(), Flow(to_alma=False)

PACKAGE_FLOWS: Mapping[str, Flow] = {
    "name": BOTH,
    "content_type": ONLY_TO_FOLIO,
    "hidden": BOTH,
    "proxy": BOTH,
    "access_type": BOTH,
    "url": BOTH,
    "description": BOTH,
}
TITLE_FLOWS: Mapping[str, Flow] = dict.fromkeys(TITLE_FIELDS, ONLY_TO_FOLIO)
"""Bibs that exist are never edited."""
HOLDING_FLOWS: Mapping[str, Flow] = dict.fromkeys(
    ("available", "url", "coverage", "embargo", "coverage_statement", *NOTE_FIELDS, "proxy", "access_type"), BOTH
)
REMOVAL = "removal"
"""The name a conflict has in place of a field where one side edited what the other removed."""
CONFLICT_FIELDS = frozenset({*PACKAGE_FLOWS, *TITLE_FLOWS, *HOLDING_FLOWS})
"""The fields a policy can be given for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Side:
    """One side's record: as it is, as it was at the base (None: they never agreed), and both in the other's form.

    None in a field of `now` or `before`: the side does not tell, unless it `tells_all`, where None is none of its own
    (an embargo is always told); in `fitted` and `fitted_before`: the other side cannot hold it.
    """

    now: Record
    before: Record | None
    fitted: Record
    fitted_before: Record | None = None
    tells_all: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """Who is right where both changed a field: by field, by what a person decided, else by `policy`."""

    policy: Policy = Policy.ASK
    by_field: Mapping[str, Policy] = field(default_factory=dict)
    decisions: Mapping[str, Decision] = field(default_factory=dict)

    def policy_of(self, name: str) -> Policy:
        """Return the policy for a field."""
        return self.by_field.get(name, self.policy)


@dataclass(frozen=True, slots=True, kw_only=True)
class FieldVerdict:
    """What becomes of one field and why, with the values a person needs to see to agree or to decide."""

    field: str
    verdict: Verdict
    reason: str
    base: FieldValue
    alma: FieldValue
    folio: FieldValue


@dataclass(frozen=True, slots=True)
class Comparison:
    """The verdicts on a record that both sides hold; fields that changed on neither are left out.

    `decided` are those that would be in conflict, had not a person decided; `waiting` are fields on which nothing can
    be said before others are agreed on.
    """

    verdicts: tuple[FieldVerdict, ...] = ()
    decided: tuple[FieldVerdict, ...] = ()
    waiting: tuple[str, ...] = ()

    def fields(self, *wanted: Verdict) -> tuple[str, ...]:
        """Return the fields with one of these verdicts."""
        return tuple(one.field for one in self.verdicts if one.verdict in wanted)

    @property
    def conflicts(self) -> tuple[FieldVerdict, ...]:
        """Return the fields that wait for a decision."""
        return tuple(one for one in self.verdicts if one.verdict is Verdict.CONFLICT)


def flows_of(record: Record) -> Mapping[str, Flow]:
    """Return which fields of a record travel, and which ways."""
    match record:
        case Package():
            return PACKAGE_FLOWS
        case Title():
            return TITLE_FLOWS
        case Holding():
            return HOLDING_FLOWS
        case _:
            return {}


def compare(alma: Side, folio: Side, rules: Rules, *, unsettled: tuple[str, ...] = ()) -> Comparison:
    """Return what becomes of each field that travels; `unsettled` are those on which both sides never agreed."""
    verdicts = []
    for name, flow in flows_of(alma.now).items():
        settled = name not in unsettled and alma.before is not None and folio.before is not None
        verdict, reason = _decide(name, flow, alma, folio, rules, settled=settled)
        if verdict is not Verdict.NOTHING:
            before = alma.before if settled else None
            in_alma = alma.fitted if name == "coverage_statement" else alma.now
            verdicts.append(
                FieldVerdict(
                    field=name,
                    verdict=verdict,
                    reason=reason,
                    base=shown(getattr(before, name)) if before is not None else None,
                    alma=shown(getattr(in_alma, name)),
                    folio=shown(getattr(folio.now, name)),
                )
            )
    waiting = tuple(one.field for one in verdicts if _follows(one, verdicts, alma))
    return Comparison(tuple(one for one in verdicts if one.field not in waiting), waiting=waiting)


def _follows(one: FieldVerdict, verdicts: Sequence[FieldVerdict], alma: Side) -> bool:
    """Return whether a statement is made of what Alma is not to keep, or not yet: then it waits for that."""
    if one.field != "coverage_statement" or one.verdict is not Verdict.TO_FOLIO or alma.before is None:
        return False
    typed = getattr(alma.now, one.field) != getattr(alma.before, one.field)
    made_of = (each for each in verdicts if each.field in ("coverage", "embargo"))
    return not typed and any(each.verdict in (Verdict.TO_ALMA, Verdict.CONFLICT) for each in made_of)


def _decide(name: str, flow: Flow, alma: Side, folio: Side, rules: Rules, *, settled: bool) -> tuple[Verdict, str]:
    in_alma, in_folio = changed(alma, name, settled=settled), changed(folio, name, settled=settled)
    if not (in_alma or in_folio):
        return Verdict.NOTHING, ""
    if _equal(name, alma, folio, settled=settled):
        rolling = name == "embargo" and in_alma and _rolling(alma)
        return _left(name, alma, Verdict.NOT_IN_FOLIO) if rolling else (Verdict.AGREED, "both sides hold the same")
    can = Flow(flow.to_folio and _can_hold(name, alma), flow.to_alma and _can_hold(name, folio))
    if in_alma and in_folio:
        # the embargo of the side that is wrong goes also where the other one cannot take its place
        return _by_rules(name, flow if name == "embargo" else can, rules)
    if in_alma:
        words = "changed in Alma; FOLIO is as it was when both agreed" if settled else "FOLIO has none"
        return (Verdict.TO_FOLIO, words) if can.to_folio else _left(name, alma, Verdict.NOT_IN_FOLIO)
    if not flow.to_alma:
        return Verdict.AGREED, "this never goes to Alma"
    words = "changed in FOLIO; Alma is as it was when both agreed" if settled else "Alma has none"
    return (Verdict.TO_ALMA, words) if can.to_alma else _left(name, folio, Verdict.NOT_IN_ALMA)


def _left(name: str, side: Side, verdict: Verdict) -> tuple[Verdict, str]:
    """Return that a value stays on its own side; that there is none is nothing to be held."""
    other = "FOLIO" if verdict is Verdict.NOT_IN_FOLIO else "Alma"
    empty = is_empty(getattr(side.now, name))
    return Verdict.AGREED if empty else verdict, f"{other} cannot hold it"


def _by_rules(name: str, can: Flow, rules: Rules) -> tuple[Verdict, str]:
    decision = rules.decisions.get(name)
    if decision is Decision.KEEP:
        return Verdict.AGREED, "decided: both sides stay as they are"
    if not (can.to_folio or can.to_alma):
        return Verdict.NOT_IN_FOLIO, "neither side can hold what the other has"
    policy = Policy(decision) if decision is not None else rules.policy_of(name)
    who = "a person" if decision is not None else "the policy"
    if policy is Policy.ASK:
        return Verdict.CONFLICT, "changed on both sides, differently"
    travels = can.to_folio if policy is Policy.ALMA else can.to_alma
    words = f"changed on both sides; {who} says {policy}"
    if not travels:
        left = Verdict.NOT_IN_FOLIO if policy is Policy.ALMA else Verdict.NOT_IN_ALMA
        return left, f"{words}, whose value the other side cannot hold"
    return Verdict.TO_FOLIO if policy is Policy.ALMA else Verdict.TO_ALMA, words


def changed(side: Side, name: str, *, settled: bool = True) -> bool:
    """Return whether a field means something else than when both sides last agreed.

    A statement of Alma counts as FOLIO would hold it: of coverage and embargo one is made.
    """
    now, before = side.now, side.before
    if name == "coverage_statement" and side.tells_all:
        now, before = side.fitted, side.fitted_before
    value = getattr(now, name)
    if before is None or not settled:
        return not is_empty(value)
    if name == "embargo":
        return bool(value != before.embargo) if isinstance(before, Holding) else False
    if name == "coverage_statement":
        return (value or "") != (getattr(before, name) or "")
    if not side.tells_all and (value is None or getattr(before, name) is None):
        return False
    return _told(value, side) != _told(getattr(before, name), side)


def _told(value: object, side: Side) -> object:
    """Return what a side says with a value: a coverage says volumes and issues too, where the side can hold them."""
    numbers: frozenset[object] = frozenset()
    if side.tells_all and isinstance(value, tuple):
        ranges = (one for one in value if isinstance(one, CoverageRange) and one.numbered)
        numbers = frozenset((one.begin_volume, one.begin_issue, one.end_volume, one.end_issue) for one in ranges)
    return meaning(value), numbers


def _equal(name: str, alma: Side, folio: Side, *, settled: bool) -> bool:
    """Return whether both sides hold the same, in either one's form; matched records may spell a name differently."""
    pairs = ((alma.fitted, folio.now), (folio.fitted, alma.now))
    if name == "name" and not settled:
        return any(same_name_key(getattr(one, name)) == same_name_key(getattr(other, name)) for one, other in pairs)
    if name == "coverage_statement":
        # of a statement that Alma does not have FOLIO's may be made; that it is none in FOLIO either says nothing
        (made, held), (typed, noted) = (tuple(getattr(one, name) or "" for one in pair) for pair in pairs)
        return bool(made == held or (typed and typed == noted))
    return any(
        meaning(getattr(fitted, name)) == meaning(getattr(own, name))
        for fitted, own in pairs
        if getattr(own, name) is not None or name == "embargo"
    )


def _can_hold(name: str, side: Side) -> bool:
    """Return whether the other side can hold the value; one that only it lacks words for is a loss, not a change."""
    if name == "embargo":
        return isinstance(side.now, Holding) and isinstance(side.fitted, Holding) and not _left_out(side)
    return getattr(side.fitted, name) is not None or name == "coverage_statement"


def _rolling(alma: Side) -> bool:
    """Return whether there is an embargo that FOLIO cannot hold: it has none then, and says so in the statement."""
    return getattr(alma.now, "embargo", None) is not None and getattr(alma.fitted, "embargo", None) is None


def _left_out(side: Side) -> bool:
    """Return whether there was no embargo that the other side could hold, before and now: a rolling wall, say."""
    fitted, before = getattr(side.fitted, "embargo", None), getattr(side.fitted_before, "embargo", None)
    return side.fitted_before is not None and fitted is None and before is None


def is_empty(value: object) -> bool:
    """Return whether a value says nothing: of a proxy, that a record has none of its own."""
    if isinstance(value, Proxy):
        return not value.enabled
    return value is None or value in ("", (), "Unknown", "Unspecified")
