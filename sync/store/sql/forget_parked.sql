delete from parked k
using run r
where r.id = k.run_id and r.pair = :pair and r.started_at < now() - cast(:age as interval)
  and not exists (select from plan p where p.run_id = r.id)
