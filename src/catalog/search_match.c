/* Terms of a search to sets of rules. */
#include "base/unicode.h"
#include "catalog/predicate_index.h"
#include "catalog/search.h"

/* ---- constants of predicates ---- */

static bool all_digits(pk_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] < '0' || s.ptr[i] > '9') return false;
    return s.len > 0;
}

constant_pattern constant_pattern_of(pk_str given, arena *a)
{
    bool whole = given.len > 1 && given.ptr[0] == '=';
    if (whole) given = str_slice(given, 1, STR_NPOS);
    bool wild = !whole && (str_find_char(given, '*') != STR_NPOS || str_find_char(given, '?') != STR_NPOS);
    return (constant_pattern){fold(a, given), whole || wild || all_digits(given), wild};
}

static size_t next_character(pk_str s, size_t at)
{
    at++;
    while (at < s.len && (s.ptr[at] & 0xc0) == 0x80) at++;
    return at;
}

/* "*" any text, "?" one character. Goes back to the last "*" only, so that it takes at most product of the lengths. */
static bool wildcard_fits(pk_str pattern, pk_str s)
{
    size_t p = 0, at = 0, star = STR_NPOS, from = 0;
    while (at < s.len) {
        if (p < pattern.len && pattern.ptr[p] == '*') {
            star = ++p;
            from = at;
        } else if (p < pattern.len && pattern.ptr[p] == '?') {
            p++;
            at = next_character(s, at);
        } else if (p < pattern.len && pattern.ptr[p] == s.ptr[at]) {
            p++;
            at++;
        } else if (star != STR_NPOS) {
            p = star;
            at = from = next_character(s, from);
        } else {
            return false;
        }
    }
    while (p < pattern.len && pattern.ptr[p] == '*') p++;
    return p == pattern.len;
}

bool constant_fits(const constant_pattern *p, pk_str folded)
{
    if (p->wild) return wildcard_fits(p->text, folded);
    if (p->whole) return str_equal(p->text, folded);
    return str_find(folded, p->text) != STR_NPOS;
}

/* "keyword" stands for predicates without a field. */
size_t predicate_fields(store *s, pk_str name, arena *a, const pk_str **out)
{
    VEC(pk_str) found = {0};
    const field_names *all = index_fields(index_of(s));
    if (str_equal_ascii_fold(name, STR("keyword"))) vec_push_in(a, &found, STR(""));
    for (size_t i = 0; i < all->len; i++)
        if (str_equal_fold(all->at[i], name)) vec_push_in(a, &found, all->at[i]);
    *out = found.at;
    return found.len;
}

static void add_rules_of_predicate(store *s, int64_t predicate, rule_set *out)
{
    rows r = rows_of(s, s->arena, "SELECT rule FROM rule_predicate WHERE predicate = ?", "i", predicate);
    while (rows_next(&r)) {
        size_t place = index_place(out->index, row_int(&r, 0));
        if (place != STR_NPOS) rules_put(out, place);
    }
}

/* Of the fields by these names. */
static void add_rules_of_constant(store *s, const pk_str *fields, size_t count, const constant_pattern *p, rule_set *out)
{
    const predicate_index *all = index_predicates(index_of(s));
    for (size_t i = 0; i < all->count && !store_failed(s); i++) {
        bool named = false;
        for (size_t f = 0; f < count; f++) named |= str_equal(predicate_name(all, PREDICATE_FIELD, i), fields[f]);
        if (named && constant_fits(p, predicate_text(all, i))) add_rules_of_predicate(s, all->ids[i], out);
    }
}

/* ---- terms ---- */

typedef struct {
    store *store;
    arena *arena;
    query_error *error;
} matching;

static bool wrong(matching *m, const search_term *t, const char *format, pk_str name, pk_str near)
{
    text message = {0};
    text_printf(&message, format, STR_ARG(name));
    if (near.len) text_printf(&message, "; did you mean '" STR_FMT "'?", STR_ARG(near));
    text_put_char(&message, 0);
    query_refuse(m->error, m->arena, PK_ERROR_USAGE, "search, character %zu: %s", t->column, message.ptr);
    text_free(&message);
    return false;
}

static const struct { const char *word; const char *filter, *value; } is_words[] = {
    {"runnable", "state", "runnable"}, {"needs-list", "state", "needs a list"}, {"unsupported", "state", "unsupported"}, {"error", "state", "error"},
    {"vendor", "vendor", "yes"}, {"firing", "fires", "yes"}, {"silent", "fires", "no"}, {"stable", "status", "stable"}, {"test", "status", "test"},
    {"experimental", "status", "experimental"}, {"deprecated", "status", "deprecated"}, {"sequence", "type", "sequence"}, {"aggregation", "type", "aggregation"},
};
enum { IS_WORDS = sizeof is_words / sizeof *is_words };

