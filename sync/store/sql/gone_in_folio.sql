-- Records of Alma whose counterpart in FOLIO is gone; what was parked is there, only not readable. One row for each
-- linked record of Alma; `gone` says which of them.
select a.key as target_id, a.package_key, array_agg(l.id order by l.id) as link_ids,
       not bool_or(
         exists (select from entry f where f.snapshot_id = :folio and f.kind = :kind and f.key = l.folio_id)
         or exists (select from parked p where p.run_id = :run and p.system = 'folio' and p.key = l.folio_id)
       ) as gone
from link l
join entry a on a.snapshot_id = :alma and a.kind = :kind and a.key = l.alma_id
where l.pair = :pair and l.kind = :kind and l.closed_at is null
group by a.key, a.package_key
