-- Without ON CONFLICT: an id that is there already stops the transaction, for then somebody applied without the lock.
INSERT INTO requests (request_id, user_id, operation, task_id, status, code, version, redrive, finished_at)
SELECT request_id, user_id, operation, task_id, status, code, version, redrive, $9
FROM unnest($1::uuid[], $2::text[], $3::int2[], $4::uuid[], $5::int2[], $6::text[], $7::int4[], $8::int2[])
    AS new(request_id, user_id, operation, task_id, status, code, version, redrive)
