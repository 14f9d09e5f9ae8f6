/*
 * The cache of template definitions, and the comparison that decides whether a definition is one that we know.
 *
 * Bounds: the bytes parsed for one chunk (definitions of an honest chunk do not overlap, so they are fewer than the
 * chunk has), the memory of one template, and the memory of all.
 */
#include "formats/evtx/template.h"

#include "base/bytes.h"

enum {
    CACHE_LIMIT = 12 << 20,        /* bytes of all templates; past it the cache starts afresh with the next chunk */
    TREE_LIMIT = 2 << 20,          /* bytes of one template's tree */
    CHUNK_LIMIT = 256 << 10,       /* bytes of definitions parsed for one chunk */
    VARIANT_LIMIT = 64,            /* candidates compared; more share a GUID only on purpose */
};

void evtx_templates_init(evtx_templates *t)
{
    *t = (evtx_templates){.arena = arena_new(), .by_offset = mem_zalloc(EVTX_OFFSETS, sizeof *t->by_offset)};
}

void evtx_templates_free(evtx_templates *t)
{
    arena_free(t->arena);
    mem_free(t->by_offset);
    vec_free(&t->in_chunk);
}

void evtx_templates_begin_chunk(evtx_templates *t)
{
    for (size_t i = 0; i < t->in_chunk.len; i++) t->by_offset[t->in_chunk.at[i].at] = 0;
    t->in_chunk.len = 0;
    t->parsed_in_chunk = 0;
    t->chunk++;
    if (arena_used(t->arena) <= CACHE_LIMIT) return;
    arena_reset(t->arena);
    memset(t->buckets, 0, sizeof t->buckets);
    memset(t->shapes, 0, sizeof t->shapes);
    t->shape_count = t->shape_node_count = 0;
    t->shape_steps = NULL;
    memset(t->shape_names, 0, sizeof t->shape_names);
}

/* ---- is it one that we know? ---- */

static bool same_name(evtx_chunk chunk, uint32_t offset, const binxml_name_place *name)
{
    const uint8_t *chars;
    uint16_t units;
    return binxml_name_at(chunk, offset, &chars, &units) && units == name->units &&
           memcmp(chars, name->text, 2 * (size_t)units) == 0;
}

/* The definition's bytes start at `at`; size and GUID are already known to agree. */
static bool same_definition(const evtx_template *t, evtx_chunk chunk, size_t at)
{
    const uint8_t *bytes = chunk.bytes + at;
    const binxml_name_place *names = t->tree.names.at;
    size_t done = 0;
    for (size_t i = 0; i < t->tree.names.len; i++) {
        const binxml_name_place *name = &names[i];
        if (!bytes_equal(bytes + done, t->bytes + done, name->at - done)) return false;
        uint32_t offset = binxml_u32(bytes + name->at);
        done = name->at + 4;
        if (name->in_place != (offset == at + done)) return false;
        /* Most names come several times: an offset that was right before is right again. */
        bool as_before = name->same < i && binxml_u32(bytes + names[name->same].at) == offset;
        if (name->in_place) done += 4; /* link to the next name of the string table */
        else if (!as_before && !same_name(chunk, offset, name)) return false;
    }
    return memcmp(bytes + done, t->bytes + done, t->size - done) == 0;
}

static evtx_template **bucket(evtx_templates *t, const uint8_t guid[16], uint32_t size)
{
    uint32_t hash = size * 0x9e3779b1u;
    for (int i = 0; i < 16; i++) hash = (hash ^ guid[i]) * 0x01000193u;
    return &t->buckets[(hash ^ hash >> 16) % (sizeof t->buckets / sizeof *t->buckets)];
}

/* ---- a new one ---- */

static const binxml_element *child_named(const binxml_element *e, pk_str name)
{
    for (const binxml_content *c = e ? e->content : NULL; c; c = c->next)
        if (c->kind == CONTENT_ELEMENT && str_equal(c->element->name, name)) return c->element;
    return NULL;
}

static const binxml_content *record_id_of(const binxml_tree *tree)
{
    const binxml_element *e = child_named(child_named(tree->roots, STR("System")), STR("EventRecordID"));
    return e && e->content && !e->content->next ? e->content : NULL;
}

static evtx_template *parse_definition(evtx_templates *t, evtx_chunk chunk, size_t at, uint32_t size,
                                       evtx_problem *problem)
{
    t->parsed_in_chunk += size;
    if (t->parsed_in_chunk > CHUNK_LIMIT) {
        *problem = (evtx_problem){"template definitions that overlap", at};
        return NULL;
    }
    evtx_template *made = ARENA_NEW(t->arena, evtx_template);
    binxml_parser parser = {.chunk = chunk, .arena = t->arena, .limit = TREE_LIMIT};
    if (!binxml_parse_template(&parser, at, at + size, &made->tree, problem)) return NULL;
    uint8_t *copy = arena_alloc(t->arena, size);
    memcpy(copy, chunk.bytes + at, size);
    made->bytes = copy;
    made->size = size;
    made->number = ++t->made;
    memcpy(made->guid, chunk.bytes + at - 20, sizeof made->guid);
    made->record_id = record_id_of(&made->tree);
    return made;
}

static evtx_template *find_or_parse(evtx_templates *t, evtx_chunk chunk, uint32_t at, evtx_problem *problem)
{
    if (at > chunk.len || chunk.len - at < TEMPLATE_HEADER) {
        *problem = (evtx_problem){"a template definition outside the chunk", at};
        return NULL;
    }
    const uint8_t *guid = chunk.bytes + at + 4;
    size_t content = (size_t)at + TEMPLATE_HEADER;
    uint32_t size = chunk_u32(chunk, at + 20);
    if (size > chunk.len - content) {
        *problem = (evtx_problem){"a template definition that reaches over the end of the chunk", at};
        return NULL;
    }
    if (size == 0) {
        *problem = (evtx_problem){"its template definition is lost: nothing stands where it should", at};
        return NULL;
    }
    evtx_template **first = bucket(t, guid, size);
    size_t variants = 0;
    for (evtx_template *v = *first; v && variants < VARIANT_LIMIT; v = v->variant, variants++)
        if (v->size == size && memcmp(v->guid, guid, 16) == 0 && same_definition(v, chunk, content)) return v;
    evtx_template *made = parse_definition(t, chunk, content, size, problem);
    if (made && variants < VARIANT_LIMIT) {
        made->variant = *first;
        *first = made;
    }
    return made;
}

evtx_template *evtx_template_find(evtx_templates *t, evtx_chunk chunk, uint32_t at, evtx_problem *problem)
{
    if (at < EVTX_OFFSETS && t->by_offset[at]) {
        const evtx_chunk_template *known = &t->in_chunk.at[t->by_offset[at] - 1];
        if (!known->found) *problem = known->problem;
        return known->found;
    }
    evtx_chunk_template entry = {.at = (uint16_t)at};
    entry.found = find_or_parse(t, chunk, at, &entry.problem);
    if (!entry.found) *problem = entry.problem;
    if (at < EVTX_OFFSETS && t->in_chunk.len < EVTX_OFFSETS - 1) {
        vec_push(&t->in_chunk, entry);
        t->by_offset[at] = (uint16_t)t->in_chunk.len;
    }
    return entry.found;
}
