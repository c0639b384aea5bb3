-- How many records of FOLIO are linked to records that both readings hold, by what matched them; `fresh`: in this run.
select l.kind, l.how, count(distinct l.folio_id) as records,
       count(distinct l.folio_id) filter (where l.run_id = :run) as fresh
from link l
join entry a on a.snapshot_id = :alma and a.kind = l.kind and a.key = l.alma_id
join entry f on f.snapshot_id = :folio and f.kind = l.kind and f.key = l.folio_id
where l.pair = :pair and l.kind in ('package', 'title', 'holding') and l.closed_at is null
group by l.kind, l.how
order by l.kind, l.how
