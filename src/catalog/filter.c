/* Filters: arguments to sets of rules, and facets. */
#include "catalog/filter.h"

#include <stdlib.h>

#include "base/unicode.h"
#include "catalog/rule_index.h"
#include "catalog/rule_order.h"
#include "catalog/search.h"

/* Filters that are computed stand behind the dimensions. */
enum { FILTER_RUNS = DIMENSIONS, FILTER_FIRES, FILTERS };

struct filter {
    store *store;
    arena *arena;
    struct {
        bool given;
        rule_set any;             /* of the rules that one of its values means */
        VEC(pk_str) values;       /* folded */
    } filters[FILTERS];
    bool searched;
    rule_set found;               /* by the search */
    double *ranks;                /* by place; NULL: no words are searched */
    rule_set running;             /* for the facet of FILTER_RUNS */
    bool runs_known;
};

/* ---- one value ---- */

static const char *const levels[] = {"informational", "low", "medium", "high", "critical"};
enum { LEVELS = sizeof levels / sizeof *levels };

/* ">=high" and the like: the comparison goes from the front of `value`. */
typedef enum { COMPARE_EQUAL, COMPARE_LEAST, COMPARE_MORE, COMPARE_MOST, COMPARE_LESS } comparison;

static comparison take_comparison(pk_str *given)
{
    static const struct { const char *text; comparison is; } forms[] = {
        {">=", COMPARE_LEAST}, {"<=", COMPARE_MOST}, {">", COMPARE_MORE}, {"<", COMPARE_LESS}, {"=", COMPARE_EQUAL}};
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++)
        if (str_starts_with(*given, str_from(forms[i].text))) {
            *given = str_slice(*given, strlen(forms[i].text), STR_NPOS);
            return forms[i].is;
        }
    return COMPARE_EQUAL;
}

static bool compares(comparison c, int64_t x, int64_t y)
{
    switch (c) {
    case COMPARE_EQUAL: return x == y;
    case COMPARE_LEAST: return x >= y;
    case COMPARE_MORE: return x > y;
    case COMPARE_MOST: return x <= y;
    case COMPARE_LESS: return x < y;
    }
    return false;
}

static int level_number(pk_str word)
{
    for (int i = 0; i < LEVELS; i++)
        if (str_equal_ascii_fold(word, str_from(levels[i]))) return i;
    return -1;
}

static bool level_value(store *s, pk_str given, arena *a, rule_set *out, query_error *e)
{
    pk_str word = given, names[LEVELS];
    comparison c = take_comparison(&word);
    int wanted = level_number(word);
    const rule_index *index = index_of(s);
    for (size_t i = 0; i < LEVELS; i++) names[i] = str_from(levels[i]);
    if (wanted < 0) {
        if (table_get(&index->columns[DIMENSION_LEVEL].numbers, fold(a, given)) != TABLE_NONE) {
            *out = rules_with(s, DIMENSION_LEVEL, given, a); /* a word of its own */
            return true;
        }
        pk_str near = str_nearest(word, names, LEVELS);
        if (near.len) query_refuse(e, a, PK_ERROR_USAGE, "there is no level '" STR_FMT "'; did you mean '" STR_FMT "'?", STR_ARG(word), STR_ARG(near));
        else query_refuse(e, a, PK_ERROR_USAGE, "there is no level '" STR_FMT "'; there are informational, low, medium, high and critical", STR_ARG(word));
        return false;
    }
    *out = rules_none(s, a);
    for (size_t p = 0; p < index->count; p++)
        if (index->level_ranks[p] >= 0 && compares(c, index->level_ranks[p], wanted)) rules_put(out, p);
    return true;
}

