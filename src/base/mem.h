/*
 * Memory. Everything is an arena or a vector; both end here.
 *
 * An allocation that the system refuses ends the process with a clear message (exit code 2) unless the embedder set a
 * handler: picket bounds its tables by limits and counters, so a refusal means that the machine is out of memory, and
 * nothing sensible could be reported any more. Sizes that come from input are checked against limits before they get
 * here.
 */
#ifndef PICKET_BASE_MEM_H
#define PICKET_BASE_MEM_H

#include "base/str.h"

/* Called before the process ends for want of memory; may log or longjmp away. One for the process; NULL: the message. */
typedef void (*mem_refused_fn)(size_t size);
void mem_on_refusal(mem_refused_fn fn);

void *mem_alloc(size_t size);                         /* never NULL; size 0 gives a unique pointer */
void *mem_zalloc(size_t count, size_t size);          /* zeroed; the product is checked */
void *mem_realloc(void *old, size_t count, size_t size);
void mem_free(void *p);
char *mem_cstring(pk_str s);                          /* NUL-terminated copy; mem_free it */

/* ---- arena: freed or reset as a whole ---- */

typedef struct arena arena;

arena *arena_new(void);
void arena_free(arena *a);                            /* NULL is fine */
void arena_reset(arena *a);                           /* keeps (some of) the blocks for reuse */
void arena_shrink(arena *a, size_t keep);             /* the same, but no more blocks than have so many bytes together */
size_t arena_used(const arena *a);                    /* bytes handed out since the last reset */

void *arena_alloc(arena *a, size_t size);             /* 16-byte aligned, not zeroed, never NULL */
void *arena_zalloc(arena *a, size_t count, size_t size);
pk_str arena_str(arena *a, pk_str s);                 /* copy, with a NUL behind it that is not counted */
char *arena_cstring(arena *a, pk_str s);
pk_str arena_printf(arena *a, const char *format, ...) __attribute__((format(printf, 2, 3)));
pk_str arena_concat(arena *a, pk_str x, pk_str y);

#define ARENA_NEW(a, type) ((type *)arena_zalloc((a), 1, sizeof(type)))
#define ARENA_ARRAY(a, type, n) ((type *)arena_zalloc((a), (n), sizeof(type)))

/* ---- growing vectors ----
 *
 *     VEC(int) numbers = {0};
 *     vec_push(&numbers, 7);
 *     for (size_t i = 0; i < numbers.len; i++) use(numbers.at[i]);
 *     vec_free(&numbers);
 *
 * vec_push_in(arena, &v, x) keeps the elements in an arena instead (never vec_free such a vector).
 */
#define VEC(type) struct { type *at; size_t len, cap; }

void *vec_grow(void *at, size_t *cap, size_t need, size_t element);
void *vec_grow_in(arena *a, void *at, size_t len, size_t *cap, size_t need, size_t element);

#define vec_reserve(v, n) \
    ((n) > (v)->cap ? (void)((v)->at = vec_grow((v)->at, &(v)->cap, (n), sizeof *(v)->at)) : (void)0)
#define vec_push(v, x) (vec_reserve((v), (v)->len + 1), (void)((v)->at[(v)->len++] = (x)))
#define vec_push_in(a, v, x) \
    ((v)->len + 1 > (v)->cap \
         ? (void)((v)->at = vec_grow_in((a), (v)->at, (v)->len, &(v)->cap, (v)->len + 1, sizeof *(v)->at)) \
         : (void)0, \
     (void)((v)->at[(v)->len++] = (x)))
#define vec_free(v) (mem_free((v)->at), (v)->at = NULL, (v)->len = (v)->cap = 0)

#endif
