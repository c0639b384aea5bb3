-- Of a migration in stages: the holdings after the first so many.
update change c
set status = 'withheld', outcome = cast(:outcome as json)
where c.plan_id = :plan_id and c.kind = 'holding' and c.action in ('create', 'select') and c.status = 'planned'
  and c.seq > coalesce(
    (
      select seq from change
      where plan_id = :plan_id and kind = 'holding' and action in ('create', 'select') and status = 'planned'
      order by seq offset :stage - 1 limit 1
    ),
    2147483647
  )
