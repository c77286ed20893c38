-- A redrive that died again, or an undecodable entry that came again, wakes its own row and adds its attempts to it.
INSERT INTO dead_letters (request_id, user_id, lane, operation, task_id, task_version, task_created_at, reason,
    signature, payload, attempts, state, redrive, forced, dead_at, state_at)
SELECT request_id, user_id, lane, operation, task_id, task_version, task_created_at, reason,
    signature, payload, attempts, 'dead', redrive, false, $13, $13
FROM unnest($1::uuid[], $2::text[], $3::int4[], $4::int2[], $5::uuid[], $6::int4[], $7::timestamptz[], $8::text[],
    $9::text[], $10::bytea[], $11::jsonb[], $12::int2[])
    AS new(request_id, user_id, lane, operation, task_id, task_version, task_created_at, reason, signature, payload,
        attempts, redrive)
ON CONFLICT (request_id) DO UPDATE SET lane = excluded.lane, task_version = excluded.task_version,
    task_created_at = excluded.task_created_at, reason = excluded.reason, signature = excluded.signature,
    attempts = dead_letters.attempts || excluded.attempts, state = 'dead',
    redrive = greatest(dead_letters.redrive, excluded.redrive), forced = false, dead_at = excluded.dead_at,
    state_at = excluded.state_at
