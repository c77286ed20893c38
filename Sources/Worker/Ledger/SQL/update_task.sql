UPDATE tasks SET title = $3, description = $4, completed = $5, priority = $6, due_at = $7, version = $8,
    created_at = $9, updated_at = $10
WHERE user_id = $1 AND id = $2
