delete from conflict where pair = :pair and closed_at < now() - cast(:age as interval)
