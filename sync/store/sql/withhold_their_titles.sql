-- Titles of a migration in stages that no holding of this stage needs.
update change t
set status = 'withheld', outcome = cast(:titles as json)
where t.plan_id = :plan_id and t.kind = 'title' and t.action = 'create' and t.status = 'planned'
  and not exists (
    select from change h
    where h.plan_id = t.plan_id and h.system = t.system and h.kind = 'holding' and h.title_key = t.title_key
      and h.action in ('create', 'select') and h.status = 'planned'
  )
