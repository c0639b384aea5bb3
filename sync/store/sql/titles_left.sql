-- How many titles each package would still hold whose removal is withheld: those whose own removal is not planned.
select c.system, c.package_key, count(*) as titles
from (
  select distinct system, package_key from change
  where plan_id = :plan_id and kind in ('package', 'service') and action in ('remove', 'deselect')
    and status = 'withheld'
) c
join entry e
  on e.snapshot_id = case c.system when 'alma' then cast(:alma as bigint) else cast(:folio as bigint) end
  and e.kind = 'holding' and e.package_key = c.package_key
where not exists (
  select from change r
  where r.plan_id = :plan_id and r.system = c.system and r.kind = 'holding' and r.target_id = e.key
    and r.action in ('remove', 'deselect') and r.status = 'planned'
)
group by c.system, c.package_key
