// Compares ways to write a batch, one line for each. Run at the root of the repository:
// compare CONNINFO Sources/Shared/Schema/SQL/0001_tables.sql COUNT ROUNDS
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "store.h"

static double seconds_now(void) {
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

// Seconds a process has been on a processor, to the nanosecond.
static double cpu_of(int pid) {
    char path[64];
    unsigned long long nanoseconds = 0;
    snprintf(path, sizeof path, "/proc/%d/schedstat", pid);
    FILE *file = fopen(path, "r");
    if (!file || fscanf(file, "%llu", &nanoseconds) != 1) exit(71);
    fclose(file);
    return (double)nanoseconds / 1e9;
}

static double number(PGconn *connection, const char *sql) {
    PGresult *result = PQexec(connection, sql);
    if (PQresultStatus(result) != PGRES_TUPLES_OK) {
        fprintf(stderr, "probe: %s", PQerrorMessage(connection));
        exit(1);
    }
    double value = atof(PQgetvalue(result, 0, 0));
    PQclear(result);
    return value;
}

static void run_file(PGconn *connection, const char *path) {
    static char text[65536];
    FILE *file = fopen(path, "r");
    if (!file) exit(66);
    text[fread(text, 1, sizeof text - 1, file)] = 0;
    fclose(file);
    PGresult *result = PQexec(connection, text);
    if (PQresultStatus(result) != PGRES_COMMAND_OK) fprintf(stderr, "probe: %s", PQerrorMessage(connection));
    PQclear(result);
}

static void drain(struct store *store, const struct mutation *items, size_t count, size_t batch_size) {
    struct batch batch = batch_make(batch_size);
    for (size_t at = 0; at < count;) {
        size_t length = 1;
        while (at + length < count && length < batch_size && items[at + length].lane == items[at].lane) length++;
        batch_begin(&batch, items + at, length);
        store_apply(store, &batch);
        at += length;
    }
}

struct contender {
    const char *name, *settings;
    struct variant variant;
};

#define NESTED "SET enable_hashjoin=off; SET enable_mergejoin=off; SET enable_seqscan=off"
#define GENERIC NESTED "; SET plan_cache_mode=force_generic_plan"
static const struct contender contenders[] = {
    {"A i   inbox first, insert/update/delete", GENERIC, {.inbox_first = true}},
    {"A ii  inbox first, upsert/delete", GENERIC, {.inbox_first = true, .upsert = true}},
    {"B i   lock, insert/update/delete", GENERIC, {0}},
    {"B ii  lock, upsert/delete", GENERIC, {.upsert = true}},
    {"B i   plain INSERT of requests", GENERIC, {.plain_inbox = true}},
    {"B i   without look-up of known", GENERIC, {.skip_known = true}},
    {"B i   plain, without look-up of known", GENERIC, {.plain_inbox = true, .skip_known = true}},
    {"B i   known: = ANY, no bounds", GENERIC, {.known = 1}},
    {"B i   known: JOIN unnest", GENERIC, {.known = 2}},
    {"B i   load: LATERAL", GENERIC, {.load = 1}},
    {"B i   load: = ANY", GENERIC, {.load = 2}},
    {"B i   plan_cache_mode=auto, joins off", NESTED, {0}},
    {"B i   generic, joins on", "SET plan_cache_mode=force_generic_plan", {0}},
    {"B i   no settings at all", "SELECT 1", {0}},
    {"B ii  no settings at all", "SELECT 1", {.upsert = true}},
};


struct sample {
    double wall, server, own, wal, dead;  // microseconds, bytes and rows for each mutation
};

// One run of one contender on fresh tables: a tenth of the mutations warms up, the rest is measured.
static struct sample measure(const char *conninfo, PGconn *control, const char *schema, const struct contender *who,
                             size_t count, size_t batch_size) {
    struct workload work = workload_make(count, 2000, 50, 256, 7);
    struct store seeding, store;
    PQclear(PQexec(control, "DROP SCHEMA public CASCADE; CREATE SCHEMA public"));
    run_file(control, schema);
    run_file(control, "bench/probe/partitions.sql");
    store_open(&seeding, conninfo, (struct variant){0}, NESTED);
    drain(&seeding, work.seeds, work.seed_count, 500);
    PQfinish(seeding.connection);
    PQclear(PQexec(control, "VACUUM ANALYZE tasks, requests"));
    store_open(&store, conninfo, who->variant, who->settings);
    size_t warm = count / 10;
    drain(&store, work.items, warm, batch_size);
    double server = cpu_of(PQbackendPID(store.connection)), own = (double)clock() / CLOCKS_PER_SEC;
    double wal = number(control, "SELECT pg_current_wal_insert_lsn() - '0/0'"), start = seconds_now();
    drain(&store, work.items + warm, count - warm, batch_size);
    double scale = 1e6 / (double)(count - warm);
    struct sample taken = {
        .wall = (seconds_now() - start) * scale,
        .server = (cpu_of(PQbackendPID(store.connection)) - server) * scale,
        .own = ((double)clock() / CLOCKS_PER_SEC - own) * scale,
        .wal = (number(control, "SELECT pg_current_wal_insert_lsn() - '0/0'") - wal) * scale / 1e6,
    };
    PQfinish(store.connection);
    PQclear(PQexec(control, "SELECT pg_sleep(0.2)"));
    taken.dead = number(control, "SELECT sum(n_dead_tup) FROM pg_stat_user_tables"
                                 " WHERE relname ~ '^(tasks|requests)_'") / (double)count;
    free(work.seeds);
    free(work.items);
    return taken;
}

static int by_server(const void *a, const void *b) {
    double x = ((const struct sample *)a)->server, y = ((const struct sample *)b)->server;
    return x < y ? -1 : x > y;
}

int main(int argc, char **argv) {
    if (argc < 5) {
        fprintf(stderr, "usage: compare CONNINFO SCHEMA.sql COUNT ROUNDS [TEXT-IN-NAME [BATCH]]\n");
        return 64;
    }
    enum { ROUNDS_MAX = 9, CONTENDERS = sizeof contenders / sizeof *contenders };
    static struct sample samples[CONTENDERS][ROUNDS_MAX];
    int rounds = atoi(argv[4]) < ROUNDS_MAX ? atoi(argv[4]) : ROUNDS_MAX;
    PGconn *control = PQconnectdb(argv[1]);
    PQclear(PQexec(control, "SET client_min_messages = warning"));
    size_t only = argc >= 7 ? (size_t)atol(argv[6]) : 0;
    for (size_t size = 100; size <= 500; size += 400) {
        if (only && only != size) continue;
        for (int round = 0; round < rounds; round++)
            for (size_t i = 0; i < CONTENDERS; i++)
                if (argc < 6 || strstr(contenders[i].name, argv[5]))
                    samples[i][round] =
                        measure(argv[1], control, argv[2], &contenders[i], (size_t)atol(argv[3]), size);
        printf("batch %zu: medians of %d by server CPU\n%-42s %8s %8s %8s %8s %9s\n", size, rounds, "variant", "wall us",
               "pg us", "own us", "WAL B", "dead/mut");
        for (size_t i = 0; i < CONTENDERS; i++) {
            if (argc >= 6 && !strstr(contenders[i].name, argv[5])) continue;
            qsort(samples[i], (size_t)rounds, sizeof **samples, by_server);
            struct sample it = samples[i][rounds / 2];
            printf("%-42s %8.1f %8.1f %8.1f %8.0f %9.2f   least pg %.1f\n", contenders[i].name, it.wall, it.server,
                   it.own, it.wal, it.dead, samples[i][0].server);
        }
        fflush(stdout);
    }
    return 0;
}
