-- The calls of a day matter on that day; the parameter keeps all statements alike.
delete from budget where day < current_date - 7 and cast(:pair as text) is not null and cast(:age as interval) is not null
