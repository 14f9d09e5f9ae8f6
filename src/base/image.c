/* Pointers are words of eight bytes at places that are multiples of eight; place 0 is nobody's, so that it can mean NULL. */
#include "base/image.h"

#include <stdlib.h>

#include "base/hash.h"

_Static_assert(sizeof(void *) == 8 && sizeof(size_t) == 8, "places are as wide as pointers");

enum { ALIGN = 8, TEXT_ALIGN = 4, FIRST_PLACE = 16, FIRST_SIZE = 1 << 20, STEP_MAX = 8 << 20 };

typedef struct {
    const void *from;             /* NULL: free */
    size_t at;
} copied;

struct image_writer {
    char *bytes;
    size_t len, cap;              /* everything behind len is zero */
    uint64_t *map;
    copied *known;                /* open addressing, by address */
    size_t known_mask, known_count;
    table texts;                  /* content -> place / TEXT_ALIGN */
    bool watched;
    VEC(const void *) sources;    /* of all that was copied, if watched */
};

image_writer *image_writer_new(void)
{
    image_writer *w = mem_zalloc(1, sizeof *w);
    w->cap = FIRST_SIZE;
    w->bytes = mem_zalloc(w->cap, 1);
    w->map = mem_zalloc(image_map_bytes(w->cap), 1);
    w->len = FIRST_PLACE;
    w->known_mask = 1023;
    w->known = mem_zalloc(w->known_mask + 1, sizeof *w->known);
    return w;
}

void image_writer_free(image_writer *w)
{
    if (!w) return;
    mem_free(w->bytes);
    mem_free(w->map);
    mem_free(w->known);
    table_free(&w->texts);
    vec_free(&w->sources);
    mem_free(w);
}

void image_watch(image_writer *w) { w->watched = true; }

static size_t reserve(image_writer *w, size_t size, size_t align)
{
    size_t at = (w->len + align - 1) / align * align, need = at + size;
    if (need > w->cap) {
        size_t cap = w->cap;
        while (cap < need) cap += cap < STEP_MAX ? cap : STEP_MAX;
        w->bytes = mem_realloc(w->bytes, cap, 1);
        memset(w->bytes + w->cap, 0, cap - w->cap);
        w->map = mem_realloc(w->map, image_map_bytes(cap), 1);
        memset((char *)w->map + image_map_bytes(w->cap), 0, image_map_bytes(cap) - image_map_bytes(w->cap));
        w->cap = cap;
    }
    w->len = need;
    return at;
}

size_t image_copy(image_writer *w, const void *from, size_t size)
{
    size_t at = reserve(w, size ? size : 1, ALIGN);
    if (size) memcpy(w->bytes + at, from, size);
    if (w->watched) vec_push(&w->sources, from);
    return at;
}

/* ---- what was copied already ---- */

static copied *find(const image_writer *w, const void *from)
{
    uint64_t n = (uint64_t)(uintptr_t)from;
    for (size_t i = (n >> 4) * UINT64_C(0x9e3779b97f4a7c15) >> 20 & w->known_mask;; i = (i + 1) & w->known_mask)
        if (!w->known[i].from || w->known[i].from == from) return &w->known[i];
}

static void grow_known(image_writer *w)
{
    copied *old = w->known;
    size_t n = w->known_mask + 1;
    w->known_mask = n * 2 - 1;
    w->known = mem_zalloc(n * 2, sizeof *w->known);
    for (size_t i = 0; i < n; i++)
        if (old[i].from) *find(w, old[i].from) = old[i];
    mem_free(old);
}

bool image_once(image_writer *w, const void *from, size_t size, size_t *at)
{
    copied *c = find(w, from);
    if (c->from) {
        *at = c->at;
        return false;
    }
    *at = image_copy(w, from, size);
    *c = (copied){from, *at};
    if (++w->known_count * 2 > w->known_mask) grow_known(w);
    return true;
}

/* ---- pointers ---- */

void image_set(image_writer *w, size_t at, const void *bytes, size_t size) { memcpy(w->bytes + at, bytes, size); }

