/*
 * Records in canonical form. The walk goes by the model: a message's fields under whichever spelling, and what the model does
 * not know as it is, under snake_case names. Depth is bounded; what lies deeper stays as it came.
 */
#include "udm/model.h"

#define DEPTH 48

/* How far a path is followed. */
typedef struct {
    const field_path *path;
    size_t step;
} cursor;

typedef struct {
    arena *arena;
    unsigned depth;
    const cursor *at;             /* what is wanted here; NULL: all */
    size_t count;
} normaliser;

static value normal_message(normaliser *n, const udm_message *m, const value *v);

static bool is_nothing(const value *v) { return v->type == VALUE_MISSING || v->type == VALUE_NULL; }

/* ---- what the model does not know ---- */

static value normal_unknown(normaliser *n, const value *v)
{
    if (n->depth == DEPTH || (v->type != VALUE_RECORD && v->type != VALUE_LIST)) return *v;
    n->depth++;
    value out;
    if (v->type == VALUE_LIST) {
        list_builder b = {0};
        for (size_t i = 0; i < v->as.list.count; i++) list_add(n->arena, &b, normal_unknown(n, &v->as.list.items[i]));
        out = list_done(&b);
    } else {
        record_builder b = {0};
        for (size_t i = 0; i < v->as.record.count; i++) {
            const value_field *f = &v->as.record.fields[i];
            record_add(n->arena, &b, udm_snake_case(f->name, n->arena), normal_unknown(n, &f->value));
        }
        out = record_done(&b);
    }
    n->depth--;
    return out;
}

/* ---- maps and labels ---- */

/* {"string_value": x} is x: how protobuf writes a value of a Struct. */
static const value *without_wrapper(const value *v)
{
    if (v->type != VALUE_RECORD || v->as.record.count != 1) return v;
    pk_str name = v->as.record.fields[0].name;
    return str_ends_with(name, STR("_value")) || str_ends_with(name, STR("Value")) ? &v->as.record.fields[0].value : v;
}

/* Maps hold texts; what is no scalar is written as JSON. */
static value map_text(normaliser *n, const value *v)
{
    v = without_wrapper(v);
    pk_str t;
    if (value_text(n->arena, v, &t) && v->type != VALUE_NULL) return value_string(t);
    if (v->type != VALUE_RECORD && v->type != VALUE_LIST) return (value){.type = VALUE_MISSING};
    text json = {0};
    value_write_json(&json, v);
    t = arena_str(n->arena, text_view(&json));
    text_free(&json);
    return value_string(t);
}

/* A FindingVariable; what is but a scalar is its text. */
static value map_message(normaliser *n, const udm_message *m, const value *v)
{
    if (v->type == VALUE_RECORD) return normal_message(n, m, v);
    value t = map_text(n, v);
    if (t.type == VALUE_MISSING) return t;
    record_builder b = {0};
    record_add(n->arena, &b, STR("value"), t);
    return record_done(&b);
}

static void put_entry(normaliser *n, record_builder *b, const udm_message *of, pk_str key, const value *v)
{
    value t = of ? map_message(n, of, v) : map_text(n, v);
    if (t.type != VALUE_MISSING) record_add(n->arena, b, key, t);
}

/* {key: ..., value: ...} */
static bool is_entry(const value *v, pk_str *key, arena *a)
{
    const value *k = value_get(v, STR("key"));
    return k && (v->as.record.count == 1 || value_get(v, STR("value"))) && value_text(a, k, key);
}

static value normal_map(normaliser *n, const udm_message *of, const value *v)
{
    static const value nothing = {.type = VALUE_NULL};
    record_builder b = {0};
    pk_str key;
    if (v->type == VALUE_LIST) {
        for (size_t i = 0; i < v->as.list.count; i++) {
            const value *entry = &v->as.list.items[i], *held = value_get(entry, STR("value"));
            if (is_entry(entry, &key, n->arena)) put_entry(n, &b, of, key, held ? held : &nothing);
        }
    } else if (v->type == VALUE_RECORD) {
        for (size_t i = 0; i < v->as.record.count; i++) put_entry(n, &b, of, v->as.record.fields[i].name, &v->as.record.fields[i].value);
    } else {
        return *v;
    }
    return record_done(&b);
}

