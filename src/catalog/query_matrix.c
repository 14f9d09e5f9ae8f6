/*
 * The matrix: tactics, their techniques with sub-techniques folded into them, and for each cell the rules; coloured by the number of
 * rules, by the share of them that runs on the sources one has, or by alerts. Compared with a Navigator layer, or with what a group
 * or software uses.
 */
#include "catalog/attack_query.h"
#include "catalog/navigator.h"
#include "catalog/queries.h"

typedef enum { COLOR_RULES, COLOR_RUNNABLE, COLOR_ALERTS } color_by;

static const struct {
    const char *name;
    const char *shades[6];        /* what each means */
} colors[] = {
    [COLOR_RULES] = {"rules", {"no rule", "1 rule", "2 to 4 rules", "5 to 9 rules", "10 to 29 rules", "30 rules and more"}},
    [COLOR_RUNNABLE] = {"runnable", {"no rule runs", "a few run", "less than half run", "half run", "most run", "all run"}},
    [COLOR_ALERTS] = {"alerts", {"no alert", "1 alert", "2 to 9 alerts", "10 to 99 alerts", "100 to 999 alerts", "1,000 alerts and more"}},
};
enum { COLORS = sizeof colors / sizeof *colors };

typedef struct {
    store *store;
    arena *arena;
    matrix *m;
    language_counts languages;
    color_by color;
    bool *in_layer;               /* by place; NULL: nothing is compared */
    bool *written;                /* by place: stands in a tactic as a cell or a sub-cell */
} writer;

static int by_steps(uint64_t n, const uint64_t steps[5])
{
    int shade = 0;
    while (shade < 5 && n >= steps[shade]) shade++;
    return shade;
}

static int shade_of(color_by color, const matrix_technique *t)
{
    static const uint64_t rules[5] = {1, 2, 5, 10, 30}, alerts[5] = {1, 2, 10, 100, 1000};
    switch (color) {
    case COLOR_RULES: return by_steps(t->rules, rules);
    case COLOR_ALERTS: return by_steps(t->alerts, alerts);
    case COLOR_RUNNABLE:
        if (!t->runnable) return 0;
        if (t->runnable >= t->rules) return 5;
        return 1 + (int)(4 * t->runnable / t->rules);
    }
    return 0;
}

static value languages_value(const writer *w, size_t technique)
{
    arena *a = w->arena;
    list_builder list = {0};
    const language_counts *n = &w->languages;
    for (size_t i = 0; i < n->count; i++) {
        uint32_t rules = n->rules[technique * n->count + i];
        record_builder one = {0};
        if (!rules) continue;
        put_text(a, &one, "name", n->names[i]);
        put_int(a, &one, "rules", rules);
        add_record(a, &list, &one);
    }
    return list_done(&list);
}

static void put_cell(const writer *w, record_builder *b, size_t technique)
{
    arena *a = w->arena;
    const matrix_technique *t = &w->m->techniques[technique];
    put(a, b, "id", value_string(t->id));
    put_text(a, b, "name", t->name);
    put_int(a, b, "rules", (int64_t)t->rules);
    put_int(a, b, "own", (int64_t)t->own);
    put(a, b, "by_language", languages_value(w, technique));
    put_int(a, b, "runnable", (int64_t)t->runnable);
    put_int(a, b, "alerts", (int64_t)t->alerts);
    put_int(a, b, "shade", shade_of(w->color, t));
    put_bool(a, b, "known", t->known);
    put_bool(a, b, "retired", t->retired);
    if (w->in_layer) put_bool(a, b, "in_layer", w->in_layer[technique]);
    w->written[technique] = true;
}

