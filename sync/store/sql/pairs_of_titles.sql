-- A page of the titles of FOLIO that are linked, with those bibs that both the links and Alma's reading name.
select f.key as folio_id, '' as title_key, m.alma_ids
from entry f
cross join lateral (
  select array_agg(a.key order by a.key) as alma_ids
  from link l
  join entry a on a.snapshot_id = :alma and a.kind = 'title' and a.key = l.alma_id
  where l.pair = :pair and l.kind = 'title' and l.folio_id = f.key and l.closed_at is null
) m
where f.snapshot_id = :folio and f.kind = 'title' and f.key > :after and m.alma_ids is not null
order by f.key
limit :batch
