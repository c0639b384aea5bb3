-- A page of the packages ('': no package above them) or holdings below one package of FOLIO to which no link leads from a
-- record Alma's reading holds or had to park; `other_id`: one leads there from a record that Alma no longer has.
select e.key, e.title_key, coalesce(l.other_id, '') as other_id,
       p.body::text as body, pt.body::text as title
from entry e
join payload p on p.hash = e.hash
left join entry t on t.snapshot_id = e.snapshot_id and t.kind = 'title' and t.key = e.title_key
left join payload pt on pt.hash = t.hash
cross join lateral (
  select min(l.alma_id) as other_id,
         bool_or(
           exists (select from entry a where a.snapshot_id = :alma and a.kind = :kind and a.key = l.alma_id)
           or exists (select from parked k where k.run_id = :run and k.system = 'alma' and k.key = l.alma_id)
         ) as there
  from link l
  where l.pair = :pair and l.kind = :kind and l.folio_id = e.key and l.closed_at is null
) l
where e.snapshot_id = :folio and e.kind = :kind and e.package_key = :package
  and (e.title_key, e.key) > (:after_title, :after)
  and l.there is not true
order by e.title_key, e.key
limit :batch
