-- Records of FOLIO whose every counterpart in Alma is gone, or was moved elsewhere from a record that we made (a later
-- link says where to); what was parked is there, only not readable. What we removed ourselves and somebody took in
-- anew is theirs. One row for each linked record of FOLIO; `gone` says which of them.
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
)
select f.key as target_id, f.package_key, array_agg(m.id order by m.id) as link_ids, not bool_or(m.there) as gone
from mine m
join entry f on f.snapshot_id = :folio and f.kind = :kind and f.key = m.folio_id
group by f.key, f.package_key
