import time
from dataclasses import replace
from sync.model import Kind, System, Holding, Title, Package
from sync.plan.changes import Change, Action, Status, Summary, Guard, Cost
from sync.plan.approvable import Choice
from sync.store.plans import begin_plan, add_changes, finish_plan
from sync.store.approval import seal_plan, approve_changes, withhold_changes
from sync.store.runs import start_run
import pytest
N=60000
@pytest.mark.timeout(600)
async def test_perf(database):
    run = await start_run(database, pair="main", command="x", direction="both")
    pid = await begin_plan(database, run_id=run, pair="main", direction="both", rules="", alma=1, folio=2)
    h = Holding(key="k", package_key="p", title_key="t", managed=False) if True else None; t=Title(key="t", name="n", publication_type="Journal", managed=False)
    chs=[Change(id=f"folio/title/{i}", system=System.FOLIO, kind=Kind.TITLE, action=Action.CREATE, name=f"t{i}", desired=replace(t,key=str(i)), source_keys=(str(i),), title_key=str(i)) for i in range(N)]
    chs+=[Change(id=f"folio/holding/{i}", system=System.FOLIO, kind=Kind.HOLDING, action=Action.CREATE, name=f"t{i}", desired=replace(h,key=str(i)), source_keys=(str(i),), title_key=str(i), package_key=str(i%300), package_name=f"pack {i%300}") for i in range(N)]
    chs+=[Change(id=f"alma/holding/{i}", system=System.ALMA, kind=Kind.HOLDING, action=Action.REMOVE, name=f"t{i}", desired=replace(h,key=str(i)), source_keys=(), target_id=str(i), package_key=str(i%300), package_name=f"pack {i%300}", status=Status.WITHHELD, reason="guard removals: too many") for i in range(N)]
    chs+=[Change(id=f"alma/package/{i}", system=System.ALMA, kind=Kind.PACKAGE, action=Action.REMOVE, name=f"p{i}", desired=Package(key=str(i), name="x", managed=False), source_keys=(), target_id=str(i), package_key=str(i), package_name=f"pack {i}", status=Status.WITHHELD, reason="guard removals: too many") for i in range(300)]
    seq=1
    for at in range(0,len(chs),5000): seq = await add_changes(database, pid, seq, chs[at:at+5000])
    from sqlalchemy import text
    async with database.begin() as c:
        await c.execute(text("insert into snapshot (id, run_id, pair, system, scope, state) overriding system value values (1, :r, 'main','alma','all','complete'), (2, :r, 'main','folio','all','complete')"), {"r": run})
        await c.execute(text("insert into entry (snapshot_id, kind, key, package_key, title_key, name_key, hash) select 1,'holding', g::text, (g%300)::text, '', '', '' from generate_series(0,:n) g"), {"n": N-1})
    await finish_plan(database, pid, summary=Summary(create=2*N, withheld=N+300), guards=[Guard(name="removals", value=N, limit=1, tripped=True, explanation="too many")], cost=Cost())
    await seal_plan(database, pid, pair="main", configuration="x")
    async with database.begin() as c: await c.execute(text("analyze change"))
    cost=lambda kinds: Cost()
    for f, ch in ((approve_changes, Choice(guard="removals")), (withhold_changes, Choice(kind=Kind.HOLDING)), (approve_changes, Choice()), (withhold_changes, Choice(package="pack 1"))):
        t0=time.time(); d=await f(database, "main", pid, ch, cost); print(f.__name__, d.meant, d.along, d.left, d.plan.summary, time.time()-t0)
