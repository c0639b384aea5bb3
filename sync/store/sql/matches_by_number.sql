-- The titles that were matched by their numbers and bear different names on both sides.
select l.id, l.alma_id, l.folio_id, l.run_id = :run as fresh, pa.body::text as in_alma, pf.body::text as in_folio
from link l
join entry a on a.snapshot_id = :alma and a.kind = 'title' and a.key = l.alma_id
join entry f on f.snapshot_id = :folio and f.kind = 'title' and f.key = l.folio_id
join payload pa on pa.hash = a.hash
join payload pf on pf.hash = f.hash
where l.pair = :pair and l.kind = 'title' and l.closed_at is null
  and l.how = 'identifier and name' and a.name_key <> f.name_key
order by l.id
