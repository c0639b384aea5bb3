-- For records of FOLIO: what they were linked to in Alma last, as far as it is linked to nothing now.
select l.folio_id as id, array_agg(distinct l.alma_id order by l.alma_id) as partners
from link l
where l.pair = :pair and l.kind = :kind and l.folio_id = any(:ids)
  and l.closed_at is not distinct from (
    select max(last.closed_at) from link last
    where last.pair = l.pair and last.kind = l.kind and last.folio_id = l.folio_id
  )
  and not exists (
    select from link other
    where other.pair = l.pair and other.kind = l.kind and other.alma_id = l.alma_id and other.closed_at is null
  )
group by l.folio_id
