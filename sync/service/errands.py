"""What a due run does: look, keep in step, or move a stage further; and the plans that a person approved."""

from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.automatic import by_stage, keep_waiting, within
from sync.engine.migrate import apply_stored, diff, migrate
from sync.engine.plan import Wanted
from sync.engine.running import Ended
from sync.engine.work import Progress
from sync.errors import ConfigurationError
from sync.plan.direction import Direction
from sync.settings import Pair
from sync.settings.schedules import Schedule
from sync.store.automatic import approved_plan
from sync.store.plans import PlanInfo


@dataclass(frozen=True, slots=True, kw_only=True)
class Errand:
    """Everything the work on one pair needs."""

    database: AsyncEngine
    name: str
    pair: Pair
    progress: Progress

    async def scheduled(self, schedule: Schedule) -> Ended:
        """Do what the schedule says.

        Raises:
            SyncError: whatever keeps it from being done as a whole.
        """
        if schedule.run == "diff":
            return await diff(self.database, self.name, self.pair, self.progress, wanted=self._wanted(schedule))
        if schedule.run == "sync":
            confirm = within(self.database, self.name, self.pair, schedule.approve)
        else:
            confirm = by_stage(self.database, self.name, self.pair, schedule.stage)
        ended = await migrate(
            self.database, self.name, self.pair, self.progress, confirm, wanted=self._wanted(schedule)
        )
        if schedule.run == "sync":
            await keep_waiting(self.database, self.name, self.pair, ended)
        return ended

    def _wanted(self, schedule: Schedule) -> Wanted:
        if schedule.source is None:
            return Wanted.both(self.pair.policy)
        return Wanted(direction=Direction.ALMA_TO_FOLIO if schedule.source == "alma" else Direction.FOLIO_TO_ALMA)

    async def approved(self) -> Ended | None:
        """Carry out the plan that a person approved, None when none waits.

        Raises:
            SyncError: whatever keeps it from being carried out as a whole.
        """
        plan = await approved_plan(self.database, self.name)
        if plan is None:
            return None
        return await apply_stored(self.database, self.name, self.pair, self.progress, _refuse, plan.id)


async def _refuse(plan: PlanInfo) -> bool:
    raise ConfigurationError(f"Plan {plan.id} is not approved any longer.")
