-- Where one of several portfolios that were one title in FOLIO has gone, what FOLIO held was not that of the others alone.
update base b
set unsettled = cast(:fields as text[])
from link closed
join link other
  on other.pair = closed.pair and other.kind = closed.kind and other.folio_id = closed.folio_id
 and other.alma_id <> closed.alma_id and other.closed_at is null
where closed.pair = :pair and closed.kind = :kind and closed.alma_id = :alma_id and closed.closed_at is not null
  and b.link_id = other.id
