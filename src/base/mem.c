/*
 * Allocation, arenas and growing vectors.
 *
 * An arena is a chain of blocks that are filled from the front. A reset goes back to the first block and keeps those of
 * usual size, so that a worker that resets its arena for every batch soon allocates nothing at all.
 */
#include "base/mem.h"

#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#define ASAN_UNPOISON_MEMORY_REGION(at, len) ((void)(at), (void)(len))
#endif

/* ---- refused allocations ---- */

static _Atomic(mem_refused_fn) refused_handler;

void mem_on_refusal(mem_refused_fn fn) { atomic_store(&refused_handler, fn); }

static _Noreturn void refused(size_t size)
{
    mem_refused_fn fn = atomic_load(&refused_handler);
    if (fn) fn(size);
    fprintf(stderr, "picket: out of memory (%zu bytes were refused)\n", size);
    _Exit(2);
}

void *mem_alloc(size_t size)
{
    void *p = malloc(size ? size : 1);
    if (!p) refused(size);
    return p;
}

void *mem_zalloc(size_t count, size_t size)
{
    void *p = count && size ? calloc(count, size) : calloc(1, 1);
    if (!p) refused(count > SIZE_MAX / (size ? size : 1) ? SIZE_MAX : count * size);
    return p;
}

void *mem_realloc(void *old, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) refused(SIZE_MAX);
    void *p = realloc(old, bytes ? bytes : 1);
    if (!p) refused(bytes);
    return p;
}

void mem_free(void *p) { free(p); }

char *mem_cstring(pk_str s)
{
    char *copy = mem_alloc(s.len + 1);
    if (s.len) memcpy(copy, s.ptr, s.len);
    copy[s.len] = 0;
    return copy;
}

/* ---- arena ---- */

enum { ALIGNMENT = 16, FIRST_BLOCK = 4 << 10, LARGEST_BLOCK = 1 << 20, KEPT_BLOCK = 8 << 20 };

typedef struct arena_block arena_block;
struct arena_block {
    arena_block *next;
    size_t size; /* of bytes */
    _Alignas(ALIGNMENT) char bytes[];
};

struct arena {
    arena_block *first, *current;
    size_t used;   /* of current */
    size_t before; /* bytes handed out in blocks before current */
    size_t next_size;
};

arena *arena_new(void)
{
    arena *a = mem_zalloc(1, sizeof *a);
    a->next_size = FIRST_BLOCK;
    return a;
}

void arena_free(arena *a)
{
    if (!a) return;
    for (arena_block *b = a->first, *next; b; b = next) {
        next = b->next;
        ASAN_UNPOISON_MEMORY_REGION(b->bytes, b->size);
        mem_free(b);
    }
    mem_free(a);
}

/* Frees the block that `link` leads to. */
static void unlink_block(arena_block **link)
{
    arena_block *b = *link;
    *link = b->next;
    ASAN_UNPOISON_MEMORY_REGION(b->bytes, b->size);
    mem_free(b);
}

static __attribute__((noinline)) void reset_blocks(arena *a)
{
    for (arena_block **link = &a->first; *link;) {
        arena_block *b = *link;
        if (b->size > KEPT_BLOCK) { /* made for one huge value: not worth keeping */
            unlink_block(link);
            continue;
        }
        ASAN_POISON_MEMORY_REGION(b->bytes, b->size);
        link = &b->next;
    }
    a->current = a->first;
    a->used = a->before = 0;
}

void arena_reset(arena *a)
{
    if (a->used + a->before) reset_blocks(a);
}

void arena_shrink(arena *a, size_t keep)
{
    arena_reset(a);
    a->next_size = FIRST_BLOCK;
    for (arena_block **link = &a->first; *link;) {
        size_t size = (*link)->size;
        if (size > keep) {
            unlink_block(link);
            continue;
        }
        keep -= size;
        if (a->next_size <= size && size < LARGEST_BLOCK) a->next_size = 2 * size;
        link = &(*link)->next;
    }
    a->current = a->first;
}

size_t arena_used(const arena *a) { return a->before + a->used; }

/* Makes a block with room for `size` the current one: the next of the chain if it is large enough, else a new one. */
static void next_block(arena *a, size_t size)
{
    arena_block *old = a->current, *next = old ? old->next : a->first;
    if (!next || next->size < size) {
        size_t room = size > a->next_size ? size : a->next_size;
        if (room > SIZE_MAX - sizeof(arena_block)) refused(room);
        arena_block *made = mem_alloc(sizeof *made + room);
        made->size = room;
        made->next = next;
        if (old) old->next = made;
        else a->first = made;
        next = made;
        if (a->next_size < LARGEST_BLOCK) a->next_size *= 2;
        ASAN_POISON_MEMORY_REGION(made->bytes, made->size);
    }
    a->before += a->used;
    a->current = next;
    a->used = 0;
}

void *arena_alloc(arena *a, size_t size)
{
    if (size > SIZE_MAX - ALIGNMENT) refused(size);
    size_t rounded = (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (!a->current || a->current->size - a->used < rounded) next_block(a, rounded);
    void *p = a->current->bytes + a->used;
    a->used += rounded;
    ASAN_UNPOISON_MEMORY_REGION(p, size);
    return p;
}

void *arena_zalloc(arena *a, size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes)) refused(SIZE_MAX);
    return memset(arena_alloc(a, bytes), 0, bytes);
}

char *arena_cstring(arena *a, pk_str s)
{
    char *copy = arena_alloc(a, s.len + 1);
    if (s.len) memcpy(copy, s.ptr, s.len);
    copy[s.len] = 0;
    return copy;
}

pk_str arena_str(arena *a, pk_str s) { return (pk_str){arena_cstring(a, s), s.len}; }

pk_str arena_printf(arena *a, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    int n = vsnprintf(NULL, 0, format, args);
    va_end(args);
    size_t len = n > 0 ? (size_t)n : 0;
    char *out = arena_alloc(a, len + 1);
    vsnprintf(out, len + 1, format, again);
    va_end(again);
    return (pk_str){out, len};
}

pk_str arena_concat(arena *a, pk_str x, pk_str y)
{
    char *out = arena_alloc(a, x.len + y.len + 1);
    if (x.len) memcpy(out, x.ptr, x.len);
    if (y.len) memcpy(out + x.len, y.ptr, y.len);
    out[x.len + y.len] = 0;
    return (pk_str){out, x.len + y.len};
}

/* ---- vectors ---- */

static size_t grown(size_t cap, size_t need)
{
    size_t larger = cap < 8 ? 8 : cap + cap / 2;
    return larger < need ? need : larger;
}

void *vec_grow(void *at, size_t *cap, size_t need, size_t element)
{
    size_t larger = grown(*cap, need);
    at = mem_realloc(at, larger, element);
    *cap = larger;
    return at;
}

void *vec_grow_in(arena *a, void *at, size_t len, size_t *cap, size_t need, size_t element)
{
    size_t larger = grown(*cap, need), bytes;
    if (__builtin_mul_overflow(larger, element, &bytes)) refused(SIZE_MAX);
    void *copy = arena_alloc(a, bytes);
    if (len) memcpy(copy, at, len * element);
    *cap = larger;
    return copy;
}
