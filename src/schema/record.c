/*
 * The event as a nested record of a schema, cut to what is asked for. A record that is of the schema itself is brought into
 * canonical form; for any other the mappings of its class are leaves, and the record is built around their values: below a
 * list the n-th value of a leaf belongs to its n-th element, and where lists lie in lists, to those of the innermost.
 */
#include <stdatomic.h>

#include "event/field_path.h"
#include "schema/model.h"

#define ELEMENTS 10000            /* of one list that mappings make */

/* ---- what a class gives ---- */

typedef enum { FROM_MAP, FROM_TIME, FROM_PLACE } leaf_source; /* of the event: its time; where it stands in which file */

typedef struct {
    leaf_source from;
    const field_map *map;         /* FROM_MAP */
    udm_path type;
    field_path path;              /* canonical */
    pk_str text;
    size_t list;                  /* step of the innermost list; path.count: none */
    bool label;                   /* ends in the key of a list of labels, not of a map */
} leaf;

struct record_leaves {
    arena *arena;
    bool forms;                   /* some mapping is of any key of a form: "labels['request.$']" */
    VEC(leaf) at;                 /* in the order of the files, the class's own before its ancestors' */
};

static bool is_label_key(udm_root root, const leaf *l, arena *a)
{
    text base = {0};
    udm_path p;
    field_path before = {l->path.steps, l->path.count - 1, false};
    field_path_print(&before, &base);
    bool labels = udm_resolve(root, text_view(&base), a, &p, NULL) && p.type == UDM_MESSAGE;
    text_free(&base);
    return labels;
}

/* A mapping as a leaf, in `a`; false: its field is no path. */
static bool make_leaf(udm_root root, pk_str field, leaf_source from, const field_map *map, arena *a, leaf *out)
{
    leaf l = {.from = from, .map = map};
    bool known = udm_resolve(root, field, a, &l.type, NULL);
    l.text = known ? l.type.path : arena_str(a, field);
    if (!field_path_parse(l.text, a, &l.path, NULL)) return false;
    l.list = l.path.count;
    for (size_t i = 0; i < l.path.count; i++)
        if (l.path.steps[i].kind == STEP_EACH) l.list = i;
    l.label = l.path.steps[l.path.count - 1].kind == STEP_KEY && is_label_key(root, &l, a);
    if (l.label) l.list = l.path.count; /* several values are several labels of one element */
    *out = l;
    return true;
}

static void add_leaf(record_leaves *of_class, udm_root root, pk_str field, leaf_source from, const field_map *map)
{
    leaf l;
    if (make_leaf(root, field, from, map, of_class->arena, &l)) vec_push_in(of_class->arena, &of_class->at, l);
}

static record_leaves *new_leaves(const schema *s, class_id c, pk_str schema_name, udm_root root)
{
    arena *a = arena_new();
    record_leaves *of_class = ARENA_NEW(a, record_leaves);
    of_class->arena = a;
    bool timed = root != UDM_EVENT, named = timed;
    for (class_id up = c; up != CLASS_NONE; up = s->classes.at[up]->shown.parent) {
        const class_row *row = s->classes.at[up];
        for (size_t i = 0; i < row->mappings.len; i++) {
            const mapping *m = &row->mappings.at[i];
            if (!str_equal(m->schema, schema_name) || schema_own_mapping(s, c, schema_name, m->field, a) != m->map) continue;
            timed |= str_equal(m->field, STR("metadata.event_timestamp"));
            named |= str_equal(m->field, STR("metadata.id"));
            bool form = str_find_char(m->field, '$') != STR_NPOS;
            of_class->forms |= form;
            if (m->map->kind != MAP_MISSING && !form) add_leaf(of_class, root, m->field, FROM_MAP, m->map);
        }
    }
    if (!timed) add_leaf(of_class, root, STR("metadata.event_timestamp"), FROM_TIME, NULL);
    if (!named) add_leaf(of_class, root, STR("metadata.id"), FROM_PLACE, NULL);
    return of_class;
}

void record_leaves_free(record_leaves *p)
{
    if (p) arena_free(p->arena);
}

