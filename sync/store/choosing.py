"""A locked plan, while those of its changes that a person chose are planned or withheld, batch by batch."""

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field, replace

import msgspec
from sqlalchemy import ColumnElement, Text, cast, func, select, text, update
from sqlalchemy.ext.asyncio import AsyncConnection

from sync.errors import ConfigurationError, GuardError
from sync.model import Kind, System
from sync.plan.approvable import BY_PERSON, Choice, Item, head_of
from sync.plan.changes import Action, Cost, FieldChange, Status, Summary
from sync.plan.cost import Step
from sync.store.changes import FOR_HOLDINGS, WAITS_FOR_A_PERSON, Outcome
from sync.store.encoding import decode_as, encode
from sync.store.plans import PlanInfo
from sync.store.queries import sql
from sync.store.tables import change, plan

WITHHELD_BY_PERSON = encode(
    Outcome(reason=BY_PERSON, advice="To let it through: alma-folio-sync plan approve ID --change CHANGE_ID")
).decode()
"""What is stored with a change that a person withheld; the SQL knows it by its very words."""

BATCH = 1000
MOST_NAMED = 5

CostOf = Callable[[Counter[Step]], Cost]
"""Says what so many changes of each kind cost."""


class _Words(msgspec.Struct, frozen=True):
    """What a change's body says that a choice depends on."""

    package_name: str
    reason: str
    fields: tuple[FieldChange, ...]


