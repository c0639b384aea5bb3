insert into link (pair, kind, alma_id, folio_id, how, name, managed, run_id)
values (:pair, :kind, :alma_id, :folio_id, :how, :name, :managed, :run_id)
on conflict (pair, kind, alma_id) where closed_at is null do nothing
