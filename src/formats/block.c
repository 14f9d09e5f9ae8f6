/* The buffer that travels from a cutter to a reader and back. */
#include "formats/format.h"

void block_reserve(block *b, size_t cap)
{
    if (cap <= b->cap) return;
    size_t room = b->cap + b->cap / 2 > cap ? b->cap + b->cap / 2 : cap;
    size_t padded;
    if (__builtin_add_overflow(room, (size_t)BLOCK_PADDING, &padded)) padded = SIZE_MAX;
    b->bytes = mem_realloc(b->bytes, padded, 1);
    b->cap = room;
    memset(b->bytes + b->len, 0, BLOCK_PADDING);
}

void block_append(block *b, const void *bytes, size_t n)
{
    if (!n) return;
    size_t need;
    if (__builtin_add_overflow(b->len, n, &need)) need = SIZE_MAX;
    block_reserve(b, need);
    memcpy(b->bytes + b->len, bytes, n);
    b->len = need;
    memset(b->bytes + b->len, 0, BLOCK_PADDING);
}

void block_free(block *b)
{
    mem_free(b->bytes);
    *b = (block){0};
}
