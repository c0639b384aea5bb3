-- The services that runs of this pair have made in Alma.
select distinct i.answer_id
from intent i
join run r on r.id = i.run_id
where r.pair = :pair and i.operation = 'create service' and i.answer_id <> ''
