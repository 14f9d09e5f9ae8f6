/* Reading integers out of bytes that nobody vouches for. No function here reads outside [at, end). */
#ifndef PICKET_BASE_CURSOR_H
#define PICKET_BASE_CURSOR_H

#include "base/str.h"

typedef struct {
    const uint8_t *at, *end;
} cursor;

static inline size_t cursor_left(const cursor *c) { return (size_t)(c->end - c->at); }

static inline bool read_bytes(cursor *c, size_t n, const uint8_t **out)
{
    if (cursor_left(c) < n) return false;
    *out = c->at;
    c->at += n;
    return true;
}

static inline bool read_u8(cursor *c, uint8_t *out)
{
    const uint8_t *p;
    if (!read_bytes(c, 1, &p)) return false;
    *out = p[0];
    return true;
}

static inline bool read_u16le(cursor *c, uint16_t *out)
{
    const uint8_t *p;
    if (!read_bytes(c, 2, &p)) return false;
    *out = (uint16_t)(p[0] | p[1] << 8);
    return true;
}

static inline bool read_u32le(cursor *c, uint32_t *out)
{
    const uint8_t *p;
    if (!read_bytes(c, 4, &p)) return false;
    *out = (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 | (uint32_t)p[3] << 24;
    return true;
}

static inline bool read_u64le(cursor *c, uint64_t *out)
{
    uint32_t low, high;
    if (cursor_left(c) < 8 || !read_u32le(c, &low) || !read_u32le(c, &high)) return false;
    *out = (uint64_t)low | (uint64_t)high << 32;
    return true;
}

#endif
