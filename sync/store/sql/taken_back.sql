-- Records whose link an undo ended, and that nothing has linked since then.
select l.kind, l.alma_id, l.folio_id
from link l
where l.pair = :pair and l.kind in ('package', 'holding') and l.how like :ending
  and not exists (
    select from link later
    where later.pair = l.pair and later.kind = l.kind and later.alma_id = l.alma_id
      and later.id > l.id and later.how not like :ending
  )
  and not exists (
    select from link later
    where later.pair = l.pair and later.kind = l.kind and later.folio_id = l.folio_id
      and later.id > l.id and later.how not like :ending
  )