static bool year_value(store *s, pk_str given, arena *a, rule_set *out, query_error *e)
{
    pk_str word = given;
    comparison c = take_comparison(&word);
    int64_t wanted = 0, year = 0;
    if (!str_to_int(word, false, &wanted)) {
        query_refuse(e, a, PK_ERROR_USAGE, "'" STR_FMT "' is no year", STR_ARG(word));
        return false;
    }
    rule_index *index = index_of(s);
    const dimension_column *years = index_column(index, DIMENSION_YEAR);
    bool *fits = ARENA_ARRAY(a, bool, years->values.len + 1);
    for (size_t v = 0; v < years->values.len; v++) fits[v] = str_to_int(years->values.at[v], false, &year) && compares(c, year, wanted);
    *out = rules_fitting(index, DIMENSION_YEAR, fits, a);
    return true;
}

/* "sysmon/1"; "sysmon": all of it; "=linux/syslog": that class alone, not those below it. */
static rule_set source_value(store *s, pk_str given, bool fully, arena *a)
{
    rule_index *index = index_of(s);
    const dimension_column *c = index_column(index, DIMENSION_SOURCE);
    rule_set set = rules_none(s, a);
    bool *fits = ARENA_ARRAY(a, bool, c->values.len + 1);
    bool alone = str_starts_with(given, STR("="));
    pk_str folded = fold(a, str_slice(given, alone, STR_NPOS));
    for (size_t v = 0; v < c->values.len; v++) {
        pk_str key = fold(a, c->values.at[v]);
        fits[v] = str_equal(key, folded) || (!alone && key.len > folded.len && str_starts_with(key, folded) && key.ptr[folded.len] == '/');
    }
    for (size_t p = 0; p < index->count; p++)
        for (uint32_t i = c->first[p]; i < c->first[p + 1]; i++)
            if (fits[c->items[i]] && (!fully || c->flags[i])) rules_put(&set, p);
    return set;
}

rule_set rules_with(store *s, dimension d, pk_str given, arena *a)
{
    rule_index *index = index_of(s);
    if (d == DIMENSION_SOURCE) return source_value(s, given, false, a);
    const dimension_column *c = index_column(index, d);
    pk_str key = fold(a, given);
    uint32_t n = table_get(&c->numbers, key);
    if (n == TABLE_NONE) n = table_get(&c->aliases, key);
    if (n == TABLE_NONE && d == DIMENSION_TACTIC) { /* "credential_access" */
        char *dashed = arena_cstring(a, key);
        for (size_t i = 0; i < key.len; i++)
            if (dashed[i] == '_' || dashed[i] == ' ') dashed[i] = '-';
        n = table_get(&c->aliases, (pk_str){dashed, key.len});
    }
    bool *fits = ARENA_ARRAY(a, bool, c->values.len + 1);
    if (n != TABLE_NONE) fits[n] = true;
    return rules_fitting(index, d, fits, a);
}

static rule_set firing_rules(store *s, arena *a)
{
    const rule_index *index = index_of(s);
    rule_set set = rules_none(s, a);
    for (size_t p = 0; index->alerts && p < index->count; p++)
        if (index->alerts[p]) rules_put(&set, p);
    return set;
}

static rule_set rules_not(store *s, const rule_set *set, arena *a)
{
    rule_set rest = rules_all(s, a);
    rules_without(&rest, set);
    return rest;
}

static bool yes(pk_str given) { return str_equal_ascii_fold(given, STR("yes")) || str_equal(given, STR("1")) || str_equal_ascii_fold(given, STR("true")); }

static bool yes_or_no(pk_str name, pk_str given, arena *a, query_error *e)
{
    if (yes(given) || str_equal_ascii_fold(given, STR("no"))) return true;
    query_refuse(e, a, PK_ERROR_USAGE, STR_FMT " is yes or no, not '" STR_FMT "'", STR_ARG(name), STR_ARG(given));
    return false;
}

static size_t filter_number(pk_str name)
{
    if (str_equal_ascii_fold(name, STR("runs"))) return FILTER_RUNS;
    if (str_equal_ascii_fold(name, STR("fires"))) return FILTER_FIRES;
    return dimension_named(name) < DIMENSIONS ? (size_t)dimension_named(name) : FILTERS;
}

