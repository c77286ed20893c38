// The batches of the probe: mutations of many users on lanes, as ingest would have queued them.
#ifndef PROBE_WORKLOAD_H
#define PROBE_WORKLOAD_H
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum operation { OP_CREATE = 1, OP_UPDATE = 2, OP_DELETE = 4 };

struct mutation {
    uint8_t request[16], task[16];
    char user[24];
    char title[64];
    uint8_t user_length, title_length, operation;
    uint16_t lane;
    int64_t at;  // microseconds since 1970
};

struct workload {
    struct mutation *seeds;  // creates that must be stored before the measurement
    size_t seed_count;
    struct mutation *items;  // sorted by lane, each lane in the order of acceptance
    size_t count;
};

// Half creates, two fifths updates, a tenth deletes; the same for the same arguments. Exits if memory runs out.
struct workload workload_make(size_t count, int users, int stored_for_each, int lanes, unsigned seed);

// Redis's own CRC16 (XMODEM).
uint16_t crc16(const char *bytes, size_t length);
#endif
