// The SQL of the probe. Binary parameters, prepared once for each connection.
#define SQL_LOCK "SELECT pg_advisory_xact_lock($1)"
#define SQL_KNOWN_BOUNDS \
    "SELECT request_id FROM requests WHERE request_id = ANY($1::uuid[])" \
    " AND request_id >= $2::uuid AND request_id <= $3::uuid"
#define SQL_KNOWN_ANY "SELECT request_id FROM requests WHERE request_id = ANY($1::uuid[])"
#define SQL_KNOWN_JOIN "SELECT r.request_id FROM unnest($1::uuid[]) k(id) JOIN requests r ON r.request_id = k.id"
#define SQL_INBOX \
    "INSERT INTO requests(request_id, user_id, operation, status, task_id, redrive, finished_at)" \
    " SELECT r, u, o, 202, r, 0, now() FROM unnest($1::uuid[], $2::text[], $3::int2[]) k(r, u, o)" \
    " ON CONFLICT DO NOTHING RETURNING request_id"
#define SQL_VERDICTS \
    "UPDATE requests q SET status = k.c, task_id = k.t, version = k.v" \
    " FROM unnest($1::uuid[], $2::int2[], $3::uuid[], $4::int4[]) k(r, c, t, v) WHERE q.request_id = k.r" \
    " AND q.request_id >= $5::uuid AND q.request_id <= $6::uuid"
#define SQL_REQUESTS \
    "INSERT INTO requests(request_id, user_id, operation, status, task_id, version, redrive, finished_at)" \
    " SELECT r, u, o, c, t, v, 0, now()" \
    " FROM unnest($1::uuid[], $2::text[], $3::int2[], $4::int2[], $5::uuid[], $6::int4[]) k(r, u, o, c, t, v)"
#define TASK_COLUMNS \
    "t.user_id, t.id, t.title, t.description, t.completed, t.priority, t.due_at, t.version, t.created_at, t.updated_at"
#define SQL_LOAD_JOIN \
    "SELECT " TASK_COLUMNS " FROM unnest($1::text[], $2::uuid[]) k(u, i)" \
    " JOIN tasks t ON t.user_id = k.u AND t.id = k.i FOR UPDATE OF t"
#define SQL_LOAD_LATERAL \
    "SELECT t.* FROM unnest($1::text[], $2::uuid[]) k(u, i), LATERAL (SELECT " TASK_COLUMNS \
    " FROM tasks t WHERE t.user_id = k.u AND t.id = k.i FOR UPDATE) t"
#define SQL_LOAD_ANY \
    "SELECT " TASK_COLUMNS " FROM tasks t WHERE t.user_id = ANY($1::text[]) AND t.id = ANY($2::uuid[]) FOR UPDATE"
#define WRITE_ARRAYS \
    "unnest($1::text[], $2::uuid[], $3::text[], $4::bool[], $5::int4[], $6::timestamptz[], $7::timestamptz[])"
#define SQL_INSERT \
    "INSERT INTO tasks(user_id, id, title, completed, version, created_at, updated_at) SELECT * FROM " WRITE_ARRAYS
#define SQL_UPDATE \
    "UPDATE tasks x SET title = k.t, completed = k.c, version = k.v, updated_at = k.m FROM " WRITE_ARRAYS \
    " k(u, i, t, c, v, b, m) WHERE x.user_id = k.u AND x.id = k.i"
#define SQL_UPSERT \
    SQL_INSERT " ON CONFLICT (user_id, id) DO UPDATE SET title = excluded.title, completed = excluded.completed," \
    " version = excluded.version, created_at = excluded.created_at, updated_at = excluded.updated_at"
#define SQL_DELETE \
    "DELETE FROM tasks x USING unnest($1::text[], $2::uuid[]) k(u, i) WHERE x.user_id = k.u AND x.id = k.i"