@dataclass(slots=True, kw_only=True)
class Choosing:
    """A locked plan, and the choice of which changes move to the status `to`: planned or withheld.

    `moved` counts by action, of which so many were `meant` and the others went along; `left` counts by reason those
    that cannot be approved. `before` and `after` are the heads (`head_of`) of what was withheld, and of what stays so;
    `found` are the ids of the choice that were met.
    """

    connection: AsyncConnection
    plan: PlanInfo
    choice: Choice
    to: Status
    moved: Counter[Action] = field(default_factory=Counter)
    meant: int = 0
    left: Counter[str] = field(default_factory=Counter)
    before: set[str] = field(default_factory=set)
    after: set[str] = field(default_factory=set)
    found: set[str] = field(default_factory=set)

    async def approve(self) -> None:
        """Plan what is meant and can be approved; packages and services go last, and only those that will be empty.

        Raises:
            GuardError: when a change that is named cannot be approved.
        """
        containers: list[Item] = []
        titles: list[Item] = []
        async for items in self._items(Status.WITHHELD):
            free = [item for item in items if self._may_move(item)]
            containers += [item for item in free if item.must_be_empty]
            titles += [item for item in free if item.follows and item.id in self.choice.changes]
            await self._move([item for item in free if not (item.must_be_empty or item.follows)])
        await self._approve_containers(containers)
        await self._change_with_it("approve_needed")
        planned = await self._ids(change.c.id.in_([item.id for item in titles]), change.c.status == Status.PLANNED)
        for item in titles:
            if item.id not in planned:
                self._leave(item, "a title is made for its holdings: approve one of them, and it comes along")

    async def withhold(self) -> None:
        """Withhold what is meant, and what cannot be done or is not needed without it."""
        async for items in self._items(Status.PLANNED):
            await self._move([item for item in items if self.choice.means(item)])
        await self._change_with_it("withhold_dependent", "withhold_needless_titles")

    async def require_all(self) -> None:
        """Refuse a choice that names what was not met, or means nothing.

        Raises:
            ConfigurationError: when the plan has no change of an id, or one that stands elsewhere, or nothing moved.
            GuardError: when nobody can approve any of what is meant.
        """
        missing = sorted(self.choice.changes - self.found)
        if missing:
            raise await self._not_met(missing)
        if self.left and not self.meant:
            reasons = "; ".join(f"{number:,}: {why}" for why, number in self.left.most_common(MOST_NAMED))
            raise GuardError(f"Nothing was approved: none of it can be. {reasons}.", advice=self._advice())
        if not self.meant:
            wanted = Status.WITHHELD if self.to is Status.PLANNED else Status.PLANNED
            raise ConfigurationError(
                f"Nothing was changed: no {wanted} change of plan {self.plan.id} is meant.", advice=self._advice()
            )

    async def _not_met(self, missing: Sequence[str]) -> ConfigurationError:
        there = await self._ids(change.c.id.in_(missing))
        wanted = Status.WITHHELD if self.to is Status.PLANNED else Status.PLANNED
        words = f"is not {wanted}" if missing[0] in there else "is not there"
        return ConfigurationError(
            f"Nothing was changed: {missing[0]} {words} in plan {self.plan.id}.", advice=self._advice()
        )

    def _advice(self) -> str:
        if self.to is Status.PLANNED:
            return f"What is withheld, and why: alma-folio-sync plan show {self.plan.id} --withheld"
        return f"All changes and their ids: alma-folio-sync plan show {self.plan.id} --format json"

    async def store(self, cost_of: CostOf, **values: object) -> None:
        """Store the plan's new summary and cost, and these values of it."""
        columns = (change.c.system, change.c.kind, change.c.action)
        planned = select(*columns, func.count()).where(*self._of_plan(), change.c.status == Status.PLANNED)
        rows = await self.connection.execute(planned.group_by(*columns))
        kinds = Counter({(System(system), Kind(kind), Action(action)): count for system, kind, action, count in rows})
        values |= {"summary": msgspec.to_builtins(self._summary()), "cost": msgspec.to_builtins(cost_of(kinds))}
        await self.connection.execute(update(plan).where(plan.c.id == self.plan.id).values(values))

    async def _items(self, status: Status) -> AsyncIterator[list[Item]]:
        body, outcome = cast(change.c.body, Text).label("body"), cast(change.c.outcome, Text).label("outcome")
        columns = (change.c.seq, change.c.id, change.c.system, change.c.kind, change.c.action, change.c.package_key)
        query = select(*columns, body, outcome).where(*self._of_plan(), change.c.status == status)
        last = -1
        while True:
            batch = query.where(change.c.seq > last).order_by(change.c.seq).limit(BATCH)
            rows = (await self.connection.execute(batch)).all()
            items = [_item(*row) for row in rows]
            self.found |= self.choice.changes & {item.id for item in items}
            yield items
            if len(rows) < BATCH:
                return
            last = items[-1].seq

    def _may_move(self, item: Item) -> bool:
        """Return whether a withheld change is meant and can be approved; note what stays withheld."""
        head = head_of(item, self.plan.guards)
        self.before.add(head)
        if not self.choice.means(item):
            self.after.add(head)
            return False
        if item.never:
            self._leave(item, item.never)
        return not item.never

    def _leave(self, item: Item, why: str) -> None:
        if item.id in self.choice.changes:
            raise GuardError(f"Nothing was approved: {item.id} cannot be: {why}.", advice=self._advice())
        self.left[why] += 1
        self.after.add(head_of(item, self.plan.guards))

    async def _approve_containers(self, containers: Sequence[Item]) -> None:
        """Plan the removal of packages and services, but for those that would still hold titles: it would fail."""
        if not containers:
            return
        await self._join_by_hash()
        readings = {"alma": self.plan.alma_snapshot, "folio": self.plan.folio_snapshot}
        rows = await self.connection.execute(sql("titles_left"), {"plan_id": self.plan.id, **readings})
        titles = {(row.system, row.package_key): row.titles for row in rows}
        empty = []
        for item in containers:
            number = titles.get((item.system, item.package_key), 0)
            if number:
                words = f"it would still hold {number:,} titles, whose removals are to be approved before it or with it"
                self._leave(item, f"{item.package_name!r} cannot go: {words}")
            else:
                empty.append(item)
        await self._move(empty)

    async def _move(self, items: Sequence[Item]) -> None:
        if not items:
            return
        outcome = WITHHELD_BY_PERSON if self.to is Status.WITHHELD else None
        await self._change("set_changes", status=self.to, outcome=outcome, seqs=[item.seq for item in items])

    async def _change_with_it(self, *names: str) -> None:
        """Carry out these statements; what they move was not meant itself, and goes along."""
        self.meant = self.moved.total()
        await self._join_by_hash()
        for name in names:
            await self._change(name)

    async def _join_by_hash(self) -> None:
        """Keep Postgres, which cannot know what was moved just now, from comparing every change with every other."""
        await self.connection.execute(text("set local enable_nestloop = off"))

    async def _change(self, name: str, **parameters: object) -> None:
        """Carry out the statement sql/NAME.sql, and count the changes it moved."""
        always = {
            "plan_id": self.plan.id,
            "by_person": WITHHELD_BY_PERSON,
            "for_holdings": FOR_HOLDINGS,
            "waiting": WAITS_FOR_A_PERSON,
        }
        rows = await self.connection.execute(sql(name), always | parameters)
        self.moved.update(Action(row.action) for row in rows)

    async def _ids(self, *conditions: ColumnElement[bool]) -> set[str]:
        query = select(change.c.id).where(*self._of_plan(), *conditions)
        return set((await self.connection.execute(query)).scalars())

    def _of_plan(self) -> tuple[ColumnElement[bool], ...]:
        return (change.c.plan_id == self.plan.id,)

    def _summary(self) -> Summary:
        sign = 1 if self.to is Status.PLANNED else -1
        before, moved = self.plan.summary, self.moved
        created = moved[Action.CREATE] + moved[Action.SELECT]
        removed = moved[Action.REMOVE] + moved[Action.DESELECT]
        return replace(
            before,
            create=before.create + sign * created,
            update=before.update + sign * moved[Action.UPDATE],
            remove=before.remove + sign * removed,
            withheld=before.withheld - sign * moved.total(),
        )


def _item(
    seq: int, item_id: str, system: str, kind: str, action: str, package_key: str, body: str, outcome: str | None
) -> Item:
    words = decode_as(_Words, body)
    reason = decode_as(Outcome, outcome).reason if outcome is not None else ""
    return Item(
        seq=seq,
        id=item_id,
        system=System(system),
        kind=Kind(kind),
        action=Action(action),
        reason=reason or words.reason,
        package_key=package_key,
        package_name=words.package_name,
        fields=tuple(one.field for one in words.fields),
    )
