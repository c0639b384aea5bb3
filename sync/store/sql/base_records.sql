-- What both sides held when they last agreed, for these links, and under which mapping rules.
select l.id, l.alma_id, l.folio_id, b.rules, b.unsettled, a.body::text as alma, f.body::text as folio, w.body::text as written
from link l
join base b on b.link_id = l.id
join payload a on a.hash = b.alma_hash
join payload f on f.hash = b.folio_hash
join payload w on w.hash = b.written_hash
where l.id = any(:link_ids)