/* A Struct: a plain object, or protobuf's own form with the one key "fields". */
static value normal_struct(normaliser *n, const value *v)
{
    const value *inner = v->type == VALUE_RECORD && v->as.record.count == 1 ? value_get(v, STR("fields")) : NULL;
    bool own = inner && (inner->type == VALUE_RECORD || inner->type == VALUE_LIST);
    record_builder b = {0};
    value map = normal_map(n, NULL, own ? inner : v);
    if (map.type != VALUE_RECORD) return map;
    record_add(n->arena, &b, STR("fields"), map);
    return record_done(&b);
}

static value label(normaliser *n, pk_str key, const value *v)
{
    record_builder b = {0};
    record_add(n->arena, &b, STR("key"), value_string(key));
    put_entry(n, &b, NULL, STR("value"), v);
    return record_done(&b);
}

/* Labels as a list, also where they are written as one object. */
static value normal_labels(normaliser *n, const udm_message *m, const value *v)
{
    list_builder b = {0};
    pk_str key;
    if (v->type == VALUE_LIST) {
        for (size_t i = 0; i < v->as.list.count; i++) {
            const value *entry = &v->as.list.items[i], *of = value_get(entry, STR("value"));
            if (is_nothing(entry)) continue;
            if (of && (of->type == VALUE_RECORD || of->type == VALUE_LIST) && is_entry(entry, &key, n->arena))
                list_add(n->arena, &b, label(n, key, of));
            else list_add(n->arena, &b, normal_message(n, m, entry));
        }
    } else if (v->type == VALUE_RECORD && is_entry(v, &key, n->arena)) {
        list_add(n->arena, &b, normal_message(n, m, v));
    } else if (v->type == VALUE_RECORD) {
        for (size_t i = 0; i < v->as.record.count; i++)
            list_add(n->arena, &b, label(n, v->as.record.fields[i].name, &v->as.record.fields[i].value));
    } else {
        list_add(n->arena, &b, *v);
    }
    return list_done(&b);
}

/* ---- messages ---- */

static value normal_one(normaliser *n, const udm_field *f, const value *v)
{
    if (f->type == UDM_MAP) return normal_map(n, f->message, v);
    if (f->type != UDM_MESSAGE) return v->type == VALUE_RECORD && f->type != UDM_TIME ? normal_unknown(n, v) : udm_convert(f, v, n->arena);
    return normal_message(n, f->message, v);
}

/* Lists where the model has lists; elsewhere a list of one is its element, and a longer one stays. */
static value normal_field(normaliser *n, const udm_field *f, const value *v)
{
    if (udm_is_labels(f)) return normal_labels(n, f->message, v);
    bool map = f->type == UDM_MAP || (f->message && udm_is_struct(f->message));
    list_builder b = {0};
    if (v->type == VALUE_LIST && !map) {
        for (size_t i = 0; i < v->as.list.count; i++)
            if (!is_nothing(&v->as.list.items[i])) list_add(n->arena, &b, normal_one(n, f, &v->as.list.items[i]));
        if (b.items.len == 1 && !f->repeated) return b.items.at[0];
    } else {
        value one = normal_one(n, f, v);
        if (!f->repeated) return one;
        list_add(n->arena, &b, one);
    }
    return list_done(&b);
}

/* Where the paths go on below a field. False: none of them does. `*all`: one ends here, or goes on by key. */
static bool enter(normaliser *n, pk_str name, cursor *out, size_t *count, bool *all)
{
    *count = 0;
    *all = false;
    for (size_t i = 0; i < n->count; i++) {
        const field_path *p = n->at[i].path;
        size_t step = n->at[i].step;
        if (!str_equal(p->steps[step].name, name)) continue;
        while (++step < p->count && (p->steps[step].kind == STEP_EACH || p->steps[step].kind == STEP_INDEX)) continue;
        *all |= step == p->count || p->steps[step].kind == STEP_KEY;
        out[(*count)++] = (cursor){p, step};
    }
    return *count > 0;
}

