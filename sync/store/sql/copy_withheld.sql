insert into change (plan_id, seq, id, system, kind, action, name, source_keys, package_key, title_key, target_id, status,
                    body, outcome)
select :to_plan, seq, id, system, kind, action, name, source_keys, package_key, title_key, target_id, status, body, outcome
from change
where plan_id = :from_plan and status = 'withheld'
