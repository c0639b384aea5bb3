-- Records of FOLIO whose every counterpart in Alma is gone, or was moved elsewhere from a record that we made (a later
-- link says where to); what was parked is there, only not readable. What we removed ourselves and somebody took in
-- anew is theirs. A resource is never gone while Alma has a portfolio of its title in its package, whatever the links
-- of that portfolio say. One row for each linked record of FOLIO; `gone` says which of them.
with mine as (
  select l.id, l.folio_id, l.closed_at,
         l.closed_at is null and (
           exists (select from entry a where a.snapshot_id = :alma and a.kind = :kind and a.key = l.alma_id)
           or exists (select from parked p where p.run_id = :run and p.system = 'alma' and p.key = l.alma_id)
         ) as there
  from link l
  where l.pair = :pair and l.kind = :kind
    and (
      l.closed_at is null
      or (
        l.how like 'created%'
        and exists (
          select from link later
          where later.pair = l.pair and later.kind = l.kind and later.alma_id = l.alma_id
            and later.folio_id <> l.folio_id and later.id > l.id
        )
        and not exists (
          select from link o
          where o.pair = l.pair and o.kind = l.kind and o.folio_id = l.folio_id and o.closed_at is null
        )
      )
    )
),
found as (
  select f.key, f.package_key, f.title_key, array_agg(m.id order by m.id) as link_ids, bool_or(m.there) as there
  from mine m
  join entry f on f.snapshot_id = :folio and f.kind = :kind and f.key = m.folio_id
  group by f.key, f.package_key, f.title_key
)
select r.key as target_id, r.package_key, r.link_ids,
       not r.there and not exists (
         select from link p
         join link t
           on t.pair = p.pair and t.kind = 'title' and t.folio_id = r.title_key and t.closed_at is null
         join entry a
           on a.snapshot_id = :alma and a.kind = :kind and a.package_key = p.alma_id and a.title_key = t.alma_id
         where p.pair = :pair and p.kind = 'package' and p.folio_id = r.package_key and p.closed_at is null
           and r.title_key <> ''
       ) as gone
from found r