static void put_normal(normaliser *n, record_builder *b, const udm_field *f, pk_str name, const value *v)
{
    if (!f) {
        record_add(n->arena, b, name, normal_unknown(n, v));
        return;
    }
    for (size_t i = 0; i < b->fields.len; i++)
        if (str_equal(b->fields.at[i].name, f->name)) return; /* in both spellings: the first counts */
    value made = normal_field(n, f, v);
    if (made.type != VALUE_LIST || made.as.list.count) record_add(n->arena, b, f->name, made);
}

static void put_field(normaliser *n, record_builder *b, const udm_message *m, const value_field *field)
{
    if (is_nothing(&field->value)) return;
    const udm_field *f = udm_field_written(m, field->name);
    pk_str name = f ? f->name : udm_snake_case(field->name, n->arena);
    if (!n->at) {
        put_normal(n, b, f, name, &field->value);
        return;
    }
    normaliser below = {.arena = n->arena, .depth = n->depth};
    cursor *at = arena_alloc(n->arena, n->count * sizeof *at);
    bool all;
    if (!enter(n, name, at, &below.count, &all)) return;
    if (!all) below.at = at;
    put_normal(&below, b, f, name, &field->value);
}

static value normal_message(normaliser *n, const udm_message *m, const value *v)
{
    if (udm_is_struct(m)) return normal_struct(n, v);
    if (v->type != VALUE_RECORD) return normal_unknown(n, v);
    if (n->depth == DEPTH) return *v;
    n->depth++;
    record_builder b = {0};
    for (size_t i = 0; i < v->as.record.count; i++) put_field(n, &b, m, &v->as.record.fields[i]);
    n->depth--;
    return record_done(&b);
}

value udm_normalise_paths(udm_root root, const value *body, const field_path *paths, size_t count, arena *a)
{
    cursor *at = ARENA_ARRAY(a, cursor, count + 1);
    for (size_t i = 0; i < count; i++) at[i].path = &paths[i];
    normaliser n = {.arena = a, .at = at, .count = count};
    return normal_message(&n, udm_root_message(root), body);
}

value udm_normalise(udm_root root, const value *body, arena *a)
{
    normaliser n = {.arena = a};
    return normal_message(&n, udm_root_message(root), body);
}

/* ---- wrappers ---- */

static const value *record_at(const value *v, const char *snake, const char *camel)
{
    const value *at = value_get(v, str_from(snake));
    if (!at && camel) at = value_get(v, str_from(camel));
    return at && at->type == VALUE_RECORD ? at : NULL;
}

static bool has(const value *record, const char *snake, const char *camel)
{
    return record && (value_get(record, str_from(snake)) || value_get(record, str_from(camel)));
}

/* metadata with an entity type, or with the type, the time or the product of an event. */
static bool is_bare(const value *v, udm_root *root)
{
    const value *metadata = record_at(v, "metadata", NULL);
    *root = has(metadata, "entity_type", "entityType") ? UDM_ENTITY : UDM_EVENT;
    return *root == UDM_ENTITY || has(metadata, "event_type", "eventType") || has(metadata, "event_timestamp", "eventTimestamp");
}

bool udm_unwrap(const value *record, udm_root *root, const value **body)
{
    const value *at = record, *inner;
    if (record->type != VALUE_RECORD) return false;
    if ((inner = record_at(at, "event", NULL)) && record_at(inner, "idm", NULL)) at = inner;
    if ((inner = record_at(at, "idm", NULL))) at = inner;
    if ((inner = record_at(at, "udm", NULL)) || (inner = record_at(at, "read_only_udm", "readOnlyUdm"))) at = inner;
    else if (!record_at(at, "metadata", NULL) && (inner = record_at(at, "entity", NULL)) && record_at(inner, "metadata", NULL)) at = inner;
    *body = at;
    return is_bare(at, root);
}
