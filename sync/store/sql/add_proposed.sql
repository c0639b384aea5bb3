-- A title of the knowledge base is marked, since it is never written: by FOLIO's reading, else by its other links. The
-- mark is cut out of the text: Postgres refuses to take apart a JSON object that holds a NUL anywhere.
insert into link (pair, kind, alma_id, folio_id, how, managed, run_id)
select :pair, p.kind, p.alma_id, p.folio_id, 'imported',
       case
         when p.kind <> 'title' then 0
         when t.hash is not null then cast(t.body::text like '%"managed"\:true%' as integer)
         else coalesce(
           (select max(o.managed) from link o where o.pair = :pair and o.kind = 'title' and o.folio_id = p.folio_id), 0
         )
       end,
       :run_id
from proposed p
left join entry e on e.snapshot_id = :folio and e.kind = p.kind and e.key = p.folio_id
left join payload t on t.hash = e.hash
where p.effect in ('set', 'change')
on conflict (pair, kind, alma_id) where closed_at is null do nothing
