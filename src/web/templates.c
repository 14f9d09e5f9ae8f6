/* Values into the trees that templates are rendered from: what is false, how numbers are written. */
#include "web/templates.h"

#include "base/hash.h"
#include "web/template_shim.h"

enum { DEPTH_LIMIT = 40 };

struct template_set {
    mustache_set *set;
    arena *arena;
    pk_str *names;                /* of templates */
    table *used;                  /* for each, the names that it asks for: nothing else is made into its tree */
    size_t count;
};

static void take_name(pk_str name, void *user) { table_put(user, name, 1); }

template_set *templates_new(const template_source *sources, size_t count, diag_list *d)
{
    arena *a = arena_new();
    pk_str *names = ARENA_ARRAY(a, pk_str, count), *texts = ARENA_ARRAY(a, pk_str, count);
    for (size_t i = 0; i < count; i++) {
        names[i] = sources[i].name;
        texts[i] = sources[i].text;
    }
    mustache_set *set = mustache_set_new(names, texts, count, d);
    arena_free(a);
    if (!set) return NULL;
    template_set *t = mem_zalloc(1, sizeof *t);
    *t = (template_set){.set = set, .arena = arena_new(), .count = count};
    t->names = ARENA_ARRAY(t->arena, pk_str, count);
    t->used = ARENA_ARRAY(t->arena, table, count);
    for (size_t i = 0; i < count; i++) {
        t->names[i] = arena_str(t->arena, sources[i].name);
        mustache_set_names(set, sources[i].name, take_name, &t->used[i]);
    }
    return t;
}

void templates_free(template_set *t)
{
    if (!t) return;
    for (size_t i = 0; i < t->count; i++) table_free(&t->used[i]);
    mustache_set_free(t->set);
    arena_free(t->arena);
    mem_free(t);
}

pk_str count_text(arena *a, int64_t n)
{
    char out[32], *p = out + sizeof out;
    uint64_t left = n < 0 ? -(uint64_t)n : (uint64_t)n;
    for (int digits = 0;; digits++) {
        if (digits && digits % 3 == 0) *--p = ',';
        *--p = (char)('0' + left % 10);
        if (!(left /= 10)) break;
    }
    if (n < 0) *--p = '-';
    return arena_str(a, (pk_str){p, (size_t)(out + sizeof out - p)});
}

typedef struct {
    arena *arena;
    const table *used;
} tree_maker;

static template_node node_of(const tree_maker *m, const value *v, int depth);

static template_node list_node(const tree_maker *m, const value *v, int depth)
{
    template_node *items = ARENA_ARRAY(m->arena, template_node, v->as.list.count);
    for (size_t i = 0; i < v->as.list.count; i++) {
        items[i] = node_of(m, &v->as.list.items[i], depth + 1);
        if (v->as.list.items[i].type == VALUE_RECORD) items[i].type = NODE_RECORD; /* an item, not an answer to "is there one" */
    }
    return (template_node){.type = v->as.list.count ? NODE_LIST : NODE_FALSE, .items = items, .count = v->as.list.count};
}

static bool is_overridden(const value *record, size_t i)
{
    pk_str name = record->as.record.fields[i].name;
    for (size_t k = i + 1; k < record->as.record.count; k++)
        if (str_equal(record->as.record.fields[k].name, name)) return true;
    return false;
}

static template_node record_node(const tree_maker *m, const value *v, int depth)
{
    size_t fields = v->as.record.count, n = 0;
    template_node *items = ARENA_ARRAY(m->arena, template_node, 2 * fields);
    for (size_t i = 0; i < fields; i++) {
        const value_field *f = &v->as.record.fields[i];
        bool is_list = f->value.type == VALUE_LIST, used = table_get(m->used, f->name) != TABLE_NONE;
        if ((!used && !is_list) || is_overridden(v, i)) continue;
        if (used) {
            items[n] = node_of(m, &f->value, depth + 1);
            items[n++].name = f->name;
        }
        pk_str any = is_list ? arena_concat(m->arena, STR("any_"), f->name) : STR("");
        if (is_list && table_get(m->used, any) != TABLE_NONE)
            items[n++] = (template_node){.type = f->value.as.list.count ? NODE_TRUE : NODE_FALSE, .name = any};
    }
    return (template_node){.type = fields ? NODE_RECORD : NODE_FALSE, .items = items, .count = n};
}

static template_node node_of(const tree_maker *m, const value *v, int depth)
{
    pk_str s = {0};
    if (depth > DEPTH_LIMIT) return (template_node){.type = NODE_FALSE};
    switch (v->type) {
    case VALUE_BOOL: return (template_node){.type = v->as.boolean ? NODE_TRUE : NODE_FALSE};
    case VALUE_INT: s = count_text(m->arena, v->as.integer); break;
    case VALUE_UINT: case VALUE_FLOAT: case VALUE_STRING: case VALUE_TIME: value_text(m->arena, v, &s); break;
    case VALUE_LIST: return list_node(m, v, depth);
    case VALUE_RECORD: return record_node(m, v, depth);
    case VALUE_MISSING: case VALUE_NULL: case VALUE_BLANK: break;
    }
    return (template_node){.type = s.len ? NODE_TEXT : NODE_FALSE, .text = s};
}

static const table *names_used(const template_set *t, pk_str name)
{
    for (size_t i = 0; i < t->count; i++)
        if (str_equal(t->names[i], name)) return &t->used[i];
    return NULL;
}

bool templates_render(const template_set *t, const char *name, const value *data, text *out)
{
    tree_maker m = {NULL, names_used(t, str_from(name))};
    if (!m.used) return false;
    m.arena = arena_new();
    template_node root = node_of(&m, data, 0);
    bool done = mustache_set_render(t->set, name, &root, out);
    arena_free(m.arena);
    return done;
}
