update link
set closed_at = now()
where pair = :pair and kind = :kind and alma_id = :alma_id and closed_at is null
  and (folio_id <> :folio_id or name <> :name or managed <> :managed)
