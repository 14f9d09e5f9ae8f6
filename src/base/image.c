/*
 * Pointers are words of eight bytes at places that are multiples of eight; place 0 is nobody's, so that it can mean NULL. While
 * it is written, places of the rest count from REST, since nobody knows yet where the front ends.
 */
#include "base/image.h"

#include <stdlib.h>

#include "base/hash.h"

_Static_assert(sizeof(void *) == 8 && sizeof(size_t) == 8, "places are as wide as pointers");

enum { ALIGN = 8, TEXT_ALIGN = 4, FIRST_PLACE = 16, FIRST_SIZE = 1 << 20, STEP_MAX = 8 << 20, AGAIN_MOST = 16 << 20 };

typedef struct {
    const void *from;             /* NULL: free */
    size_t at;
} copied;

typedef struct {
    char *bytes;
    size_t len, cap;              /* everything behind len is zero */
    uint64_t *map;
    table texts;                  /* content -> place / TEXT_ALIGN, the latter within this part */
} part;

struct image_writer {
    part parts[IMAGE_PARTS];
    image_part to;                /* where copies go */
    bool sealed;
    copied *known;                /* open addressing, by address */
    size_t known_mask, known_count;
    size_t unit;                  /* where it begins in the rest */
    size_t again;                 /* bytes that stand in another unit, too */
    bool watched;
    VEC(const void *) sources;    /* of all that was copied, if watched */
};

#define REST ((size_t)1 << 40)

static part *part_of(image_writer *w, size_t at) { return &w->parts[at >= REST]; }
static char *spot(const image_writer *w, size_t at) { return at >= REST ? w->parts[IMAGE_REST].bytes + (at - REST) : w->parts[IMAGE_FRONT].bytes + at; }

image_writer *image_writer_new(void)
{
    image_writer *w = mem_zalloc(1, sizeof *w);
    for (size_t i = 0; i < IMAGE_PARTS; i++) {
        w->parts[i].cap = FIRST_SIZE;
        w->parts[i].bytes = mem_zalloc(FIRST_SIZE, 1);
        w->parts[i].map = mem_zalloc(image_map_bytes(FIRST_SIZE), 1);
    }
    w->parts[IMAGE_FRONT].len = FIRST_PLACE;
    w->known_mask = 1023;
    w->known = mem_zalloc(w->known_mask + 1, sizeof *w->known);
    return w;
}

void image_writer_free(image_writer *w)
{
    if (!w) return;
    for (size_t i = 0; i < IMAGE_PARTS; i++) {
        mem_free(w->parts[i].bytes);
        mem_free(w->parts[i].map);
        table_free(&w->parts[i].texts);
    }
    mem_free(w->known);
    vec_free(&w->sources);
    mem_free(w);
}

image_part image_into(image_writer *w, image_part to)
{
    image_part before = w->to;
    w->to = to;
    return before;
}

/* May what is written now point there? */
static bool is_shared(const image_writer *w, size_t at) { return at < REST || (w->to == IMAGE_REST && at >= REST + w->unit); }

void image_watch(image_writer *w) { w->watched = true; }

static size_t reserve(image_writer *w, size_t size, size_t align)
{
    part *p = &w->parts[w->to];
    size_t at = (p->len + align - 1) / align * align, need = at + size;
    if (need > p->cap) {
        size_t cap = p->cap;
        while (cap < need) cap += cap < STEP_MAX ? cap : STEP_MAX;
        p->bytes = mem_realloc(p->bytes, cap, 1);
        memset(p->bytes + p->cap, 0, cap - p->cap);
        p->map = mem_realloc(p->map, image_map_bytes(cap), 1);
        memset((char *)p->map + image_map_bytes(p->cap), 0, image_map_bytes(cap) - image_map_bytes(p->cap));
        p->cap = cap;
    }
    p->len = need;
    return w->to == IMAGE_REST ? at + REST : at;
}

size_t image_unit(image_writer *w)
{
    image_part before = image_into(w, IMAGE_REST);
    if (w->again < AGAIN_MOST) w->unit = reserve(w, 0, ALIGN) - REST;
    image_into(w, before);
    return w->unit;
}

size_t image_copy(image_writer *w, const void *from, size_t size)
{
    size_t at = reserve(w, size ? size : 1, ALIGN);
    if (size) memcpy(spot(w, at), from, size);
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
    bool fresh = !c->from;
    if (!fresh && is_shared(w, c->at)) {
        *at = c->at;
        return false;
    }
    if (!fresh && w->to == IMAGE_REST) w->again += size;
    *at = image_copy(w, from, size);
    *c = (copied){from, *at};
    if (fresh && ++w->known_count * 2 > w->known_mask) grow_known(w);
    return true;
}

/* ---- pointers ---- */