/* Made on first use, by whichever thread; lives as long as the schema. */
static const record_leaves *leaves_of(const schema *s, class_id c, pk_str schema_name, udm_root root)
{
    class_row *row = s->classes.at[c];
    record_leaves *known = atomic_load_explicit(&row->records[root], memory_order_acquire);
    if (known) return known;
    record_leaves *made = new_leaves(s, c, schema_name, root);
    if (atomic_compare_exchange_strong(&row->records[root], &known, made)) return made;
    record_leaves_free(made); /* another thread was first */
    return known;
}

/* ---- what is wanted ---- */

record_paths record_paths_read(const pk_str *paths, size_t count, arena *a)
{
    field_path *read = ARENA_ARRAY(a, field_path, count + 1);
    record_paths w = {.paths = read, .all = count == 0};
    for (size_t i = 0; i < count; i++) {
        if (paths[i].len == 0) w.all = true;
        else if (field_path_parse(paths[i], a, &read[w.count], NULL)) w.count++;
    }
    return w;
}

static const field_step *next_step(const field_path *p, size_t *at)
{
    while (*at < p->count && (p->steps[*at].kind == STEP_EACH || p->steps[*at].kind == STEP_INDEX)) ++*at;
    return *at < p->count ? &p->steps[(*at)++] : NULL;
}

/* Is it the same place, above it, or (a list above both) as much of its elements as tells how many there are? */
static bool touches(const field_path *want, const field_path *have)
{
    size_t w = 0, h = 0;
    for (bool in_list = false;;) {
        in_list |= h < have->count && have->steps[h].kind == STEP_EACH;
        const field_step *x = next_step(want, &w), *y = next_step(have, &h);
        if (!x || !y) return true;
        if (x->kind != y->kind || !str_equal(x->name, y->name))
            return in_list || (x->kind == STEP_FIELD && y->kind == STEP_KEY); /* labels by key, entries wanted */
    }
}

static bool is_wanted(const record_paths *w, const field_path *have)
{
    for (size_t i = 0; i < w->count && !w->all; i++)
        if (touches(&w->paths[i], have)) return true;
    return w->all;
}

/* ---- cutting ---- */

typedef struct { const field_path *path; size_t step; } cursor;

static value cut(const value *v, const cursor *at, size_t count, arena *a);

/* Past marks of lists; true: one of the paths ends here, so that all of it is wanted. */
static bool pass_marks(cursor *at, size_t count)
{
    bool ends = false;
    for (size_t i = 0; i < count; i++) {
        while (at[i].step < at[i].path->count && at[i].path->steps[at[i].step].kind != STEP_FIELD && at[i].path->steps[at[i].step].kind != STEP_KEY)
            at[i].step++;
        ends |= at[i].step >= at[i].path->count;
    }
    return ends;
}

/* The cursors behind a field (or key) of that name. */
static size_t enter(const cursor *at, size_t count, pk_str name, cursor *out)
{
    size_t n = 0;
    for (size_t i = 0; i < count; i++)
        if (str_equal(at[i].path->steps[at[i].step].name, name)) out[n++] = (cursor){at[i].path, at[i].step + 1};
    return n;
}

static bool is_entry_of(const value *v, const cursor *at, size_t count, arena *a)
{
    const value *key = value_get(v, STR("key"));
    pk_str t;
    if (!key || !value_text(a, key, &t)) return false;
    for (size_t i = 0; i < count; i++) {
        const field_step *s = &at[i].path->steps[at[i].step];
        if (s->kind == STEP_KEY && str_equal(s->name, t)) return true;
    }
    return false;
}

static bool all_keys(const cursor *at, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (at[i].path->steps[at[i].step].kind != STEP_KEY) return false;
    return true;
}

/* Elements keep their places; of labels that are read by key only those of the keys stay. */
static value cut_list(const value *v, const cursor *at, size_t count, arena *a)
{
    list_builder b = {0};
    bool labels = all_keys(at, count);
    for (size_t i = 0; i < v->as.list.count; i++) {
        const value *item = &v->as.list.items[i];
        if (is_entry_of(item, at, count, a)) list_add(a, &b, *item);
        else if (!labels || item->type == VALUE_LIST) list_add(a, &b, cut(item, at, count, a));
    }
    return list_done(&b);
}