bool filter_is(pk_str name) { return filter_number(name) < FILTERS; }

static bool value_of(store *s, size_t number, pk_str name, pk_str given, const rule_set *running, arena *a, rule_set *out, query_error *e)
{
    if (number == DIMENSION_LEVEL) return level_value(s, given, a, out, e);
    if (number == DIMENSION_YEAR) return year_value(s, given, a, out, e);
    if (number < DIMENSIONS) {
        *out = rules_with(s, (dimension)number, given, a);
        return true;
    }
    if (!yes_or_no(name, given, a, e)) return false;
    rule_set set = number == FILTER_RUNS ? *running : firing_rules(s, a);
    *out = yes(given) ? set : rules_not(s, &set, a);
    return true;
}

bool filter_value(store *s, pk_str name, pk_str given, arena *a, rule_set *out, query_error *e)
{
    size_t number = filter_number(name);
    rule_set running = {0};
    if (number == FILTER_RUNS) running = rules_running(s, &(query_arguments){0}, a, e);
    return value_of(s, number, name, given, &running, a, out, e);
}

/* ---- what sources can run ---- */

/* "product=windows,service=security": the classes of the log source. */
static bool add_log_source(store *s, pk_str given, arena *a, rule_set *out, query_error *e)
{
    pk_str parts[3] = {{NULL, 0}, {NULL, 0}, {NULL, 0}}, rest = given;
    static const char *const names[] = {"product", "category", "service"};
    while (rest.len) {
        size_t comma = str_find_char(rest, ',');
        pk_str one = str_trim(str_slice(rest, 0, comma));
        rest = comma == STR_NPOS ? STR("") : str_slice(rest, comma + 1, STR_NPOS);
        size_t equals = str_find_char(one, '='), i = 0;
        while (i < 3 && !str_equal_ascii_fold(str_trim(str_slice(one, 0, equals)), str_from(names[i]))) i++;
        if (equals == STR_NPOS || i == 3) {
            query_refuse(e, a, PK_ERROR_USAGE, "'" STR_FMT "' is no source: give a class (sysmon/1) or product=..,category=..,service=..", STR_ARG(given));
            return false;
        }
        parts[i] = fold(a, str_trim(str_slice(one, equals + 1, STR_NPOS)));
    }
    rows r = rows_of(s, a, "SELECT DISTINCT c.key FROM class_source s JOIN class c ON c.id = s.class WHERE (?1 IS NULL OR lower(s.product) = ?1) AND "
                           "(?2 IS NULL OR lower(s.category) = ?2) AND (?3 IS NULL OR lower(s.service) = ?3)", "sss", parts[0], parts[1], parts[2]);
    while (rows_next(&r)) {
        rule_set set = source_value(s, row_text(&r, 0), true, a);
        rules_or(out, &set);
    }
    return true;
}

static void only_runnable(rule_set *set)
{
    for (size_t p = 0; p < set->index->count; p++)
        if (!set->index->runnable[p]) set->bits[p / 64] &= ~((uint64_t)1 << p % 64);
}

rule_set rules_running(store *s, const query_arguments *args, arena *a, query_error *e)
{
    rule_set set = rules_none(s, a);
    rule_index *index = index_of(s);
    bool given = false;
    for (size_t i = 0; i < args->count && e->status == PK_OK; i++) {
        if (!str_equal(args->items[i].name, STR("sources"))) continue;
        pk_str v = args->items[i].value;
        given = true;
        if (str_find_char(v, '=') != STR_NPOS && v.ptr[0] != '=') {
            add_log_source(s, v, a, &set, e);
        } else {
            rule_set one = source_value(s, v, true, a);
            rules_or(&set, &one);
        }
    }
    const dimension_column *c = index_column(index, DIMENSION_SOURCE);
    for (size_t p = 0; !given && p < index->count; p++)
        for (uint32_t i = c->first[p]; i < c->first[p + 1]; i++)
            if (c->flags[i]) rules_put(&set, p);
    only_runnable(&set);
    return set;
}

