-- Titles that share their name with another one of the same reading.
select e.name_key, array_agg(e.key order by e.key) as keys
from entry e
where e.snapshot_id = :snapshot and e.kind = 'title'
group by e.name_key
having count(*) > 1
order by e.name_key
