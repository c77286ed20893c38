-- A dead request, or one that was overtaken, may be taken again by a higher redrive number alone, so that no stale owner can take it.
INSERT INTO requests (request_id, user_id, operation, task_id, status, code, version, redrive, finished_at)
SELECT request_id, user_id, operation, task_id, status, code, version, redrive, $9
FROM unnest($1::uuid[], $2::text[], $3::int2[], $4::uuid[], $5::int2[], $6::text[], $7::int4[], $8::int2[])
    AS new(request_id, user_id, operation, task_id, status, code, version, redrive)
ON CONFLICT (request_id) DO UPDATE SET status = excluded.status, code = excluded.code, version = excluded.version,
    redrive = excluded.redrive, finished_at = excluded.finished_at
WHERE (requests.status = 500 OR requests.code = 'superseded') AND requests.redrive < excluded.redrive
