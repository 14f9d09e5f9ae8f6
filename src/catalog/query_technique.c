/*
 * One technique: what ATT&CK says of it, and the rules that look for it or for one of its sub-techniques. Rules in a vendor's own
 * language come first ("vendor-native"), the others stand on a tab for each language.
 *
 * A retired id that was followed by another holds no rules itself: its rules are those of its successor, and on its own page those
 * that still write it are shown.
 */
#include "catalog/attack_query.h"
#include "catalog/queries.h"
#include "catalog/rule_order.h"

#include <stdlib.h>

enum { SHARED_PREDICATES = 30, EVENTS = 100, OBJECTS = 1000, SILENT = 100, ALERT_SOURCES = 100 };

typedef struct {
    store *store;
    arena *arena;
    const query_arguments *args;
    const filter *filter;
    pk_str id;
    bool followed;                /* retired, and there is a successor */
    rule_set all;                 /* of the technique (with `only`: nothing else) */
    rule_set shown;               /* after filters */
} page;

/* ---- which rules ---- */

static rule_set rules_writing(store *s, pk_str id, arena *a)
{
    rows r = rows_of(s, a, "SELECT rule FROM rule_technique WHERE upper(written) = ?1 OR upper(written) LIKE ?1 || '.%'", "s", id);
    return rules_of_rows(s, a, &r);
}

/* Is the technique of the dictionary this one or below? A sub-technique's parent is in the dictionary too: that one is no other. */
static bool is_or_below(pk_str other, pk_str id)
{
    return str_equal(other, id) || (other.len > id.len && str_starts_with(other, id) && other.ptr[id.len] == '.');
}

/* The rules of `set` all of whose techniques are `id` or below. */
static rule_set only_of(store *s, pk_str id, const rule_set *set, arena *a)
{
    rule_index *index = index_of(s);
    const dimension_column *c = index_column(index, DIMENSION_TECHNIQUE);
    rule_set only = rules_none(s, a);
    bool *fits = ARENA_ARRAY(a, bool, c->values.len + 1);
    bool sub = str_find_char(id, '.') != STR_NPOS;
    pk_str parent = str_slice(id, 0, str_find_char(id, '.'));
    uint32_t parent_number = TABLE_NONE;
    for (size_t v = 0; v < c->values.len; v++) {
        fits[v] = is_or_below(c->values.at[v], id);
        if (sub && str_equal(c->values.at[v], parent)) parent_number = (uint32_t)v;
    }
    for (size_t p = 0; p < index->count; p++) {
        if (!rules_have(set, p)) continue;
        bool all = true, parents = false;
        for (uint32_t i = c->first[p]; i < c->first[p + 1]; i++) {
            if (c->items[i] == parent_number) parents = true;
            else all = all && fits[c->items[i]];
        }
        /* The parent comes with the sub-technique; did the rule name it besides? */
        if (all && parents)
            all = store_number(s, "SELECT count(*) FROM rule_technique WHERE rule = ? AND technique = ?", "is", rule_at(s, p), parent) == 0;
        if (all) rules_put(&only, p);
    }
    return only;
}

static rule_set rules_both(store *s, const rule_set *x, const rule_set *y, arena *a)
{
    rule_set both = rules_copy(s, a, x);
    rules_and(&both, y);
    return both;
}

/* ---- what ATT&CK says ---- */

static void put_strings(const page *p, record_builder *b, const char *name, const char *kind)
{
    list_builder list = {0};
    rows r = rows_of(p->store, p->arena, "SELECT value FROM technique_list WHERE technique = ? AND kind = ? ORDER BY position", "ss", p->id, str_from(kind));
    while (rows_next(&r)) list_add(p->arena, &list, value_string(row_text(&r, 0)));
    put_list(p->arena, b, name, &list);
}

static void put_tactics(const page *p, record_builder *b)
{
    list_builder list = {0};
    rows r = rows_of(p->store, p->arena, "SELECT t.id, t.short, t.name, t.shown, t.predecessor FROM technique_tactic x JOIN tactic t ON t.id = x.tactic "
                                         "WHERE x.technique = ? ORDER BY t.position, t.id", "s", p->id);
    while (rows_next(&r)) {
        matrix_tactic t = {.id = row_text(&r, 0), .short_name = row_text(&r, 1), .name = row_text(&r, 2), .shown = row_text(&r, 3), .was = row_text(&r, 4)};
        list_add(p->arena, &list, tactic_value(p->arena, &t));
    }
    put_list(p->arena, b, "tactics", &list);
}

