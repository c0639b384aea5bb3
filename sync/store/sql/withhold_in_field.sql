update change
set status = 'withheld', outcome = cast(:outcome as json)
where plan_id = :plan_id and system = :system and kind = :kind and action = 'update' and status = 'planned'
  and cast(body as text) like :field
returning id
