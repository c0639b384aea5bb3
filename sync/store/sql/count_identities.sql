-- How many titles and holdings the source has once several bibs, or several portfolios, are counted as one.
with member as (
  select e.kind, e.package_key,
         coalesce(i.identity_key, case e.kind when 'title' then e.key else e.title_key end) as identity_key
  from entry e
  left join identity i
    on i.snapshot_id = e.snapshot_id and i.title_key = case e.kind when 'title' then e.key else e.title_key end
  where e.snapshot_id = :snapshot and e.kind in ('title', 'holding')
)
select kind, count(distinct (package_key, identity_key)) as records
from member
group by kind
