-- "Separated" stays readable in a closed link: somebody said that these two are not the same.
update link l
set closed_at = now(), how = case p.effect when 'separate' then l.how || ', separated' else l.how end
from proposed p
where l.id = p.link_id and l.closed_at is null and p.effect in ('change', 'separate')
