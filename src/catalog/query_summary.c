/* The catalogue as a whole: what the start page shows. */
#include "base/unicode.h"
#include "catalog/predicate_index.h"
#include "catalog/queries.h"
#include "catalog/rule_index.h"
#include "catalog/rule_order.h"

enum { LATEST = 10 };

static value languages(store *s, arena *a)
{
    list_builder list = {0};
    rows r = rows_of(s, a, "SELECT l.name, l.title, l.family, l.vendor, l.known, (SELECT count(*) FROM rule WHERE language = l.name), "
                           "(SELECT count(*) FROM file WHERE language = l.name) FROM language l ORDER BY l.known DESC, l.vendor, l.title", "");
    while (rows_next(&r)) {
        record_builder one = {0};
        put_column(&one, "name", &r, 0);
        put_column(&one, "title", &r, 1);
        put_column(&one, "family", &r, 2);
        put_bool(a, &one, "vendor", row_int(&r, 3) != 0);
        put_bool(a, &one, "known", row_int(&r, 4) != 0);
        put_column(&one, "rules", &r, 5);
        put_column(&one, "files", &r, 6);
        add_record(a, &list, &one);
    }
    return list_done(&list);
}

typedef struct {
    arena *arena;
    record_builder record;
} counted;

static void put_count(pk_str name, size_t rules, void *user)
{
    counted *c = user;
    if (rules) record_add(c->arena, &c->record, name, value_int((int64_t)rules));
}

static value states(store *s, arena *a, const rule_set *all)
{
    counted c = {.arena = a};
    rules_by(s, DIMENSION_STATE, all, put_count, &c);
    return record_done(&c.record);
}

/* ---- coverage ---- */

typedef struct {
    size_t techniques, covered;
} technique_counts;

static value tactics(store *s, arena *a, const rule_set *all, technique_counts *total)
{
    list_builder list = {0};
    matrix *m = matrix_read(s, a, all, NULL);
    for (size_t t = 0; t < m->technique_count; t++) {
        if (m->techniques[t].retired || !m->techniques[t].known) continue;
        total->techniques++;
        total->covered += m->techniques[t].rules > 0;
    }
    for (size_t i = 0; i < m->tactic_count; i++) {
        const matrix_tactic *tactic = &m->tactics[i];
        technique_counts n = {0};
        record_builder one = {0};
        for (size_t c = tactic->first; c < tactic->first + tactic->count; c++) {
            const matrix_technique *t = &m->techniques[m->cells[c]];
            if (!matrix_shows(t)) continue;
            n.techniques++;
            n.covered += t->rules > 0;
        }
        rule_set rules = rules_with(s, DIMENSION_TACTIC, tactic->id, a);
        put(a, &one, "tactic", tactic_value(a, tactic));
        put_int(a, &one, "techniques", (int64_t)n.techniques);
        put_int(a, &one, "covered", (int64_t)n.covered);
        put_int(a, &one, "rules", (int64_t)rules_size(&rules));
        add_record(a, &list, &one);
    }
    matrix_free(m);
    return list_done(&list);
}

/* ---- the rest ---- */

static value latest(store *s, arena *a, const rule_set *all)
{
    list_builder list = {0};
    const uint32_t *places = rules_sorted(s, a, all, NULL, STR("modified"), STR("desc"));
    for (size_t i = 0; i < LATEST && i < rules_size(all); i++) list_add(a, &list, rule_card(s, a, rule_at(s, places[i]), false));
    return list_done(&list);
}

static value problems(store *s, arena *a)
{
    record_builder b = {0};
    rows r = rows_of(s, a, "SELECT severity, count(*) FROM diagnostic GROUP BY severity ORDER BY severity", "");
    while (rows_next(&r)) record_add(a, &b, row_text(&r, 0), value_int(row_int(&r, 1)));
    return record_done(&b);
}

static void put_meta(store *s, arena *a, record_builder *b)
{
    rows r = rows_of(s, a, "SELECT key, value FROM meta WHERE key IN ('built', 'attack', 'attack_terms', 'picket', 'roots') ORDER BY key", "");
    while (rows_next(&r)) {
        bool roots = str_equal(row_text(&r, 0), STR("roots"));
        record_add(a, b, row_text(&r, 0), roots ? row_json(&r, 1) : value_string(row_text(&r, 1)));
    }
}

static value run_summary(store *s, arena *a)
{
    const rule_index *index = index_of(s);
    record_builder b = {0};
    size_t rules = 0;
    if (!s->run) return value_null();
    for (size_t p = 0; p < index->count; p++) rules += index->alerts[p] > 0;
    put_int(a, &b, "alerts", (int64_t)s->run->count);
    put_int(a, &b, "rules", (int64_t)rules);
    put_text(a, &b, "path", utf8_repair(a, str_from(s->run->path)));
    return record_done(&b);
}

QUERY(summary)
{
    (void)args, (void)e;
    rule_set all = rules_all(s, a);
    record_builder b = {0};
    technique_counts total = {0};
    value by_tactic = tactics(s, a, &all, &total);
    const predicate_index *n = index_predicates(index_of(s));
    put_int(a, &b, "rules", (int64_t)rule_count(s));
    put_int(a, &b, "predicates", n->total);
    put_int(a, &b, "pairs", n->pairs);
    put_int(a, &b, "techniques", (int64_t)total.covered);
    put_int(a, &b, "of_techniques", (int64_t)total.techniques);
    put(a, &b, "languages", languages(s, a));
    put(a, &b, "states", states(s, a, &all));
    put(a, &b, "coverage", by_tactic);
    put(a, &b, "latest", latest(s, a, &all));
    put(a, &b, "problems", problems(s, a));
    put_meta(s, a, &b);
    put_int(a, &b, "unknown_files", store_number(s, "SELECT count(*) FROM file WHERE state = 'unknown'", ""));
    put(a, &b, "run", run_summary(s, a));
    return record_done(&b);
}
