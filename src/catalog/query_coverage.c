/*
 * Coverage: which techniques have rules, which of them have rules that run on the sources one has, and the gaps: by tactic, group,
 * software, campaign and platform. Techniques and sub-techniques count each; a technique counts as covered by a rule of one of its
 * sub-techniques too. Retired ones count nowhere.
 */
#include "base/unicode.h"
#include "catalog/attack_query.h"
#include "catalog/queries.h"

#include <stdlib.h>

typedef struct {
    store *store;
    arena *arena;
    const matrix *m;
} report;

typedef struct {
    size_t all, covered, runnable;
} tally;

static bool counts(const matrix_technique *t) { return !t->retired && t->placed && t->known; }

static void tally_one(tally *n, const matrix_technique *t)
{
    n->all++;
    n->covered += t->rules > 0;
    n->runnable += t->runnable > 0;
}

static void put_tally(arena *a, record_builder *b, const tally *n)
{
    put_int(a, b, "all", (int64_t)n->all);
    put_int(a, b, "covered", (int64_t)n->covered);
    put_int(a, b, "runnable", (int64_t)n->runnable);
}

static void put_totals(const report *r, record_builder *b)
{
    tally all = {0}, top = {0};
    record_builder total = {0}, of_top = {0};
    for (size_t t = 0; t < r->m->technique_count; t++) {
        const matrix_technique *x = &r->m->techniques[t];
        if (!counts(x)) continue;
        tally_one(&all, x);
        if (!x->parent.len) tally_one(&top, x);
    }
    put_tally(r->arena, &total, &all);
    put_tally(r->arena, &of_top, &top);
    put_record(r->arena, &total, "top", &of_top);
    put_record(r->arena, b, "techniques", &total);
}

static void put_tactics(const report *r, record_builder *b)
{
    list_builder list = {0};
    for (size_t i = 0; i < r->m->tactic_count; i++) {
        const matrix_tactic *t = &r->m->tactics[i];
        tally n = {0};
        record_builder one = {0};
        for (size_t c = 0; c < t->count; c++)
            if (counts(&r->m->techniques[r->m->cells[t->first + c]])) tally_one(&n, &r->m->techniques[r->m->cells[t->first + c]]);
        if (!n.all && !t->count) continue;
        put(r->arena, &one, "tactic", tactic_value(r->arena, t));
        put_tally(r->arena, &one, &n);
        add_record(r->arena, &list, &one);
    }
    put_list(r->arena, b, "tactics", &list);
}

static void put_short(const report *r, list_builder *list, const matrix_technique *t, bool rules)
{
    record_builder one = {0};
    put(r->arena, &one, "id", value_string(t->id));
    put_text(r->arena, &one, "name", t->name);
    put_bool(r->arena, &one, "retired", t->retired);
    if (rules) put_int(r->arena, &one, "rules", (int64_t)t->rules);
    add_record(r->arena, list, &one);
}

static void put_gaps(const report *r, record_builder *b)
{
    list_builder without_rule = {0}, without_source = {0}, unknown = {0};
    for (size_t t = 0; t < r->m->technique_count; t++) {
        const matrix_technique *x = &r->m->techniques[t];
        if (counts(x) && !x->rules) put_short(r, &without_rule, x, false);
        if (counts(x) && x->rules && !x->runnable) put_short(r, &without_source, x, true);
        if (!counts(x) && x->own) put_short(r, &unknown, x, true);
    }
    put_list(r->arena, b, "without_rule", &without_rule);
    put_list(r->arena, b, "without_source", &without_source);
    put_list(r->arena, b, "outside", &unknown); /* retired without a successor, or named by rules alone */
}

static void put_sources(const report *r, record_builder *b, const query_arguments *args, const rule_set *set)
{
    arena *a = r->arena;
    list_builder given = {0}, without = {0};
    rule_index *index = index_of(r->store);
    const dimension_column *c = index_column(index, DIMENSION_SOURCE);
    bool *used = ARENA_ARRAY(a, bool, c->values.len + 1);
    for (size_t p = 0; p < index->count; p++)
        for (uint32_t i = c->first[p]; rules_have(set, p) && i < c->first[p + 1]; i++) used[c->items[i]] = true;
    for (size_t i = 0; i < args->count; i++)
        if (str_equal(args->items[i].name, STR("sources"))) list_add(a, &given, value_string(args->items[i].value));
    rows q = rows_of(r->store, a, "SELECT key, provider, event, title, family FROM class ORDER BY provider, length(event), event", "");
    while (rows_next(&q)) {
        uint32_t v = table_get(&c->numbers, fold(a, row_text(&q, 0)));
        static const char *const names[] = {"key", "provider", "event", "title", "family"};
        record_builder one = {0};
        if (v != TABLE_NONE && used[v]) continue;
        for (int k = 0; k < 5; k++) put_text(a, &one, names[k], row_text(&q, k));
        put_int(a, &one, "rules", 0);
        put_int(a, &one, "full", 0);
        put_int(a, &one, "part", 0);
        add_record(a, &without, &one);
    }
    put_list(a, b, "sources_without_rules", &without);
    put_list(a, b, "sources", &given);
}

