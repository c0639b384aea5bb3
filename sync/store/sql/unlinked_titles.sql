-- Titles of FOLIO that are linked to no bib. A bib that exists is never edited, so linked ones need no decision.
select f.key
from entry f
where f.snapshot_id = :folio and f.kind = 'title'
  and not exists (
    select from link l
    where l.pair = :pair and l.kind = 'title' and l.folio_id = f.key and l.closed_at is null
  )
order by f.key
