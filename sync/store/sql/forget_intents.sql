-- Which services of Alma we made stays known: they may go with their collection.
delete from intent i
using run r
where r.id = i.run_id and r.pair = :pair and i.made_at < now() - cast(:age as interval)
  and i.state not in ('open', 'unknown') and i.operation <> 'create service'
  and not exists (select from plan p where p.id = r.plan_id)