/* One technique of a tactic and, behind it in the list, its sub-techniques. Returns the number of techniques read. */
static size_t put_family(const writer *w, list_builder *out, const uint32_t *cells, size_t count)
{
    arena *a = w->arena;
    record_builder b = {0};
    list_builder subs = {0};
    size_t n = 1;
    bool shows = matrix_shows(&w->m->techniques[cells[0]]);
    put_cell(w, &b, cells[0]);
    for (; n < count && matrix_parent(w->m, cells[n]) == cells[0]; n++) {
        if (!matrix_shows(&w->m->techniques[cells[n]])) continue;
        record_builder sub = {0};
        put_cell(w, &sub, cells[n]);
        add_record(a, &subs, &sub);
        shows = true;
    }
    put_list(a, &b, "sub", &subs);
    if (shows) add_record(a, out, &b);
    return n;
}

static value tactics_value(const writer *w)
{
    arena *a = w->arena;
    list_builder tactics = {0};
    for (size_t i = 0; i < w->m->tactic_count; i++) {
        const matrix_tactic *t = &w->m->tactics[i];
        value v = tactic_value(a, t);
        record_builder b = {0};
        list_builder cells = {0};
        for (size_t f = 0; f < v.as.record.count; f++) record_add(a, &b, v.as.record.fields[f].name, v.as.record.fields[f].value);
        for (size_t c = 0; c < t->count;) c += put_family(w, &cells, w->m->cells + t->first + c, t->count - c);
        put_list(a, &b, "techniques", &cells);
        add_record(a, &tactics, &b);
    }
    return list_done(&tactics);
}

/* The cells as rows, for a table: a technique stands once for each of its tactics. */
static void add_row(arena *a, list_builder *out, const value *tactic, const value *cell, pk_str parent)
{
    static const char *const names[] = {"id", "name", "rules", "runnable", "alerts"};
    record_builder b = {0};
    const value *shown = value_get(tactic, STR("shown")), *name = value_get(tactic, STR("name"));
    if (shown || name) put(a, &b, "tactic", shown ? *shown : *name);
    put_text(a, &b, "parent", parent);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const value *v = value_get(cell, str_from(names[i]));
        if (v) put(a, &b, names[i], *v);
    }
    add_record(a, out, &b);
}

static value rows_value(arena *a, const value *tactics)
{
    list_builder out = {0};
    for (size_t t = 0; t < tactics->as.list.count; t++) {
        const value *tactic = &tactics->as.list.items[t], *cells = value_get(tactic, STR("techniques"));
        for (size_t c = 0; cells && c < cells->as.list.count; c++) {
            const value *cell = &cells->as.list.items[c], *subs = value_get(cell, STR("sub")), *id = value_get(cell, STR("id"));
            add_row(a, &out, tactic, cell, STR(""));
            for (size_t i = 0; subs && id && i < subs->as.list.count; i++) add_row(a, &out, tactic, &subs->as.list.items[i], id->as.string);
        }
    }
    return list_done(&out);
}

/* ---- comparing ---- */

static bool read_layer(writer *w, pk_str json, pk_str *name, query_error *e)
{
    navigator_layer layer;
    pk_str message;
    pk_status status = navigator_read(json, w->arena, &layer, &message);
    if (status != PK_OK) {
        query_refuse(e, w->arena, PK_ERROR_USAGE, STR_FMT, STR_ARG(message));
        return false;
    }
    for (size_t i = 0; i < layer.count; i++) {
        size_t t = layer.entries[i].marked ? matrix_current(w->m, layer.entries[i].technique) : STR_NPOS;
        if (t != STR_NPOS) w->in_layer[t] = true;
    }
    *name = layer.name;
    return true;
}

static bool read_object(writer *w, pk_str id, pk_str *name, query_error *e)
{
    pk_str object;
    bool *uses = matrix_of_object(w->store, w->arena, w->m, id, &object);
    if (!uses) {
        query_refuse(e, w->arena, PK_ERROR_USAGE, "there is no group, software or campaign '" STR_FMT "'; give an id (G0007, S0002)", STR_ARG(str_slice(id, 0, 50)));
        return false;
    }
    for (size_t t = 0; t < w->m->technique_count; t++) w->in_layer[t] |= uses[t];
    object = arena_printf(w->arena, STR_FMT " (" STR_FMT ")", STR_ARG(object), STR_ARG(technique_argument(w->arena, id)));
    *name = name->len ? arena_printf(w->arena, STR_FMT ", " STR_FMT, STR_ARG(*name), STR_ARG(object)) : object;
    return true;
}

