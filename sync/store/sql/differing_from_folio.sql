-- Records of FOLIO (packages or holdings) that are new, or whose two sides are not both as they were when they last
-- agreed; with the records of Alma they are linked to.
select f.key, f.package_key, f.title_key,
       array_remove(array_agg(l.alma_id order by l.alma_id), null) as alma_ids
from entry f
left join link l on l.pair = :pair and l.kind = :kind and l.folio_id = f.key and l.closed_at is null
left join base b on b.link_id = l.id
left join entry a on a.snapshot_id = :alma and a.kind = :kind and a.key = l.alma_id
where f.snapshot_id = :folio and f.kind = :kind
group by f.key, f.package_key, f.title_key
having bool_or(
  b.link_id is null or b.folio_hash <> f.hash or b.rules <> :rules or a.hash is distinct from b.alma_hash
)
order by f.package_key, f.key
