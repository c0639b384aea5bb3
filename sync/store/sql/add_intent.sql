insert into intent (id, run_id, change_id, system, operation, natural_key, state, before)
values (cast(:id as uuid), :run_id, :change_id, :system, :operation, :natural_key, :state, cast(:before as json))
