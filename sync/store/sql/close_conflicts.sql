-- Conflicts that a whole comparison did not meet again are over; those of records that were not compared stay.
update conflict
set closed_at = now()
where pair = :pair and closed_at is null and run_id <> :run
  and not exists (
    select from parked p
    where p.run_id = :run and p.key in (conflict.alma_id, conflict.folio_id)
  )
