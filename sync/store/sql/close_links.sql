update link
set closed_at = now(), how = how || cast(:ending as text)
where pair = :pair and kind = :kind and closed_at is null
  and (folio_id = :folio_id or alma_id = :alma_id)
  and alma_id <> all(cast(:keep as text[]))
