-- Of the readings whose size the next ones are measured by, the latest of each scope stays.
delete from snapshot s
where s.pair = :pair and s.started_at < now() - cast(:age as interval)
  and not exists (select from plan p where s.id in (p.alma_snapshot, p.folio_snapshot))
  and exists (
    select from snapshot later
    where later.pair = s.pair and later.system = s.system and later.scope = s.scope and later.id > s.id
      and later.accepted is not null
  )
