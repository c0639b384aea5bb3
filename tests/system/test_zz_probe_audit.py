import time
from collections import Counter
import pytest
from sync.engine.audit import audit
from sync.engine.match_report import match_only
from sync.engine.plan import Wanted
from sync.sandbox.library import practice_library, practice_knowledge_base
from tests.support.migrating import run_migration, Quiet, changes
from tests.support.practice import practice_systems, PROXIES
from tests.system.test_there_and_back import empty_alma, pair_of, back

NOTES = {"public_note": "userDefinedField1"}


def show(report):
    print("compared", dict(report.tally.compared))
    print("not compared", dict(report.tally.not_compared))
    for one, n in sorted(report.tally.explained.items(), key=lambda x: -x[1]):
        print("  explained", n, one.field, one.reason)
    for one in list(report.differences)[:60]:
        print(
            "  DIFF",
            one.kind,
            repr(one.package),
            repr(one.name),
            one.field,
            repr(one.alma)[:150],
            repr(one.folio)[:150],
            one.conflict,
        )
    print("differences", report.differences.count)
    for s, kept in report.only.items():
        for one in list(kept)[:20]:
            print("  only", s, one.kind, one.name, one.package, one.reason)
    print(report.not_judged)
    for one in report.parked:
        print("  parked", one.system, one.kind, one.name, one.reason)


@pytest.mark.parametrize("kb", [False, True])
async def test_back(database, kb):
    library = practice_library(collections=27, portfolios=160)
    known = practice_knowledge_base(library, seed=7) if kb else None
    with practice_systems(library, known) as systems, empty_alma(library) as (alma, url):
        await run_migration(database, systems, systems.pair(maps={"notes": NOTES}))
        pair = pair_of(systems, url)
        await back(database, systems, pair)
        for full in (False, True):
            report = await audit(database, "second", pair, Quiet(), in_full=full)
            show(report)
            report.close()
        ended = await back(database, systems, pair, Wanted.both(pair.policy))
        print(ended.plan.summary)
        for c in (await changes(database, ended))[:10]:
            print(c.change.kind, c.change.name, c.change.fields)
