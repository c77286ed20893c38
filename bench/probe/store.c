#include "store.h"

#include <stdio.h>

#include "statements.h"

enum { BOOL = 16, INT2 = 21, INT4 = 23, TEXT = 25, TIME = 1184, UUID = 2950 };

static void die(struct store *store, const char *what) {
    fprintf(stderr, "probe: %s: %s\n", what, PQerrorMessage(store->connection));
    exit(1);
}

static void simple(struct store *store, const char *sql) {
    PGresult *result = PQexec(store->connection, sql);
    if (PQresultStatus(result) != PGRES_COMMAND_OK && PQresultStatus(result) != PGRES_TUPLES_OK) die(store, sql);
    PQclear(result);
}

static void prepare(struct store *store, const char *name, const char *sql) {
    PGresult *result = PQprepare(store->connection, name, sql, 0, NULL);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) die(store, sql);
    PQclear(result);
}

void store_open(struct store *store, const char *conninfo, struct variant variant, const char *settings) {
    *store = (struct store){.connection = PQconnectdb(conninfo), .variant = variant};
    if (PQstatus(store->connection) != CONNECTION_OK) die(store, "connect");
    if (*settings) simple(store, settings);
    const char *loads[] = {SQL_LOAD_JOIN, SQL_LOAD_LATERAL, SQL_LOAD_ANY};
    const char *knowns[] = {SQL_KNOWN_BOUNDS, SQL_KNOWN_ANY, SQL_KNOWN_JOIN};
    prepare(store, "begin", "BEGIN");
    prepare(store, "commit", "COMMIT");
    prepare(store, "lock", SQL_LOCK);
    prepare(store, "known", knowns[variant.known]);
    prepare(store, "load", loads[variant.load]);
    prepare(store, "inbox", SQL_INBOX);
    prepare(store, "verdicts", SQL_VERDICTS);
    prepare(store, "requests", variant.plain_inbox ? SQL_REQUESTS : SQL_REQUESTS " ON CONFLICT DO NOTHING");
    prepare(store, "insert", SQL_INSERT);
    prepare(store, "update", SQL_UPDATE);
    prepare(store, "upsert", SQL_UPSERT);
    prepare(store, "delete", SQL_DELETE);
}

// Sends a prepared statement with the first `arrays` columns and then `scalars` fixed-length values, all binary.
static void send(struct store *store, const char *name, int arrays, int scalars, const void **values, int size) {
    const char *bytes[12];
    int lengths[12], formats[12];
    for (int i = 0; i < arrays; i++) {
        array_end(&store->columns[i]);
        bytes[i] = store->columns[i].bytes;
        lengths[i] = (int)store->columns[i].length;
    }
    for (int i = 0; i < scalars; i++) {
        bytes[arrays + i] = values[i];
        lengths[arrays + i] = size;
    }
    for (int i = 0; i < 12; i++) formats[i] = 1;
    if (!PQsendQueryPrepared(store->connection, name, arrays + scalars, bytes, lengths, formats, 1)) die(store, name);
}

static void begin_columns(struct store *store, int count, const uint32_t *types) {
    for (int i = 0; i < count; i++) array_begin(&store->columns[i], types[i]);
}

// The next statement's result; the NULL that ends it is consumed. The caller clears it.
static PGresult *receive(struct store *store) {
    PGresult *result = PQgetResult(store->connection);
    ExecStatusType status = PQresultStatus(result);
    if (status != PGRES_COMMAND_OK && status != PGRES_TUPLES_OK && status != PGRES_PIPELINE_SYNC)
        die(store, PQresultErrorMessage(result));
    if (status != PGRES_PIPELINE_SYNC) PQclear(PQgetResult(store->connection));
    return result;
}

static void receive_count(struct store *store, const char *what, size_t expected) {
    PGresult *result = receive(store);
    if ((size_t)atol(PQcmdTuples(result)) != expected) {
        fprintf(stderr, "probe: %s: %s rows, expected %zu\n", what, PQcmdTuples(result), expected);
        exit(1);
    }
    PQclear(result);
}

static void send_ids(struct store *store, const char *name, bool bounds) {
    struct batch *batch = store->batch;
    const uint8_t *low = batch->items[0].request, *high = low;
    begin_columns(store, 1, (uint32_t[]){UUID});
    for (size_t i = 0; i < batch->count; i++) {
        const uint8_t *id = batch->items[i].request;
        if (memcmp(id, low, 16) < 0) low = id;
        if (memcmp(id, high, 16) > 0) high = id;
        array_add(&store->columns[0], id, 16);
    }
    send(store, name, 1, bounds ? 2 : 0, (const void *[]){low, high}, 16);
}

static void send_inbox(struct store *store) {
    struct array *column = store->columns;
    begin_columns(store, 3, (uint32_t[]){UUID, TEXT, INT2});
    for (size_t i = 0; i < store->batch->count; i++) {
        const struct mutation *it = &store->batch->items[i];
        array_add(&column[0], it->request, 16);
        array_add(&column[1], it->user, it->user_length);
        array_add_int16(&column[2], it->operation);
    }
    send(store, "inbox", 3, 0, NULL, 0);
}

static void send_keys(struct store *store, const char *name, bool deleted_only) {
    begin_columns(store, 2, (uint32_t[]){TEXT, UUID});
    for (size_t i = 0; i < store->batch->row_count; i++) {
        struct row *row = &store->batch->rows[i];
        if (deleted_only && !(row->existed && !row->live)) continue;
        array_add(&store->columns[0], row->key->user, row->key->user_length);
        array_add(&store->columns[1], row->key->task, 16);
    }
    send(store, name, 2, 0, NULL, 0);
}

