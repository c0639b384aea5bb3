insert into payload (hash, body)
values (:hash, cast(:body as json))
on conflict (hash) do nothing