static value cut_record(const value *v, const cursor *at, size_t count, arena *a)
{
    record_builder b = {0};
    cursor *inner = ARENA_ARRAY(a, cursor, count + 1);
    if (is_entry_of(v, at, count, a)) return *v;
    for (size_t i = 0; i < v->as.record.count; i++) {
        const value_field *f = &v->as.record.fields[i];
        size_t n = enter(at, count, f->name, inner);
        if (n) record_add(a, &b, f->name, cut(&f->value, inner, n, a));
    }
    return record_done(&b);
}

static value cut(const value *v, const cursor *at, size_t count, arena *a)
{
    cursor *here = ARENA_ARRAY(a, cursor, count + 1);
    memcpy(here, at, count * sizeof *here);
    if (pass_marks(here, count)) return *v;
    if (v->type == VALUE_LIST) return cut_list(v, here, count, a);
    return v->type == VALUE_RECORD ? cut_record(v, here, count, a) : *v;
}

static value cut_to(const value *v, const record_paths *w, arena *a)
{
    cursor *at = ARENA_ARRAY(a, cursor, w->count + 1);
    for (size_t i = 0; i < w->count; i++) at[i] = (cursor){&w->paths[i], 0};
    return w->all ? *v : cut(v, at, w->count, a);
}

/* ---- records of the schema itself ---- */

static value native_record(udm_root root, const record_paths *w, const value *tree, arena *a)
{
    udm_root found;
    const value *body;
    if (!udm_unwrap(tree, &found, &body)) body = tree;
    if (body->type != VALUE_RECORD) return (value){.type = VALUE_RECORD};
    if (w->all) return udm_normalise(root, body, a);
    value normal = udm_normalise_paths(root, body, w->paths, w->count, a);
    return cut_to(&normal, w, a);
}

/* ---- records that mappings make ---- */

typedef struct node node;
struct node {
    pk_str name;
    value leaf;                   /* MISSING: a record, or a list */
    bool list;
    VEC(node *) below;            /* fields, or elements */
};

static node *field_node(node *n, pk_str name, arena *a)
{
    for (size_t i = 0; i < n->below.len; i++)
        if (str_equal(n->below.at[i]->name, name)) return n->below.at[i];
    node *made = ARENA_NEW(a, node);
    made->name = name;
    vec_push_in(a, &n->below, made);
    return made;
}

static node *element_node(node *n, size_t at, arena *a)
{
    n->list = true;
    while (n->below.len <= at) vec_push_in(a, &n->below, ARENA_NEW(a, node));
    return n->below.at[at];
}

static void put_label(node *labels, pk_str key, value v, arena *a)
{
    node *entry = element_node(labels, labels->below.len, a);
    field_node(entry, STR("key"), a)->leaf = value_string(key);
    field_node(entry, STR("value"), a)->leaf = v;
}

/* The i-th value of a leaf. */
static void put_value(node *n, const leaf *l, size_t i, value v, arena *a)
{
    for (size_t k = 0; k < l->path.count; k++) {
        const field_step *s = &l->path.steps[k];
        if (s->kind == STEP_KEY && l->label) {
            put_label(n, s->name, v, a);
            return;
        }
        n = s->kind == STEP_EACH ? element_node(n, k == l->list ? i : 0, a) : field_node(n, s->name, a);
    }
    if (n->leaf.type == VALUE_MISSING) n->leaf = v; /* several values of what is no list: the first */
}

static value value_of_node(const node *n, arena *a)
{
    if (n->leaf.type != VALUE_MISSING) return n->leaf;
    record_builder record = {0};
    list_builder list = {0};
    for (size_t i = 0; i < n->below.len; i++) {
        value v = value_of_node(n->below.at[i], a);
        if (n->list) list_add(a, &list, v);
        else record_add(a, &record, n->below.at[i]->name, v);
    }
    return n->list ? list_done(&list) : record_done(&record);
}

static bool has_text(const value *v, arena *a)
{
    pk_str t;
    return v->type != VALUE_NULL && (v->type == VALUE_TIME || value_text(a, v, &t));
}

