INSERT INTO tasks (user_id, id, title, description, completed, priority, due_at, version, created_at, updated_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
