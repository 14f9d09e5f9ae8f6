/* Values into the trees that templates are rendered from: what is false, how numbers are written. */
#include "web/templates.h"

#include "web/template_shim.h"

enum { DEPTH_LIMIT = 40 };

struct template_set {
    mustache_set *set;
};

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
    t->set = set;
    return t;
}

void templates_free(template_set *t)
{
    if (!t) return;
    mustache_set_free(t->set);
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

static template_node node_of(arena *a, const value *v, int depth);

static template_node list_node(arena *a, const value *v, int depth)
{
    template_node *items = ARENA_ARRAY(a, template_node, v->as.list.count);
    for (size_t i = 0; i < v->as.list.count; i++) items[i] = node_of(a, &v->as.list.items[i], depth + 1);
    return (template_node){.type = v->as.list.count ? NODE_LIST : NODE_FALSE, .items = items, .count = v->as.list.count};
}

static template_node record_node(arena *a, const value *v, int depth)
{
    size_t fields = v->as.record.count, n = 0;
    template_node *items = ARENA_ARRAY(a, template_node, 2 * fields);
    for (size_t i = 0; i < fields; i++) {
        const value_field *f = &v->as.record.fields[i];
        items[n] = node_of(a, &f->value, depth + 1);
        items[n++].name = f->name;
        if (f->value.type == VALUE_LIST)
            items[n++] = (template_node){.type = f->value.as.list.count ? NODE_TRUE : NODE_FALSE, .name = arena_concat(a, STR("any_"), f->name)};
    }
    return (template_node){.type = n ? NODE_RECORD : NODE_FALSE, .items = items, .count = n};
}

static template_node node_of(arena *a, const value *v, int depth)
{
    pk_str s = {0};
    if (depth > DEPTH_LIMIT) return (template_node){.type = NODE_FALSE};
    switch (v->type) {
    case VALUE_BOOL: return (template_node){.type = v->as.boolean ? NODE_TRUE : NODE_FALSE};
    case VALUE_INT: s = count_text(a, v->as.integer); break;
    case VALUE_UINT: case VALUE_FLOAT: case VALUE_STRING: case VALUE_TIME: value_text(a, v, &s); break;
    case VALUE_LIST: return list_node(a, v, depth);
    case VALUE_RECORD: return record_node(a, v, depth);
    case VALUE_MISSING: case VALUE_NULL: case VALUE_BLANK: break;
    }
    return (template_node){.type = s.len ? NODE_TEXT : NODE_FALSE, .text = s};
}

bool templates_render(const template_set *t, const char *name, const value *data, text *out)
{
    arena *a = arena_new();
    template_node root = node_of(a, data, 0);
    bool done = mustache_set_render(t->set, name, &root, out);
    arena_free(a);
    return done;
}
