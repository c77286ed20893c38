#include "workload.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static uint64_t random_state;

static uint64_t random_next(void) {
    random_state += 0x9e3779b97f4a7c15u;
    uint64_t z = random_state;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

uint16_t crc16(const char *bytes, size_t length) {
    uint16_t crc = 0;
    for (size_t i = 0; i < length; i++) {
        crc ^= (uint16_t)((uint8_t)bytes[i] << 8);
        for (int bit = 0; bit < 8; bit++) crc = crc & 0x8000 ? (uint16_t)(crc << 1 ^ 0x1021) : (uint16_t)(crc << 1);
    }
    return crc;
}

// `counter` orders the ids of one millisecond, as ingest's counter does.
static void uuid_v7(uint8_t out[16], uint64_t milliseconds, unsigned counter) {
    uint64_t low = random_next();
    for (int i = 0; i < 6; i++) out[i] = (uint8_t)(milliseconds >> (40 - 8 * i));
    memcpy(out + 8, &low, 8);
    out[6] = (uint8_t)(0x70 | (counter >> 8 & 0x0f));
    out[7] = (uint8_t)counter;
    out[8] = (uint8_t)(0x80 | (out[8] & 0x3f));
}

struct live_tasks {
    uint8_t (*ids)[16];
    size_t count, capacity;
};

static void remember(struct live_tasks *live, const uint8_t id[16]) {
    if (live->count == live->capacity) {
        live->capacity = live->capacity ? live->capacity * 2 : 64;
        live->ids = realloc(live->ids, live->capacity * 16);
        if (!live->ids) exit(70);
    }
    memcpy(live->ids[live->count++], id, 16);
}

static struct mutation mutation_make(int user, int lanes, uint64_t milliseconds, unsigned counter) {
    struct mutation it = {0};
    it.user_length = (uint8_t)snprintf(it.user, sizeof it.user, "user-%06d", user);
    it.lane = (uint16_t)(crc16(it.user, it.user_length) % lanes);
    it.at = (int64_t)milliseconds * 1000;
    uuid_v7(it.request, milliseconds, counter);
    it.title_length = (uint8_t)snprintf(
        it.title, sizeof it.title, "Buy milk and bread, number %06u", (unsigned)(random_next() % 1000000));
    return it;
}

static void choose_operation(struct mutation *it, struct live_tasks *live, uint64_t milliseconds) {
    uint64_t dice = random_next() % 10;
    it->operation = dice < 5 || live->count == 0 ? OP_CREATE : dice < 9 ? OP_UPDATE : OP_DELETE;
    if (it->operation == OP_CREATE) {
        uuid_v7(it->task, milliseconds, 0);
        remember(live, it->task);
        return;
    }
    size_t chosen = random_next() % live->count;
    memcpy(it->task, live->ids[chosen], 16);
    if (it->operation == OP_DELETE) memcpy(live->ids[chosen], live->ids[--live->count], 16);
}

static int by_lane(const void *a, const void *b) {
    const struct mutation *x = a, *y = b;
    if (x->lane != y->lane) return x->lane < y->lane ? -1 : 1;
    return memcmp(x->request, y->request, 16);
}

struct workload workload_make(size_t count, int users, int stored_for_each, int lanes, unsigned seed) {
    random_state = seed;
    struct workload made = {.count = count, .seed_count = (size_t)users * (size_t)stored_for_each};
    made.seeds = calloc(made.seed_count + 1, sizeof *made.seeds);
    made.items = calloc(count + 1, sizeof *made.items);
    struct live_tasks *live = calloc((size_t)users, sizeof *live);
    if (!made.seeds || !made.items || !live) exit(70);
    uint64_t now = (uint64_t)time(NULL) * 1000 - 120000;
    for (size_t i = 0; i < made.seed_count; i++) {
        int user = (int)(i % (size_t)users);
        made.seeds[i] = mutation_make(user, lanes, now, 0);
        uuid_v7(made.seeds[i].task, now, 0);
        remember(&live[user], made.seeds[i].task);
    }
    for (size_t i = 0; i < count; i++) {
        int user = (int)(random_next() % (uint64_t)users);
        made.items[i] = mutation_make(user, lanes, now + i / 30, i % 30);
        choose_operation(&made.items[i], &live[user], now + i / 30);
    }
    for (int i = 0; i < users; i++) free(live[i].ids);
    free(live);
    qsort(made.seeds, made.seed_count, sizeof *made.seeds, by_lane);
    qsort(made.items, count, sizeof *made.items, by_lane);
    return made;
}
