-- Titles of the target's reading that share an identifier or the whole name with one of these titles of the source.
select wanted.key as source_key, found.title_key as target_key
from unnest(cast(:keys as text[])) as wanted(key)
join identifier mine on mine.snapshot_id = :source and mine.title_key = wanted.key
join identifier found on found.snapshot_id = :target and found.match_key = mine.match_key
union
select wanted.key, found.key
from unnest(cast(:keys as text[]), cast(:name_keys as text[])) as wanted(key, name_key)
join entry found
  on found.snapshot_id = :target and found.kind = 'title' and found.name_key = wanted.name_key
order by 1, 2
