// The one C++ file: simdjson behind a C face. simdjson reports errors by code here and throws nothing.
#include "formats/json/simdjson_shim.h"

#include <cstdio>
#include <cstdlib>
#include <new>

#include <simdjson.h>

struct simdjson_parser {
    simdjson::dom::parser parser;
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
