-- Linked portfolios that the file does not name, whose resource stands in a package or under a title that is no longer
-- the one of their collection or bib.
select count(distinct l.id)
from link l
join entry a on a.snapshot_id = :alma and a.kind = 'holding' and a.key = l.alma_id
cross join lateral (
  values ('package', a.package_key, split_part(l.folio_id, '-', 1) || '-' || split_part(l.folio_id, '-', 2)),
         ('title', a.title_key, split_part(l.folio_id, '-', 3))
) as parent(kind, alma_id, folio_id)
join proposed p on p.kind = parent.kind and p.alma_id = parent.alma_id and p.folio_id <> parent.folio_id
where l.pair = :pair and l.kind = 'holding' and l.closed_at is null and p.effect in ('change', 'separate')
  and not exists (select from proposed h where h.kind = 'holding' and h.alma_id = l.alma_id)
