// One-dimensional PostgreSQL arrays in the binary format, without NULLs unless said.
#ifndef PROBE_ARRAYS_H
#define PROBE_ARRAYS_H
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

struct array {
    char *bytes;
    size_t length, capacity;
    int32_t count;
};

static inline void array_bytes(struct array *array, const void *bytes, size_t length) {
    if (array->length + length > array->capacity) {
        array->capacity = (array->length + length) * 2 + 256;
        array->bytes = realloc(array->bytes, array->capacity);
        if (!array->bytes) exit(70);
    }
    memcpy(array->bytes + array->length, bytes, length);
    array->length += length;
}

static inline void array_int32(struct array *array, int32_t value) {
    uint32_t swapped = __builtin_bswap32((uint32_t)value);
    array_bytes(array, &swapped, 4);
}

static inline void array_begin(struct array *array, uint32_t element_type) {
    array->length = 0;
    array->count = 0;
    array_int32(array, 1);
    array_int32(array, 0);
    array_int32(array, (int32_t)element_type);
    array_int32(array, 0);
    array_int32(array, 1);
}

static inline void array_add(struct array *array, const void *bytes, size_t length) {
    array_int32(array, (int32_t)length);
    array_bytes(array, bytes, length);
    array->count++;
}

static inline void array_add_int16(struct array *array, int16_t value) {
    uint16_t swapped = __builtin_bswap16((uint16_t)value);
    array_add(array, &swapped, 2);
}

static inline void array_add_int32(struct array *array, int32_t value) {
    uint32_t swapped = __builtin_bswap32((uint32_t)value);
    array_add(array, &swapped, 4);
}

static inline void array_add_bool(struct array *array, uint8_t value) { array_add(array, &value, 1); }

// Microseconds since 1970; PostgreSQL counts from 2000.
static inline void array_add_time(struct array *array, int64_t microseconds) {
    uint64_t swapped = __builtin_bswap64((uint64_t)(microseconds - 946684800000000));
    array_add(array, &swapped, 8);
}

static inline void array_end(struct array *array) {
    uint32_t swapped = __builtin_bswap32((uint32_t)array->count);
    memcpy(array->bytes + 12, &swapped, 4);
}
#endif
