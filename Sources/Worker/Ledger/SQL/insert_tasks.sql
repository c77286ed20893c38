INSERT INTO tasks (user_id, id, title, description, completed, priority, due_at, version, created_at, updated_at)
SELECT * FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::bool[], $6::int2[], $7::timestamptz[],
    $8::int4[], $9::timestamptz[], $10::timestamptz[])