static void take_rows(struct store *store, PGresult *result) {
    for (int i = 0; i < PQntuples(result); i++) {
        const uint8_t *id = (const uint8_t *)PQgetvalue(result, i, 1);
        struct row *row = batch_row(store->batch, PQgetvalue(result, i, 0), (size_t)PQgetlength(result, i, 0), id);
        if (!row) continue;
        uint32_t version;
        uint64_t created;
        memcpy(&version, PQgetvalue(result, i, 7), 4);
        memcpy(&created, PQgetvalue(result, i, 8), 8);
        row->existed = row->live = true;
        row->version = (int32_t)__builtin_bswap32(version);
        row->created_at = (int64_t)__builtin_bswap64(created) + 946684800000000;
    }
    PQclear(result);
}

static void first_trip(struct store *store) {
    struct variant variant = store->variant;
    uint64_t lane = __builtin_bswap64(0x746c000000000000u | store->batch->items[0].lane);
    send(store, "begin", 0, 0, NULL, 0);
    if (variant.inbox_first) {
        send_inbox(store);
    } else {
        send(store, "lock", 0, 1, (const void *[]){&lane}, 8);
        if (!variant.skip_known) send_ids(store, "known", variant.known == 0);
    }
    send_keys(store, "load", false);
    if (!PQpipelineSync(store->connection)) die(store, "sync");
    PQclear(receive(store));
    if (variant.inbox_first) {
        receive_count(store, "inbox", store->batch->count);
    } else {
        PQclear(receive(store));
        if (!variant.skip_known) receive_count(store, "known", 0);
    }
    take_rows(store, receive(store));
    PQclear(receive(store));
}

enum which { CREATED = 1, UPDATED = 2 };

static bool chosen(const struct row *row, enum which which) {
    return row->live && row->touched && (which & (row->existed ? UPDATED : CREATED));
}

static size_t send_tasks(struct store *store, const char *name, enum which which) {
    struct array *column = store->columns;
    begin_columns(store, 7, (uint32_t[]){TEXT, UUID, TEXT, BOOL, INT4, TIME, TIME});
    for (size_t i = 0; i < store->batch->row_count; i++) {
        struct row *row = &store->batch->rows[i];
        if (!chosen(row, which)) continue;
        array_add(&column[0], row->key->user, row->key->user_length);
        array_add(&column[1], row->key->task, 16);
        array_add(&column[2], row->title, row->title_length);
        array_add_bool(&column[3], 0);
        array_add_int32(&column[4], row->version);
        array_add_time(&column[5], row->created_at);
        array_add_time(&column[6], row->updated_at);
    }
    size_t count = (size_t)column[0].count;
    if (count) send(store, name, 7, 0, NULL, 0);
    return count;
}

static void send_verdicts(struct store *store) {
    struct array *column = store->columns;
    struct batch *batch = store->batch;
    const struct mutation *items = batch->items;
    begin_columns(store, 4, (uint32_t[]){UUID, INT2, UUID, INT4});
    for (size_t i = 0; i < batch->count; i++) {
        array_add(&column[0], items[i].request, 16);
        array_add_int16(&column[1], batch->verdicts[i].code);
        array_add(&column[2], items[i].task, 16);
        array_add_int32(&column[3], batch->verdicts[i].version);
    }
    send(store, "verdicts", 4, 2, (const void *[]){items[0].request, items[batch->count - 1].request}, 16);
}

static void send_requests(struct store *store) {
    struct array *column = store->columns;
    struct batch *batch = store->batch;
    begin_columns(store, 6, (uint32_t[]){UUID, TEXT, INT2, INT2, UUID, INT4});
    for (size_t i = 0; i < batch->count; i++) {
        const struct mutation *it = &batch->items[i];
        array_add(&column[0], it->request, 16);
        array_add(&column[1], it->user, it->user_length);
        array_add_int16(&column[2], it->operation);
        array_add_int16(&column[3], batch->verdicts[i].code);
        array_add(&column[4], it->task, 16);
        array_add_int32(&column[5], batch->verdicts[i].version);
    }
    send(store, "requests", 6, 0, NULL, 0);
}

static size_t deleted_count(const struct batch *batch) {
    size_t count = 0;
    for (size_t i = 0; i < batch->row_count; i++) count += batch->rows[i].existed && !batch->rows[i].live;
    return count;
}

static void second_trip(struct store *store) {
    struct variant variant = store->variant;
    size_t created = 0, updated = 0, deleted = deleted_count(store->batch);
    if (variant.upsert) {
        created = send_tasks(store, "upsert", CREATED | UPDATED);
    } else {
        created = send_tasks(store, "insert", CREATED);
        updated = send_tasks(store, "update", UPDATED);
    }
    if (deleted) send_keys(store, "delete", true);
    if (variant.inbox_first) send_verdicts(store);
    else send_requests(store);
    send(store, "commit", 0, 0, NULL, 0);
    if (!PQpipelineSync(store->connection)) die(store, "sync");
    if (created) receive_count(store, "insert", created);
    if (updated) receive_count(store, "update", updated);
    if (deleted) receive_count(store, "delete", deleted);
    receive_count(store, "requests", store->batch->count);
    PQclear(receive(store));
    PQclear(receive(store));
}

void store_apply(struct store *store, struct batch *batch) {
    store->batch = batch;
    if (PQpipelineStatus(store->connection) == PQ_PIPELINE_OFF) PQenterPipelineMode(store->connection);
    first_trip(store);
    batch_fold(batch);
    second_trip(store);
}
