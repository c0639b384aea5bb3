-- Links whose records are gone on both sides, by two complete readings; what had to be parked is there.
update link l
set closed_at = now()
where l.pair = :pair and l.closed_at is null and l.kind in ('package', 'holding')
  and not exists (
    select from entry e
    where e.kind = l.kind
      and ((e.snapshot_id = :alma and e.key = l.alma_id) or (e.snapshot_id = :folio and e.key = l.folio_id))
  )
  and not exists (select from parked p where p.run_id = :run and p.key in (l.alma_id, l.folio_id))
