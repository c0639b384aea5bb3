update change
set status = :status, outcome = cast(:outcome as json)
where plan_id = :plan_id and seq = any(:seqs)
returning action
