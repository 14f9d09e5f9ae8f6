/*
 * A classifier, made for the paths of a program: all raw paths that any condition asks for are *places*, numbered from 0. The
 * paths themselves are registered before.
 */
#include "schema/classifier.h"

static void register_path(path_set *paths, pk_str path)
{
    (void)path_add(paths, path);
}

void schema_register(const schema *s, path_set *paths)
{
    arena *scratch = arena_new();
    for (size_t i = 0; i < s->layouts.len; i++) {
        const layout *l = &s->layouts.at[i];
        for (size_t k = 0; k < l->when.count; k++)
            for (size_t j = 0; j < l->when.of[k].count; j++) register_path(paths, l->when.of[k].asks[j].place);
        for (size_t k = 0; k < l->times.count; k++) register_path(paths, l->times.at[k].path);
        for (size_t k = 0; k < l->host_count; k++) register_path(paths, l->hosts[k]);
    }
    for (size_t i = 0; i < s->families.len; i++) {
        const family *f = &s->families.at[i];
        for (size_t k = 0; k < f->asked.len; k++) {
            register_path(paths, f->asked.at[k]);
            for (size_t j = 0; j < f->layouts.len; j++) {
                pk_str raw[FIELD_PATHS];
                size_t count = layout_raw_paths(s, f->layouts.at[j], f->asked.at[k], scratch, raw);
                for (size_t n = 0; n < count; n++) register_path(paths, raw[n]);
            }
        }
    }
    for (size_t i = 0; i < s->open_times.count; i++) register_path(paths, s->open_times.at[i].path);
    for (size_t i = 0; i < s->open_host_count; i++) register_path(paths, s->open_hosts[i]);
    arena_free(scratch);
}

static uint16_t place_of(classifier *c, const path_set *paths, pk_str path)
{
    path_slot slot = path_find(paths, path);
    if (slot == SLOT_NONE) return CLASSIFIER_NO_PLACE; /* not registered: never present */
    if (c->place_of_slot[slot] == CLASSIFIER_NO_PLACE) {
        c->place_of_slot[slot] = (uint16_t)c->places.len;
        vec_push(&c->places, slot);
    }
    return c->place_of_slot[slot];
}

static place_list place_list_of(classifier *c, const path_set *paths, const pk_str *raw, size_t count)
{
    place_list out = {.at = ARENA_ARRAY(c->results, uint16_t, count)};
    for (size_t i = 0; i < count; i++) {
        uint16_t place = place_of(c, paths, raw[i]);
        if (place != CLASSIFIER_NO_PLACE) out.at[out.count++] = place;
    }
    return out;
}

static place_list *places_of_layout(classifier *c, const path_set *paths, const layout *l)
{
    size_t asks = 0, at = 0;
    for (size_t i = 0; i < l->when.count; i++) asks += l->when.of[i].count;
    place_list *out = ARENA_ARRAY(c->results, place_list, asks);
    for (size_t i = 0; i < l->when.count; i++)
        for (size_t k = 0; k < l->when.of[i].count; k++)
            out[at++] = place_list_of(c, paths, &l->when.of[i].asks[k].place, 1);
    return out;
}

static place_list *places_of_family(classifier *c, const path_set *paths, const family *f)
{
    place_list *out = ARENA_ARRAY(c->results, place_list, (f->layouts.len + 1) * f->asked.len);
    for (size_t i = 0; i <= f->layouts.len; i++)
        for (size_t k = 0; k < f->asked.len; k++) {
            pk_str raw[FIELD_PATHS];
            layout_id l = i < f->layouts.len ? f->layouts.at[i] : LAYOUT_NONE;
            size_t count = layout_raw_paths(c->schema, l, f->asked.at[k], c->scratch, raw);
            out[i * f->asked.len + k] = place_list_of(c, paths, raw, count);
        }
    return out;
}

/* How much of the text at a place the conditions can tell apart. */
static void deepen(classifier *c, const place_list *places, const ask *a)
{
    size_t depth = 0;
    for (size_t i = 0; i < a->count; i++)
        if (a->constants[i].len + 1 > depth) depth = a->constants[i].len + 1;
    for (size_t i = 0; i < places->count; i++)
        if (depth > c->depth[places->at[i]]) c->depth[places->at[i]] = depth;
}

