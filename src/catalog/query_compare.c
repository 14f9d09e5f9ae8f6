/* Side by side: two or more rules, or the rules of two languages. */
#include <stdlib.h>

#include "catalog/queries.h"
#include "catalog/rule_index.h"

enum { MOST_RULES = 8, PREDICATES_SHOWN = 200, TECHNIQUES_SHOWN = 400 };

/* ---- rules ---- */

typedef struct {
    store *store;
    arena *arena;
    int64_t rules[MOST_RULES];
    value records[MOST_RULES];
    size_t count;
} comparison;

/* "sigma/d7654f02-..."; without a language any. */
static bool add_rule(comparison *c, pk_str given, query_error *e)
{
    size_t slash = str_find_char(given, '/');
    pk_str language = slash == STR_NPOS ? STR("*") : str_slice(given, 0, slash), key = slash == STR_NPOS ? given : str_slice(given, slash + 1, STR_NPOS);
    if (c->count == MOST_RULES) {
        query_refuse(e, c->arena, PK_ERROR_USAGE, "at most %d rules are compared", MOST_RULES);
        return false;
    }
    int64_t rule = rule_find(c->store, language, key, c->arena, e);
    if (!rule) return false;
    c->records[c->count] = rule_record(c->store, c->arena, rule, false);
    c->rules[c->count++] = rule;
    return true;
}

static void put_members(comparison *c, record_builder *b)
{
    list_builder list = {0};
    for (size_t i = 0; i < c->count; i++) list_add(c->arena, &list, c->records[i]);
    put_list(c->arena, b, "rules", &list);
}

/* Rules are told apart by bits: which of them have a predicate, in its normalised form where there is one. */
#define SHARED                                                                                                                                \
    "SELECT min(p.key), min(p.field), min(p.kind), min(u.shown), sum(DISTINCT CASE u.rule WHEN ?1 THEN 1 WHEN ?2 THEN 2 WHEN ?3 THEN 4 " \
    "WHEN ?4 THEN 8 WHEN ?5 THEN 16 WHEN ?6 THEN 32 WHEN ?7 THEN 64 WHEN ?8 THEN 128 END), max(u.positive) FROM rule_predicate u "              \
    "JOIN predicate p ON p.id = u.predicate WHERE u.rule IN (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8) "                                                  \
    "GROUP BY coalesce('n' || p.normal, 'p' || p.id) ORDER BY 2, 3, 4"

static void put_shared(comparison *c, record_builder *b)
{
    arena *a = c->arena;
    list_builder common = {0}, apart = {0}, own[MOST_RULES] = {{{0}}};
    int64_t id[MOST_RULES];
    for (size_t i = 0; i < MOST_RULES; i++) id[i] = i < c->count ? c->rules[i] : -1 - (int64_t)i;
    rows r = rows_of(c->store, a, SHARED, "iiiiiiii", id[0], id[1], id[2], id[3], id[4], id[5], id[6], id[7]);
    while (rows_next(&r)) {
        record_builder one = {0};
        int64_t bits = row_int(&r, 4);
        put_predicate(&one, &r, 0);
        put_bool(a, &one, "negated", row_int(&r, 5) == 0);
        value predicate = record_done(&one);
        if (bits == ((int64_t)1 << c->count) - 1) list_add(a, &common, predicate);
        else
            for (size_t i = 0; i < c->count; i++)
                if (bits >> i & 1) list_add(a, &own[i], predicate);
    }
    put_list(a, b, "common", &common);
    for (size_t i = 0; i < c->count; i++) {
        record_builder one = {0};
        put_int(a, &one, "rule", (int64_t)i);
        put_list(a, &one, "predicates", &own[i]);
        add_record(a, &apart, &one);
    }
    put_list(a, b, "apart", &apart);
}

static const value *metadata_value(const value *record, const char *name)
{
    const value *v = value_get(record, str_from(name));
    const value *metadata = v ? NULL : value_get(record, STR("metadata"));
    return v ? v : metadata ? value_get(metadata, str_from(name)) : NULL;
}