static void put_predecessors(const page *p, record_builder *b)
{
    list_builder list = {0};
    rows r = rows_of(p->store, p->arena, "SELECT id, name FROM technique WHERE successor = ? ORDER BY id", "s", p->id);
    while (rows_next(&r)) {
        record_builder one = {0};
        put_text(p->arena, &one, "id", row_text(&r, 0));
        put_text(p->arena, &one, "name", row_text(&r, 1));
        put_bool(p->arena, &one, "retired", true);
        add_record(p->arena, &list, &one);
    }
    put_list(p->arena, b, "predecessors", &list);
}

static void put_subs(const page *p, record_builder *b)
{
    list_builder list = {0};
    rows r = rows_of(p->store, p->arena, "SELECT id FROM technique WHERE parent = ? ORDER BY position, id", "s", p->id);
    while (rows_next(&r)) {
        pk_str id = row_text(&r, 0);
        rule_set set = rules_with(p->store, DIMENSION_TECHNIQUE, id, p->arena);
        rules_and(&set, &p->shown);
        record_builder one = {0};
        put_technique(p->store, p->arena, &one, id);
        put_int(p->arena, &one, "rules", (int64_t)rules_size(&set));
        add_record(p->arena, &list, &one);
    }
    put_list(p->arena, b, "sub_techniques", &list);
}

/* Groups, software and campaigns that use it or a sub-technique. */
static void put_objects(const page *p, record_builder *b)
{
    static const struct { const char *kind, *name; } lists[] = {{"group", "groups"}, {"software", "software"}, {"campaign", "campaigns"}};
    enum { LISTS = sizeof lists / sizeof *lists };
    list_builder made[LISTS] = {0};
    rows r = rows_of(p->store, p->arena, "SELECT DISTINCT o.kind, o.id, o.name, o.url FROM technique_use u JOIN attack_object o ON o.id = u.object "
                                         "WHERE u.technique = ?1 OR (u.technique >= ?1 || '.' AND u.technique < ?1 || '/') ORDER BY o.name, o.id", "s", p->id);
    while (rows_next(&r)) {
        for (size_t i = 0; i < LISTS; i++) {
            if (!str_equal(row_text(&r, 0), str_from(lists[i].kind)) || made[i].items.len >= OBJECTS) continue;
            record_builder one = {0};
            put_text(p->arena, &one, "id", row_text(&r, 1));
            put_text(p->arena, &one, "name", row_text(&r, 2));
            put_text(p->arena, &one, "url", row_text(&r, 3));
            add_record(p->arena, &made[i], &one);
        }
    }
    for (size_t i = 0; i < LISTS; i++) put_list(p->arena, b, lists[i].name, &made[i]);
}

static bool put_attack(page *p, record_builder *b)
{
    arena *a = p->arena;
    rows r = rows_of(p->store, a, "SELECT description, url, parent, retired AND successor IS NOT NULL, known FROM technique WHERE id = ?", "s", p->id);
    if (!rows_next(&r)) return false;
    put_technique(p->store, a, b, p->id);
    put_text(a, b, "description", row_text(&r, 0));
    put_text(a, b, "url", row_text(&r, 1));
    if (!row_null(&r, 2)) put(a, b, "parent", technique_value(p->store, a, row_text(&r, 2)));
    p->followed = row_int(&r, 3) != 0;
    put_bool(a, b, "known", row_int(&r, 4) != 0);
    rows_end(&r);
    put_tactics(p, b);
    put_strings(p, b, "platforms", "platform");
    put_strings(p, b, "data_sources", "data source");
    put_strings(p, b, "detections", "detection");
    put_predecessors(p, b);
    r = rows_of(p->store, a, "SELECT key, value FROM meta WHERE key IN ('attack', 'attack_terms') ORDER BY key", "");
    while (rows_next(&r)) put_text(a, b, str_equal(row_text(&r, 0), STR("attack")) ? "attack" : "terms", row_text(&r, 1));
    return true;
}

/* ---- lists of rules ---- */

/* The arguments, with severity as the order unless another is asked for, and cards with their query. */
static query_arguments list_arguments(const page *p)
{
    query_argument *items = ARENA_ARRAY(p->arena, query_argument, p->args->count + 2);
    size_t n = 0;
    if (!argument_given(p->args, "sort")) items[n++] = (query_argument){STR("sort"), STR("level")};
    if (!argument_given(p->args, "queries")) items[n++] = (query_argument){STR("queries"), STR("1")};
    for (size_t i = 0; i < p->args->count; i++) items[n++] = p->args->items[i];
    return (query_arguments){items, n};
}

