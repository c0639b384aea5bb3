-- For records of Alma: what they were linked to in FOLIO last.
select l.alma_id as id, array_agg(distinct l.folio_id) as partners
from link l
where l.pair = :pair and l.kind = :kind and l.alma_id = any(:ids)
  and l.closed_at is not distinct from (
    select max(last.closed_at) from link last
    where last.pair = l.pair and last.kind = l.kind and last.alma_id = l.alma_id
  )
group by l.alma_id
