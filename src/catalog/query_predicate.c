/* Indicators: one predicate with all that shares it, and the list of them. */
#include <stdlib.h>

#include "base/unicode.h"
#include "catalog/queries.h"
#include "catalog/rule_index.h"
#include "catalog/search.h"

enum { TOGETHER_SHOWN = 20, TOGETHER_RULES = 500, SAME_SHOWN = 50, ALERTS_READ = 200, ALERTS_SHOWN = 10, FACET_SHOWN = 60 };

/* ---- one ---- */

static void put_page_of(store *s, arena *a, record_builder *b, const char *name, const filter *f, const rule_set *set, const query_arguments *args)
{
    record_builder page = {0};
    put_rule_page(s, a, &page, f, set, args, "rules");
    put_record(a, b, name, &page);
}

static value predicate_list(arena *a, rows *r)
{
    list_builder list = {0};
    while (rows_next(r)) {
        record_builder one = {0};
        put_predicate(&one, r, 0);
        put_column(&one, "rules", r, 4);
        add_record(a, &list, &one);
    }
    return list_done(&list);
}

static void put_normal(store *s, arena *a, record_builder *b, int64_t normal, int64_t predicate)
{
    rows r = rows_of(s, a, "SELECT field, kind, folded, rules FROM normal WHERE id = ?", "i", normal);
    record_builder one = {0};
    if (rows_next(&r)) {
        put_column(&one, "field", &r, 0);
        put_column(&one, "kind", &r, 1);
        put_column(&one, "value", &r, 2);
        put_column(&one, "rules", &r, 3);
        put_record(a, b, "normal", &one);
    } else {
        put(a, b, "normal", value_null());
    }
    rows_end(&r);
    r = rows_of(s, a, "SELECT key, field, kind, value, rules FROM predicate WHERE normal = ? AND id <> ? ORDER BY rules DESC, id LIMIT ?", "iii", normal, predicate,
                (int64_t)SAME_SHOWN);
    put(a, b, "same", predicate_list(a, &r));
}

static bool alert_has(const value *alert, pk_str field, pk_str folded, arena *a)
{
    const value *why = value_get(alert, STR("why"));
    for (size_t i = 0; why && why->type == VALUE_LIST && i < why->as.list.count; i++) {
        const value *f = value_get(&why->as.list.items[i], STR("field")), *c = value_get(&why->as.list.items[i], STR("constant"));
        pk_str name = f && f->type == VALUE_STRING ? f->as.string : STR("");
        if (c && c->type == VALUE_STRING && str_equal(name, field) && str_equal(fold(a, c->as.string), fold(a, folded))) return true;
    }
    return false;
}

static void put_alerts(store *s, arena *a, record_builder *b, const rule_set *rules, pk_str field, pk_str folded)
{
    list_builder list = {0};
    size_t looked = 0;
    for (size_t i = 0; i < s->run->count && looked < ALERTS_READ && list.items.len < ALERTS_SHOWN; i++) {
        size_t place = alert_rule(s, i);
        if (place == STR_NPOS || !rules_have(rules, place)) continue;
        looked++;
        value alert = alert_value(s, a, i);
        if (alert_has(&alert, field, folded, a)) list_add(a, &list, alert);
    }
    put_list(a, b, "alerts", &list);
}

static int64_t find_predicate(store *s, arena *a, pk_str key, query_error *e)
{
    rows r = rows_of(s, a, "SELECT id FROM predicate WHERE key = ?", "s", key);
    int64_t id = rows_next(&r) ? row_int(&r, 0) : 0;
    rows_end(&r);
    if (!id) query_refuse(e, a, PK_ERROR_IO, "there is no indicator '" STR_FMT "'", STR_ARG(key));
    return id;
}

