"""3,000 portfolios through a network in which one call in twenty goes wrong: everything arrives, and nothing twice."""

from contextlib import suppress

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.migrate import migrate
from sync.engine.running import Ended
from sync.errors import SyncError
from sync.sandbox.alma import AlmaSwitches
from sync.sandbox.controls import Faults
from sync.sandbox.folio import FolioSwitches
from sync.sandbox.library import practice_knowledge_base, practice_library
from sync.sandbox.process import PracticeSetup
from sync.sandbox.seed_knowledge import same_identifier_other_name
from sync.settings import Pair
from tests.support.apart import Apart, practice_systems_apart
from tests.support.expectation import complaints, expect
from tests.support.migrating import PAIR, Quiet, all_done, approve, check_form
from tests.support.practice import PROXIES

PER_SECOND = 500
LAG_SECONDS = 1.0
SETTLE_SECONDS = 3.0
RUNS_WITH_FAULTS = 3

FAULTS = Faults(
    fail_before=0.01,
    fail_after=0.01,
    drop_before=0.01,
    drop_after=0.01,
    slow=0.01,
    slow_seconds=0.3,
    truncate_pages=0.05,
    shuffle_pages=True,
)


def _pair(systems: Apart) -> Pair:
    alma, folio = AlmaSwitches(), FolioSwitches()
    return Pair.model_validate(
        {
            "alma": {
                "base_url": systems.alma_url,
                "api_key": alma.api_key,
                "requests_per_second": PER_SECOND,
                "daily_reserve": 0,
            },
            "folio": {
                "base_url": systems.folio_url,
                "tenant": folio.tenant,
                "username": folio.username,
                "password": folio.password,
                "requests_per_second": PER_SECOND,
                "daily_calls": 0,
                "settle_seconds": SETTLE_SECONDS,
            },
            "maps": {"proxies": PROXIES},
        }
    )


async def _migrate(database: AsyncEngine, systems: Apart) -> Ended:
    return await migrate(database, PAIR, _pair(systems), Quiet(), approve, check_form)


@pytest.mark.timeout(600)
@pytest.mark.parametrize("portfolios", [600, pytest.param(3000, marks=pytest.mark.soak)])
async def test_a_migration_through_a_bad_network_arrives_whole_and_once(database: AsyncEngine, portfolios: int) -> None:
    library = practice_library(portfolios=portfolios)
    known = practice_knowledge_base(library, seed=1)
    setup = PracticeSetup(
        alma=AlmaSwitches(requests_per_second=PER_SECOND),
        folio=FolioSwitches(
            daily_calls=0,
            requests_per_second=PER_SECOND,
            search_lag_seconds=LAG_SECONDS,
            new_record_lag_seconds=LAG_SECONDS,
        ),
        library=library,
        knowledge_base=known,
    )
    with practice_systems_apart(setup) as systems:
        systems.set_faults(FAULTS, FAULTS)
        for _ in range(RUNS_WITH_FAULTS):
            with suppress(SyncError):  # an error that ends a run is no loss: the next one goes on
                if all_done(await _migrate(database, systems)):
                    break
        systems.set_faults(Faults(), Faults())
        ended = await _migrate(database, systems)
        inside = systems.inside()
        traffic = systems.traffic()

        assert all_done(ended)
        expectation = expect(library, PROXIES)
        assert complaints(expectation, inside) == []
        assert ended.parked == len(expectation.parked)
        if ended.plan.summary.writes:
            assert (await _migrate(database, systems)).plan.summary.writes == 0

    held = [one.title for package in inside.packages() if package.package.is_custom
            for one in inside.resources(package.id) if not one.title.is_custom]  # fmt: skip
    strangers = {title.name for _, title in same_identifier_other_name(library, known)}
    assert held
    assert not strangers & {one.name for one in held}
    for seen in traffic.values():
        assert seen.busiest_second <= PER_SECOND
        assert not [name for name in seen.counts if name.endswith("429")]
        assert {f"fault {name}" for name in ("fail_before", "fail_after", "drop_before", "drop_after", "slow")} <= set(
            seen.counts
        )
    assert await _intents_left(database) == 0


async def _intents_left(database: AsyncEngine) -> int:
    async with database.connect() as connection:
        query = text("select count(*) from intent where state in ('open', 'unknown')")
        return int((await connection.execute(query)).scalar_one())
