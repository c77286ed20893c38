SELECT 1, title, description, completed, priority, due_at, version, created_at, updated_at
FROM tasks WHERE user_id = $1 AND id = $2
FOR UPDATE
