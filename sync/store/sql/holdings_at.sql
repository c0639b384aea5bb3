-- The holdings of a reading that stand in one of these packages under one of these titles.
select wanted.place, e.key, e.package_key, e.title_key
from unnest(cast(:places as text[]), cast(:package_keys as text[]), cast(:title_keys as text[]))
  as wanted(place, package_key, title_key)
join entry e
  on e.snapshot_id = :snapshot and e.kind = 'holding'
  and e.package_key = wanted.package_key and e.title_key = wanted.title_key
order by wanted.place, e.key