/* ---- reading ---- */

static bool add_filter(filter *f, size_t number, pk_str name, pk_str given, query_error *e)
{
    rule_set set;
    if (!value_of(f->store, number, name, given, &f->running, f->arena, &set, e)) return false;
    vec_push_in(f->arena, &f->filters[number].values, fold(f->arena, given));
    if (f->filters[number].given) rules_or(&f->filters[number].any, &set);
    else f->filters[number].any = rules_copy(f->store, f->arena, &set);
    f->filters[number].given = true;
    return true;
}

static bool wants_ranks(const query_arguments *args)
{
    pk_str sort = argument_text(args, "sort");
    return sort.len == 0 || str_equal(sort, STR("rank"));
}

const filter *filter_read(store *s, const query_arguments *args, arena *a, query_error *e)
{
    filter *f = ARENA_NEW(a, filter);
    *f = (filter){.store = s, .arena = a};
    if (argument_given(args, "runs") || argument_given(args, "sources")) {
        f->running = rules_running(s, args, a, e);
        f->runs_known = true;
    }
    for (size_t i = 0; i < args->count && e->status == PK_OK; i++) {
        const query_argument *arg = &args->items[i];
        size_t number = filter_number(arg->name);
        if (number < FILTERS && arg->value.len) add_filter(f, number, arg->name, arg->value, e);
    }
    search_query q;
    pk_str words = str_trim(argument_text(args, "q"));
    if (words.len && e->status == PK_OK && search_parse(words, a, &q, e) && search_match(s, &q, a, &f->found, wants_ranks(args) ? &f->ranks : NULL, e))
        f->searched = true;
    return e->status == PK_OK ? f : NULL;
}

bool filter_empty(const filter *f)
{
    for (size_t i = 0; i < FILTERS; i++)
        if (f->filters[i].given) return false;
    return !f->searched;
}

const double *filter_ranks(const filter *f) { return f->ranks; }

/* All filters but one. */
static rule_set apply_but(const filter *f, const rule_set *within, size_t left_out)
{
    rule_set set = rules_copy(f->store, f->arena, within);
    if (f->searched) rules_and(&set, &f->found);
    for (size_t i = 0; i < FILTERS; i++)
        if (i != left_out && f->filters[i].given) rules_and(&set, &f->filters[i].any);
    return set;
}

rule_set rules_current(store *s, const query_arguments *args, arena *a)
{
    rule_set current = rules_all(s, a), retired = rules_with(s, DIMENSION_STATUS, STR("deprecated"), a);
    if (!argument_given(args, "status")) rules_without(&current, &retired);
    return current;
}

rule_set filter_apply(const filter *f, const rule_set *within) { return apply_but(f, within, FILTERS); }

/* ---- facets ---- */

enum { FACET_VALUES = 60 };       /* shown of one; what is chosen stays in any case */

typedef struct {
    pk_str value, title;
    size_t count;
    bool chosen;
    int64_t order;                /* lower first; equal: by count */
} facet_value;

static int by_count(const void *x, const void *y)
{
    const facet_value *p = x, *q = y;
    if (p->order != q->order) return p->order < q->order ? -1 : 1;
    if (p->count != q->count) return p->count > q->count ? -1 : 1;
    return str_compare(p->value, q->value);
}

static bool is_chosen(const filter *f, size_t number, pk_str given)
{
    pk_str folded = fold(f->arena, given);
    for (size_t i = 0; i < f->filters[number].values.len; i++)
        if (str_equal(f->filters[number].values.at[i], folded)) return true;
    return false;
}

