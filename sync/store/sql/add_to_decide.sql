-- Notes the records of FOLIO (packages or holdings) that are new, or whose two sides are not both as they were when
-- they last agreed; with the records of Alma they are linked to that are there, and those there but not readable.
-- They are noted rather than streamed, since deciding them waits for other systems, and no transaction should.
insert into to_decide (run_id, kind, seq, key, package_key, title_key, linked, moved, present, unreadable)
select :run, :kind, row_number() over (order by d.package_key, d.key), d.*
from (
  select f.key, f.package_key, f.title_key, cast(count(l.id) > 0 as integer),
         cast(count(l.id) = 0 and exists (
           select from link former
           join link later
             on later.pair = former.pair and later.kind = former.kind and later.alma_id = former.alma_id
             and later.folio_id <> former.folio_id and later.id > former.id
           where former.pair = :pair and former.kind = :kind and former.folio_id = f.key
             and former.closed_at is not null and former.how like 'created%'
         ) as integer),
         array_remove(array_agg(a.key order by l.alma_id), null),
         array_remove(array_agg(p.key order by l.alma_id), null)
  from entry f
  left join link l on l.pair = :pair and l.kind = :kind and l.folio_id = f.key and l.closed_at is null
  left join base b on b.link_id = l.id
  left join entry a on a.snapshot_id = :alma and a.kind = :kind and a.key = l.alma_id
  left join lateral (
    select parked.key from parked
    where a.key is null and parked.run_id = :run and parked.system = 'alma' and parked.key = l.alma_id
    limit 1
  ) p on true
  where f.snapshot_id = :folio and f.kind = :kind
  group by f.key, f.package_key, f.title_key
  having bool_or(
    b.link_id is null or b.folio_hash <> f.hash or b.rules <> :rules or b.pending <> '{}' or a.hash is distinct from b.alma_hash
  )
) d
