/*
 * simdjson for C: its DOM parser, and its first stage. One a reader; it keeps its buffers from record to record.
 *
 * A parsed record is a tape of 64-bit words and a buffer of strings (simdjson, doc/tape.md): the upper 8 bits of a word
 * are its kind, the lower 56 its payload. Kinds: 'r' root; '{' '[' with the index behind the matching bracket in the lower
 * 32 bits; '"' with an offset into the strings (a 32-bit length in the machine's order, then the bytes); 'l' 'u' 'd', a
 * number in the word that follows; 't' 'f' 'n'. The value begins at tape[1]; strings are valid UTF-8.
 */
#ifndef PICKET_FORMATS_JSON_SIMDJSON_SHIM_H
#define PICKET_FORMATS_JSON_SIMDJSON_SHIM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct simdjson_parser simdjson_parser;

typedef struct {
    const uint64_t *tape;
    const uint8_t *strings;
} simdjson_record;

simdjson_parser *simdjson_parser_new(size_t depth_limit); /* never NULL */
void simdjson_parser_free(simdjson_parser *p);

/*
 * Parses and validates one value that fills bytes[0, len); 64 more bytes must be readable. The record is valid until the
 * next call. False: refused, for whatever reason.
 */
bool simdjson_parse(simdjson_parser *p, const char *bytes, size_t len, simdjson_record *out);

/*
 * The first stage alone: where the structure of bytes[0, len) stands, which may be many records: brackets, colons, commas
 * and the first byte of each scalar. Valid until the next call. False: bytes that are no UTF-8, a string that does not end
 * or holds control characters; or no memory.
 */
bool simdjson_index(simdjson_parser *p, const char *bytes, size_t len, const uint32_t **places, size_t *count);

bool simdjson_is_utf8(const char *bytes, size_t len);

/* The double that is nearest to a JSON number that fills bytes[0, len). False: it is beyond them. */
bool simdjson_double(const char *bytes, size_t len, double *out);

#ifdef __cplusplus
}
#endif

#endif
