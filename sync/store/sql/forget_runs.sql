delete from run r
where r.pair = :pair and r.ended_at < now() - cast(:age as interval)
  and not exists (select from plan p where p.id = r.plan_id or p.run_id = r.id)
  and not exists (select from intent i where i.run_id = r.id)
  and not exists (select from snapshot s where s.run_id = r.id)
  and r.id <> (select max(id) from run where pair = :pair)
