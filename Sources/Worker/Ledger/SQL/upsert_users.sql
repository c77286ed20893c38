-- Claims that a token leaves out do not erase what an earlier one said.
INSERT INTO users (id, email, name, created_at)
SELECT * FROM unnest($1::text[], $2::text[], $3::text[], $4::timestamptz[])
ON CONFLICT (id) DO UPDATE
SET email = coalesce(excluded.email, users.email), name = coalesce(excluded.name, users.name)
WHERE (coalesce(excluded.email, users.email), coalesce(excluded.name, users.name))
    IS DISTINCT FROM (users.email, users.name)
