#include "csimdjson.h"

#include <simdjson.h>

#include <cstring>
#include <new>
#include <vector>

namespace dom = simdjson::dom;

struct tl_json_parser {
    dom::parser parser;
    std::vector<tl_json_node> nodes;
    std::vector<uint8_t> padded;
    size_t depth_max;
};

static void string_node(tl_json_node &node, std::string_view text) {
    node.kind = TL_JSON_STRING;
    node.length = static_cast<uint32_t>(text.size());
    node.value.bytes = reinterpret_cast<const uint8_t *>(text.data());
}

// Depth is checked here and not only by simdjson: its own limit differs between versions by one.
static int lay_out(tl_json_parser &p, dom::element element, size_t depth) {
    size_t at = p.nodes.size();
    p.nodes.push_back({});
    tl_json_node node{};
    switch (element.type()) {
    case dom::element_type::NULL_VALUE: node.kind = TL_JSON_NULL; break;
    case dom::element_type::BOOL: {
        bool value = false;
        if (element.get(value)) return TL_JSON_INVALID;
        node.kind = value ? TL_JSON_TRUE : TL_JSON_FALSE;
        break;
    }
    case dom::element_type::INT64:
        node.kind = TL_JSON_INTEGER;
        if (element.get(node.value.integer)) return TL_JSON_INVALID;
        break;
    case dom::element_type::UINT64:
        node.kind = TL_JSON_UNSIGNED;
        if (element.get(node.value.unsigned_integer)) return TL_JSON_INVALID;
        break;
    case dom::element_type::DOUBLE:
        node.kind = TL_JSON_DOUBLE;
        if (element.get(node.value.number)) return TL_JSON_INVALID;
        break;
    case dom::element_type::STRING: {
        std::string_view text;
        if (element.get(text)) return TL_JSON_INVALID;
        string_node(node, text);
        break;
    }
    case dom::element_type::ARRAY: {
        if (depth >= p.depth_max) return TL_JSON_TOO_DEEP;
        dom::array array;
        if (element.get(array)) return TL_JSON_INVALID;
        node.kind = TL_JSON_ARRAY;
        for (dom::element child : array) {
            node.length++;
            if (int error = lay_out(p, child, depth + 1)) return error;
        }
        break;
    }
    case dom::element_type::OBJECT: {
        if (depth >= p.depth_max) return TL_JSON_TOO_DEEP;
        dom::object object;
        if (element.get(object)) return TL_JSON_INVALID;
        node.kind = TL_JSON_OBJECT;
        for (dom::key_value_pair member : object) {
            node.length++;
            tl_json_node key{};
            string_node(key, member.key);
            key.next = static_cast<uint32_t>(p.nodes.size() + 1);
            p.nodes.push_back(key);
            if (int error = lay_out(p, member.value, depth + 1)) return error;
        }
        break;
    }
    }
    node.next = static_cast<uint32_t>(p.nodes.size());
    p.nodes[at] = node;
    return TL_JSON_OK;
}

tl_json_parser *tl_json_parser_new(size_t depth_max) {
    auto *p = new (std::nothrow) tl_json_parser;
    if (p) p->depth_max = depth_max;
    return p;
}

void tl_json_parser_free(tl_json_parser *parser) { delete parser; }

int tl_json_parse(tl_json_parser *p, const uint8_t *bytes, size_t length,
                  const tl_json_node **nodes, size_t *count) {
    try {
        // simdjson skips a UTF-8 byte order mark in later versions; RFC 8259 §8.1 lets us refuse it, so we do.
        if (length >= 3 && std::memcmp(bytes, "\xEF\xBB\xBF", 3) == 0) return TL_JSON_INVALID;
        p->nodes.clear();
        // simdjson reads past the end: the copy is padded, and kept between calls.
        if (p->padded.size() < length + simdjson::SIMDJSON_PADDING)
            p->padded.resize(length + simdjson::SIMDJSON_PADDING);
        std::memcpy(p->padded.data(), bytes, length);
        std::memset(p->padded.data() + length, 0, simdjson::SIMDJSON_PADDING);
        dom::element root;
        auto error = p->parser.parse(p->padded.data(), length, false).get(root);
        if (error == simdjson::DEPTH_ERROR) return TL_JSON_TOO_DEEP;
        if (error == simdjson::MEMALLOC) return TL_JSON_NO_MEMORY;
        if (error) return TL_JSON_INVALID;
        if (int failure = lay_out(*p, root, 0)) return failure;
        *nodes = p->nodes.data();
        *count = p->nodes.size();
        return TL_JSON_OK;
    } catch (const std::bad_alloc &) {
        return TL_JSON_NO_MEMORY;
    } catch (...) {
        return TL_JSON_INVALID;
    }
}
