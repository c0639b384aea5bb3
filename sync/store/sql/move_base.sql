insert into base (link_id, alma_hash, folio_hash, written_hash, rules, unsettled, pending, run_id)
select id, :alma_hash, :folio_hash, :written_hash, :rules, cast(:unsettled as text[]), cast(:pending as text[]),
       :run_id
from link
where pair = :pair and kind = :kind and alma_id = :alma_id and closed_at is null
on conflict (link_id) do update
set alma_hash = excluded.alma_hash,
    folio_hash = excluded.folio_hash,
    written_hash = excluded.written_hash,
    rules = excluded.rules,
    unsettled = excluded.unsettled,
    pending = excluded.pending,
    run_id = excluded.run_id,
    agreed_at = now()
