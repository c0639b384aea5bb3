insert into in_full (pair, key, listed_hash, holding_hash, title_hash)
values (:pair, :key, :listed_hash, :holding_hash, :title_hash)
on conflict (pair, key) do update
set listed_hash = excluded.listed_hash,
    holding_hash = excluded.holding_hash,
    title_hash = excluded.title_hash,
    read_at = now()
