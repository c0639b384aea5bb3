-- Decisions that a plan followed, with everything it had to write of these records written and read back.
update conflict x
set closed_at = now()
where x.pair = :pair and x.closed_at is null and x.decision <> '' and x.run_id = :run
  and not exists (
    select from change c
    where c.plan_id = :plan_id and c.kind = x.kind and c.status <> 'verified'
      and (c.target_id in (x.alma_id, x.folio_id) or c.source_keys && array[x.alma_id, x.folio_id])
  )
