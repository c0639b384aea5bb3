delete from payload
where not exists (select from entry where entry.hash = payload.hash)
  and not exists (select from in_full where in_full.holding_hash = payload.hash)
  and not exists (select from in_full where in_full.title_hash = payload.hash)
  and not exists (select from entry where entry.raw_hash = payload.hash)
  and not exists (select from base where base.alma_hash = payload.hash)
  and not exists (select from base where base.folio_hash = payload.hash)
  and not exists (select from base where base.written_hash = payload.hash)