/* ---- by who uses them ---- */

typedef struct {
    pk_str id, name, kind;
    tally n;
} object_row;

static void put_object(arena *a, list_builder *list, const object_row *o)
{
    record_builder one = {0};
    put_text(a, &one, "id", o->id);
    put_text(a, &one, "name", o->name);
    put_int(a, &one, "techniques", (int64_t)o->n.all);
    put_int(a, &one, "covered", (int64_t)o->n.covered);
    put_int(a, &one, "runnable", (int64_t)o->n.runnable);
    add_record(a, list, &one);
}

static void put_objects(const report *r, record_builder *b)
{
    static const struct { const char *kind, *name; } lists[] = {{"group", "groups"}, {"software", "software"}, {"campaign", "campaigns"}};
    enum { LISTS = sizeof lists / sizeof *lists };
    arena *a = r->arena;
    VEC(object_row) objects = {0};
    table by_id = {0};
    list_builder made[LISTS] = {0};
    rows q = rows_of(r->store, a, "SELECT id, name, kind FROM attack_object ORDER BY name, id", "");
    while (rows_next(&q)) {
        object_row o = {.id = row_text(&q, 0), .name = row_text(&q, 1), .kind = row_text(&q, 2)};
        table_put(&by_id, o.id, (uint32_t)objects.len);
        vec_push_in(a, &objects, o);
    }
    q = rows_of(r->store, a, "SELECT technique, object FROM technique_use", "");
    pk_str last = STR("");
    uint32_t t = TABLE_NONE;
    while (rows_next(&q)) {
        pk_str technique = row_text(&q, 0);
        uint32_t o = table_get(&by_id, row_text(&q, 1));
        if (!str_equal(technique, last)) t = table_get(&r->m->by_id, last = technique);
        if (o != TABLE_NONE && t != TABLE_NONE && counts(&r->m->techniques[t])) tally_one(&objects.at[o].n, &r->m->techniques[t]);
    }
    table_free(&by_id);
    for (size_t i = 0; i < objects.len; i++)
        for (size_t k = 0; k < LISTS; k++)
            if (str_equal(objects.at[i].kind, str_from(lists[k].kind)) && objects.at[i].n.all) put_object(a, &made[k], &objects.at[i]);
    for (size_t k = 0; k < LISTS; k++) put_list(a, b, lists[k].name, &made[k]);
}

static int by_platform(const void *x, const void *y) { return str_compare(((const object_row *)x)->name, ((const object_row *)y)->name); }

static void put_platforms(const report *r, record_builder *b)
{
    arena *a = r->arena;
    VEC(object_row) platforms = {0};
    table by_name = {0};
    list_builder list = {0};
    rows q = rows_of(r->store, a, "SELECT technique, value FROM technique_list WHERE kind = 'platform'", "");
    while (rows_next(&q)) {
        uint32_t t = table_get(&r->m->by_id, row_text(&q, 0));
        pk_str name = row_text(&q, 1);
        if (t == TABLE_NONE || !counts(&r->m->techniques[t])) continue;
        uint32_t p = table_get(&by_name, name);
        if (p == TABLE_NONE) {
            p = (uint32_t)platforms.len;
            table_put(&by_name, name, p);
            vec_push_in(a, &platforms, ((object_row){.name = name}));
        }
        tally_one(&platforms.at[p].n, &r->m->techniques[t]);
    }
    table_free(&by_name);
    if (platforms.len) qsort(platforms.at, platforms.len, sizeof *platforms.at, by_platform);
    for (size_t i = 0; i < platforms.len; i++) put_object(a, &list, &platforms.at[i]);
    put_list(a, b, "platforms", &list);
}

QUERY(coverage)
{
    const filter *f = filter_read(s, args, a, e);
    if (!f) return (value){0};
    rule_set all = rules_current(s, args, a), set = filter_apply(f, &all), running = rules_running(s, args, a, e);
    if (e->status != PK_OK) return (value){0};
    matrix *m = matrix_read(s, a, &set, &running);
    report r = {.store = s, .arena = a, .m = m};
    record_builder b = {0};
    put_totals(&r, &b);
    put_tactics(&r, &b);
    put_gaps(&r, &b);
    put_sources(&r, &b, args, &set);
    put_objects(&r, &b);
    put_platforms(&r, &b);
    put_int(a, &b, "rules", (int64_t)rules_size(&set));
    rules_and(&running, &set);
    put_int(a, &b, "runnable", (int64_t)rules_size(&running));
    put(a, &b, "facets", filter_facets(f, &all));
    matrix_free(m);
    return record_done(&b);
}
