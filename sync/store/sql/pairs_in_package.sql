-- A page of the packages or holdings below one package of FOLIO ('': of the packages themselves) that are linked, with
-- those records of Alma that both the links and its reading name. The lateral keeps the order of the index, so that a
-- page costs no more than its own rows.
select f.key as folio_id, f.title_key, m.alma_ids
from entry f
cross join lateral (
  select array_agg(a.key order by a.key) as alma_ids
  from link l
  join entry a on a.snapshot_id = :alma and a.kind = :kind and a.key = l.alma_id
  where l.pair = :pair and l.kind = :kind and l.folio_id = f.key and l.closed_at is null
) m
where f.snapshot_id = :folio and f.kind = :kind and f.package_key = :package
  and (f.title_key, f.key) > (:after_title, :after)
  and m.alma_ids is not null
order by f.title_key, f.key
limit :batch
