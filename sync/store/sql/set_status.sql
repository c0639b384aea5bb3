update change
set status = :status, outcome = cast(:outcome as json)
where plan_id = :plan_id and id = :change_id
