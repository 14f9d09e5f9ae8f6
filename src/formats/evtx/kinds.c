/* The types of the values of an instance, met before or for the first time. The one met last comes first. */
#define _DEFAULT_SOURCE /* le32toh */
#include "formats/evtx/kinds.h"
#include "formats/evtx/values.h"

#include <endian.h>

enum { KINDS_LIMIT = 16 /* of a template */ };

static uint32_t kind_at(const uint8_t *descriptors, uint32_t i)
{
    uint32_t d;
    memcpy(&d, descriptors + 4 * (size_t)i, sizeof d);
    return le32toh(d) & EVTX_KIND_BITS;
}

static bool same_kinds(const evtx_kinds *k, const uint8_t *descriptors, uint32_t count)
{
    if (k->count != count) return false;
    for (uint32_t i = 0; i < count; i++)
        if (k->kinds[i] != kind_at(descriptors, i)) return false;
    return true;
}

static bool is_wide(uint8_t type) { return (type & ~BINXML_ARRAY) == BINXML_STRING; }
static bool is_narrow(uint8_t type) { return (type & ~BINXML_ARRAY) == BINXML_ANSI_STRING; }

/* What may be long, or is looked at by itself, parts runs; short ones near each other are joined by who looks at them. */
static bool parts_runs(uint8_t type) { return type & BINXML_ARRAY || type == BINXML_BINARY || type == BINXML_FRAGMENT || is_narrow(type); }

static void add_wide(evtx_kinds *k, uint32_t i, bool joined)
{
    if (joined) k->wide.at[k->wide.len - 1].last = i;
    else vec_push_in(k->arena, &k->wide, ((evtx_run){i, i}));
}

static evtx_kinds *kinds_new(arena *a, uint32_t *kinds, uint32_t count)
{
    evtx_kinds *k = ARENA_NEW(a, evtx_kinds);
    bool running = false;
    uint32_t from_run = 0; /* its lowest bit: an odd number of bytes from the last run's beginning */
    *k = (evtx_kinds){.arena = a, .count = count, .kinds = kinds};
    for (uint32_t i = 0; i < count; i++) {
        uint8_t type = evtx_type_of(kinds[i]);
        if (type & BINXML_ARRAY || type == BINXML_FRAGMENT) vec_push_in(a, &k->odd, i);
        if (is_narrow(type)) vec_push_in(a, &k->narrow, i);
        running = running && !parts_runs(type);
        if (is_wide(type)) {
            add_wide(k, i, running && !(from_run & 1));
            if (k->wide.at[k->wide.len - 1].first == i) from_run = 0;
            running = true;
        }
        from_run += kinds[i] & 1;
    }
    return k;
}

static void keep(evtx_template *t, evtx_kinds *k)
{
    k->next = t->kinds;
    t->kinds = k;
}

evtx_kinds *evtx_kinds_of(evtx_template *t, arena *templates, arena *passing, const uint8_t *descriptors, uint32_t count)
{
    size_t met = 0;
    for (evtx_kinds **at = &t->kinds; *at; at = &(*at)->next, met++) {
        evtx_kinds *k = *at;
        if (!same_kinds(k, descriptors, count)) continue;
        *at = k->next;
        keep(t, k);
        return k;
    }
    arena *a = met < KINDS_LIMIT ? templates : passing;
    uint32_t *kinds = ARENA_ARRAY(a, uint32_t, count + 4);
    for (uint32_t i = 0; i < count; i++) kinds[i] = kind_at(descriptors, i);
    evtx_kinds *made = kinds_new(a, kinds, count);
    if (met < KINDS_LIMIT) keep(t, made);
    return made;
}

evtx_kinds *evtx_kinds_of_texts(evtx_template *t, arena *templates, uint32_t count)
{
    if (t->kinds && t->kinds->count == count) return t->kinds;
    evtx_kinds *k = ARENA_NEW(templates, evtx_kinds);
    uint32_t *kinds = ARENA_ARRAY(templates, uint32_t, count + 4);
    *k = (evtx_kinds){.arena = templates, .count = count, .kinds = kinds};
    for (uint32_t i = 0; i < count; i++) {
        kinds[i] = (uint32_t)BINXML_STRING << 16;
        add_wide(k, i, false);
    }
    keep(t, k);
    return k;
}