QUERY(predicate)
{
    int64_t id = find_predicate(s, a, argument_text(args, "key"), e);
    const filter *f = id ? filter_read(s, args, a, e) : NULL;
    if (!f) return (value){0};
    record_builder b = {0};
    rows r = rows_of(s, a, "SELECT key, field, kind, value, cased, family, algorithm, rules, normal, folded, form FROM predicate WHERE id = ?", "i", id);
    if (!rows_next(&r)) return (value){0};
    put_predicate(&b, &r, 0);
    put_bool(a, &b, "cased", row_int(&r, 4) != 0);
    put_column(&b, "family", &r, 5);
    put_column(&b, "algorithm", &r, 6);
    put_text(a, &b, "form", row_text(&r, 10));
    put_column(&b, "corpus", &r, 7);
    int64_t normal = row_int(&r, 8);
    pk_str field = row_text(&r, 1), folded = row_text(&r, 9);
    rows_end(&r);
    put_normal(s, a, &b, normal, id);
    r = rows_of(s, a, "SELECT rule FROM rule_predicate WHERE predicate = ? AND positive = 1", "i", id);
    rule_set positive = rules_of_rows(s, a, &r);
    r = rows_of(s, a, "SELECT rule FROM rule_predicate WHERE predicate = ? AND negative = 1", "i", id);
    rule_set negative = rules_of_rows(s, a, &r), both = rules_copy(s, a, &positive);
    rules_or(&both, &negative);
    put_page_of(s, a, &b, "positive", f, &positive, args);
    put_page_of(s, a, &b, "negative", f, &negative, args);
    put(a, &b, "techniques", techniques_of(s, a, &both, 30));
    r = rows_of(s, a, "SELECT p.key, p.field, p.kind, p.value, count(*) FROM (SELECT rule FROM rule_predicate WHERE predicate = ?1 LIMIT ?2) o "
                      "JOIN rule_predicate u ON u.rule = o.rule JOIN predicate p ON p.id = u.predicate WHERE u.predicate <> ?1 "
                      "GROUP BY u.predicate ORDER BY 5 DESC, p.rules, p.id LIMIT ?3", "iii", id, (int64_t)TOGETHER_RULES, (int64_t)TOGETHER_SHOWN);
    put(a, &b, "together", predicate_list(a, &r));
    if (s->run) put_alerts(s, a, &b, &positive, field, folded);
    return record_done(&b);
}

/* ---- the list ---- */

enum { BY_FIELD, BY_KIND, BY_FAMILY, BY_VALUE, FILTERED };

typedef struct {
    int64_t id, rules;
} counted_predicate;

typedef struct {
    store *store;
    arena *arena;
    const query_arguments *args;
    constant_pattern patterns[2]; /* of value= and q= */
    bool has_pattern[2];
    table names[3];               /* of fields, kinds, families -> place in `counts` */
    VEC(size_t) counts[3];
    VEC(counted_predicate) found;
} predicate_search;

static bool argument_is(const query_arguments *args, const char *name, pk_str given)
{
    bool any = false;
    for (size_t i = 0; i < args->count; i++) {
        if (!str_equal(args->items[i].name, str_from(name)) || !args->items[i].value.len) continue;
        if (str_equal_fold(args->items[i].value, given)) return true;
        any = true;
    }
    return !any;
}

static const char *const list_filters[3] = {"field", "kind", "family"};
static const char *const list_titles[3] = {"Field", "Kind of predicate", "Family of languages"};

static void count_name(predicate_search *p, int which, pk_str name)
{
    uint32_t n = table_get(&p->names[which], name);
    if (n == TABLE_NONE) {
        n = (uint32_t)p->counts[which].len;
        vec_push_in(p->arena, &p->counts[which], 0);
        table_put(&p->names[which], arena_str(p->arena, name), n);
    }
    p->counts[which].at[n]++;
}

/* A row counts in a facet if all filters but the facet's own let it through. */
static void take_predicate(predicate_search *p, const rows *r, arena *scratch)
{
    pk_str names[3] = {row_text(r, 1), row_text(r, 2), row_text(r, 3)};
    bool fits[FILTERED];
    size_t misses = 0;
    for (int i = 0; i < 3; i++) fits[i] = argument_is(p->args, list_filters[i], names[i]);
    fits[BY_VALUE] = true;
    for (int i = 0; i < 2; i++)
        if (p->has_pattern[i]) fits[BY_VALUE] &= constant_fits(&p->patterns[i], fold(scratch, row_text(r, 5)));
    for (int i = 0; i < FILTERED; i++) misses += !fits[i];
    for (int i = 0; i < 3; i++)
        if (misses == 0 || (misses == 1 && !fits[i])) count_name(p, i, names[i]);
    counted_predicate found = {row_int(r, 0), row_int(r, 4)};
    if (!misses) vec_push_in(p->arena, &p->found, found);
}

static int by_rules(const void *x, const void *y)
{
    const counted_predicate *p = x, *q = y;
    if (p->rules != q->rules) return p->rules > q->rules ? -1 : 1;
    return p->id < q->id ? -1 : p->id > q->id;
}

