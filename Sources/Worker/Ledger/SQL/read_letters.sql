SELECT request_id, task_version, task_created_at FROM dead_letters WHERE request_id = ANY($1::uuid[])
