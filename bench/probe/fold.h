// The net state of a batch: each touched task once, with a verdict for every mutation.
#ifndef PROBE_FOLD_H
#define PROBE_FOLD_H
#include "workload.h"

struct row {
    const struct mutation *key;  // any mutation of this task: its user and task id
    char title[64];
    uint8_t title_length;
    bool existed, live, touched;
    int32_t version;
    int64_t created_at, updated_at;
};

struct verdict {
    int16_t code;
    int32_t version;
    uint32_t row;
};

struct batch {
    const struct mutation *items;
    size_t count;
    struct row *rows;        // distinct tasks
    size_t row_count;
    uint32_t *row_of;        // row of each mutation
    struct verdict *verdicts;
    uint32_t *slots;         // hash table of rows
    size_t slot_mask;
};

struct batch batch_make(size_t capacity);
// Finds the distinct tasks of the mutations. The memory is reused from batch to batch.
void batch_begin(struct batch *batch, const struct mutation *items, size_t count);
// The row of a stored task, NULL if the batch does not touch it.
struct row *batch_row(struct batch *batch, const char *user, size_t user_length, const uint8_t task[16]);
// Applies the mutations in order over the rows loaded.
void batch_fold(struct batch *batch);
#endif