void image_set(image_writer *w, size_t at, const void *bytes, size_t size) { memcpy(spot(w, at), bytes, size); }

void image_clear(image_writer *w, size_t field)
{
    size_t at = field % REST;
    memset(spot(w, field), 0, sizeof(void *));
    part_of(w, field)->map[at / 512] &= ~(UINT64_C(1) << (at / 8 % 64));
}

void image_point(image_writer *w, size_t field, size_t to)
{
    size_t at = field % REST;
    if (!to) {
        image_clear(w, field);
        return;
    }
    memcpy(spot(w, field), &to, sizeof to);
    part_of(w, field)->map[at / 512] |= UINT64_C(1) << (at / 8 % 64);
}

size_t image_target(const image_writer *w, size_t field)
{
    size_t to;
    memcpy(&to, spot(w, field), sizeof to);
    return to;
}

/* The rest may share what the front holds, never the other way round. */
static size_t text_place(image_writer *w, pk_str s)
{
    part *p = &w->parts[w->to];
    if (w->watched) vec_push(&w->sources, s.ptr);
    uint32_t known = table_get(&w->parts[IMAGE_FRONT].texts, s);
    if (known != TABLE_NONE) return (size_t)known * TEXT_ALIGN;
    if (w->to == IMAGE_REST && (known = table_get(&p->texts, s)) != TABLE_NONE) {
        if (is_shared(w, REST + (size_t)known * TEXT_ALIGN)) return REST + (size_t)known * TEXT_ALIGN;
        w->again += s.len;
    }
    size_t at = reserve(w, s.len + 1, TEXT_ALIGN);
    if (s.len) memcpy(spot(w, at), s.ptr, s.len);
    if (at % REST / TEXT_ALIGN < TABLE_NONE) table_set(&p->texts, s, (uint32_t)(at % REST / TEXT_ALIGN));
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

/* ---- the whole ---- */

/* Places of the rest become those that they will have behind the front. */
static void move_pointers(image_writer *w, part *p)
{
    size_t front = w->parts[IMAGE_FRONT].len;
    for (size_t i = 0; i < image_map_bytes(p->len) / 8; i++) {
        for (uint64_t left = p->map[i]; left; left &= left - 1) {
            size_t to, at = i * 512 + (size_t)__builtin_ctzll(left) * 8;
            memcpy(&to, p->bytes + at, sizeof to);
            if (to < REST) continue;
            to = to - REST + front;
            memcpy(p->bytes + at, &to, sizeof to);
        }
    }
}

void image_seal(image_writer *w)
{
    if (w->sealed) return;
    image_into(w, IMAGE_FRONT);
    (void)reserve(w, 0, IMAGE_PAGE);
    image_into(w, IMAGE_REST);
    (void)reserve(w, 0, ALIGN);
    for (size_t i = 0; i < IMAGE_PARTS; i++) move_pointers(w, &w->parts[i]);
    w->sealed = true;
}

size_t image_size(const image_writer *w, image_part p) { return w->parts[p].len; }
const void *image_bytes(const image_writer *w, image_part p) { return w->parts[p].bytes; }
const void *image_map(const image_writer *w, image_part p) { return w->parts[p].map; }

static int by_address(const void *x, const void *y)
{
    const void *a = *(const void *const *)x, *b = *(const void *const *)y;
    return a < b ? -1 : a > b;
}

static size_t strays_of(const image_writer *w, const part *p)
{
    size_t strays = 0;
    for (size_t at = 0; at + 8 <= p->len; at += 8) {
        const void *word;
        memcpy(&word, p->bytes + at, sizeof word);
        bool told = p->map[at / 512] >> (at / 8 % 64) & 1;
        if (!told && word && w->sources.len && bsearch(&word, w->sources.at, w->sources.len, sizeof word, by_address)) strays++;
    }
    return strays;
}

size_t image_strays(const image_writer *w)
{
    size_t strays = 0;
    if (w->sources.len) qsort(w->sources.at, w->sources.len, sizeof *w->sources.at, by_address);
    for (size_t i = 0; i < IMAGE_PARTS; i++) strays += strays_of(w, &w->parts[i]);
    return strays;
}

/* ---- reading ---- */

bool image_settle(void *bytes, size_t size, const uint64_t *map, uintptr_t base, size_t total)
{
    for (size_t i = 0; i < image_map_bytes(size) / 8; i++) {
        for (uint64_t left = map[i]; left; left &= left - 1) {
            size_t at = i * 512 + (size_t)__builtin_ctzll(left) * 8;
            uint64_t word;
            if (at + 8 > size) return false;
            memcpy(&word, (char *)bytes + at, sizeof word);
            if (word == 0 || word >= total) return false;
            word += base;
            memcpy((char *)bytes + at, &word, sizeof word);
        }
    }
    return true;
}
