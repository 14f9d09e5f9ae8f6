/* One box for everything: rules, indicators, techniques, sources, fields. */
#include "base/unicode.h"
#include "catalog/predicate_index.h"
#include "catalog/queries.h"
#include "catalog/search.h"

enum { SHOWN = 10, MOST_WORDS = 8 };

/* The words of a search that anything but a rule can be found by. */
typedef struct {
    pk_str words[MOST_WORDS];     /* folded */
    size_t count;
    pk_str field;                 /* of the last "field:value"; empty: none */
    constant_pattern constant;
} sought;

static sought words_of(store *s, const search_query *q, arena *a)
{
    sought w = {0};
    const pk_str *fields;
    for (size_t i = 0; i < q->count; i++) {
        const search_term *t = &q->terms[i];
        if (t->negated) continue;
        if (t->kind != TERM_NAMED) {
            if (w.count < MOST_WORDS && t->value.len <= 256) w.words[w.count++] = fold(a, t->value);
        } else if (!filter_is(t->name) && t->value.len <= 1024 && predicate_fields(s, t->name, a, &fields)) {
            w.field = t->name;
            w.constant = constant_pattern_of(t->value, a);
        }
    }
    return w;
}

static bool has_words(const sought *w, pk_str folded)
{
    for (size_t i = 0; i < w->count; i++)
        if (str_find(folded, w->words[i]) == STR_NPOS) return false;
    return w->count > 0;
}

/* ---- indicators ---- */

typedef struct {
    int64_t id, rules;
} best_predicate;

typedef struct {
    best_predicate items[SHOWN];
    size_t count;
} best_predicates;

static void keep_best(best_predicates *b, int64_t id, int64_t rules)
{
    if (b->count == SHOWN && b->items[SHOWN - 1].rules >= rules) return;
    if (b->count < SHOWN) b->count++;
    size_t at = b->count - 1;
    for (; at && b->items[at - 1].rules < rules; at--) b->items[at] = b->items[at - 1];
    b->items[at] = (best_predicate){id, rules};
}

static void best_of_field(store *s, arena *a, const sought *w, best_predicates *best)
{
    const predicate_index *all = index_predicates(index_of(s));
    const pk_str *fields;
    size_t n = predicate_fields(s, w->field, a, &fields);
    for (size_t i = 0; i < all->count; i++) {
        bool named = false;
        for (size_t f = 0; f < n; f++) named |= str_equal(predicate_name(all, PREDICATE_FIELD, i), fields[f]);
        if (named && all->rules[i] && constant_fits(&w->constant, predicate_text(all, i)) && (!w->count || has_words(w, predicate_text(all, i))))
            keep_best(best, all->ids[i], all->rules[i]);
    }
}

static void best_of_words(store *s, const sought *w, best_predicates *best)
{
    const predicate_index *all = index_predicates(index_of(s));
    pk_str longest = w->words[0];
    size_t from = 0, i;
    for (size_t k = 1; k < w->count; k++)
        if (w->words[k].len > longest.len) longest = w->words[k];
    if (utf8_length(longest) < 2) return;
    while ((i = predicate_containing(all, longest, &from)) != STR_NPOS)
        if (all->rules[i] && (w->count == 1 || has_words(w, predicate_text(all, i)))) keep_best(best, all->ids[i], all->rules[i]);
}

static value predicates(store *s, arena *a, const sought *w)
{
    best_predicates best = {.count = 0};
    list_builder list = {0};
    if (w->field.ptr) best_of_field(s, a, w, &best);
    else if (w->count) best_of_words(s, w, &best);
    for (size_t i = 0; i < best.count; i++) {
        rows r = rows_of(s, a, "SELECT key, field, kind, value, rules, family FROM predicate WHERE id = ?", "i", best.items[i].id);
        record_builder one = {0};
        if (rows_next(&r)) {
            put_predicate(&one, &r, 0);
            put_column(&one, "rules", &r, 4);
            put_column(&one, "family", &r, 5);
            add_record(a, &list, &one);
        }
        rows_end(&r);
    }
    return list_done(&list);
}

