/* Techniques and the matrix out of the tables of a catalogue, with the counts of its rules. */
#include "catalog/attack_query.h"

#include "base/unicode.h"

pk_str technique_argument(arena *a, pk_str given)
{
    pk_str s = str_trim(given);
    char *id = arena_cstring(a, s);
    for (size_t i = 0; i < s.len; i++) {
        if (id[i] >= 'a' && id[i] <= 'z') id[i] = (char)(id[i] & ~0x20);
        if (id[i] == '/') id[i] = '.';
    }
    return (pk_str){id, s.len};
}

void put_technique(store *s, arena *a, record_builder *b, pk_str id)
{
    put(a, b, "id", value_string(id));
    rows r = rows_of(s, a, "SELECT t.name, t.retired, t.successor, n.name FROM technique t LEFT JOIN technique n ON n.id = t.successor WHERE t.id = ?", "s", id);
    if (rows_next(&r)) {
        put_text(a, b, "name", row_text(&r, 0));
        put_bool(a, b, "retired", row_int(&r, 1) != 0);
        if (!row_null(&r, 2)) {
            record_builder next = {0};
            put_text(a, &next, "id", row_text(&r, 2));
            put_text(a, &next, "name", row_text(&r, 3));
            put_record(a, b, "successor", &next);
        }
    } else {
        put_bool(a, b, "retired", false);
    }
    rows_end(&r);
}

value technique_value(store *s, arena *a, pk_str id)
{
    record_builder b = {0};
    put_technique(s, a, &b, id);
    return record_done(&b);
}

value tactic_value(arena *a, const matrix_tactic *t)
{
    record_builder b = {0};
    put_text(a, &b, "id", t->id);
    put_text(a, &b, "short", t->short_name);
    put_text(a, &b, "name", t->name);
    put_text(a, &b, "shown", t->shown);
    put_text(a, &b, "was", t->was);
    return record_done(&b);
}

/* ---- reading the matrix ---- */

static void read_tactics(store *s, arena *a, matrix *m)
{
    VEC(matrix_tactic) tactics = {0};
    rows r = rows_of(s, a, "SELECT id, short, name, shown, predecessor, position < 1000000 FROM tactic ORDER BY position, id", "");
    while (rows_next(&r)) {
        matrix_tactic t = {.id = row_text(&r, 0), .short_name = row_text(&r, 1), .name = row_text(&r, 2), .shown = row_text(&r, 3),
                           .was = row_text(&r, 4), .known = row_int(&r, 5) != 0};
        vec_push_in(a, &tactics, t);
    }
    m->tactics = tactics.at;
    m->tactic_count = tactics.len;
}

static void read_techniques(store *s, arena *a, matrix *m)
{
    VEC(matrix_technique) techniques = {0};
    const dimension_column *c = index_column(index_of(s), DIMENSION_TECHNIQUE);
    rows r = rows_of(s, a, "SELECT id, name, parent, successor, retired, known FROM technique ORDER BY position, id", "");
    while (rows_next(&r)) {
        matrix_technique t = {.id = row_text(&r, 0), .name = row_text(&r, 1), .parent = row_text(&r, 2), .successor = row_text(&r, 3),
                              .retired = row_int(&r, 4) != 0, .known = row_int(&r, 5) != 0};
        t.number = table_get(&c->numbers, fold(a, t.id));
        table_put(&m->by_id, t.id, (uint32_t)techniques.len);
        vec_push_in(a, &techniques, t);
    }
    m->techniques = techniques.at;
    m->technique_count = techniques.len;
}

/* The rows come by tactic; within one the order is that of the techniques. */
static void read_cells(store *s, arena *a, matrix *m)
{
    VEC(uint32_t) cells = {0};
    table tactic_of = {0};
    matrix_tactic *tactics = ARENA_ARRAY(a, matrix_tactic, m->tactic_count + 1);
    uint64_t *in = mem_zalloc((m->tactic_count + 1) * (m->technique_count / 64 + 1), sizeof *in);
    size_t words = m->technique_count / 64 + 1;
    for (size_t i = 0; i < m->tactic_count; i++) table_put(&tactic_of, m->tactics[i].id, (uint32_t)i);
    rows r = rows_of(s, a, "SELECT technique, tactic FROM technique_tactic", "");
    while (rows_next(&r)) {
        uint32_t t = table_get(&m->by_id, row_text(&r, 0)), tactic = table_get(&tactic_of, row_text(&r, 1));
        if (t == TABLE_NONE || tactic == TABLE_NONE) continue;
        in[tactic * words + t / 64] |= (uint64_t)1 << t % 64;
        m->techniques[t].placed = true;
    }
    for (size_t i = 0; i < m->tactic_count; i++) {
        tactics[i] = m->tactics[i];
        tactics[i].first = cells.len;
        for (size_t t = 0; t < m->technique_count; t++)
            if (in[i * words + t / 64] >> t % 64 & 1) vec_push_in(a, &cells, (uint32_t)t);
        tactics[i].count = cells.len - tactics[i].first;
    }
    m->tactics = tactics;
    m->cells = cells.at;
    table_free(&tactic_of);
    mem_free(in);
}

