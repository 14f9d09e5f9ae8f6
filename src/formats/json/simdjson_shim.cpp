// The one C++ file: simdjson behind a C face. simdjson reports errors by code here and throws nothing.
#include "formats/json/simdjson_shim.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <new>

#include <simdjson.h>

struct simdjson_parser {
    simdjson::dom::parser parser;
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stage; // of simdjson_index
    size_t depth_limit;
};

simdjson_parser *simdjson_parser_new(size_t depth_limit)
{
    auto *p = new (std::nothrow) simdjson_parser;
    if (!p) {
        std::fputs("picket: out of memory\n", stderr);
        std::exit(2);
    }
    p->depth_limit = depth_limit;
    return p;
}

void simdjson_parser_free(simdjson_parser *p)
{
    delete p;
}

bool simdjson_parse(simdjson_parser *p, const char *bytes, size_t len, simdjson_record *out)
{
    if (len > p->parser.capacity()) {
        // Room for larger records to come, so that buffers are made anew only a few times.
        size_t room = len + len / 2 < 16384 ? 16384 : len + len / 2;
        if (p->parser.allocate(room, p->depth_limit) != simdjson::SUCCESS) return false;
    }
    simdjson::dom::element root;
    if (p->parser.parse(bytes, len, false).get(root) != simdjson::SUCCESS) return false;
    out->tape = p->parser.doc.tape.get();
    out->strings = p->parser.doc.string_buf.get();
    return true;
}

bool simdjson_index(simdjson_parser *p, const char *bytes, size_t len, const uint32_t **places, size_t *count)
{
    constexpr size_t least = size_t(64) << 10;
    if (!p->stage || len > p->stage->capacity()) {
        size_t room = len + len / 2 < least ? least : len + len / 2;
        if (simdjson::get_active_implementation()->create_dom_parser_implementation(room, 1, p->stage) != simdjson::SUCCESS) {
            p->stage.reset();
            return false;
        }
    }
    auto error = p->stage->stage1(reinterpret_cast<const uint8_t *>(bytes), len, simdjson::stage1_mode::regular);
    if (error != simdjson::SUCCESS) return false;
    *places = p->stage->structural_indexes.get();
    *count = p->stage->n_structural_indexes;
    return true;
}

bool simdjson_is_utf8(const char *bytes, size_t len)
{
    return simdjson::validate_utf8(bytes, len);
}

bool simdjson_double(const char *bytes, size_t len, double *out)
{
    auto [end, error] = std::from_chars(bytes, bytes + len, *out);
    return error == std::errc() && end == bytes + len;
}
