/* The techniques that rules cover, as a layer of the ATT&CK Navigator: counts as scores, languages and what runs as metadata. */
#include "catalog/attack_query.h"
#include "catalog/navigator.h"
#include "catalog/queries.h"

typedef struct {
    store *store;
    arena *arena;
    const matrix *m;
    language_counts languages;
} layer_writer;

static pk_str rules_text(arena *a, size_t n) { return arena_printf(a, n == 1 ? "%zu rule" : "%zu rules", n); }

static void fill_mark(const layer_writer *w, size_t place, const pk_str *titles, navigator_mark *mark)
{
    arena *a = w->arena;
    const matrix_technique *t = &w->m->techniques[place];
    const language_counts *n = &w->languages;
    record_builder metadata = {0};
    for (size_t i = 0; i < n->count; i++)
        if (n->rules[place * n->count + i]) record_add(a, &metadata, titles[i], value_string(rules_text(a, n->rules[place * n->count + i])));
    record_add(a, &metadata, STR("can run"), value_string(arena_printf(a, "%zu of %zu", t->runnable, t->rules)));
    if (t->own != t->rules) record_add(a, &metadata, STR("of the technique itself"), value_string(rules_text(a, t->own)));
    *mark = (navigator_mark){.technique = t->id, .score = (int64_t)t->rules, .comment = rules_text(a, t->rules), .show_sub = t->own != t->rules,
                             .metadata = metadata.fields.at, .metadata_count = metadata.fields.len};
}

static pk_str release(store *s, arena *a)
{
    rows r = rows_of(s, a, "SELECT value FROM meta WHERE key IN ('attack', 'attack_ids') AND value IS NOT NULL ORDER BY key DESC", "");
    pk_str found = rows_next(&r) ? row_text(&r, 0) : STR("");
    rows_end(&r);
    return found;
}

/* Is it the technique, or below it? "" is all of them. */
static bool chosen(const matrix_technique *t, pk_str id) { return !id.len || str_equal(t->id, id) || str_equal(t->parent, id); }

QUERY(layer)
{
    const filter *f = filter_read(s, args, a, e);
    if (!f) return (value){0};
    rule_set all = rules_current(s, args, a), set = filter_apply(f, &all), running = rules_running(s, args, a, e);
    if (e->status != PK_OK) return (value){0};
    matrix *m = matrix_read(s, a, &set, &running);
    layer_writer w = {.store = s, .arena = a, .m = m, .languages = matrix_by_language(s, a, m, &set)};
    pk_str *titles = ARENA_ARRAY(a, pk_str, w.languages.count + 1);
    for (size_t i = 0; i < w.languages.count; i++) titles[i] = store_language_title(w.store, a, w.languages.names[i]);
    navigator_mark *marks = ARENA_ARRAY(a, navigator_mark, m->technique_count + 1);
    size_t count = 0;
    pk_str id = technique_argument(a, argument_text(args, "technique")), name = argument_text(args, "name");
    for (size_t t = 0; t < m->technique_count; t++)
        if (m->techniques[t].rules && m->techniques[t].placed && chosen(&m->techniques[t], id)) fill_mark(&w, t, titles, &marks[count++]);
    if (!name.len) name = id.len ? arena_printf(a, "picket: rules for " STR_FMT, STR_ARG(id)) : STR("picket: techniques with rules");
    pk_str description = arena_printf(a, STR_FMT "; the score is the number of rules, those of sub-techniques included", STR_ARG(rules_text(a, rules_size(&set))));
    value layer = navigator_layer_value(a, name, description, release(s, a), marks, count);
    matrix_free(m);
    return layer;
}