/* Counted over techniques and sub-techniques, each once, whatever the number of its tactics. */
static value comparison(const writer *w, pk_str name)
{
    int64_t only_layer = 0, only_rules = 0, both = 0;
    for (size_t t = 0; t < w->m->technique_count; t++) {
        bool rules = w->m->techniques[t].rules > 0;
        if (!w->written[t]) continue;
        only_layer += w->in_layer[t] && !rules;
        only_rules += !w->in_layer[t] && rules;
        both += w->in_layer[t] && rules;
    }
    record_builder b = {0};
    put_text(w->arena, &b, "name", name);
    put_int(w->arena, &b, "only_layer", only_layer);
    put_int(w->arena, &b, "only_rules", only_rules);
    put_int(w->arena, &b, "both", both);
    return record_done(&b);
}

static void put_legend(const writer *w, record_builder *b)
{
    list_builder legend = {0};
    for (int i = 0; i < 6; i++) {
        record_builder one = {0};
        put_int(w->arena, &one, "shade", i);
        put_text(w->arena, &one, "title", str_from(colors[w->color].shades[i]));
        add_record(w->arena, &legend, &one);
    }
    put_text(w->arena, b, "color", str_from(colors[w->color].name));
    put_list(w->arena, b, "legend", &legend);
}

static void put_languages(const writer *w, record_builder *b)
{
    list_builder list = {0};
    rows r = rows_of(w->store, w->arena, "SELECT name, title, known FROM language ORDER BY title, name", "");
    while (rows_next(&r)) {
        record_builder one = {0};
        put_text(w->arena, &one, "name", row_text(&r, 0));
        put_text(w->arena, &one, "title", row_text(&r, 1));
        put_bool(w->arena, &one, "known", row_int(&r, 2) != 0);
        add_record(w->arena, &list, &one);
    }
    put_list(w->arena, b, "languages", &list);
}

QUERY(matrix)
{
    writer w = {.store = s, .arena = a};
    pk_str layer = argument_text(args, "layer"), group = argument_text(args, "group"), name = STR("");
    const filter *f = filter_read(s, args, a, e);
    if (!f) return (value){0};
    rule_set all = rules_current(s, args, a), set = filter_apply(f, &all), running = rules_running(s, args, a, e);
    if (e->status != PK_OK) return (value){0};
    for (size_t i = 0; i < COLORS; i++)
        if (str_equal(argument_text(args, "color"), str_from(colors[i].name))) w.color = (color_by)i;
    w.m = matrix_read(s, a, &set, &running);
    w.languages = matrix_by_language(s, a, w.m, &set);
    w.written = ARENA_ARRAY(a, bool, w.m->technique_count + 1);
    bool compare = layer.len || group.len;
    if (compare) w.in_layer = ARENA_ARRAY(a, bool, w.m->technique_count + 1);
    if ((layer.len && !read_layer(&w, layer, &name, e)) || (group.len && !read_object(&w, group, &name, e))) {
        matrix_free(w.m);
        return (value){0};
    }
    record_builder b = {0};
    value tactics = tactics_value(&w);
    put(a, &b, "tactics", tactics);
    put(a, &b, "rows", rows_value(a, &tactics));
    put_legend(&w, &b);
    put_languages(&w, &b);
    put_int(a, &b, "rules", (int64_t)rules_size(&set));
    put(a, &b, "layer", compare ? comparison(&w, name) : value_null());
    put(a, &b, "facets", filter_facets(f, &all));
    matrix_free(w.m);
    return record_done(&b);
}
