-- Compares the first row of each record of Alma with its link.
insert into proposed (file_row, kind, alma_id, folio_id, effect, link_id, package_key, title_key)
select i.file_row, i.kind, i.alma_id, i.folio_id,
       case
         when not i.sound then 'unsound'
         when i.folio_id = coalesce(l.folio_id, '') then 'same'
         when l.id is null then 'set'
         when i.folio_id = '' then 'separate'
         else 'change'
       end,
       l.id, coalesce(a.package_key, ''), coalesce(a.title_key, '')
from (select distinct on (kind, alma_id) * from imported order by kind, alma_id, file_row) i
left join link l on l.pair = :pair and l.kind = i.kind and l.alma_id = i.alma_id and l.closed_at is null
left join entry a on a.snapshot_id = :alma and a.kind = i.kind and a.key = i.alma_id
