/* Trees from JSON or YAML text, and events that hold what a reader would have put into their slots. */
#ifndef PICKET_TESTS_SCHEMA_TREE_H
#define PICKET_TESTS_SCHEMA_TREE_H

#include <libfyaml.h>

#include "event/event.h"

static value tree_of_scalar(arena *a, struct fy_node *n)
{
    size_t len = 0;
    const char *t = fy_node_get_scalar(n, &len);
    pk_str s = arena_str(a, (pk_str){t ? t : "", len});
    int64_t integer;
    double real;
    if (fy_node_get_style(n) != FYNS_PLAIN) return value_string(s);
    if (s.len == 0 || str_equal(s, STR("null")) || str_equal(s, STR("~"))) return value_null();
    if (str_equal(s, STR("true")) || str_equal(s, STR("false"))) return value_bool(s.ptr[0] == 't');
    if (str_to_int(s, true, &integer)) return value_int(integer);
    if (s.ptr[0] >= '0' && s.ptr[0] <= '9' && str_to_double(s, &real)) return value_real(real);
    return value_string(s);
}

static value tree_of_node(arena *a, struct fy_node *n)
{
    void *at = NULL;
    if (fy_node_get_type(n) == FYNT_SCALAR) return tree_of_scalar(a, n);
    if (fy_node_get_type(n) == FYNT_SEQUENCE) {
        list_builder list = {0};
        for (struct fy_node *item; (item = fy_node_sequence_iterate(n, &at)) != NULL;) list_add(a, &list, tree_of_node(a, item));
        return list_done(&list);
    }
    record_builder record = {0};
    for (struct fy_node_pair *pair; (pair = fy_node_mapping_iterate(n, &at)) != NULL;) {
        value name = tree_of_scalar(a, fy_node_pair_key(pair));
        pk_str text_of_name = {0};
        value_text(a, &name, &text_of_name);
        record_add(a, &record, text_of_name, tree_of_node(a, fy_node_pair_value(pair)));
    }
    return record_done(&record);
}

/* The tree of a JSON or YAML text; MISSING: it is none. */
static inline value tree_parse(arena *a, pk_str source)
{
    struct fy_parse_cfg config = {.flags = FYPCF_QUIET};
    struct fy_document *document = fy_document_build_from_string(&config, source.ptr, source.len);
    if (document == NULL) return (value){.type = VALUE_MISSING};
    value tree = fy_document_root(document) ? tree_of_node(a, fy_document_root(document)) : (value){.type = VALUE_MISSING};
    fy_document_destroy(document);
    return tree;
}

typedef VEC(event_field) field_vec;

typedef struct {
    arena *arena;
    field_vec fields;
} tree_fields;

static inline void tree_put(void *to, path_slot slot, const value *v)
{
    tree_fields *t = to;
    event_field f = {.slot = slot, .value = *v};
    vec_push_in(t->arena, &t->fields, f);
}

static const value *tree_of_event(const event *e, arena *a)
{
    (void)a;
    return e->reader;
}

/* An event over `tree`, which must outlive it. */
static inline event event_of_tree(arena *a, const path_set *paths, const value *tree)
{
    tree_fields t = {.arena = a};
    path_values(paths, PATH_ROOT, tree, a, tree_put, &t);
    return (event){.fields = t.fields.at, .field_count = t.fields.len, .tree = tree_of_event, .reader = tree};
}

#endif
