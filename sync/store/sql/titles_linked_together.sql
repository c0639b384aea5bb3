-- Bibs of a reading that are linked to one title though they are not one by name and number: a person said so, or they
-- were one when they were linked. With the bib that stands for each of them.
select l.folio_id, array_agg(distinct coalesce(i.identity_key, e.key) order by coalesce(i.identity_key, e.key)) as leaders
from link l
join entry e on e.snapshot_id = :snapshot and e.kind = 'title' and e.key = l.alma_id
left join identity i on i.snapshot_id = e.snapshot_id and i.title_key = e.key
where l.pair = :pair and l.kind = 'title' and l.closed_at is null
group by l.folio_id
having count(distinct coalesce(i.identity_key, e.key)) > 1
order by l.folio_id
