-- What the titles of each package are. The type is cut out of the text: Postgres refuses to take apart a JSON object
-- that holds a NUL anywhere, and real titles do.
select h.package_key,
       array_agg(distinct substring(p.body::text from '"publication_type":"([^"]*)"')) as publication_types
from entry h
join entry t on t.snapshot_id = h.snapshot_id and t.kind = 'title' and t.key = h.title_key
join payload p on p.hash = t.hash
where h.snapshot_id = :snapshot and h.kind = 'holding'
group by h.package_key
