-- Open links of one kind with the names of their records: from Alma's reading, else from FOLIO's. Portfolios go by the
-- name of their title, services by that of their package. Names are in the bodies, which Postgres must not take apart.
select l.kind, l.alma_id, l.folio_id, l.how, l.made_at, b.link_id is not null as agreed,
       np.body::text as named, pp.body::text as package
from link l
left join base b on b.link_id = l.id
left join entry a on a.snapshot_id = :alma and a.kind = l.kind and a.key = l.alma_id
left join entry f on f.snapshot_id = :folio and f.kind = l.kind and f.key = l.folio_id
left join entry an on an.snapshot_id = :alma
  and an.kind = case l.kind when 'holding' then 'title' when 'service' then 'package' else l.kind end
  and an.key = case l.kind when 'holding' then a.title_key when 'service' then a.package_key else l.alma_id end
left join entry fn on fn.snapshot_id = :folio
  and fn.kind = case l.kind when 'holding' then 'title' when 'service' then 'package' else l.kind end
  and fn.key = case l.kind when 'holding' then f.title_key else l.folio_id end
left join entry ap on ap.snapshot_id = :alma and ap.kind = 'package'
  and ap.key = case l.kind when 'package' then l.alma_id else a.package_key end
left join entry fp on fp.snapshot_id = :folio and fp.kind = 'package'
  and fp.key = case l.kind when 'package' then l.folio_id when 'service' then l.folio_id else f.package_key end
left join payload np on np.hash = coalesce(an.hash, fn.hash)
left join payload pp on pp.hash = coalesce(ap.hash, fp.hash)
where l.pair = :pair and l.kind = :kind and l.closed_at is null
  and (:name = '' or strpos(coalesce(an.name_key, fn.name_key), :name) > 0)
  and (:package = '' or strpos(coalesce(ap.name_key, fp.name_key), :package) > 0)
order by l.folio_id, l.alma_id
