create temporary table new_entry (like entry including defaults) on commit drop;
copy new_entry (snapshot_id, kind, key, package_key, title_key, name_key, hash, raw_hash) from stdin;
insert into entry (snapshot_id, kind, key, package_key, title_key, name_key, hash, raw_hash)
select distinct on (kind, key) snapshot_id, kind, key, package_key, title_key, name_key, hash, raw_hash
from new_entry
order by kind, key
on conflict do nothing;
