"""3,000 portfolios through a network in which one call in twenty goes wrong: everything arrives, and nothing twice."""

import time
from collections import Counter

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from sync.engine.migrate import Ended, migrate
from sync.errors import SyncError
from sync.sandbox.alma import AlmaSwitches
from sync.sandbox.controls import Faults
from sync.sandbox.folio import FolioSwitches
from sync.sandbox.library import practice_knowledge_base, practice_library
from sync.sandbox.process import PracticeSetup
from sync.sandbox.seed_knowledge import same_identifier_other_name
from sync.settings import Pair
from tests.support.apart import Apart, practice_systems_apart
from tests.support.expectation import complaints, expect, identifiers
from tests.support.migrating import PAIR, Quiet, all_done, approve, check_form
from tests.support.practice import PROXIES

PORTFOLIOS = 3000
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
async def test_a_migration_through_a_bad_network_arrives_whole_and_once(database: AsyncEngine) -> None:
    library = practice_library(portfolios=PORTFOLIOS)
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
            began = time.monotonic()
            try:
                ended = await _migrate(database, systems)
                print(ended.plan.summary, ended.result, ended.parked)
            except SyncError as error:
                print(repr(error), error.message)
            print(round(time.monotonic() - began, 1))
        systems.set_faults(Faults(), Faults())
        ended = await _migrate(database, systems)
        assert all_done(ended)

        inside = systems.inside()
        expectation = expect(library, PROXIES)
        assert complaints(expectation, inside) == []
        assert ended.parked == len(expectation.parked)
        for bib, stranger in same_identifier_other_name(library, known):
            custom = {one.title.name for one in inside.titles() if one.title.is_custom}
            assert stranger.name not in custom or identifiers(bib)
        for name, traffic in systems.traffic().items():
            assert traffic.busiest_second <= PER_SECOND, name
            assert not [one for one in traffic.counts if one.endswith("429")]
            print(name, traffic)

        again = await _migrate(database, systems)
        assert again.plan.summary.writes == 0
    async with database.connect() as connection:
        states = Counter(dict(await connection.execute(text("select state, count(*) from intent group by state"))))
    print(states)
    assert not {"open", "unknown"} & set(states)
