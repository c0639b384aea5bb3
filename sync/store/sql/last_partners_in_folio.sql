-- For records of Alma: what they were linked to in FOLIO last, and whether any of these, or they themselves, are linked now.
select l.alma_id as id, array_agg(distinct l.folio_id order by l.folio_id) as partners,
       bool_or(l.closed_at is null or exists (
         select from link other
         where other.pair = l.pair and other.kind = l.kind and other.folio_id = l.folio_id and other.closed_at is null
       )) as linked_now
from link l
where l.pair = :pair and l.kind = :kind and l.alma_id = any(:ids)
  and (l.closed_at is null or l.closed_at = (
    select max(last.closed_at) from link last
    where last.pair = l.pair and last.kind = l.kind and last.alma_id = l.alma_id
  ))
group by l.alma_id
