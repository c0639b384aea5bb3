select e.key, e.hash, p.body::text as body
from entry e
join payload p on p.hash = e.hash
where e.snapshot_id = :snapshot and e.kind = :kind and e.key = any(:keys)
