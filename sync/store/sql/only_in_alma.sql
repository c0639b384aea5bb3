-- A page of the packages ('': no package above them) or holdings below one collection of Alma that no link leads from to
-- a record FOLIO's reading holds or had to park; `other_id`: a link leads to one that FOLIO no longer has.
select e.key, e.title_key, coalesce(l.folio_id, '') as other_id,
       p.body::text as body, pt.body::text as title
from entry e
join payload p on p.hash = e.hash
left join entry t on t.snapshot_id = e.snapshot_id and t.kind = 'title' and t.key = e.title_key
left join payload pt on pt.hash = t.hash
left join link l on l.pair = :pair and l.kind = :kind and l.alma_id = e.key and l.closed_at is null
where e.snapshot_id = :alma and e.kind = :kind and e.package_key = :package
  and (e.title_key, e.key) > (:after_title, :after)
  and not exists (select from entry f where f.snapshot_id = :folio and f.kind = :kind and f.key = l.folio_id)
  and not exists (select from parked k where k.run_id = :run and k.system = 'folio' and k.key = l.folio_id)
order by e.title_key, e.key
limit :batch