static void put_rules(const page *p, record_builder *b, const char *name, const rule_set *set)
{
    record_builder list = {0};
    query_arguments args = list_arguments(p);
    put_rule_page(p->store, p->arena, &list, p->filter, set, &args, "rules");
    if (str_equal(str_from(name), STR("vendor"))) {
        bool loaded = store_number(p->store, "SELECT count(*) FROM rule r JOIN language l ON l.name = r.language WHERE l.vendor = 1", "") > 0;
        put_bool(p->arena, &list, "loaded", loaded);
        if (!loaded) put_text(p->arena, &list, "note", STR("No rules in a vendor's own language are loaded."));
    }
    put_record(p->arena, b, name, &list);
}

static size_t size_of(const page *p, const rule_set *x, const rule_set *y)
{
    rule_set both = rules_both(p->store, x, y, p->arena);
    return rules_size(&both);
}

/* A tab for vendors' rules together, and one for each language. The one that is open: what `tab` says, else the first with rules. */
static pk_str put_tabs(const page *p, record_builder *b, const rule_set *only, const rule_set *vendor)
{
    arena *a = p->arena;
    list_builder list = {0};
    pk_str wanted = argument_text(p->args, "tab"), open = STR("");
    rule_set shown = filter_apply(p->filter, &p->all);
    record_builder first = {0};
    put_text(a, &first, "language", STR("vendor"));
    put_text(a, &first, "title", STR("Vendor-native"));
    put_int(a, &first, "count", (int64_t)size_of(p, &shown, vendor));
    put_int(a, &first, "only", (int64_t)size_of(p, only, vendor));
    add_record(a, &list, &first);
    if (str_equal_ascii_fold(wanted, STR("vendor")) || (!wanted.len && size_of(p, &p->all, vendor))) open = STR("vendor");
    rows r = rows_of(p->store, a, "SELECT name, title, known, vendor FROM language ORDER BY vendor, title, name", "");
    while (rows_next(&r)) {
        pk_str language = row_text(&r, 0);
        rule_set set = rules_with(p->store, DIMENSION_LANGUAGE, language, a);
        record_builder one = {0};
        size_t count = size_of(p, &shown, &set);
        put_text(a, &one, "language", language);
        put_text(a, &one, "title", row_text(&r, 1));
        put_int(a, &one, "count", (int64_t)count);
        put_int(a, &one, "only", (int64_t)size_of(p, only, &set));
        put_bool(a, &one, "known", row_int(&r, 2) != 0);
        put_bool(a, &one, "vendor", row_int(&r, 3) != 0);
        add_record(a, &list, &one);
        if (wanted.len ? str_equal_ascii_fold(wanted, language) : !open.len && count) open = language;
    }
    put_list(a, b, "tabs", &list);
    return open.len ? open : STR("vendor");
}

/* ---- what its rules look for ---- */

typedef struct {
    int64_t id;
    size_t count;
} counted;

static int by_number(const void *x, const void *y)
{
    int64_t p = *(const int64_t *)x, q = *(const int64_t *)y;
    return p < q ? -1 : p > q;
}

static int by_count(const void *x, const void *y)
{
    const counted *p = x, *q = y;
    if (p->count != q->count) return p->count > q->count ? -1 : 1;
    return p->id < q->id ? -1 : p->id > q->id;
}

/* How often each of the numbers of `sql` (for a rule) comes, most first. */
static size_t count_of_rules(const page *p, const char *sql, counted **out)
{
    VEC(int64_t) all = {0};
    size_t n = 0;
    for (size_t place = 0; place < rule_count(p->store); place++) {
        if (!rules_have(&p->shown, place)) continue;
        rows r = rows_of(p->store, p->arena, sql, "i", rule_at(p->store, place));
        while (rows_next(&r)) vec_push(&all, row_int(&r, 0));
    }
    *out = ARENA_ARRAY(p->arena, counted, all.len + 1);
    if (all.len) qsort(all.at, all.len, sizeof *all.at, by_number);
    for (size_t i = 0; i < all.len; i++) {
        if (n == 0 || (*out)[n - 1].id != all.at[i]) (*out)[n++] = (counted){all.at[i], 0};
        (*out)[n - 1].count++;
    }
    vec_free(&all);
    qsort(*out, n, sizeof **out, by_count);
    return n;
}

