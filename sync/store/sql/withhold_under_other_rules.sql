-- Changes of records on which both sides agreed under other rules than those in force.
update change c
set status = 'withheld', outcome = cast(:outcome as json)
where c.plan_id = :plan_id and c.action = 'update' and c.status = 'planned'
  and exists (
    select from link l
    join base b on b.link_id = l.id
    where l.pair = :pair and l.kind = c.kind and l.closed_at is null and b.rules <> :rules
      and c.target_id = case c.system when 'alma' then l.alma_id else l.folio_id end
  )
returning c.system, c.kind
