/* Event classes, the fields that mappings give them, and what of a rule each can evaluate. */
#include "catalog/build.h"

#include <stdlib.h>

/* ---- classes ---- */

/* Letters and digits in lower case, a '-' for everything between. */
static void put_slug(text *out, pk_str s)
{
    bool gap = false;
    size_t start = out->len;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c >= 'A' && c <= 'Z') c = (char)(c + 0x20);
        bool plain = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9');
        if (plain && gap && out->len > start) text_put_char(out, '-');
        if (plain) text_put_char(out, c);
        gap = !plain;
    }
}

/* Provider and event as they stand in addresses, "sysmon/1"; the name of the class where that says nothing or another has it. */
static pk_str key_of_class(const event_class *c, arena *a, table *taken)
{
    text slug = {0};
    pk_str which = c->event.len ? c->event : c->title;
    if (str_starts_with(which, STR("Event ID "))) which = str_slice(which, 9, STR_NPOS);
    put_slug(&slug, c->provider);
    bool named = slug.len > 0;
    text_put_char(&slug, '/');
    put_slug(&slug, which);
    pk_str key = arena_str(a, text_view(&slug));
    text_free(&slug);
    if (!named || str_ends_with(key, STR("/")) || !table_put(taken, key, 0)) key = c->name;
    table_put(taken, key, 0);
    return key;
}

static pk_str family_of(pk_str name) { return str_slice(name, 0, str_find_char(name, '/')); }

static void store_class(build *b, const event_class *c, pk_str key)
{
    int64_t id = (int64_t)c->id + 1;
    database_run(&b->db, "INSERT INTO class(id, name, family, provider, event, title, key, parent) VALUES(?,?,?,?,?,?,?,?)", "issssssn", id, c->name,
                 family_of(c->name), c->provider, c->event, c->title, key, c->parent == CLASS_NONE ? DATABASE_NULL : (int64_t)c->parent + 1);
    for (size_t i = 0; i < c->source_count; i++)
        database_run(&b->db, "INSERT INTO class_source(class, product, category, service) VALUES(?,?,?,?)", "iooo", id, c->sources[i].product,
                     c->sources[i].category, c->sources[i].service);
}

/* What the class says of fields, and its ancestors where it says nothing. */
static void store_class_fields(build *b, const event_class *c)
{
    const schema *s = b->catalog->schema;
    text origin = {0};
    for (class_id up = c->id; up != CLASS_NONE; up = schema_class(s, up)->parent) {
        size_t count;
        const field_mapping *mappings = schema_class_mappings(s, up, &count);
        for (size_t i = 0; i < count; i++) {
            bool gone = mappings[i].map->kind == MAP_MISSING;
            text_clear(&origin);
            if (!gone) field_map_print(mappings[i].map, &origin);
            database_run(&b->db, "INSERT OR IGNORE INTO class_field(class, schema, field, origin, state) VALUES(?,?,?,?,?)", "issos", (int64_t)c->id + 1,
                         mappings[i].schema, mappings[i].field, text_view(&origin), gone ? STR("missing") : STR("mapped"));
        }
    }
    text_free(&origin);
}

void store_classes(build *b)
{
    const schema *s = b->catalog->schema;
    table taken = {0};
    for (size_t i = 0; i < schema_class_count(s); i++) {
        const event_class *c = schema_class(s, (class_id)i);
        if (c->by_user) continue;
        store_class(b, c, key_of_class(c, b->arena, &taken));
        store_class_fields(b, c);
    }
    table_free(&taken);
}

/* ---- a rule on its classes ---- */

enum { CHAIN_LIMIT = 40 };

typedef enum { CLASS_NO, CLASS_PART, CLASS_FULL } class_state;

typedef struct {
    class_id class_id;
    class_state state;
    str_list missing;
} rule_class;

typedef struct {
    build *build;
    arena *arena;
    VEC(rule_class) found;
} class_search;

static void add_missing(class_search *x, rule_class *of, const str_list *fields)
{
    for (size_t i = 0; i < fields->items.len; i++) {
        bool known = false;
        pk_str name = without_marks(fields->items.at[i], x->arena);
        for (size_t k = 0; k < of->missing.items.len; k++) known |= str_equal(of->missing.items.at[k], name);
        if (!known) vec_push_in(x->arena, &of->missing.items, name);
    }
}

/* Of rules that read the rows of others: a class gives fully what it gives fully to all that run on it. */
static void add_class(class_search *x, const rule_on_class *on, bool runs)
{
    class_state state = on->possible || !runs ? on->missing_fields.items.len ? CLASS_PART : CLASS_FULL : CLASS_NO;
    for (size_t i = 0; i < x->found.len; i++) {
        rule_class *c = &x->found.at[i];
        if (c->class_id != on->class_id) continue;
        if (c->state != state) c->state = CLASS_PART;
        add_missing(x, c, &on->missing_fields);
        return;
    }
    rule_class made = {.class_id = on->class_id, .state = state};
    add_missing(x, &made, &on->missing_fields);
    vec_push_in(x->arena, &x->found, made);
}

static void find_classes(class_search *x, const rule *r, int depth)
{
    if (!r || !r->plan || depth > CHAIN_LIMIT) return;
    rule_explanation e = program_explain(x->build->routes, r, x->arena);
    /* what waits for a list would run with it */
    bool runs = r->state != RULE_NEEDS_LIST;
    for (size_t i = 0; i < e.class_count; i++)
        if (e.classes[i].class_id != CLASS_NONE && !schema_class(x->build->catalog->schema, e.classes[i].class_id)->by_user)
            add_class(x, &e.classes[i], runs);
    for (size_t i = 0; i < r->plan->stage_count; i++)
        if (r->plan->stages[i]->kind == STAGE_RULE) find_classes(x, r->plan->stages[i]->as.rule.rule, depth + 1);
}

static pk_str json_list(const str_list *list, arena *a)
{
    text out = {0};
    text_put_char(&out, '[');
    for (size_t i = 0; i < list->items.len; i++) {
        if (i) text_put_char(&out, ',');
        text_put_json(&out, list->items.at[i]);
    }
    text_put_char(&out, ']');
    pk_str s = arena_str(a, text_view(&out));
    text_free(&out);
    return s;
}

/* Without a class that gives everything, that which lacks least. */
static const rule_class *fullest(const class_search *x)
{
    const rule_class *best = NULL;
    for (size_t i = 0; i < x->found.len; i++) {
        const rule_class *c = &x->found.at[i];
        if (c->state == CLASS_FULL) return NULL;
        if (c->state == CLASS_PART && (!best || c->missing.items.len < best->missing.items.len)) best = c;
    }
    return best;
}

void store_rule_classes(build *b, const rule *r, int64_t id, arena *a)
{
    static const char *const states[] = {"no", "part", "full"};
    class_search x = {.build = b, .arena = a};
    find_classes(&x, r, 0);
    const rule_class *best = fullest(&x);
    for (size_t i = 0; i < x.found.len; i++) {
        const rule_class *c = &x.found.at[i];
        database_run(&b->db, "INSERT INTO rule_class(rule, class, state, missing, covered) VALUES(?,?,?,?,?)", "iissi", id, (int64_t)c->class_id + 1,
                     str_from(states[c->state]), json_list(&c->missing, a), (int64_t)(c->state == CLASS_FULL || c == best));
    }
}
