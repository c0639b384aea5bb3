delete from tick t
where t.pair = :pair and t.due_at < now() - cast(:age as interval) and t.state <> 'due'
  and t.due_at <> (select max(due_at) from tick where pair = :pair)