static bool match_is(matching *m, const search_term *t, rule_set *out)
{
    pk_str words[IS_WORDS];
    for (size_t i = 0; i < IS_WORDS; i++) {
        words[i] = str_from(is_words[i].word);
        if (str_equal_ascii_fold(words[i], t->value)) return filter_value(m->store, str_from(is_words[i].filter), str_from(is_words[i].value), m->arena, out, m->error);
    }
    return wrong(m, t, "'is:" STR_FMT "' is unknown", t->value, str_nearest(t->value, words, IS_WORDS));
}

static bool match_field(matching *m, const search_term *t, rule_set *out)
{
    const pk_str *fields;
    size_t n = predicate_fields(m->store, t->name, m->arena, &fields);
    if (t->value.len > 1024) return wrong(m, t, "the value of '" STR_FMT "' is too long", t->name, STR(""));
    constant_pattern p = constant_pattern_of(t->value, m->arena);
    *out = rules_none(m->store, m->arena);
    if (n) add_rules_of_constant(m->store, fields, n, &p, out);
    if (n || store_failed(m->store)) return true;
    const field_names *all = index_fields(index_of(m->store));
    return wrong(m, t, "no rule looks at a field '" STR_FMT "' (put text with a colon into quotes)", t->name, str_nearest(t->name, all->at, all->len));
}

static bool match_named(matching *m, const search_term *t, rule_set *out)
{
    if (str_equal_ascii_fold(t->name, STR("is"))) return match_is(m, t, out);
    if (!filter_is(t->name)) return match_field(m, t, out);
    if (filter_value(m->store, t->name, t->value, m->arena, out, m->error)) return true;
    pk_str why = m->error->message;
    return wrong(m, t, STR_FMT, why, STR(""));
}

/* A term as FTS5 reads it: a phrase, whose last word may go on. Quotes are doubled, so nothing in it is syntax. */
static void put_fts(text *out, const search_term *t)
{
    text_put_cstring(out, out->len ? " AND \"" : "\"");
    for (size_t i = 0; i < t->value.len; i++) {
        char c = t->value.ptr[i];
        if (c == '"') text_put_char(out, '"');
        text_put_char(out, c == 0 ? ' ' : c);
    }
    text_put_char(out, '"');
    if (t->kind == TERM_WORD && utf8_length(t->value) > 1) text_put_char(out, '*');
}

/* Weights of the columns: title, ids, tags, description, predicates, body. bm25() is lower for what fits better. */
#define RANKED "SELECT rowid, bm25(words, 16.0, 12.0, 8.0, 2.0, 4.0, 1.0) FROM words WHERE words MATCH ?"

static void match_words(matching *m, const text *fts, rule_set *out, double *ranks)
{
    rows r = rows_of(m->store, m->arena, ranks ? RANKED : "SELECT rowid FROM words WHERE words MATCH ?", "s", text_view(fts));
    *out = rules_none(m->store, m->arena);
    while (rows_next(&r)) {
        size_t place = index_place(out->index, row_int(&r, 0));
        if (place == STR_NPOS) continue;
        rules_put(out, place);
        if (ranks) ranks[place] = row_real(&r, 1);
    }
}

static bool is_words_term(const search_term *t) { return t->kind == TERM_WORD || t->kind == TERM_PHRASE; }

static bool match_one(matching *m, const search_term *t, rule_set *out)
{
    text fts = {0};
    switch (t->kind) {
    case TERM_TECHNIQUE: *out = rules_with(m->store, DIMENSION_TECHNIQUE, t->value, m->arena); return true;
    case TERM_TACTIC: *out = rules_with(m->store, DIMENSION_TACTIC, t->value, m->arena); return true;
    case TERM_NAMED: return match_named(m, t, out);
    case TERM_WORD: case TERM_PHRASE:
        put_fts(&fts, t);
        match_words(m, &fts, out, NULL);
        text_free(&fts);
        return true;
    }
    return true;
}

bool search_match(store *s, const search_query *q, arena *a, rule_set *out, double **ranks, query_error *e)
{
    matching m = {s, a, e};
    text fts = {0};
    *out = rules_all(s, a);
    if (ranks) *ranks = NULL;
    for (size_t i = 0; i < q->count; i++) {
        const search_term *t = &q->terms[i];
        rule_set fits;
        if (!t->negated && is_words_term(t)) {
            put_fts(&fts, t);
            continue;
        }
        if (!match_one(&m, t, &fits)) {
            text_free(&fts);
            return false;
        }
        if (t->negated) rules_without(out, &fits);
        else rules_and(out, &fits);
    }
    if (fts.len) { /* all words in one, for one rank */
        rule_set fits;
        double *made = ranks ? ARENA_ARRAY(a, double, rule_count(s) + 1) : NULL;
        match_words(&m, &fts, &fits, made);
        rules_and(out, &fits);
        if (ranks) *ranks = made;
    }
    text_free(&fts);
    return true;
}
