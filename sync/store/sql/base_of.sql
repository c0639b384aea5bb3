-- What both sides held when they last agreed on one record of Alma, kept from others until this transaction ends.
select b.unsettled, a.body::text as alma, f.body::text as folio, w.body::text as written
from link l
join base b on b.link_id = l.id
join payload a on a.hash = b.alma_hash
join payload f on f.hash = b.folio_hash
join payload w on w.hash = b.written_hash
where l.pair = :pair and l.kind = :kind and l.alma_id = :alma_id and l.closed_at is null
for update of b