static void put_predicates(const page *p, record_builder *b)
{
    counted *found;
    list_builder list = {0};
    size_t n = count_of_rules(p, "SELECT predicate FROM rule_predicate WHERE rule = ? AND positive = 1", &found);
    for (size_t i = 0; i < n && i < SHARED_PREDICATES && found[i].count > 1; i++) {
        rows r = rows_of(p->store, p->arena, "SELECT key, field, kind, value FROM predicate WHERE id = ?", "i", found[i].id);
        record_builder one = {0};
        static const char *const names[] = {"key", "field", "kind", "value"};
        if (rows_next(&r)) {
            for (int k = 0; k < 4; k++) put(p->arena, &one, names[k], value_string(row_text(&r, k)));
            put_int(p->arena, &one, "rules", (int64_t)found[i].count);
            add_record(p->arena, &list, &one);
        }
        rows_end(&r);
    }
    put_list(p->arena, b, "predicates", &list);
}

static void put_events(const page *p, record_builder *b)
{
    counted *found;
    list_builder list = {0};
    size_t n = count_of_rules(p, "SELECT class FROM rule_class WHERE rule = ? AND covered = 1", &found);
    for (size_t i = 0; i < n && i < EVENTS; i++) {
        rows r = rows_of(p->store, p->arena, "SELECT key, provider, event, title FROM class WHERE id = ?", "i", found[i].id);
        record_builder one = {0};
        static const char *const names[] = {"key", "provider", "event", "title"};
        if (rows_next(&r)) {
            for (int k = 0; k < 4; k++) put_text(p->arena, &one, names[k], row_text(&r, k));
            put_int(p->arena, &one, "rules", (int64_t)found[i].count);
            add_record(p->arena, &list, &one);
        }
        rows_end(&r);
    }
    put_list(p->arena, b, "events", &list);
}

/* ---- a run ---- */

static int by_text(const void *x, const void *y) { return str_compare(*(const pk_str *)x, *(const pk_str *)y); }

/* On which files its rules fired, and which of them nowhere. */
static void put_alerts(const page *p, record_builder *b)
{
    arena *a = p->arena;
    VEC(pk_str) files = {0};
    list_builder sources = {0}, silent = {0};
    if (!p->store->run) return;
    for (size_t i = 0; i < p->store->run->count; i++) {
        size_t place = alert_rule(p->store, i);
        if (place != STR_NPOS && rules_have(&p->shown, place)) vec_push(&files, p->store->run->alerts[i].file);
    }
    if (files.len) qsort(files.at, files.len, sizeof *files.at, by_text);
    for (size_t i = 0, next; i < files.len && sources.items.len < ALERT_SOURCES; i = next) {
        for (next = i; next < files.len && str_equal(files.at[next], files.at[i]);) next++;
        record_builder one = {0};
        put(a, &one, "source", value_string(files.at[i]));
        put_int(a, &one, "alerts", (int64_t)(next - i));
        add_record(a, &sources, &one);
    }
    vec_free(&files);
    const uint32_t *places = rules_sorted(p->store, a, &p->shown, NULL, STR("title"), STR(""));
    for (size_t i = 0; i < rules_size(&p->shown) && silent.items.len < SILENT; i++)
        if (rule_alerts(p->store, places[i]) == 0) list_add(a, &silent, rule_card(p->store, a, rule_at(p->store, places[i]), false));
    put_list(a, b, "alerts", &sources);
    put_list(a, b, "silent", &silent);
}

QUERY(technique)
{
    page p = {.store = s, .arena = a, .args = args, .id = technique_argument(a, argument_text(args, "id"))};
    record_builder b = {0};
    bool only = argument_bool(args, "only");
    if (!put_attack(&p, &b)) return query_refuse(e, a, PK_ERROR_IO, "there is no technique '" STR_FMT "'", STR_ARG(str_slice(p.id, 0, 50)));
    if (!(p.filter = filter_read(s, args, a, e))) return (value){0};
    rule_set mapped = p.followed ? rules_writing(s, p.id, a) : rules_with(s, DIMENSION_TECHNIQUE, p.id, a), current = rules_current(s, args, a);
    size_t every = rules_size(&mapped);
    rules_and(&mapped, &current);
    rule_set alone = p.followed ? mapped : only_of(s, p.id, &mapped, a), vendor = rules_with(s, DIMENSION_VENDOR, STR("yes"), a);
    p.all = only ? alone : mapped;
    p.shown = filter_apply(p.filter, &p.all);
    alone = filter_apply(p.filter, &alone);

    rule_set vendors = rules_both(s, &p.all, &vendor, a), running = rules_running(s, args, a, e);
    if (e->status != PK_OK) return (value){0};
    put_rules(&p, &b, "vendor", &vendors);
    pk_str tab = put_tabs(&p, &b, &alone, &vendor);
    put_text(a, &b, "tab", tab);
    if (!str_equal(tab, STR("vendor"))) {
        rule_set language = rules_with(s, DIMENSION_LANGUAGE, tab, a);
        rule_set chosen = rules_both(s, &p.all, &language, a);
        put_rules(&p, &b, "rules", &chosen);
    }
    put_bool(a, &b, "only", only);
    put_int(a, &b, "deprecated", (int64_t)(every - rules_size(&mapped)));
    put_int(a, &b, "total", (int64_t)rules_size(&p.shown));
    put_int(a, &b, "runnable", (int64_t)size_of(&p, &p.shown, &running));
    put_subs(&p, &b);
    put(a, &b, "facets", filter_facets(p.filter, &p.all));
    put_predicates(&p, &b);
    put_events(&p, &b);
    put_objects(&p, &b);
    put_alerts(&p, &b);
    return record_done(&b);
}

