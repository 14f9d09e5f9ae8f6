/* The fast view walks the path set beside the record; the tree is built bottom up, a builder for each open container. */
#include "formats/field_sink.h"

static sink_level *top(field_sink *s) { return &s->levels[s->depth]; }
static const sink_level *top_of(const field_sink *s) { return &s->levels[s->depth]; }

void sink_free(field_sink *s) { vec_free(&s->fields); }

static void begin(field_sink *s, const path_set *paths, bool tree, arena *a)
{
    s->arena = a;
    s->paths = paths;
    s->tree = tree;
    s->fields.len = 0;
    s->depth = s->too_deep = 0;
    s->taken = 0;
    s->levels[0] = (sink_level){.node = paths ? PATH_ROOT : PATH_NONE};
}

void sink_begin_fields(field_sink *s, const path_set *paths, arena *a) { begin(s, paths, false, a); }
void sink_begin_tree(field_sink *s, arena *a) { begin(s, NULL, true, a); }

const value *sink_tree(field_sink *s)
{
    while (s->depth) sink_leave(s);
    value *v = ARENA_NEW(s->arena, value);
    *v = record_done(&s->levels[0].record);
    return v;
}

static path_node node_of(const field_sink *s, pk_str key)
{
    const sink_level *l = top_of(s);
    if (l->node == PATH_NONE || l->is_list) return l->node;
    return path_child(s->paths, l->node, key);
}

bool sink_wants(const field_sink *s, pk_str key)
{
    return !s->too_deep && (s->tree || node_of(s, key) != PATH_NONE);
}

bool sink_cares(const field_sink *s) { return !s->too_deep && (s->tree || top_of(s)->node != PATH_NONE); }

/* A list is spread: one entry for each element, as deep as lists go. */
static void push(field_sink *s, const path_slot *slots, size_t count, const value *v)
{
    if (v->type == VALUE_LIST) {
        for (size_t i = 0; i < v->as.list.count; i++) push(s, slots, count, &v->as.list.items[i]);
    } else if (v->type != VALUE_MISSING && v->type != VALUE_RECORD) {
        for (size_t i = 0; i < count; i++) vec_push(&s->fields, ((event_field){slots[i], *v}));
    }
}

void sink_put(field_sink *s, pk_str key, value v)
{
    if (s->too_deep) return;
    sink_level *l = top(s);
    if (s->tree) {
        if (l->is_list) list_add(s->arena, &l->list, v);
        else record_add(s->arena, &l->record, key, v);
        return;
    }
    path_node node = node_of(s, key);
    if (node == PATH_NONE) return;
    const path_slot *slots;
    size_t count = path_node_slots(s->paths, node, &slots);
    if (count) push(s, slots, count, &v);
}

void sink_put_or_blank(field_sink *s, pk_str key, pk_str v)
{
    sink_put(s, key, v.len ? value_string(v) : (value){.type = VALUE_BLANK});
}

void sink_enter(field_sink *s, pk_str key, bool is_list)
{
    if (s->too_deep || s->depth + 1 == SINK_DEPTH) {
        s->too_deep++;
        return;
    }
    path_node node = s->tree ? PATH_NONE : node_of(s, key);
    s->levels[++s->depth] = (sink_level){.node = node, .name = key, .is_list = is_list};
}

void sink_leave(field_sink *s)
{
    if (s->too_deep) {
        s->too_deep--;
        return;
    }
    if (s->depth == 0) return;
    sink_level *l = &s->levels[s->depth--];
    if (s->tree) sink_put(s, l->name, l->is_list ? list_done(&l->list) : record_done(&l->record));
}

sink_mark sink_here(const field_sink *s)
{
    const sink_level *l = top_of(s);
    return (sink_mark){s->fields.len, l->is_list ? l->list.items.len : l->record.fields.len, s->taken};
}

void sink_back(field_sink *s, sink_mark m)
{
    sink_level *l = top(s);
    s->fields.len = m.fields;
    if (l->is_list) l->list.items.len = m.members;
    else l->record.fields.len = m.members;
    s->taken = m.taken;
}
