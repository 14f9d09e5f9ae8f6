/*
 * The fast view walks the path set beside the record; the tree is built bottom up, a builder for each open container. A
 * container in whose records pairs are asked for is built as a tree even for the fast view, and walked when it closes:
 * the value of a pair may stand before its name.
 */
#include "formats/field_sink.h"

#include "event/inner_text.h"

static sink_level *top(field_sink *s) { return &s->levels[s->depth]; }
static const sink_level *top_of(const field_sink *s) { return &s->levels[s->depth]; }

void sink_free(field_sink *s) { vec_free(&s->fields); }

static void begin(field_sink *s, const path_set *paths, bool tree, arena *a)
{
    s->arena = a;
    s->paths = paths;
    s->tree = tree;
    s->fields.len = 0;
    s->depth = s->too_deep = s->held = 0;
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

static void put_slot(void *sink, path_slot slot, const value *v)
{
    vec_push(&((field_sink *)sink)->fields, ((event_field){.slot = slot, .value = *v}));
}

static void push(field_sink *s, path_node node, const value *v)
{
    const path_slot *slots;
    bool plain = v->type == VALUE_STRING ? !inner_text_may_open(v->as.string) : v->type < VALUE_LIST;
    if (!plain) {
        path_values(s->paths, node, v, s->arena, put_slot, s);
    } else if (v->type != VALUE_MISSING) {
        size_t count = path_node_slots(s->paths, node, &slots);
        for (size_t i = 0; i < count; i++) vec_push(&s->fields, ((event_field){.slot = slots[i], .value = *v}));
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
    if (node != PATH_NONE) push(s, node, &v);
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
    const path_pair *pairs;
    if (!s->tree && path_node_pairs(s->paths, node, &pairs)) {
        s->tree = true;
        s->held = s->depth;
    }
}

void sink_leave(field_sink *s)
{
    if (s->too_deep) {
        s->too_deep--;
        return;
    }
    if (s->depth == 0) return;
    sink_level *l = &s->levels[s->depth--];
    if (!s->tree) return;
    value v = l->is_list ? list_done(&l->list) : record_done(&l->record);
    if (s->held == s->depth + 1) {
        s->tree = false;
        s->held = 0;
        path_values(s->paths, l->node, &v, s->arena, put_slot, s);
    } else {
        sink_put(s, l->name, v);
    }
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