static void set_depths(classifier *c)
{
    const schema *s = c->schema;
    for (size_t i = 0; i < s->layouts.len; i++)
        for (size_t k = 0, at = 0; k < s->layouts.at[i].when.count; k++)
            for (size_t j = 0; j < s->layouts.at[i].when.of[k].count; j++)
                deepen(c, &c->layout_places[i][at++], &s->layouts.at[i].when.of[k].asks[j]);
    for (size_t i = 0; i < s->classes.len; i++) {
        const class_row *row = s->classes.at[i];
        const family *f = &s->families.at[row->shown.family];
        for (size_t k = 0; k < row->when.count; k++)
            for (size_t j = 0; j < row->when.of[k].count; j++) {
                const ask *a = &row->when.of[k].asks[j];
                for (size_t l = 0; l <= f->layouts.len; l++)
                    deepen(c, &c->field_places[row->shown.family][l * f->asked.len + a->field], a);
            }
    }
}

static slot_list times_of(classifier *c, const path_set *paths, const time_places *t)
{
    slot_list out = {.slots = ARENA_ARRAY(c->results, path_slot, t->count),
                     .forms = ARENA_ARRAY(c->results, const char *, t->count)};
    for (size_t i = 0; i < t->count; i++) {
        path_slot slot = path_find(paths, t->at[i].path);
        if (slot == SLOT_NONE) continue;
        out.slots[out.count] = slot;
        out.forms[out.count++] = t->at[i].form;
    }
    return out;
}

static slot_list hosts_of(classifier *c, const path_set *paths, const pk_str *hosts, size_t count)
{
    slot_list out = {.slots = ARENA_ARRAY(c->results, path_slot, count)};
    for (size_t i = 0; i < count; i++) {
        path_slot slot = path_find(paths, hosts[i]);
        if (slot != SLOT_NONE) out.slots[out.count++] = slot;
    }
    return out;
}

classifier *classifier_new(const schema *s, const path_set *paths)
{
    classifier *c = mem_zalloc(1, sizeof *c);
    c->schema = s;
    c->results = arena_new();
    c->remembered = arena_new();
    c->scratch = arena_new();
    c->slot_count = path_slot_count(paths);
    c->place_of_slot = arena_alloc(c->results, (c->slot_count + 1) * sizeof *c->place_of_slot);
    for (size_t i = 0; i < c->slot_count; i++) c->place_of_slot[i] = CLASSIFIER_NO_PLACE;
    c->layout_places = ARENA_ARRAY(c->results, place_list *, s->layouts.len);
    c->times = ARENA_ARRAY(c->results, slot_list, s->layouts.len + 1);
    c->hosts = ARENA_ARRAY(c->results, slot_list, s->layouts.len + 1);
    for (size_t i = 0; i < s->layouts.len; i++) {
        const layout *l = &s->layouts.at[i];
        c->layout_places[i] = places_of_layout(c, paths, l);
        c->times[i] = times_of(c, paths, &l->times);
        c->hosts[i] = hosts_of(c, paths, l->hosts, l->host_count);
    }
    c->times[s->layouts.len] = times_of(c, paths, &s->open_times);
    c->hosts[s->layouts.len] = hosts_of(c, paths, s->open_hosts, s->open_host_count);
    c->field_places = ARENA_ARRAY(c->results, place_list *, s->families.len);
    for (size_t i = 0; i < s->families.len; i++) c->field_places[i] = places_of_family(c, paths, &s->families.at[i]);
    c->depth = ARENA_ARRAY(c->results, size_t, c->places.len);
    c->seen = ARENA_ARRAY(c->results, const value *, c->places.len);
    c->present = ARENA_ARRAY(c->results, uint64_t, c->places.len / 64 + 1);
    c->memo = classifier_memo_new();
    c->glances = classifier_glances_new();
    set_depths(c);
    c->sight = ARENA_ARRAY(c->results, uint16_t, c->slot_count + 1);
    for (size_t i = 0; i < c->places.len; i++) c->sight[c->places.at[i]] = (uint16_t)(c->depth[i] < UINT16_MAX ? c->depth[i] + 1 : UINT16_MAX);
    return c;
}

void classifier_free(classifier *c)
{
    if (c == NULL) return;
    vec_free(&c->places);
    vec_free(&c->lists);
    mem_free(c->memo);
    mem_free(c->glances);
    arena_free(c->results);
    arena_free(c->remembered);
    arena_free(c->scratch);
    mem_free(c);
}
