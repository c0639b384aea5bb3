"""Conflicts: fields that both sides changed differently, what a person decided, and until when that counts."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

import msgspec
from sqlalchemy import ColumnElement, RowMapping, func, select, update
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.model import Kind
from sync.plan.changes import FieldValue
from sync.plan.three_way import REMOVAL, Decision
from sync.store.encoding import digest, encode, storable
from sync.store.queries import sql
from sync.store.tables import conflict


class Shown(msgspec.Struct, frozen=True):
    """The three values of a conflict, as a report shows them; `base` is None where both sides never agreed."""

    base: FieldValue
    alma: FieldValue
    folio: FieldValue


@dataclass(frozen=True, slots=True, kw_only=True)
class Conflict:
    """A field that both sides changed differently since they agreed, or never agreed on.

    `decision` is None as long as nobody decided; it counts until either side's value changes again. `settled`: a plan
    follows the decision, so that nobody needs to decide.
    """

    kind: Kind
    alma_id: str
    folio_id: str
    field: str
    name: str
    package_name: str
    base: FieldValue
    alma: FieldValue
    folio: FieldValue
    decision: Decision | None = None
    settled: bool = False
    id: int = 0
    made_at: datetime | None = None

    @property
    def keeps_the_edit(self) -> bool:
        """Return whether one side edited what the other removed, and the edit was decided for."""
        removed = {Decision.ALMA: self.folio, Decision.FOLIO: self.alma}
        return self.field == REMOVAL and self.decision in removed and removed[self.decision] == ("removed",)

    @property
    def fingerprint(self) -> bytes:
        """Return what stands for the two values that are in conflict."""
        return digest(encode([self.alma, self.folio]))


async def note_conflicts(engine: AsyncEngine, pair: str, run_id: int, items: Sequence[Conflict]) -> None:
    """Store conflicts a run met, in one transaction; one that is stored already keeps its decision while it is the
    same.
    """
    if not items:
        return
    rows = [
        {
            "pair": pair,
            "kind": one.kind,
            "alma_id": one.alma_id,
            "folio_id": one.folio_id,
            "field": one.field,
            "name": storable(one.name),
            "package_name": storable(one.package_name),
            "shown": encode(Shown(one.base, one.alma, one.folio)).decode(),
            "fingerprint": one.fingerprint,
            "run_id": run_id,
        }
        for one in items
    ]
    async with engine.begin() as connection:
        await connection.execute(sql("note_conflicts"), rows)


async def close_conflicts(engine: AsyncEngine, pair: str, run_id: int) -> None:
    """Close the conflicts that a run, which compared everything, did not meet again."""
    async with engine.begin() as connection:
        await connection.execute(sql("close_conflicts"), {"pair": pair, "run": run_id})


async def close_followed(engine: AsyncEngine, pair: str, *, run_id: int, plan_id: int) -> None:
    """Close the decided conflicts that a run met, once its plan was carried out with all that follows them."""
    async with engine.begin() as connection:
        await connection.execute(sql("close_followed"), {"pair": pair, "run": run_id, "plan_id": plan_id})


async def open_conflicts(engine: AsyncEngine, pair: str, *, decided: bool | None = None) -> list[Conflict]:
    """Return the conflicts of a pair that are not over, by package, name and field; `decided`: only those, or not."""
    query = select(conflict).where(*_open(pair)).order_by(*ORDER)
    if decided is not None:
        query = query.where(conflict.c.decision != "" if decided else conflict.c.decision == "")
    async with engine.connect() as connection:
        return [_conflict(row) for row in (await connection.execute(query)).mappings()]


async def decisions(engine: AsyncEngine, pair: str, kind: Kind, folio_ids: Sequence[str]) -> list[Conflict]:
    """Return the decided conflicts of these records of FOLIO."""
    query = select(conflict).where(
        *_open(pair), conflict.c.kind == kind, conflict.c.folio_id.in_(folio_ids), conflict.c.decision != ""
    )
    async with engine.connect() as connection:
        return [_conflict(row) for row in (await connection.execute(query)).mappings()]


@dataclass(frozen=True, slots=True)
class RemovalDecisions:
    """What a person decided where one side edited what the other removed, by kind and FOLIO id."""

    known: dict[tuple[Kind, str], Conflict] = field(default_factory=dict)

    def side_of(self, kind: Kind, folio_id: str) -> str:
        """Return the side a person decided for; "" without a decision.

        A package is made again where one of its titles is.
        """
        known = self.known.get((kind, folio_id))
        if known is not None and known.decision is not None:
            return str(known.decision)
        if kind is not Kind.PACKAGE:
            return ""
        below = (
            one.decision
            for one in self.known.values()
            if one.kind is Kind.HOLDING and one.folio_id.rpartition("-")[0] == folio_id and one.keeps_the_edit
        )
        return next((str(one) for one in below), "")

    @property
    def made_again(self) -> dict[Decision, frozenset[str]]:
        """Return the FOLIO ids of what is made again from each side."""
        found: dict[Decision, set[str]] = {}
        for one in self.known.values():
            if one.decision is not None and one.keeps_the_edit:
                ids = {one.folio_id} | ({one.folio_id.rpartition("-")[0]} if one.kind is Kind.HOLDING else set())
                found.setdefault(one.decision, set()).update(ids)
        return {decision: frozenset(ids) for decision, ids in found.items()}


async def removal_decisions(engine: AsyncEngine, pair: str) -> RemovalDecisions:
    """Return what was decided about records that one side edited and the other removed."""
    query = select(conflict).where(*_open(pair), conflict.c.field == REMOVAL, conflict.c.decision != "")
    async with engine.connect() as connection:
        found = [_conflict(row) for row in (await connection.execute(query)).mappings()]
    return RemovalDecisions({(one.kind, one.folio_id): one for one in found})


async def decide(engine: AsyncEngine, pair: str, ids: Sequence[int], decision: Decision | None) -> int:
    """Store a decision for these open conflicts (None: take it back); return how many there were."""
    values = {"decision": decision or "", "decided_at": func.now() if decision else None}
    async with engine.begin() as connection:
        result = await connection.execute(
            update(conflict).where(*_open(pair), conflict.c.id.in_(ids)).values(values).returning(conflict.c.id)
        )
        return len(result.all())


ORDER = (conflict.c.package_name, conflict.c.name, conflict.c.field, conflict.c.id)


def _open(pair: str) -> tuple[ColumnElement[bool], ...]:
    return conflict.c.pair == pair, conflict.c.closed_at.is_(None)


def _conflict(row: RowMapping) -> Conflict:
    shown = msgspec.convert(row["shown"], Shown)
    return Conflict(
        id=row["id"],
        kind=Kind(row["kind"]),
        alma_id=row["alma_id"],
        folio_id=row["folio_id"],
        field=row["field"],
        name=row["name"],
        package_name=row["package_name"],
        base=shown.base,
        alma=shown.alma,
        folio=shown.folio,
        decision=Decision(row["decision"]) if row["decision"] else None,
        made_at=row["made_at"],
    )
