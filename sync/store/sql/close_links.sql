update link
set closed_at = now()
where pair = :pair and kind = :kind and folio_id = :folio_id and closed_at is null
  and alma_id <> all(cast(:keep as text[]))
