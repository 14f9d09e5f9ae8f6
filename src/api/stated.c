/*
 * Log sources that users state, looked at once for words that nobody else uses: `--as product=windos` gives events to no rule and
 * no schema, and nothing else would say so.
 */
#include "api/api.h"

typedef VEC(pk_str) words;

static bool has_word(const words *w, pk_str word)
{
    for (size_t i = 0; i < w->len; i++)
        if (str_equal_ascii_fold(w->at[i], word)) return true;
    return false;
}

static void add_sources(words *to, arena *a, const log_source *sources, size_t count, source_attribute which)
{
    for (size_t i = 0; i < count; i++) {
        pk_str word = log_source_get(&sources[i], which);
        if (word.len && !has_word(to, word)) vec_push_in(a, to, word);
    }
}

/* Rules name log sources where they are described, and in the stages that their text became. */
static void add_rules(words *to, arena *a, const pk_catalog *c, source_attribute which)
{
    for (size_t i = 0; i < ir_rule_count(c->ir); i++) {
        const rule *r = ir_rule(c->ir, i);
        add_sources(to, a, &r->logsource, 1, which);
        for (size_t k = 0; r->plan && k < r->plan->stage_count; k++) {
            const stage *s = r->plan->stages[k];
            if (s->kind == STAGE_MATCH) add_sources(to, a, s->as.match.sources, s->as.match.source_count, which);
        }
    }
}

static void warn_of(pk_str word, const char *attribute, const char *nobody, const words *known, arena *a, diag_list *d)
{
    pk_str near = str_nearest(word, known->at, known->len);
    pk_str hint = near.len ? arena_printf(a, "did you mean '" STR_FMT "'?", STR_ARG(near)) : STR("");
    pk_str message = arena_printf(a, "a log source is stated of which %s knows the %s '" STR_FMT "'", nobody, attribute, STR_ARG(word));
    diag_add_text(d, PK_WARNING, "stated-source", (diag_place){0}, STR(""), message, hint);
}

void warn_of_unknown_sources(const pk_catalog *c, diag_list *d)
{
    static const char *const names[SOURCE_ATTRIBUTES] = {"product", "category", "service"};
    arena *a = arena_new();
    const char *nobody = ir_rule_count(c->ir) ? "no rule and no schema" : "no schema"; /* dumps have no rules */
    for (source_attribute which = 0; c->stated.len && which < SOURCE_ATTRIBUTES; which++) {
        words known = {0}, unknown = {0};
        size_t count;
        const pk_str *of_schema = schema_source_values(c->schema, which, a, &count);
        for (size_t i = 0; i < count; i++)
            if (of_schema[i].len && !has_word(&known, of_schema[i])) vec_push_in(a, &known, of_schema[i]);
        for (size_t i = 0; i < c->stated.len; i++) {
            pk_str word = log_source_get(&c->stated.at[i], which);
            if (word.len && !has_word(&known, word) && !has_word(&unknown, word)) vec_push_in(a, &unknown, word);
        }
        if (unknown.len == 0 || !catalog_rest(c)) continue; /* texts of kept rules are read only where the schemas don't know a word */
        add_rules(&known, a, c, which);
        for (size_t i = 0; i < unknown.len; i++)
            if (!has_word(&known, unknown.at[i])) warn_of(unknown.at[i], names[which], nobody, &known, a, d);
    }
    arena_free(a);
}