void image_clear(image_writer *w, size_t field)
{
    memset(w->bytes + field, 0, sizeof(void *));
    w->map[field / 512] &= ~(UINT64_C(1) << (field / 8 % 64));
}

void image_point(image_writer *w, size_t field, size_t to)
{
    if (!to) {
        image_clear(w, field);
        return;
    }
    memcpy(w->bytes + field, &to, sizeof to);
    w->map[field / 512] |= UINT64_C(1) << (field / 8 % 64);
}

size_t image_target(const image_writer *w, size_t field)
{
    size_t to;
    memcpy(&to, w->bytes + field, sizeof to);
    return to;
}

static size_t text_place(image_writer *w, pk_str s)
{
    uint32_t known = table_get(&w->texts, s);
    if (w->watched) vec_push(&w->sources, s.ptr);
    if (known != TABLE_NONE) return (size_t)known * TEXT_ALIGN;
    size_t at = reserve(w, s.len + 1, TEXT_ALIGN);
    if (s.len) memcpy(w->bytes + at, s.ptr, s.len);
    if (at / TEXT_ALIGN < TABLE_NONE) table_put(&w->texts, s, (uint32_t)(at / TEXT_ALIGN));
    return at;
}

void image_string(image_writer *w, size_t field, pk_str s)
{
    image_point(w, field + offsetof(pk_str, ptr), s.ptr ? text_place(w, s) : 0);
}

void image_cstring(image_writer *w, size_t field, const char *s) { image_point(w, field, s ? text_place(w, str_from(s)) : 0); }

size_t image_array(image_writer *w, size_t field, const void *from, size_t count, size_t size)
{
    size_t at = count ? image_copy(w, from, count * size) : 0;
    image_point(w, field, at);
    return at;
}

size_t image_vector(image_writer *w, size_t field, const void *from, size_t len, size_t size)
{
    typedef VEC(char) vector;
    image_set(w, field + offsetof(vector, cap), &len, sizeof len);
    return image_array(w, field + offsetof(vector, at), from, len, size);
}

void image_strings(image_writer *w, size_t field, const pk_str *from, size_t count)
{
    size_t at = image_array(w, field, from, count, sizeof *from);
    for (size_t i = 0; i < count; i++) image_string(w, at + i * sizeof *from, from[i]);
}

void image_string_vector(image_writer *w, size_t field, const pk_str *from, size_t len)
{
    size_t at = image_vector(w, field, from, len, sizeof *from);
    for (size_t i = 0; i < len; i++) image_string(w, at + i * sizeof *from, from[i]);
}

size_t image_size(const image_writer *w) { return w->len; }
size_t image_map_size(const image_writer *w) { return image_map_bytes(w->len); }
const void *image_bytes(const image_writer *w) { return w->bytes; }
const void *image_map(const image_writer *w) { return w->map; }

static int by_address(const void *x, const void *y)
{
    const void *a = *(const void *const *)x, *b = *(const void *const *)y;
    return a < b ? -1 : a > b;
}

size_t image_strays(const image_writer *w)
{
    size_t strays = 0;
    if (w->sources.len) qsort(w->sources.at, w->sources.len, sizeof *w->sources.at, by_address);
    for (size_t at = 0; at + 8 <= w->len; at += 8) {
        const void *word;
        memcpy(&word, w->bytes + at, sizeof word);
        bool told = w->map[at / 512] >> (at / 8 % 64) & 1;
        if (!told && word && w->sources.len && bsearch(&word, w->sources.at, w->sources.len, sizeof word, by_address)) strays++;
    }
    return strays;
}

/* ---- reading ---- */

bool image_settle(void *bytes, size_t size, const uint64_t *map)
{
    for (size_t i = 0; i < image_map_bytes(size) / 8; i++) {
        for (uint64_t left = map[i]; left; left &= left - 1) {
            size_t at = i * 512 + (size_t)__builtin_ctzll(left) * 8;
            uint64_t word;
            if (at + 8 > size) return false;
            memcpy(&word, (char *)bytes + at, sizeof word);
            if (word == 0 || word >= size) return false;
            word += (uintptr_t)bytes;
            memcpy((char *)bytes + at, &word, sizeof word);
        }
    }
    return true;
}