static void put_metadata(comparison *c, record_builder *b)
{
    static const char *const names[] = {"title", "language", "level", "status", "type", "author", "date", "modified", "licence", "logsource", "coverage", "events",
                                        "tags", "references", "false_positives", "file"};
    list_builder list = {0};
    for (size_t n = 0; n < sizeof names / sizeof *names; n++) {
        list_builder values = {0};
        record_builder one = {0};
        bool same = true, any = false;
        for (size_t i = 0; i < c->count; i++) {
            const value *v = metadata_value(&c->records[i], names[n]), *first = metadata_value(&c->records[0], names[n]);
            list_add(c->arena, &values, v ? *v : value_null());
            same &= v && first ? value_equal(v, first) : !v && !first;
            any |= v != NULL;
        }
        if (!any) continue;
        put_text(c->arena, &one, "name", str_from(names[n]));
        put_list(c->arena, &one, "values", &values);
        put_bool(c->arena, &one, "same", same);
        add_record(c->arena, &list, &one);
    }
    put_list(c->arena, b, "metadata", &list);
}

/* Events that rules fired on, by where they stand. */
typedef struct {
    uint64_t event;
    uint32_t rule;
} fired_event;

static int by_event(const void *x, const void *y)
{
    const fired_event *p = x, *q = y;
    if (p->event != q->event) return p->event < q->event ? -1 : 1;
    return p->rule < q->rule ? -1 : p->rule > q->rule;
}

static void put_matches(comparison *c, record_builder *b)
{
    const store_run *run = c->store->run;
    VEC(fired_event) fired = {0};
    size_t apart[MOST_RULES] = {0}, common = 0;
    for (size_t i = 0; i < run->count; i++)
        for (size_t k = 0; k < c->count; k++) {
            if (alert_rule(c->store, i) != rule_place(c->store, c->rules[k])) continue;
            const run_alert *alert = &run->alerts[i];
            fired_event one = {hash_mix(hash_mix(hash_str(alert->file), (uint64_t)alert->record), alert->line), (uint32_t)k};
            vec_push(&fired, one);
        }
    if (fired.len) qsort(fired.at, fired.len, sizeof *fired.at, by_event);
    for (size_t i = 0; i < fired.len;) {
        uint32_t bits = 0;
        size_t end = i;
        for (; end < fired.len && fired.at[end].event == fired.at[i].event; end++) bits |= 1u << fired.at[end].rule;
        if (bits == (1u << c->count) - 1) common++;
        else
            for (size_t k = 0; k < c->count; k++) apart[k] += bits >> k & 1;
        i = end;
    }
    vec_free(&fired);
    record_builder matches = {0};
    list_builder list = {0};
    for (size_t k = 0; k < c->count; k++) list_add(c->arena, &list, value_int((int64_t)apart[k]));
    put_int(c->arena, &matches, "common", (int64_t)common);
    put_list(c->arena, &matches, "apart", &list);
    put_record(c->arena, b, "matches", &matches);
}

static value compare_rules(store *s, const query_arguments *args, arena *a, query_error *e)
{
    comparison *c = ARENA_NEW(a, comparison);
    *c = (comparison){.store = s, .arena = a};
    record_builder b = {0};
    for (size_t i = 0; i < args->count; i++)
        if (str_equal(args->items[i].name, STR("rule")) && args->items[i].value.len && !add_rule(c, args->items[i].value, e)) return (value){0};
    if (c->count < 2) return query_refuse(e, a, PK_ERROR_USAGE, "two rules or more are compared (rule=sigma/ID), or two languages (left=sigma, right=elastic)");
    put_members(c, &b);
    put_shared(c, &b);
    put_metadata(c, &b);
    if (s->run) put_matches(c, &b);
    return record_done(&b);
}

/* ---- sets ---- */

static value predicates_only(store *s, arena *a, const rule_set *of, const rule_set *not_of, bool both, size_t *count)
{
    list_builder list = {0};
    /* by what is compared: the normalised form, else the predicate */
    rows r = rows_of(s, a, "SELECT min(p.key), min(p.field), min(p.kind), min(p.value), sum(rule_in(u.rule, ?1)) n, sum(rule_in(u.rule, ?2)) m FROM rule_predicate u "
                           "JOIN predicate p ON p.id = u.predicate GROUP BY coalesce('n' || p.normal, 'p' || p.id) HAVING n > 0 AND (m > 0) = ?3 ORDER BY n + m DESC, 2, 3, 4", "rri",
                     of, not_of, (int64_t)both);
    *count = 0;
    while (rows_next(&r)) {
        record_builder one = {0};
        if ((*count)++ >= PREDICATES_SHOWN) continue;
        put_predicate(&one, &r, 0);
        put_int(a, &one, "rules", row_int(&r, 4) + (both ? row_int(&r, 5) : 0));
        add_record(a, &list, &one);
    }
    return list_done(&list);
}

