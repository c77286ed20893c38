INSERT INTO requests (request_id, user_id, operation, task_id, status, code, version, redrive, finished_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)