typedef struct {
    const schema *schema;
    class_id class_id;
    layout_id layout;
    pk_str schema_name;
    udm_root root;
    const value *tree;
    const event_source *source;   /* NULL: nobody knows */
    arena *arena;
    node top;
} builder;

static void leaf_values(const builder *b, const leaf *f, list_builder *out)
{
    timestamp t;
    switch (f->from) {
    case FROM_MAP:
        schema_map_values(b->schema, b->class_id, b->layout, f->map, b->tree, b->arena, out);
        return;
    case FROM_TIME:
        t = schema_tree_time(b->schema, b->layout, b->tree, b->arena);
        if (t != TIMESTAMP_NONE) list_add(b->arena, out, (value){.type = VALUE_TIME, .as.time = t});
        return;
    case FROM_PLACE:
        if (b->source)
            list_add(b->arena, out, value_string(arena_printf(b->arena, STR_FMT "#%llu", STR_ARG(b->source->file),
                                                              (unsigned long long)b->source->position)));
        return;
    }
}

static void put_leaf(builder *b, const leaf *f)
{
    arena *a = b->arena;
    list_builder values = {0};
    leaf_values(b, f, &values);
    for (size_t k = 0, put = 0; k < values.items.len && put < ELEMENTS; k++)
        if (has_text(&values.items.at[k], a)) put_value(&b->top, f, put++, udm_scalar(&f->type, &values.items.at[k], a), a);
}

/* The same place, whatever marks of lists there are? */
static bool same_place(const field_path *x, const field_path *y)
{
    const field_step *s, *t;
    size_t i = 0, k = 0;
    do {
        s = next_step(x, &i);
        t = next_step(y, &k);
    } while (s && t && s->kind == t->kind && str_equal(s->name, t->name));
    return !s && !t;
}

/* Mappings of any key of a form give those that are asked for. */
static void put_forms(builder *b, const record_leaves *of_class, const record_paths *w)
{
    for (size_t i = 0; i < w->count && of_class->forms; i++) {
        text path = {0};
        leaf l;
        bool known = !w->paths[i].by_key;
        for (size_t k = 0; k < of_class->at.len && !known; k++) known = same_place(&of_class->at.at[k].path, &w->paths[i]);
        if (known) continue;
        field_path_print(&w->paths[i], &path);
        pk_str plain = arena_str(b->arena, schema_without_marks(text_view(&path), b->arena));
        text_free(&path);
        const field_map *m = schema_own_mapping(b->schema, b->class_id, b->schema_name, plain, b->arena);
        if (m && m->kind != MAP_MISSING && make_leaf(b->root, plain, FROM_MAP, m, b->arena, &l)) put_leaf(b, &l);
    }
}

static value mapped_record(builder *b, const record_leaves *of_class, const record_paths *w)
{
    for (size_t i = 0; i < of_class->at.len; i++)
        if (is_wanted(w, &of_class->at.at[i].path)) put_leaf(b, &of_class->at.at[i]);
    put_forms(b, of_class, w);
    value made = value_of_node(&b->top, b->arena);
    return cut_to(&made, w, b->arena);
}

value schema_event_record(const schema *s, class_id c, layout_id l, pk_str schema_name, const record_paths *wanted,
                          const value *tree, const event_source *source, arena *a)
{
    udm_root root;
    if (!schema_is_nested(schema_name, &root) || c == CLASS_NONE) return cut_to(tree, wanted, a);
    if (schema_is_native(s, c, schema_name)) return native_record(root, wanted, tree, a);
    builder b = {.schema = s, .class_id = c, .layout = l, .schema_name = schema_name, .root = root, .tree = tree, .source = source, .arena = a};
    return mapped_record(&b, leaves_of(s, c, schema_name, root), wanted);
}

value schema_record(const schema *s, class_id c, layout_id l, pk_str schema_name, const pk_str *paths, size_t count,
                    const value *tree, arena *a)
{
    record_paths wanted = record_paths_read(paths, count, a);
    return schema_event_record(s, c, l, schema_name, &wanted, tree, NULL, a);
}
