// simdjson behind C: a document is parsed whole and laid out as a flat array of nodes, in the order of the text.
#pragma once
#include <stddef.h>
#include <stdint.h>
#ifdef __cplusplus
extern "C" {
#endif

enum {
    TL_JSON_NULL = 0, TL_JSON_FALSE = 1, TL_JSON_TRUE = 2, TL_JSON_INTEGER = 3, TL_JSON_UNSIGNED = 4,
    TL_JSON_DOUBLE = 5, TL_JSON_STRING = 6, TL_JSON_ARRAY = 7, TL_JSON_OBJECT = 8
};

/// One value. An object's members follow it as pairs (key string, value), an array's elements follow it;
/// `next` is the index of the node after the whole value.
typedef struct {
    uint32_t kind;
    uint32_t next;
    uint32_t length;       // of a string in bytes; of an array in elements; of an object in members
    union {
        const uint8_t *bytes; // of a string, unescaped UTF-8; valid until the next parse
        int64_t integer;
        uint64_t unsigned_integer;
        double number;
    } value;
} tl_json_node;

typedef struct tl_json_parser tl_json_parser;

enum { TL_JSON_OK = 0, TL_JSON_INVALID = 1, TL_JSON_TOO_DEEP = 2, TL_JSON_NO_MEMORY = 3 };

/// NULL when out of memory. `depth_max` counts nested arrays and objects.
tl_json_parser *tl_json_parser_new(size_t depth_max);
void tl_json_parser_free(tl_json_parser *parser);
/// Parses `length` bytes; on TL_JSON_OK sets `nodes` and `count`, owned by the parser until its next parse.
/// Never throws. On an error nothing is set.
int tl_json_parse(tl_json_parser *parser, const uint8_t *bytes, size_t length,
                  const tl_json_node **nodes, size_t *count);

#ifdef __cplusplus
}
#endif
