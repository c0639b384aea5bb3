update intent
set state = :state, answer_id = :answer_id, settled_at = now()
where id = cast(:id as uuid)