static void put_facet(const filter *f, list_builder *out, const char *name, const char *title, facet_value *values, size_t count)
{
    arena *a = f->arena;
    list_builder list = {0};
    size_t given = 0, more = 0;
    if (count) qsort(values, count, sizeof *values, by_count);
    for (size_t i = 0; i < count; i++) {
        const facet_value *v = &values[i];
        if (v->count == 0 && !v->chosen) continue;
        if (given >= FACET_VALUES && !v->chosen) {
            more++;
            continue;
        }
        record_builder one = {0};
        put(a, &one, "value", value_string(v->value));
        put(a, &one, "title", value_string(v->title.len ? v->title : v->value));
        put_int(a, &one, "count", (int64_t)v->count);
        put_bool(a, &one, "chosen", v->chosen);
        add_record(a, &list, &one);
        given++;
    }
    if (!given) return;
    record_builder facet = {0};
    put_text(a, &facet, "name", str_from(name));
    put_text(a, &facet, "title", str_from(title));
    put_list(a, &facet, "values", &list);
    put_int(a, &facet, "more", (int64_t)more);
    add_record(a, out, &facet);
}

static int64_t facet_order(dimension d, pk_str given)
{
    int64_t year = 0;
    if (d == DIMENSION_LEVEL) return level_number(given) < 0 ? 1 : -level_number(given);
    if (d == DIMENSION_YEAR && str_to_int(given, false, &year)) return -year;
    return 0;
}

static pk_str facet_title(const filter *f, dimension d, const dimension_column *c, size_t v)
{
    if (c->titles.at[v].len) return c->titles.at[v];
    if (d != DIMENSION_LANGUAGE) return c->values.at[v];
    return store_language_title(f->store, f->arena, c->values.at[v]);
}

static void dimension_facet(const filter *f, const rule_set *within, dimension d, list_builder *out)
{
    rule_index *index = index_of(f->store);
    const dimension_column *c = index_column(index, d);
    rule_set set = apply_but(f, within, d);
    facet_value *values = ARENA_ARRAY(f->arena, facet_value, c->values.len + 1);
    for (size_t p = 0; p < index->count; p++)
        for (uint32_t i = c->first[p]; rules_have(&set, p) && i < c->first[p + 1]; i++) values[c->items[i]].count++;
    size_t kept = 0;
    for (size_t v = 0; v < c->values.len; v++) {
        facet_value made = {.value = c->values.at[v], .count = values[v].count, .chosen = f->filters[d].given && is_chosen(f, d, c->values.at[v])};
        if (!made.count && !made.chosen) continue;
        made.title = facet_title(f, d, c, v);
        made.order = facet_order(d, made.value);
        values[kept++] = made;
    }
    put_facet(f, out, dimension_name(d), dimension_title(d), values, kept);
}

static void yes_no_facet(const filter *f, const rule_set *within, size_t number, const rule_set *yes_set, const char *name, const char *title, list_builder *out)
{
    rule_set set = apply_but(f, within, number), fits = rules_copy(f->store, f->arena, &set);
    rules_and(&fits, yes_set);
    size_t n = rules_size(&fits), all = rules_size(&set);
    facet_value values[] = {{STR("yes"), STR("yes"), n, is_chosen(f, number, STR("yes")), 0}, {STR("no"), STR("no"), all - n, is_chosen(f, number, STR("no")), 0}};
    put_facet(f, out, name, title, values, 2);
}

value filter_facets(const filter *f, const rule_set *within)
{
    list_builder out = {0};
    for (dimension d = 0; d < DIMENSIONS; d++) dimension_facet(f, within, d, &out);
    rule_set running = f->running;
    query_error none = {0};
    if (!f->runs_known) running = rules_running(f->store, &(query_arguments){0}, f->arena, &none);
    yes_no_facet(f, within, FILTER_RUNS, &running, "runs", "Runs on the sources", &out);
    if (f->store->run) {
        rule_set firing = firing_rules(f->store, f->arena);
        yes_no_facet(f, within, FILTER_FIRES, &firing, "fires", "Fires in the run", &out);
    }
    return list_done(&out);
}
