-- Titles of a reading that have a number, a name or the words of a name in common with what is wanted. A number or name
-- that hundreds share tells nothing: so many of them suffice.
select distinct wanted.key as wanted_key, found.title_key
from unnest(cast(:keys as text[]), cast(:match_keys as text[])) as wanted(key, match_key)
cross join lateral (
  select i.title_key from identifier i
  where i.snapshot_id = :snapshot and i.match_key = wanted.match_key
  order by i.title_key
  limit 200
) found
order by 1, 2
