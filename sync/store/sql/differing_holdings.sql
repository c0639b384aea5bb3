-- Holdings (several portfolios of one title in one collection are one) that are new, not as they were when both
-- sides last agreed, or made of other portfolios than then.
with member as (
  select e.package_key, e.key, e.hash, coalesce(i.identity_key, e.title_key) as identity_key
  from entry e
  left join identity i on i.snapshot_id = e.snapshot_id and i.title_key = e.title_key
  where e.snapshot_id = :alma and e.kind = 'holding'
),
linked as (
  select folio_id, count(*) as members
  from link
  where pair = :pair and kind = 'holding' and closed_at is null
  group by folio_id
)
select m.package_key, m.identity_key, array_agg(m.key order by m.key) as keys
from member m
left join link l on l.pair = :pair and l.kind = 'holding' and l.alma_id = m.key and l.closed_at is null
left join linked n on n.folio_id = l.folio_id
left join base b on b.link_id = l.id
left join entry f on f.snapshot_id = :folio and f.kind = 'holding' and f.key = l.folio_id
group by m.package_key, m.identity_key
having bool_or(
  b.link_id is null or b.alma_hash <> m.hash or b.rules <> :rules or b.pending <> '{}' or f.hash is distinct from b.folio_hash
)
or max(n.members) <> count(*)
order by m.package_key, m.identity_key
