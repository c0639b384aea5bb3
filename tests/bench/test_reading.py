"""How fast both systems are read, and how much of Alma's permitted rate is used. The practice systems are real servers
in a process of their own."""

import time

import pytest

from sync.model import Kind
from sync.sandbox.alma import READ_WRITE_KEY, AlmaSwitches
from sync.sandbox.controls import Call
from sync.sandbox.folio import FolioSwitches
from sync.sandbox.library import practice_library
from sync.sandbox.process import PracticeProcess, PracticeSetup, System
from sync.sandbox.seed import SeedKnowledgeBase, SeedKnowledgeBasePackage, SeedKnowledgeBaseTitle
from sync.settings import Pair
from tests.bench.measuring import Results
from tests.support.gathering import Gathered, gather_alma, gather_folio

pytestmark = [pytest.mark.bench, pytest.mark.timeout(600)]

PORTFOLIOS = 3000
PERMITTED = 25
STEADY_SECONDS = 60.0
WARM_UP_SECONDS = 5.0
LEAST_SHARE = 0.97


def pair(practice: PracticeProcess, *, requests_per_second: float) -> Pair:
    switches = FolioSwitches()
    return Pair.model_validate(
        {
            "alma": {
                "base_url": practice.alma_url,
                "api_key": READ_WRITE_KEY,
                "requests_per_second": requests_per_second,
                "daily_reserve": 0,
            },
            "folio": {
                "base_url": practice.folio_url,
                "tenant": switches.tenant,
                "username": switches.username,
                "password": switches.password,
                "requests_per_second": 0,
                "daily_calls": 0,
                "daily_reserve": 0,
            },
        }
    )


async def calls_of(practice: PracticeProcess, system: System) -> list[Call]:
    found: list[Call] = []
    since = 0
    while (page := await practice.calls(system, since=since)).calls:
        found += page.calls
        since = page.next
    return found


async def test_reading_without_limits(results: Results) -> None:
    knowledge = SeedKnowledgeBase(
        titles=tuple(
            SeedKnowledgeBaseTitle(name=f"Journal {number} of Tides", publisher="Press") for number in range(PORTFOLIOS)
        ),
        packages=tuple(
            SeedKnowledgeBasePackage(
                name=f"Package {first}",
                provider="Vendor",
                titles=tuple(range(first, first + PORTFOLIOS // 10)),
                selected=True,
            )
            for first in range(0, PORTFOLIOS, PORTFOLIOS // 10)
        ),
    )
    setup = PracticeSetup(
        alma=AlmaSwitches(requests_per_second=0, daily_calls=10_000_000),
        folio=FolioSwitches(daily_calls=0),
        library=practice_library(portfolios=PORTFOLIOS),
        knowledge_base=knowledge,
    )
    async with PracticeProcess(setup) as practice:
        unlimited = pair(practice, requests_per_second=0)
        for system, gather in (("alma", gather_alma), ("folio", gather_folio)):
            began, used = time.monotonic(), time.process_time()
            gathered: Gathered = await gather(unlimited)
            seconds, processor = time.monotonic() - began, time.process_time() - used
            state = await practice.state("alma" if system == "alma" else "folio")
            holdings = len(gathered.records(Kind.HOLDING)) + len(gathered.parked)
            assert holdings == PORTFOLIOS
            name = {"alma": "Alma", "folio": "FOLIO"}[system]
            rate = f"{state.calls / seconds:,.0f} calls a second"
            results.add(
                f"read {name}, no limit", f"{holdings / seconds:,.0f} holdings/s", f"{state.calls:,} calls; {rate}"
            )
            results.add(f"processor per call to {name}", f"{processor / state.calls * 1000:.2f} ms")


async def test_the_share_of_the_permitted_rate_that_is_used(results: Results) -> None:
    library = practice_library(portfolios=int(PERMITTED * (STEADY_SECONDS + 3 * WARM_UP_SECONDS)))
    setup = PracticeSetup(alma=AlmaSwitches(requests_per_second=PERMITTED), library=library)
    async with PracticeProcess(setup) as practice:
        await gather_alma(pair(practice, requests_per_second=PERMITTED))
        state = await practice.state("alma")
        calls = await calls_of(practice, "alma")
    first = min(call.at for call in calls)
    steady = [call for call in calls if WARM_UP_SECONDS <= call.at - first < WARM_UP_SECONDS + STEADY_SECONDS]
    assert max(call.at for call in calls) - first > WARM_UP_SECONDS + STEADY_SECONDS, "the minute was not full"
    share = len(steady) / (PERMITTED * STEADY_SECONDS)
    refused = sum(call.status == 429 for call in calls)
    results.add(f"share of {PERMITTED}/s used, steady minute", f"{share:.1%}", "contract: 97 % or more")
    results.add("calls refused for their rate", f"{refused}", f"of {len(calls):,}; contract: none")
    results.add("busiest second", f"{state.busiest_second} calls", f"contract: {PERMITTED} or fewer")
    assert share >= LEAST_SHARE
    assert refused == 0
    assert state.busiest_second <= PERMITTED
