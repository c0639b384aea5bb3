-- Titles (several bibs may be one) that are new, not as they were when both sides last agreed, or waiting in part.
-- A managed title is the knowledge base's: once linked, there is nothing to compare.
with member as (
  select e.key, e.hash, coalesce(i.identity_key, e.key) as identity_key
  from entry e
  left join identity i on i.snapshot_id = e.snapshot_id and i.title_key = e.key
  where e.snapshot_id = :alma and e.kind = 'title'
)
select m.identity_key, array_agg(m.key order by m.key) as keys
from member m
left join link l on l.pair = :pair and l.kind = 'title' and l.alma_id = m.key and l.closed_at is null
left join base b on b.link_id = l.id
left join entry f on f.snapshot_id = :folio and f.kind = 'title' and f.key = l.folio_id
group by m.identity_key
having bool_or(
  l.id is null
  or (l.managed = 0 and (
    b.link_id is null or b.alma_hash <> m.hash or b.rules <> :rules or b.pending <> '{}' or f.hash is distinct from b.folio_hash
  ))
)
order by m.identity_key