typedef struct {
    size_t rules, runnable;
    uint64_t alerts;
} technique_counts;

static void count_rules(store *s, arena *a, matrix *m, const rule_set *set, const rule_set *running)
{
    rule_index *index = index_of(s);
    const dimension_column *c = index_column(index, DIMENSION_TECHNIQUE);
    technique_counts *counts = ARENA_ARRAY(a, technique_counts, c->values.len + 1);
    for (size_t p = 0; p < index->count; p++) {
        if (!rules_have(set, p)) continue;
        bool runs = running && rules_have(running, p);
        uint64_t alerts = s->run ? rule_alerts(s, p) : 0;
        for (uint32_t i = c->first[p]; i < c->first[p + 1]; i++) {
            technique_counts *n = &counts[c->items[i]];
            n->rules++;
            n->runnable += runs;
            n->alerts += alerts;
        }
    }
    for (size_t t = 0; t < m->technique_count; t++) {
        matrix_technique *x = &m->techniques[t];
        if (x->number == TABLE_NONE) continue;
        x->rules = counts[x->number].rules;
        x->runnable = counts[x->number].runnable;
        x->alerts = counts[x->number].alerts;
    }
    rows r = rows_of(s, a, "SELECT technique, count(DISTINCT rule) FROM rule_technique WHERE rule_in(rule, ?) GROUP BY technique", "r", set);
    while (rows_next(&r)) {
        uint32_t t = table_get(&m->by_id, row_text(&r, 0));
        if (t != TABLE_NONE) m->techniques[t].own = (size_t)row_int(&r, 1);
    }
}

language_counts matrix_by_language(store *s, arena *a, const matrix *m, const rule_set *set)
{
    rule_index *index = index_of(s);
    const dimension_column *c = index_column(index, DIMENSION_TECHNIQUE), *l = index_column(index, DIMENSION_LANGUAGE);
    language_counts n = {.names = l->values.at, .count = l->values.len};
    uint32_t *counts = ARENA_ARRAY(a, uint32_t, c->values.len * n.count + 1);
    n.rules = ARENA_ARRAY(a, uint32_t, m->technique_count * n.count + 1);
    for (size_t p = 0; p < index->count; p++) {
        if (!rules_have(set, p) || l->first[p] == l->first[p + 1]) continue;
        for (uint32_t i = c->first[p]; i < c->first[p + 1]; i++) counts[c->items[i] * n.count + l->items[l->first[p]]]++;
    }
    for (size_t t = 0; t < m->technique_count; t++)
        if (m->techniques[t].number != TABLE_NONE && n.count)
            memcpy(n.rules + t * n.count, counts + m->techniques[t].number * n.count, n.count * sizeof *counts);
    return n;
}

matrix *matrix_read(store *s, arena *a, const rule_set *set, const rule_set *running)
{
    matrix *m = ARENA_NEW(a, matrix);
    read_tactics(s, a, m);
    read_techniques(s, a, m);
    read_cells(s, a, m);
    count_rules(s, a, m, set, running);
    return m;
}

void matrix_free(matrix *m) { table_free(&m->by_id); }

size_t matrix_current(const matrix *m, pk_str id)
{
    uint32_t at = table_get(&m->by_id, id);
    for (int step = 0; at != TABLE_NONE && step < 64; step++) {
        const matrix_technique *t = &m->techniques[at];
        uint32_t next = t->retired && t->successor.len ? table_get(&m->by_id, t->successor) : TABLE_NONE;
        if (next == TABLE_NONE) return at;
        at = next;
    }
    return STR_NPOS;
}

size_t matrix_parent(const matrix *m, size_t technique)
{
    pk_str parent = m->techniques[technique].parent;
    uint32_t at = parent.len ? table_get(&m->by_id, parent) : TABLE_NONE;
    return at == TABLE_NONE ? STR_NPOS : at;
}

bool matrix_shows(const matrix_technique *t) { return !t->retired || t->rules > 0; }

bool *matrix_of_object(store *s, arena *a, const matrix *m, pk_str object, pk_str *name)
{
    pk_str id = technique_argument(a, object);
    rows r = rows_of(s, a, "SELECT name FROM attack_object WHERE id = ?", "s", id);
    bool found = rows_next(&r);
    if (found) *name = row_text(&r, 0);
    rows_end(&r);
    if (!found) return NULL;
    bool *uses = ARENA_ARRAY(a, bool, m->technique_count + 1);
    r = rows_of(s, a, "SELECT technique FROM technique_use WHERE object = ?", "s", id);
    while (rows_next(&r)) {
        size_t t = matrix_current(m, row_text(&r, 0));
        if (t != STR_NPOS) uses[t] = true;
    }
    return uses;
}
