"""Two-way: what becomes of each field of a record that both sides hold, by `sync.plan.three_way`, with its conflicts.

Both halves of a two-way plan (to FOLIO, to Alma) ask the same question of the same records, and get the same answer.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

from sync.alma.fit import fit_holding as to_alma_holding
from sync.alma.fit import fit_package as to_alma_package
from sync.alma.fit import source_words
from sync.engine.planning import Planning
from sync.engine.work import Work
from sync.errors import DataError
from sync.folio.fit import fit_holding as to_folio_holding
from sync.folio.fit import fit_package as to_folio_package
from sync.folio.fit import fit_title as to_folio_title
from sync.model import Holding, Kind, Loss, Package, Record, Title
from sync.plan.changes import FitHolding, FitPackage
from sync.plan.return_home import MAPPED
from sync.plan.three_way import Comparison, Decision, FieldVerdict, Policy, Rules, Side, Verdict, compare
from sync.plan.unite import unite
from sync.store.bases import BaseRecords
from sync.store.comparison import SourceRecord
from sync.store.conflicts import Conflict, decisions, removal_decisions

R = TypeVar("R", bound=Package | Title | Holding)


@dataclass(frozen=True, slots=True, kw_only=True)
class Pairing:
    """A record on both sides with what was agreed. `bases` are those of Alma's records, by Alma id; None: never.

    `fitted` is Alma's record as FOLIO can hold it, `folio` FOLIO's in full.
    """

    kind: Kind
    folio_id: str
    alma: Mapping[str, Record]
    bases: Mapping[str, BaseRecords | None]
    fitted: Record
    folio: Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Arbiter:
    """Who decides in a two-way plan. `decided` are the conflicts of a batch that a person decided, by id and field."""

    work: Work
    planning: Planning
    package_names: Mapping[str, str] = field(default_factory=dict)
    decided: Mapping[tuple[str, str], Conflict] = field(default_factory=dict)
    made_again: Mapping[Decision, frozenset[str]] = field(default_factory=dict)

    def restores(self, folio_id: str, side: Decision) -> bool:
        """Return whether a person decided that a record is made again from this side, where the other removed it."""
        return folio_id in self.made_again.get(side, ())

    def pairing(
        self,
        kind: Kind,
        folio_id: str,
        sources: Mapping[str, SourceRecord],
        bases: Mapping[str, BaseRecords | None],
        folio: Record,
    ) -> Pairing:
        """Return a record on both sides, with Alma's as FOLIO can hold it."""
        alma = {key: source.record for key, source in sources.items()}
        united = _one(list(alma.values()))
        try:
            fitted = self.fit_to_folio(united)
        except DataError:
            fitted = united  # the half to FOLIO parks it
        if isinstance(fitted, Package):
            fitted = replace(fitted, name=self.package_names.get(fitted.key, fitted.name))
        if isinstance(fitted, Package) and isinstance(folio, Package) and folio.managed:
            fitted = replace(fitted, name=folio.name, content_type=folio.content_type)
        if isinstance(fitted, Holding) and isinstance(folio, Holding) and folio.managed:
            fitted = replace(fitted, url=None)
        return Pairing(kind=kind, folio_id=folio_id, alma=alma, bases=bases, fitted=fitted, folio=folio)

    def judge(self, pairing: Pairing) -> Comparison:
        """Return what becomes of each field."""
        alma, folio, unsettled = self._sides(pairing)
        policy = self.work.pair.policy
        rules = Rules(
            policy=Policy(policy.conflicts),
            by_field={name: Policy(value) for name, value in policy.fields.items()},
        )
        found = compare(alma, folio, rules, unsettled=unsettled)
        known = {
            one.field: decision
            for one in found.conflicts
            if (decision := self._decision(pairing.folio_id, one)) is not None
        }
        if not known:
            return found
        decided = tuple(one for one in found.conflicts if one.field in known)
        return replace(compare(alma, folio, replace(rules, decisions=known), unsettled=unsettled), decided=decided)

    def _decision(self, folio_id: str, one: FieldVerdict) -> Decision | None:
        known = self.decided.get((folio_id, one.field))
        return known.decision if known is not None and (known.alma, known.folio) == (one.alma, one.folio) else None

    def _sides(self, pairing: Pairing) -> tuple[Side, Side, tuple[str, ...]]:
        bases = [one for one in pairing.bases.values() if one is not None]
        now = _one(list(pairing.alma.values()))
        before = _one([one.alma for one in bases]) if bases else None
        folio, former = pairing.folio, as_known(bases[0].folio_listed, bases[0].written) if bases else None
        fitted, fitted_before = pairing.fitted, self._in_folio(before) if before is not None else None
        if isinstance(folio, Holding):
            folio, fitted = self._with_notes(folio), self._with_notes(fitted)
            former = self._with_notes(former) if former is not None else None
            fitted_before = self._with_notes(fitted_before) if fitted_before is not None else None
        alma_side = Side(now=now, before=before, fitted=fitted, fitted_before=fitted_before, tells_all=True)
        folio_side = Side(now=folio, before=former, fitted=self._in_alma(folio))
        unsettled = {name for one in bases for name in one.unsettled}
        if any(one.rules != self.work.rules for one in bases):
            unsettled |= set(MAPPED)
        return alma_side, folio_side, tuple(sorted(unsettled))

    def _with_notes(self, record: Record) -> Record:
        """Return a holding of FOLIO, or one in FOLIO's form, with its notes where the canonical model has them."""
        return source_words(record, self.work.alma_maps) if isinstance(record, Holding) else record

    def _in_folio(self, record: Record) -> Record | None:
        try:
            return self.fit_to_folio(record)
        except DataError:
            return None  # what could not be held then says nothing about now

    def fit_to_folio(self, record: Record) -> Record:
        """Return a record of Alma as FOLIO can hold it.

        Raises:
            DataError: when it cannot.
        """
        maps = replace(self.work.folio_maps, package_texts=self.planning.folio.package_texts)
        match record:
            case Package():
                return to_folio_package(record, maps).record
            case Title():
                return to_folio_title(record).record
            case Holding():
                return to_folio_holding(record, maps).record
            case _:
                return record

    def losses_in_alma(self, record: Record) -> tuple[Loss, ...]:
        """Return what Alma cannot hold of a record of FOLIO."""
        fit = self._fit_to_alma(record)
        return fit.losses if fit is not None else ()

    def _in_alma(self, record: Record) -> Record:
        """Return a record of FOLIO as Alma can hold it; where it cannot, the half to Alma says so."""
        fit = self._fit_to_alma(record)
        if fit is None:
            return record
        if isinstance(fit, FitHolding) and isinstance(record, Holding) and record.managed:
            return replace(fit.record, url=None)
        return fit.record

    def _fit_to_alma(self, record: Record) -> FitPackage | FitHolding | None:
        maps, codes = self.work.alma_maps, self.planning.alma.write_codes
        try:
            match record:
                case Package():
                    return to_alma_package(record, maps, codes, ())
                case Holding():
                    return to_alma_holding(record, maps, codes)
                case _:
                    return None
        except DataError:
            return None


