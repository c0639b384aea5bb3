-- Packages that are new, waiting in part, or whose two sides are not both as they were when they last agreed.
select e.key
from entry e
left join link l on l.pair = :pair and l.kind = 'package' and l.alma_id = e.key and l.closed_at is null
left join base b on b.link_id = l.id
left join entry f on f.snapshot_id = :folio and f.kind = 'package' and f.key = l.folio_id
where e.snapshot_id = :alma and e.kind = 'package'
  and (b.link_id is null or b.alma_hash <> e.hash or b.rules <> :rules or b.pending <> '{}' or f.hash is distinct from b.folio_hash)
order by e.key
