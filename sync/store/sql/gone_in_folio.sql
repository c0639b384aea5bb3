-- Records of Alma whose counterpart in FOLIO is gone; what was parked is there, only not readable. A portfolio is never
-- gone while FOLIO has its title in its package, whatever its own link says. One row for each linked record of Alma;
-- `gone` says which of them.
with found as (
  select a.key, a.package_key, a.title_key, array_agg(l.id order by l.id) as link_ids,
         bool_or(
           exists (select from entry f where f.snapshot_id = :folio and f.kind = :kind and f.key = l.folio_id)
           or exists (select from parked p where p.run_id = :run and p.system = 'folio' and p.key = l.folio_id)
         ) as there
  from link l
  join entry a on a.snapshot_id = :alma and a.kind = :kind and a.key = l.alma_id
  where l.pair = :pair and l.kind = :kind and l.closed_at is null
  group by a.key, a.package_key, a.title_key
)
select r.key as target_id, r.package_key, r.link_ids, false as moved,
       not r.there and not exists (
         select from link p
         join link t
           on t.pair = p.pair and t.kind = 'title' and t.alma_id = r.title_key and t.closed_at is null
         join entry f
           on f.snapshot_id = :folio and f.kind = :kind and f.package_key = p.folio_id and f.title_key = t.folio_id
         where p.pair = :pair and p.kind = 'package' and p.alma_id = r.package_key and p.closed_at is null
           and r.title_key <> ''
       ) as gone
from found r
