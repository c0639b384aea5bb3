-- What is wrong with proposed links, by the newest readings and the other links; one row for each fault.
with alma as (select id, run_id, started_at from snapshot where id = :alma and state = 'complete'),
folio as (select id, run_id, started_at from snapshot where id = :folio and state = 'complete'),
-- the links of packages and titles after the import
after as (
  select kind, alma_id, folio_id, effect from proposed where kind in ('package', 'title')
  union all
  select l.kind, l.alma_id, l.folio_id, 'same'
  from link l
  where l.pair = :pair and l.kind in ('package', 'title') and l.closed_at is null
    and not exists (select from proposed p where p.kind = l.kind and p.alma_id = l.alma_id)
),
fault as (
  select i.file_row, 'twice' as fault, i.kind, i.alma_id, i.folio_id, '' as other, cast(p.file_row as text) as detail
  from imported i
  join proposed p on p.kind = i.kind and p.alma_id = i.alma_id and p.file_row < i.file_row
  union all
  -- what was parked is there, only not readable; what was linked since was found or made after the reading
  select p.file_row, 'not in alma', p.kind, p.alma_id, p.folio_id, '', ''
  from proposed p
  join alma on true
  where (p.effect in ('set', 'change') or (p.effect = 'same' and p.link_id is null))
    and not exists (select from entry e where e.snapshot_id = alma.id and e.kind = p.kind and e.key = p.alma_id)
    and not exists (
      select from parked k where k.run_id = alma.run_id and k.system = 'alma' and k.kind = p.kind and k.key = p.alma_id
    )
    and not exists (
      select from link l
      where l.pair = :pair and l.kind = p.kind and l.alma_id = p.alma_id and l.made_at >= alma.started_at
    )
  union all
  select p.file_row, 'not in folio', p.kind, p.alma_id, p.folio_id, '', ''
  from proposed p
  join folio on true
  where p.effect in ('set', 'change')
    and not exists (select from entry e where e.snapshot_id = folio.id and e.kind = p.kind and e.key = p.folio_id)
    and not exists (
      select from parked k where k.run_id = folio.run_id and k.system = 'folio' and k.kind = p.kind and k.key = p.folio_id
    )
    and not exists (
      select from link l
      where l.pair = :pair and l.kind = p.kind and l.folio_id = p.folio_id and l.made_at >= folio.started_at
    )
  union all
  select p.file_row, 'shared package', p.kind, p.alma_id, p.folio_id, min(o.alma_id), ''
  from proposed p
  join after o on o.kind = 'package' and o.folio_id = p.folio_id and o.alma_id <> p.alma_id
  where p.kind = 'package' and p.effect in ('set', 'change')
    -- a collection that Alma no longer has keeps its package from nobody
    and (
      not exists (select from alma)
      or exists (
        select from entry e join alma on e.snapshot_id = alma.id where e.kind = 'package' and e.key = o.alma_id
      )
      or exists (
        select from link l join alma on l.made_at >= alma.started_at
        where l.pair = :pair and l.kind = 'package' and l.alma_id = o.alma_id
      )
    )
  group by p.file_row, p.kind, p.alma_id, p.folio_id
  union all
  -- a resource stands in a package under a title; a row that is as before is looked at where those are not
  select h.file_row, 'wrong ' || parent.kind, h.kind, h.alma_id, h.folio_id, parent.alma_id, coalesce(o.folio_id, '')
  from proposed h
  cross join lateral (
    values ('package', h.package_key, split_part(h.folio_id, '-', 1) || '-' || split_part(h.folio_id, '-', 2)),
           ('title', h.title_key, split_part(h.folio_id, '-', 3))
  ) as parent(kind, alma_id, folio_id)
  left join after o on o.kind = parent.kind and o.alma_id = parent.alma_id
  where h.kind = 'holding' and h.folio_id <> '' and parent.alma_id <> ''
    and (h.effect in ('set', 'change') or o.effect in ('set', 'change', 'separate'))
    and o.effect is distinct from 'unsound'
    and coalesce(o.folio_id, '') <> parent.folio_id
)
select *, count(*) over () as total from fault order by file_row, fault limit :most
