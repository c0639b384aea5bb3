-- What planned changes cannot do without, where a person withheld it, or may let it through: the title, the package
-- and the service of a holding; and the services of a package that goes.
with wanted as (
  select system, kind, action, package_key, title_key from change where plan_id = :plan_id and status = 'planned'
),
withheld as (
  select seq, system, kind, action, package_key, title_key from change
  where plan_id = :plan_id and status = 'withheld'
    and (
      action = 'remove'
      or (action = 'create' and (cast(outcome as text) in (:by_person, :for_holdings) or cast(body as text) like :waiting))
    )
),
needed as (
  select n.seq
  from withheld n
  join (select distinct system, title_key from wanted where kind = 'holding' and action in ('create', 'select')) w
    on w.system = n.system and w.title_key = n.title_key
  where n.kind = 'title' and n.action = 'create'
  union
  select n.seq
  from withheld n
  join (select distinct system, kind, package_key from wanted where action in ('create', 'select')) w
    on w.system = n.system and w.package_key = n.package_key
  where n.action = 'create'
    and ((n.kind = 'package' and w.kind in ('service', 'holding')) or (n.kind = 'service' and w.kind = 'holding'))
  union
  select n.seq
  from withheld n
  join (select distinct system, package_key from wanted where kind = 'package' and action in ('remove', 'deselect')) w
    on w.system = n.system and w.package_key = n.package_key
  where n.kind = 'service' and n.action = 'remove'
)
update change c
set status = 'planned', outcome = null
from needed
where c.plan_id = :plan_id and c.seq = needed.seq
returning c.action
