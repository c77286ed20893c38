DELETE FROM tasks USING unnest($1::text[], $2::uuid[]) AS gone(user_id, id)
WHERE tasks.user_id = gone.user_id AND tasks.id = gone.id
