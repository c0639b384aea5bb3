create temporary table new_payload (hash bytea, body json) on commit drop;
copy new_payload (hash, body) from stdin;
insert into payload (hash, body)
select distinct on (hash) hash, body from new_payload
order by hash
on conflict (hash) do nothing;
