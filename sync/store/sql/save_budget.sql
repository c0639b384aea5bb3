insert into budget (pair, system, day, used, reported)
values (:pair, :system, :day, :used, :reported)
on conflict (pair, system, day) do update
set used = greatest(budget.used, excluded.used),
    reported = coalesce(excluded.reported, budget.reported)
