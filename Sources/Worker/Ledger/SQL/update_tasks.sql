UPDATE tasks SET title = changed.title, description = changed.description, completed = changed.completed, priority = changed.priority,
    due_at = changed.due_at, version = changed.version, created_at = changed.created_at, updated_at = changed.updated_at
FROM unnest($1::text[], $2::uuid[], $3::text[], $4::text[], $5::bool[], $6::int2[], $7::timestamptz[],
    $8::int4[], $9::timestamptz[], $10::timestamptz[])
    AS changed(user_id, id, title, description, completed, priority, due_at, version, created_at, updated_at)
WHERE tasks.user_id = changed.user_id AND tasks.id = changed.id
