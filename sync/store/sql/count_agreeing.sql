-- Linked records that both readings hold and for which nothing is planned, listed or parked.
with touched as (
  select kind, target_id as key from change where plan_id = :plan_id and target_id <> '' and status <> 'noted'
  union
  select kind, folio_id from conflict where pair = :pair and closed_at is null
  union
  select kind, key from parked where run_id = :run
),
agreeing as (
  select l.kind, l.folio_id
  from link l
  join entry a on a.snapshot_id = :alma and a.kind = l.kind and a.key = l.alma_id
  join entry f on f.snapshot_id = :folio and f.kind = l.kind and f.key = l.folio_id
  left join touched ta on ta.kind = l.kind and ta.key = l.alma_id
  left join touched tf on tf.kind = l.kind and tf.key = l.folio_id
  where l.pair = :pair and l.closed_at is null
  group by l.kind, l.folio_id
  having count(ta.key) = 0 and count(tf.key) = 0
)
select count(*) from agreeing