async def arbiter_for(
    planning: Planning, kind: Kind, folio_ids: Sequence[str], package_names: Mapping[str, str] | None = None
) -> Arbiter | None:
    """Return who decides about these records of FOLIO; None in a plan that goes one way only."""
    if not planning.both_ways:
        return None
    work = planning.work
    found = await decisions(work.database, work.name, kind, folio_ids)
    return Arbiter(
        work=work,
        planning=planning,
        package_names=package_names or {},
        decided={(one.folio_id, one.field): one for one in found},
        made_again=(await removal_decisions(work.database, work.name)).made_again,
    )


def conflicts_of(pairing: Pairing, found: Comparison, *, name: str, package_name: str) -> list[Conflict]:
    """Return the conflicts of a comparison, as they are stored and listed; also those decided, until they are over."""
    return [
        Conflict(
            kind=pairing.kind,
            alma_id=min(pairing.alma),
            folio_id=pairing.folio_id,
            field=one.field,
            name=name,
            package_name=package_name,
            base=one.base,
            alma=one.alma,
            folio=one.folio,
            settled=one in found.decided,
        )
        for one in (*found.conflicts, *found.decided)
    ]


def only(desired: R, current: R, comparison: Comparison, verdict: Verdict, fields: Sequence[str]) -> R:
    """Return what a side shall hold: `desired` in the fields with this verdict, all others as it holds them.

    So what somebody edits in them between the plan and the reading back is seen, and not taken for agreed; but for
    those that are `untold`.
    """
    written = set(comparison.fields(verdict))
    kept = {name: getattr(current, name) for name in fields if name not in written and name != "user_defined"}
    return replace(desired, **kept)


def untold(current: Record, fields: Sequence[str], travels: Sequence[str]) -> tuple[str, ...]:
    """Return the fields that a record does not tell (None) and that are not written: they are left as they are.

    Whatever is found in them when the record is read back was set meanwhile, so their base has to stay. An embargo is
    always told; the base of a statement cannot stay without that of the coverage it is made of.
    """
    candidates = set(fields) - set(travels) - {"embargo", "coverage_statement"}
    return tuple(name for name in fields if name in candidates and getattr(current, name) is None)


def _one(records: Sequence[Record]) -> Record:
    holdings = [one for one in records if isinstance(one, Holding)]
    return unite(holdings).record if len(holdings) > 1 else records[0]


def as_known(listed: Record, full: Record) -> Record:
    """Return a record of FOLIO as a list told it, and where lists do not tell, as the record in full did."""
    told = {
        name: getattr(full, name)
        for name in ("proxy", "access_type", "tags", "url", "description", "edition", "contributors")
        if hasattr(listed, name) and getattr(listed, name) is None
    }
    return replace(listed, **told)