typedef struct {
    arena *arena;
    VEC(pk_str) ids;
} technique_ids;

static void add_technique(pk_str id, size_t rules, void *user)
{
    technique_ids *t = user;
    if (rules) vec_push_in(t->arena, &t->ids, id);
}

static int by_technique(const void *x, const void *y) { return str_compare(*(const pk_str *)x, *(const pk_str *)y); }

static bool has_id(const technique_ids *t, pk_str id)
{
    for (size_t i = 0; i < t->ids.len; i++)
        if (str_equal(t->ids.at[i], id)) return true;
    return false;
}

static void put_set(store *s, arena *a, list_builder *out, pk_str name, const rule_set *set, size_t predicates, size_t techniques)
{
    record_builder one = {0};
    put(a, &one, "name", value_string(name));
    put(a, &one, "title", value_string(store_language_title(s, a, name)));
    put_int(a, &one, "rules", (int64_t)rules_size(set));
    put_int(a, &one, "predicates", (int64_t)predicates);
    put_int(a, &one, "techniques", (int64_t)techniques);
    add_record(a, out, &one);
}

static value technique_list(store *s, arena *a, const technique_ids *of, const technique_ids *other, bool both)
{
    list_builder list = {0};
    for (size_t i = 0; i < of->ids.len && list.items.len < TECHNIQUES_SHOWN; i++) {
        if (has_id(other, of->ids.at[i]) != both) continue;
        record_builder one = {0};
        put_technique(s, a, &one, of->ids.at[i]);
        add_record(a, &list, &one);
    }
    return list_done(&list);
}

static value compare_languages(store *s, const query_arguments *args, arena *a, query_error *e)
{
    static const char *const names[2] = {"left", "right"};
    rule_set sets[2];
    technique_ids techniques[2] = {{.arena = a}, {.arena = a}};
    size_t own[2], common = 0;
    for (int i = 0; i < 2; i++) {
        pk_str name = argument_text(args, names[i]);
        if (!name.len) return query_refuse(e, a, PK_ERROR_USAGE, "%s is missing: a language", names[i]);
        if (!store_number(s, "SELECT count(*) FROM language WHERE name = ?", "s", name))
            return query_refuse(e, a, PK_ERROR_IO, "there is no language '" STR_FMT "'", STR_ARG(name));
        sets[i] = rules_with(s, DIMENSION_LANGUAGE, name, a);
        rules_by(s, DIMENSION_TECHNIQUE, &sets[i], add_technique, &techniques[i]);
        if (techniques[i].ids.len) qsort(techniques[i].ids.at, techniques[i].ids.len, sizeof *techniques[i].ids.at, by_technique);
    }
    record_builder b = {0};
    list_builder out = {0}, only = {0}, only_techniques = {0};
    value shared = predicates_only(s, a, &sets[0], &sets[1], true, &common);
    for (int i = 0; i < 2; i++) list_add(a, &only, predicates_only(s, a, &sets[i], &sets[1 - i], false, &own[i]));
    for (int i = 0; i < 2; i++) put_set(s, a, &out, argument_text(args, names[i]), &sets[i], own[i] + common, techniques[i].ids.len);
    for (int i = 0; i < 2; i++) list_add(a, &only_techniques, technique_list(s, a, &techniques[i], &techniques[1 - i], false));
    put_list(a, &b, "sets", &out);
    put_int(a, &b, "common_predicates", (int64_t)common);
    put(a, &b, "common", shared);
    put(a, &b, "common_techniques", technique_list(s, a, &techniques[0], &techniques[1], true));
    put_list(a, &b, "only", &only);
    put_list(a, &b, "only_techniques", &only_techniques);
    return record_done(&b);
}

QUERY(compare)
{
    if (argument_text(args, "left").len || argument_text(args, "right").len) return compare_languages(s, args, a, e);
    return compare_rules(s, args, a, e);
}
