-- What a person separated, or an undo took apart, is not to be brought together again, however long ago that was.
delete from link
where pair = :pair and closed_at < now() - cast(:age as interval)
  and how not like '%, separated' and how not like '%, taken back'
