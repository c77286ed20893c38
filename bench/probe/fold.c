#include "fold.h"

#include <stdlib.h>
#include <string.h>

struct batch batch_make(size_t capacity) {
    size_t slots = 4;
    while (slots < capacity * 4) slots *= 2;
    struct batch made = {.slot_mask = slots - 1};
    made.rows = calloc(capacity, sizeof *made.rows);
    made.row_of = calloc(capacity, sizeof *made.row_of);
    made.verdicts = calloc(capacity, sizeof *made.verdicts);
    made.slots = calloc(slots, sizeof *made.slots);
    if (!made.rows || !made.row_of || !made.verdicts || !made.slots) exit(70);
    return made;
}

static bool same_task(const struct row *row, const char *user, size_t user_length, const uint8_t task[16]) {
    return memcmp(row->key->task, task, 16) == 0 && row->key->user_length == user_length
        && memcmp(row->key->user, user, user_length) == 0;
}

static uint32_t *slot_of(struct batch *batch, const char *user, size_t user_length, const uint8_t task[16]) {
    uint64_t hash;
    memcpy(&hash, task + 8, 8);
    size_t at = (hash * 0x9e3779b97f4a7c15u) >> 40 & batch->slot_mask;
    while (batch->slots[at] && !same_task(&batch->rows[batch->slots[at] - 1], user, user_length, task))
        at = (at + 1) & batch->slot_mask;
    return &batch->slots[at];
}

void batch_begin(struct batch *batch, const struct mutation *items, size_t count) {
    batch->items = items;
    batch->count = count;
    batch->row_count = 0;
    memset(batch->slots, 0, (batch->slot_mask + 1) * sizeof *batch->slots);
    for (size_t i = 0; i < count; i++) {
        uint32_t *slot = slot_of(batch, items[i].user, items[i].user_length, items[i].task);
        if (!*slot) {
            batch->rows[batch->row_count] = (struct row){.key = &items[i]};
            *slot = (uint32_t)++batch->row_count;
        }
        batch->row_of[i] = *slot - 1;
    }
}

struct row *batch_row(struct batch *batch, const char *user, size_t user_length, const uint8_t task[16]) {
    uint32_t slot = *slot_of(batch, user, user_length, task);
    return slot ? &batch->rows[slot - 1] : NULL;
}

static int16_t apply(struct row *row, const struct mutation *it) {
    if (it->operation == OP_CREATE) {
        if (row->live) return 409;
        row->version = 0;
        row->created_at = it->at;
    } else if (!row->live) {
        return 404;
    }
    row->live = it->operation != OP_DELETE;
    row->touched = true;
    row->updated_at = it->at;
    row->version++;
    if (!row->live) return 204;
    memcpy(row->title, it->title, it->title_length);
    row->title_length = it->title_length;
    return it->operation == OP_CREATE ? 201 : 200;
}

void batch_fold(struct batch *batch) {
    for (size_t i = 0; i < batch->count; i++) {
        struct row *row = &batch->rows[batch->row_of[i]];
        int16_t code = apply(row, &batch->items[i]);
        batch->verdicts[i] = (struct verdict){.code = code, .version = row->version, .row = batch->row_of[i]};
    }
}
