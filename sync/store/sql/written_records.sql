select link.alma_id, payload.body::text as body
from link
join base on base.link_id = link.id
join payload on payload.hash = base.written_hash
where link.pair = :pair and link.kind = :kind and link.alma_id = any(:alma_ids) and link.closed_at is null