/* ---- techniques, sources, fields ---- */

static value techniques(store *s, arena *a, const sought *w)
{
    list_builder list = {0};
    if (!w->count) return list_done(&list);
    rows r = rows_of(s, a, "SELECT id, name FROM technique ORDER BY retired, id", "");
    while (list.items.len < SHOWN && rows_next(&r)) {
        pk_str id = row_text(&r, 0);
        if (!has_words(w, fold(a, arena_printf(a, STR_FMT " " STR_FMT, STR_ARG(id), STR_ARG(row_text(&r, 1)))))) continue;
        record_builder one = {0};
        rule_set rules = rules_with(s, DIMENSION_TECHNIQUE, id, a);
        put_technique(s, a, &one, id);
        put_int(a, &one, "rules", (int64_t)rules_size(&rules));
        add_record(a, &list, &one);
    }
    rows_end(&r);
    return list_done(&list);
}

static value sources(store *s, arena *a, const sought *w)
{
    list_builder list = {0};
    if (!w->count) return list_done(&list);
    rows r = rows_of(s, a, "SELECT provider, event, title, key FROM class ORDER BY provider, length(event), event", "");
    while (list.items.len < SHOWN && rows_next(&r)) {
        pk_str all = arena_printf(a, STR_FMT " " STR_FMT " " STR_FMT " " STR_FMT, STR_ARG(row_text(&r, 0)), STR_ARG(row_text(&r, 1)), STR_ARG(row_text(&r, 2)),
                                  STR_ARG(row_text(&r, 3)));
        if (!has_words(w, fold(a, all))) continue;
        record_builder one = {0};
        put_class(&one, &r, 0);
        add_record(a, &list, &one);
    }
    rows_end(&r);
    return list_done(&list);
}

static value fields(store *s, arena *a, const sought *w)
{
    list_builder list = {0};
    const field_names *all = index_fields(index_of(s));
    const dimension_column *c = index_column(index_of(s), DIMENSION_FIELD);
    for (size_t i = 0; i < all->len && list.items.len < SHOWN; i++) {
        if (!has_words(w, fold(a, all->at[i]))) continue;
        uint32_t n = dimension_number(c, all->at[i], a);
        record_builder one = {0};
        put(a, &one, "name", value_string(all->at[i]));
        if (n != TABLE_NONE) {
            rule_set rules = rules_with(s, DIMENSION_FIELD, all->at[i], a);
            put_int(a, &one, "rules", (int64_t)rules_size(&rules));
        }
        add_record(a, &list, &one);
    }
    return list_done(&list);
}

QUERY(search)
{
    pk_str q = str_trim(argument_text(args, "q"));
    query_error wrong = {0};
    search_query parsed = {0};
    const filter *f = filter_read(s, args, a, &wrong);
    record_builder b = {0}, page = {0};
    rule_set all = rules_all(s, a), none = rules_none(s, a);
    if (!f) { /* what is wrong with the words is an answer; everything else is not */
        query_error syntax = {0};
        const query_argument only = {STR("q"), q};
        if (filter_read(s, &(query_arguments){&only, 1}, a, &syntax) || syntax.status != PK_ERROR_USAGE) {
            *e = wrong;
            return (value){0};
        }
        f = filter_read(s, &(query_arguments){0}, a, e);
    }
    if (!f) return (value){0};
    bool searched = q.len && wrong.status == PK_OK;
    if (searched && !search_parse(q, a, &parsed, e)) return (value){0};
    sought w = words_of(s, &parsed, a);
    put(a, &b, "q", value_string(q));
    put_rule_page(s, a, &page, f, searched || !filter_empty(f) ? &all : &none, args, "rules");
    put_record(a, &b, "rules", &page);
    put(a, &b, "predicates", predicates(s, a, &w));
    put(a, &b, "techniques", techniques(s, a, &w));
    put(a, &b, "sources", sources(s, a, &w));
    put(a, &b, "fields", fields(s, a, &w));
    put_text(a, &b, "error", wrong.message);
    return record_done(&b);
}
