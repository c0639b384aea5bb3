-- A plan's changes go with it. The latest one says what links and readings are of; one that waits may be carried out.
delete from plan p
where p.pair = :pair and p.created_at < now() - cast(:age as interval)
  and p.status in ('applied', 'superseded')
  and p.id <> (select max(id) from plan where pair = :pair)
  and not exists (select from plan other where other.takes_back = p.id and other.status in ('draft', 'approved', 'begun'))