static value list_facet(predicate_search *p, int which)
{
    arena *a = p->arena;
    list_builder values = {0};
    record_builder facet = {0};
    bool *done = ARENA_ARRAY(a, bool, p->counts[which].len + 1);
    for (size_t shown = 0; shown < FACET_SHOWN && shown < p->counts[which].len; shown++) {
        size_t best = STR_NPOS;
        for (size_t i = 0; i < p->counts[which].len; i++)
            if (!done[i] && (best == STR_NPOS || p->counts[which].at[i] > p->counts[which].at[best])) best = i;
        done[best] = true;
        record_builder one = {0};
        pk_str name = p->names[which].entries.at[best].key;
        put(a, &one, "value", value_string(name));
        put(a, &one, "title", value_string(name.len ? name : STR("(any field)")));
        put_int(a, &one, "count", (int64_t)p->counts[which].at[best]);
        put_bool(a, &one, "chosen", argument_given(p->args, list_filters[which]) && argument_is(p->args, list_filters[which], name));
        add_record(a, &values, &one);
    }
    put_text(a, &facet, "name", str_from(list_filters[which]));
    put_text(a, &facet, "title", str_from(list_titles[which]));
    put_list(a, &facet, "values", &values);
    put_int(a, &facet, "more", p->counts[which].len > FACET_SHOWN ? (int64_t)(p->counts[which].len - FACET_SHOWN) : 0);
    return record_done(&facet);
}

static value listed(store *s, arena *a, int64_t id)
{
    rows r = rows_of(s, a, "SELECT p.key, p.field, p.kind, p.value, p.family, p.rules, n.rules, (SELECT count(*) FROM rule_predicate WHERE predicate = p.id AND negative = 1) "
                           "FROM predicate p LEFT JOIN normal n ON n.id = p.normal WHERE p.id = ?", "i", id);
    record_builder one = {0};
    if (rows_next(&r)) {
        put_predicate(&one, &r, 0);
        put_column(&one, "family", &r, 4);
        put_column(&one, "rules", &r, 5);
        put_column(&one, "negative", &r, 7);
        put_column(&one, "normalised", &r, 6);
    }
    rows_end(&r);
    return record_done(&one);
}

QUERY(predicates)
{
    (void)e;
    predicate_search p = {.store = s, .arena = a, .args = args};
    pk_str given[2] = {argument_text(args, "value"), argument_text(args, "q")}, sort = argument_text(args, "sort");
    for (int i = 0; i < 2; i++) {
        p.has_pattern[i] = given[i].len > 0;
        p.patterns[i] = constant_pattern_of(str_slice(given[i], 0, 1024), a);
    }
    p.patterns[1].whole = p.patterns[1].whole && p.patterns[1].wild; /* a number in the search box too is part of a constant */
    bool by_value = str_equal(sort, STR("value")), by_field = str_equal(sort, STR("field"));
    const char *sql = by_value ? "SELECT id, field, kind, family, rules, substr(folded, 1, 16384) FROM predicate WHERE rules > 0 ORDER BY folded, field, kind, id"
                      : by_field ? "SELECT id, field, kind, family, rules, substr(folded, 1, 16384) FROM predicate WHERE rules > 0 ORDER BY field, kind, folded, id"
                                 : "SELECT id, field, kind, family, rules, substr(folded, 1, 16384) FROM predicate WHERE rules > 0";
    arena *scratch = arena_new();
    rows r = rows_of(s, scratch, sql, "");
    while (rows_next(&r)) {
        take_predicate(&p, &r, scratch);
        arena_reset(scratch);
    }
    arena_free(scratch);
    if (!by_value && !by_field && p.found.len) qsort(p.found.at, p.found.len, sizeof *p.found.at, by_rules);
    size_t per, from = page_of(args, &per), total = p.found.len, n = from >= total ? 0 : total - from < per ? total - from : per;
    record_builder b = {0};
    list_builder list = {0}, facets = {0};
    put_page_numbers(a, &b, total, (size_t)index_predicates(index_of(s))->predicates, from, n, per);
    for (size_t i = 0; i < n; i++) list_add(a, &list, listed(s, a, p.found.at[from + i].id));
    for (int i = 0; i < 3; i++) {
        list_add(a, &facets, list_facet(&p, i));
        table_free(&p.names[i]);
    }
    put_list(a, &b, "predicates", &list);
    put_list(a, &b, "facets", &facets);
    return record_done(&b);
}
