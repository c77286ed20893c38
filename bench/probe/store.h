// One batch in one PostgreSQL transaction of two round trips, in the variants that are compared.
#ifndef PROBE_STORE_H
#define PROBE_STORE_H
#include <libpq-fe.h>

#include "arrays.h"
#include "fold.h"

struct variant {
    bool inbox_first;  // A: ids first, verdicts by UPDATE later; else B: advisory lock, known ids, one INSERT
    bool upsert;       // (ii) creates and updates in one INSERT … ON CONFLICT; else (i) apart
    bool plain_inbox;  // B with a plain INSERT of requests: a known id is an error, not a lower count
    bool skip_known;   // B without the look-up of known ids: the count of the INSERT tells
    int load;          // 0 JOIN unnest, 1 LATERAL, 2 = ANY twice
    int known;         // 0 = ANY with bounds, 1 = ANY, 2 JOIN unnest
};

struct store {
    PGconn *connection;
    struct variant variant;
    struct array columns[12];
    struct batch *batch;
};

void store_open(struct store *store, const char *conninfo, struct variant variant, const char *settings);
// Applies the batch, which batch_begin has filled, and commits. Dies with the server's message on any error.
void store_apply(struct store *store, struct batch *batch);
#endif
