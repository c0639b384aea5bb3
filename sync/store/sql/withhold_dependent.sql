-- What cannot be done without what a person withheld: what is to go into a package or service that is not made, or
-- under such a title; and the removal of packages, with their services, that would not be empty.
with kept as (
  select system, kind, action, package_key, title_key from change
  where plan_id = :plan_id and status = 'withheld' and cast(outcome as text) = :by_person
),
dependent as (
  select c.seq
  from change c
  join (
    select distinct system, package_key from kept where kind in ('package', 'service') and action = 'create'
  ) k on k.system = c.system and k.package_key = c.package_key
  where c.plan_id = :plan_id and c.status = 'planned' and c.kind in ('service', 'holding')
    and c.action in ('create', 'select')
  union
  select c.seq
  from change c
  join (select distinct system, title_key from kept where kind = 'title' and action = 'create') k
    on k.system = c.system and k.title_key = c.title_key
  where c.plan_id = :plan_id and c.status = 'planned' and c.kind = 'holding' and c.action in ('create', 'select')
  union
  select c.seq
  from change c
  join (select distinct system, package_key from kept where action in ('remove', 'deselect')) k
    on k.system = c.system and k.package_key = c.package_key
  where c.plan_id = :plan_id and c.status = 'planned' and c.kind in ('package', 'service')
    and c.action in ('remove', 'deselect')
)
update change c
set status = 'withheld', outcome = cast(:by_person as json)
from dependent
where c.plan_id = :plan_id and c.seq = dependent.seq
returning c.action
