/* Trees from JSON or YAML text, and events that hold what a reader would have put into their slots. */
#ifndef PICKET_TESTS_SCHEMA_TREE_H
#define PICKET_TESTS_SCHEMA_TREE_H

#include "base/yaml.h"
#include "event/event.h"

static value tree_of_scalar(const yaml_node *n)
{
    int64_t integer;
    double real;
    switch (n->type) {
    case YAML_NULL: return value_null();
    case YAML_BOOL: return value_bool(n->text.ptr[0] == 't');
    case YAML_INT:
        if (str_to_int(n->text, true, &integer)) return value_int(integer);
        return str_to_double(n->text, &real) ? value_real(real) : value_string(n->text);
    case YAML_FLOAT: return str_to_double(n->text, &real) ? value_real(real) : value_string(n->text);
    case YAML_TEXT: break;
    }
    return value_string(n->text);
}

static value tree_of_node(arena *a, const yaml_node *n)
{
    if (n->kind == YAML_SCALAR) return tree_of_scalar(n);
    if (n->kind == YAML_LIST) {
        list_builder list = {0};
        for (size_t i = 0; i < n->count; i++) list_add(a, &list, tree_of_node(a, n->items[i]));
        return list_done(&list);
    }
    record_builder record = {0};
    for (size_t i = 0; i < n->count; i++) record_add(a, &record, n->entries[i].key, tree_of_node(a, n->entries[i].value));
    return record_done(&record);
}

/* The tree of a JSON or YAML text; MISSING: it is none. */
static inline value tree_parse(arena *a, pk_str source)
{
    yaml_file file = yaml_read(a, arena_str(a, source));
    if (file.count != 1 || file.documents[0].problem_count || !file.documents[0].root) return (value){.type = VALUE_MISSING};
    return tree_of_node(a, file.documents[0].root);
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
