-- A conflict that was listed before keeps its decision as long as both sides' values are the same.
insert into conflict (pair, kind, alma_id, folio_id, field, name, package_name, shown, fingerprint, run_id)
values (:pair, :kind, :alma_id, :folio_id, :field, :name, :package_name, cast(:shown as json), :fingerprint, :run_id)
on conflict (pair, kind, folio_id, field) where closed_at is null do update
set alma_id = excluded.alma_id,
    name = excluded.name,
    package_name = excluded.package_name,
    shown = excluded.shown,
    fingerprint = excluded.fingerprint,
    run_id = excluded.run_id,
    decision = case when conflict.fingerprint = excluded.fingerprint then conflict.decision else '' end,
    decided_at = case when conflict.fingerprint = excluded.fingerprint then conflict.decided_at end
