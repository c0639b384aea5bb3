-- Records of FOLIO whose every counterpart in Alma is gone, or stands elsewhere now: Alma has put it into a collection or
-- under a bib that is another record of FOLIO, or a later link leads elsewhere from a record that we made. What was
-- parked is there, only not readable. What we removed ourselves and somebody took in anew is theirs. A resource is never
-- gone while Alma has a portfolio of its title in its package, whatever the links of that portfolio say. One row for
-- each linked record of FOLIO; `gone` says which of them, `moved` which stand elsewhere now.
with mine as (
  select l.id, f.key, f.package_key, f.title_key, a.key is not null as in_alma,
         l.closed_at is null and (
           exists (select from parked p where p.run_id = :run and p.system = 'alma' and p.key = l.alma_id)
           or (a.key is not null and (l.kind <> 'holding' or not (
             (
               exists (
                 select from link p
                 where p.pair = l.pair and p.kind = 'package' and p.folio_id = f.package_key and p.closed_at is null
               )
               and not exists (
                 select from link p
                 where p.pair = l.pair and p.kind = 'package' and p.folio_id = f.package_key and p.closed_at is null
                   and p.alma_id = a.package_key
               )
             )
             or (
               exists (
                 select from link t
                 where t.pair = l.pair and t.kind = 'title' and t.folio_id = f.title_key and t.closed_at is null
               )
               and not exists (
                 select from link t
                 where t.pair = l.pair and t.kind = 'title' and t.folio_id = f.title_key and t.closed_at is null
                   and t.alma_id = a.title_key
               )
             )
           )))
         ) as there
  from link l
  join entry f on f.snapshot_id = :folio and f.kind = :kind and f.key = l.folio_id
  left join entry a on a.snapshot_id = :alma and a.kind = :kind and a.key = l.alma_id
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
  select key, package_key, title_key, array_agg(id order by id) as link_ids, bool_or(there) as there,
         bool_or(in_alma) as moved
  from mine
  group by key, package_key, title_key
)
select r.key as target_id, r.package_key, r.link_ids, r.moved,
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