/* ---- all of them ---- */

typedef struct {
    size_t *only;                 /* by place in the matrix */
    const matrix *m;
    size_t first, parent;         /* of the rule's techniques: the first, and the family of all; STR_NPOS: several */
    bool one;
} only_counter;

static void end_rule(only_counter *c)
{
    if (c->first == STR_NPOS) return;
    if (c->parent != STR_NPOS) c->only[c->parent]++;
    if (c->one && c->first != c->parent) c->only[c->first]++;
}

static void next_technique(only_counter *c, size_t t)
{
    size_t up = matrix_parent(c->m, t), family = up == STR_NPOS ? t : up;
    if (c->first == STR_NPOS) {
        c->first = t;
        c->parent = family;
        c->one = true;
        return;
    }
    if (t != c->first) c->one = false;
    if (family != c->parent) c->parent = STR_NPOS;
}

/* Rules whose techniques are all this one or below. */
static size_t *count_only(store *s, arena *a, const matrix *m, const rule_set *set)
{
    only_counter c = {.only = ARENA_ARRAY(a, size_t, m->technique_count + 1), .m = m, .first = STR_NPOS, .parent = STR_NPOS};
    int64_t last = -1;
    rows r = rows_of(s, a, "SELECT rule, technique FROM rule_technique WHERE rule_in(rule, ?) ORDER BY rule", "r", set);
    while (rows_next(&r)) {
        uint32_t t = table_get(&m->by_id, row_text(&r, 1));
        if (row_int(&r, 0) != last) {
            end_rule(&c);
            c.first = c.parent = STR_NPOS;
            last = row_int(&r, 0);
        }
        if (t != TABLE_NONE) next_technique(&c, t);
    }
    end_rule(&c);
    return c.only;
}

static value by_language(arena *a, const language_counts *n, size_t technique)
{
    record_builder languages = {0};
    for (size_t i = 0; i < n->count; i++)
        if (n->rules[technique * n->count + i]) record_add(a, &languages, n->names[i], value_int(n->rules[technique * n->count + i]));
    return record_done(&languages);
}

static value *tactics_of_techniques(arena *a, const matrix *m)
{
    list_builder *lists = ARENA_ARRAY(a, list_builder, m->technique_count + 1);
    value *out = ARENA_ARRAY(a, value, m->technique_count + 1);
    for (size_t i = 0; i < m->tactic_count; i++)
        for (size_t c = 0; c < m->tactics[i].count; c++)
            list_add(a, &lists[m->cells[m->tactics[i].first + c]], value_string(m->tactics[i].short_name));
    for (size_t t = 0; t < m->technique_count; t++) out[t] = list_done(&lists[t]);
    return out;
}

QUERY(techniques)
{
    const filter *f = filter_read(s, args, a, e);
    if (!f) return (value){0};
    rule_set all = rules_current(s, args, a), set = filter_apply(f, &all);
    matrix *m = matrix_read(s, a, &set, NULL);
    size_t *only = count_only(s, a, m, &set);
    value *tactics = tactics_of_techniques(a, m);
    language_counts languages = matrix_by_language(s, a, m, &set);
    list_builder list = {0};
    for (size_t i = 0; i < m->technique_count; i++) {
        const matrix_technique *t = &m->techniques[i];
        if (!matrix_shows(t)) continue;
        record_builder one = {0};
        put(a, &one, "id", value_string(t->id));
        put_text(a, &one, "name", t->name);
        put_bool(a, &one, "retired", t->retired);
        put_text(a, &one, "parent", t->parent);
        put(a, &one, "tactics", tactics[i]);
        put_int(a, &one, "rules", (int64_t)t->rules);
        put_int(a, &one, "rules_only", (int64_t)only[i]);
        put(a, &one, "by_language", by_language(a, &languages, i));
        add_record(a, &list, &one);
    }
    matrix_free(m);
    record_builder b = {0};
    put_list(a, &b, "techniques", &list);
    return record_done(&b);
}
