create temporary table new_identifier (like identifier including defaults) on commit drop;
copy new_identifier (snapshot_id, title_key, match_key) from stdin;
insert into identifier (snapshot_id, title_key, match_key)
select distinct snapshot_id, title_key, match_key from new_identifier
on conflict do nothing;
