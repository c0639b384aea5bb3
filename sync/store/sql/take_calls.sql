-- Adds calls to those an account has taken on a day, unless there would be more than :most; then there is no row.
insert into budget (account, day, used, reported)
select :account, :day, greatest(cast(:calls as bigint), 0), cast(:reported as bigint)
where cast(:most as bigint) is null
   or coalesce((select used from budget where account = :account and day = :day), 0) + :calls <= :most
on conflict (account, day) do update
set used = greatest(budget.used + :calls, 0),
    reported = coalesce(excluded.reported, budget.reported)
where cast(:most as bigint) is null or budget.used + :calls <= :most
returning used
