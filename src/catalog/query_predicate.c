/* Indicators: one predicate with all that shares it, and the list of them. */
#include <stdlib.h>

#include "base/unicode.h"
#include "catalog/predicate_index.h"
#include "catalog/queries.h"
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

typedef struct {
    const predicate_index *all;
    arena *arena;
    const query_arguments *args;
    constant_pattern patterns[2]; /* of value= and q= */
    bool has_pattern[2];
    bool *chosen[PREDICATE_NAMES]; /* by name: it passes the filter */
    size_t *counts[PREDICATE_NAMES];
    VEC(uint32_t) found;
} predicate_search;

static const char *const list_filters[PREDICATE_NAMES] = {"field", "kind", "family"};
static const char *const list_titles[PREDICATE_NAMES] = {"Field", "Kind of predicate", "Family of languages"};

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

static bool constant_passes(const predicate_search *p, size_t i)
{
    for (int k = 0; k < 2; k++)
        if (p->has_pattern[k] && !constant_fits(&p->patterns[k], predicate_text(p->all, i))) return false;
    return true;
}

/* A predicate counts in a facet if all filters but the facet's own let it through. */
static void take_predicate(predicate_search *p, size_t i)
{
    size_t misses = 0, missed = 0;
    for (size_t n = 0; n < PREDICATE_NAMES; n++)
        if (!p->chosen[n][p->all->names[n][i]]) {
            misses++;
            missed = n;
        }
    if (misses > 1 || !p->all->rules[i] || !constant_passes(p, i)) return;
    for (size_t n = 0; n < PREDICATE_NAMES; n++)
        if (!misses || missed == n) p->counts[n][p->all->names[n][i]]++;
    if (!misses) vec_push_in(p->arena, &p->found, (uint32_t)i);
}

static void search_predicates(predicate_search *p)
{
    for (int n = 0; n < PREDICATE_NAMES; n++) {
        size_t count = p->all->dictionaries[n].entries.len;
        p->chosen[n] = ARENA_ARRAY(p->arena, bool, count + 1);
        p->counts[n] = ARENA_ARRAY(p->arena, size_t, count + 1);
        for (size_t i = 0; i < count; i++) p->chosen[n][i] = argument_is(p->args, list_filters[n], p->all->dictionaries[n].entries.at[i].key);
    }
    for (size_t i = 0; i < p->all->count; i++) take_predicate(p, i);
}

/* ---- order ---- */

typedef struct {
    uint32_t rules, place;        /* rules 0 where they do not matter */
    pk_str first, second;
} predicate_order;

static int in_order(const void *x, const void *y)
{
    const predicate_order *p = x, *q = y;
    if (p->rules != q->rules) return p->rules > q->rules ? -1 : 1;
    int order = str_compare(p->first, q->first);
    if (!order) order = str_compare(p->second, q->second);
    return order ? order : p->place < q->place ? -1 : p->place > q->place;
}

static predicate_order *sorted(const predicate_search *p, pk_str sort)
{
    bool by_value = str_equal(sort, STR("value")), by_field = str_equal(sort, STR("field"));
    predicate_order *out = ARENA_ARRAY(p->arena, predicate_order, p->found.len + 1);
    for (size_t i = 0; i < p->found.len; i++) {
        uint32_t at = p->found.at[i];
        pk_str field = predicate_name(p->all, PREDICATE_FIELD, at), constant = predicate_text(p->all, at);
        out[i] = (predicate_order){by_value || by_field ? 0 : p->all->rules[at], at, by_value ? constant : field, by_value ? field : constant};
    }
    if (p->found.len) qsort(out, p->found.len, sizeof *out, in_order);
    return out;
}

/* ---- the answer ---- */

typedef struct {
    size_t count;
    uint32_t number;
} name_count;

static int by_count(const void *x, const void *y)
{
    const name_count *p = x, *q = y;
    if (p->count != q->count) return p->count > q->count ? -1 : 1;
    return p->number < q->number ? -1 : p->number > q->number;
}

static value list_facet(const predicate_search *p, int which)
{
    arena *a = p->arena;
    list_builder values = {0};
    record_builder facet = {0};
    const table *names = &p->all->dictionaries[which];
    name_count *order = ARENA_ARRAY(a, name_count, names->entries.len + 1);
    size_t n = 0;
    bool filtered = argument_text(p->args, list_filters[which]).len > 0;
    for (size_t i = 0; i < names->entries.len; i++)
        if (p->counts[which][i] || (filtered && p->chosen[which][i])) order[n++] = (name_count){p->counts[which][i], (uint32_t)i};
    if (n) qsort(order, n, sizeof *order, by_count);
    size_t more = 0;
    for (size_t i = 0; i < n; i++) {
        bool chosen = filtered && p->chosen[which][order[i].number];
        if (i >= FACET_SHOWN && !chosen) {
            more++;
            continue;
        }
        record_builder one = {0};
        pk_str name = names->entries.at[order[i].number].key;
        put(a, &one, "value", value_string(name));
        put(a, &one, "title", value_string(name.len ? name : STR("(any field)")));
        put_int(a, &one, "count", (int64_t)order[i].count);
        put_bool(a, &one, "chosen", chosen);
        add_record(a, &values, &one);
    }
    put_text(a, &facet, "name", str_from(list_filters[which]));
    put_text(a, &facet, "title", str_from(list_titles[which]));
    put_list(a, &facet, "values", &values);
    put_int(a, &facet, "more", (int64_t)more);
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
    predicate_search p = {.all = index_predicates(index_of(s)), .arena = a, .args = args};
    pk_str given[2] = {argument_text(args, "value"), argument_text(args, "q")};
    for (int i = 0; i < 2; i++) {
        p.has_pattern[i] = given[i].len > 0;
        p.patterns[i] = constant_pattern_of(str_slice(given[i], 0, 1024), a);
    }
    p.patterns[1].whole = p.patterns[1].wild; /* in the search box a number too is part of a constant */
    search_predicates(&p);
    size_t per, from = page_of(args, &per), total = p.found.len, n = from >= total ? 0 : total - from < per ? total - from : per;
    const predicate_order *order = sorted(&p, argument_text(args, "sort"));
    record_builder b = {0};
    list_builder list = {0}, facets = {0};
    put_page_numbers(a, &b, total, (size_t)p.all->total, from, n, per);
    for (size_t i = 0; i < n; i++) list_add(a, &list, listed(s, a, p.all->ids[order[from + i].place]));
    for (int i = 0; i < PREDICATE_NAMES; i++) list_add(a, &facets, list_facet(&p, i));
    put_list(a, &b, "predicates", &list);
    put_list(a, &b, "facets", &facets);
    return record_done(&b);
}
