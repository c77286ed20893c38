SELECT wanted.place::int4, t.title, t.description, t.completed, t.priority, t.due_at, t.version, t.created_at, t.updated_at
FROM unnest($1::text[], $2::uuid[]) WITH ORDINALITY AS wanted(user_id, id, place)
JOIN tasks t ON t.user_id = wanted.user_id AND t.id = wanted.id
FOR UPDATE OF t
