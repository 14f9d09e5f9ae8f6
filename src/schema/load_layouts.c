/* Layouts in the files of schemas: where the fields of a family stand in records of one form. */
#include "schema/loader.h"

#define DEFAULT_RANK 50

static void add_layout_field(loader *l, layout *out, pk_str name, const yaml_node *n)
{
    layout_field f = {.name = name};
    if (!loader_texts(l, n, &f.paths, &f.count)) return;
    if (f.count > FIELD_PATHS)
        loader_wrong(l, n->span, "more than %d places of one field", FIELD_PATHS);
    else if (!table_put(&out->field_index, name, (uint32_t)out->fields.len))
        loader_wrong(l, n->span, "field '" STR_FMT "' is mapped twice", STR_ARG(name));
    else
        vec_push_in(l->s->arena, &out->fields, f);
}

static void read_layout_fields(loader *l, layout *out, const yaml_node *n)
{
    if (!is_map(n)) {
        loader_wrong(l, n->span, "expected a map from fields to places");
        return;
    }
    for (size_t i = 0; i < n->count; i++) add_layout_field(l, out, loader_keep(l, n->entries[i].key), n->entries[i].value);
}

static pk_str under(arena *a, pk_str wrapper, pk_str path)
{
    char *out = arena_alloc(a, wrapper.len + 1 + path.len);
    memcpy(out, wrapper.ptr, wrapper.len);
    out[wrapper.len] = '.';
    memcpy(out + wrapper.len + 1, path.ptr, path.len);
    return (pk_str){out, wrapper.len + 1 + path.len};
}

static alternatives alternatives_under(arena *a, const alternatives *from, pk_str wrapper)
{
    alternatives out = {.of = ARENA_ARRAY(a, condition, from->count), .count = from->count};
    for (size_t i = 0; i < from->count; i++) {
        const condition *c = &from->of[i];
        out.of[i] = (condition){.asks = ARENA_ARRAY(a, ask, c->count), .count = c->count};
        for (size_t k = 0; k < c->count; k++) {
            out.of[i].asks[k] = c->asks[k];
            out.of[i].asks[k].place = under(a, wrapper, c->asks[k].place);
        }
    }
    return out;
}

/* The same layout one level deeper: what search engines export lies under "_source" or "result". */
static void add_wrapped(loader *l, const layout *base, pk_str wrapper)
{
    arena *a = l->s->arena;
    layout w = *base;
    w.name = arena_printf(a, STR_FMT "@" STR_FMT, STR_ARG(base->name), STR_ARG(wrapper));
    w.when = alternatives_under(a, &base->when, wrapper);
    w.fields.at = NULL;
    w.fields.len = w.fields.cap = 0;
    w.field_index = (table){0};
    for (size_t i = 0; i < base->fields.len; i++) {
        layout_field f = base->fields.at[i];
        pk_str *paths = ARENA_ARRAY(a, pk_str, f.count);
        for (size_t k = 0; k < f.count; k++) paths[k] = under(a, wrapper, f.paths[k]);
        f.paths = paths;
        table_put(&w.field_index, f.name, (uint32_t)w.fields.len);
        vec_push_in(a, &w.fields, f);
    }
    w.patterns = ARENA_ARRAY(a, pk_str, base->pattern_count);
    for (size_t i = 0; i < base->pattern_count; i++) w.patterns[i] = under(a, wrapper, base->patterns[i]);
    w.hosts = ARENA_ARRAY(a, pk_str, base->host_count);
    for (size_t i = 0; i < base->host_count; i++) w.hosts[i] = under(a, wrapper, base->hosts[i]);
    w.times.at = ARENA_ARRAY(a, time_place, base->times.count);
    for (size_t i = 0; i < base->times.count; i++) {
        w.times.at[i] = base->times.at[i];
        w.times.at[i].path = under(a, wrapper, base->times.at[i].path);
    }
    table_put(&l->s->layout_index, w.name, (uint32_t)l->s->layouts.len);
    vec_push(&l->s->layouts, w);
}

void loader_layout(loader *l, pk_str name, const yaml_node *n)
{
    layout out = {.name = name, .family = l->family, .rank = DEFAULT_RANK};
    pk_str *wrappers = NULL;
    size_t wrapper_count = 0;
    if (!is_map(n)) {
        loader_wrong(l, n->span, "expected a layout: a map");
        return;
    }
    for (size_t i = 0; i < n->count; i++) {
        const yaml_entry *e = &n->entries[i];
        pk_str k = loader_keep(l, e->key);
        int64_t rank;
        if (str_equal(k, STR("title")))
            out.title = loader_text(l, e->value);
        else if (str_equal(k, STR("when")))
            out.when = loader_alternatives(l, e->value);
        else if (str_equal(k, STR("fields")))
            read_layout_fields(l, &out, e->value);
        else if (str_equal(k, STR("others")))
            loader_texts(l, e->value, &out.patterns, &out.pattern_count);
        else if (str_equal(k, STR("time")))
            out.times = loader_times(l, e->value);
        else if (str_equal(k, STR("host")))
            loader_texts(l, e->value, &out.hosts, &out.host_count);
        else if (str_equal(k, STR("like")))
            out.like = loader_text(l, e->value);
        else if (str_equal(k, STR("flat")))
            out.flat = loader_bool(l, e->value);
        else if (str_equal(k, STR("stated")))
            out.only_stated = loader_bool(l, e->value);
        else if (str_equal(k, STR("under")))
            loader_texts(l, e->value, &wrappers, &wrapper_count);
        else if (str_equal(k, STR("rank")) && str_to_int(loader_text(l, e->value), true, &rank) && rank >= 0 &&
                 rank < 1000)
            out.rank = (int)rank;
        else
            loader_wrong(l, e->key_span, "'" STR_FMT "': no such part of a layout, or not a value that it can have",
                         STR_ARG(k));
    }
    for (size_t i = 0; i < out.pattern_count; i++)
        if (str_find_char(out.patterns[i], '$') == STR_NPOS)
            loader_wrong(l, n->span, "'" STR_FMT "' of 'others' lacks the '$' that stands for the field",
                         STR_ARG(out.patterns[i]));
    if (out.when.count == 0 && !out.only_stated) loader_wrong(l, n->span, "a layout needs 'when' or 'stated: true'");
    if (!table_put(&l->s->layout_index, name, (uint32_t)l->s->layouts.len)) {
        loader_wrong(l, n->span, "layout '" STR_FMT "' exists already", STR_ARG(name));
        return;
    }
    vec_push(&l->s->layouts, out);
    for (size_t i = 0; i < wrapper_count; i++) add_wrapped(l, &out, wrappers[i]);
}
