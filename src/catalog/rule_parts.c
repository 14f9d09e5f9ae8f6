/* What a rule covers, its stages, and what it looks for. */
#include "catalog/queries.h"
#include "catalog/rule_index.h"

/* ---- coverage: a row for each tactic, in the order of the matrix ---- */

static void put_coverage_row(store *s, arena *a, list_builder *out, pk_str id, pk_str shown, const char *sql, int64_t rule)
{
    list_builder techniques = {0};
    record_builder row = {0};
    rows r = rows_of(s, a, sql, "is", rule, id);
    while (rows_next(&r)) {
        record_builder one = {0};
        put_technique(s, a, &one, row_text(&r, 0));
        add_record(a, &techniques, &one);
    }
    if (!id.len && !techniques.items.len) return;
    put(a, &row, "tactic", value_string(shown));
    put(a, &row, "tactic_id", value_string(id));
    put_list(a, &row, "techniques", &techniques);
    add_record(a, out, &row);
}

/* A tactic's techniques, and at last those that belong to none. */
value rule_coverage(store *s, arena *a, int64_t rule)
{
    rule_index *index = index_of(s);
    const dimension_column *c = index_column(index, DIMENSION_TACTIC);
    size_t place = index_place(index, rule);
    list_builder out = {0};
    rows r = rows_of(s, a, "SELECT id, shown FROM tactic ORDER BY position, id", "");
    while (place != STR_NPOS && rows_next(&r)) {
        bool of_rule = false;
        pk_str id = row_text(&r, 0);
        for (uint32_t i = c->first[place]; i < c->first[place + 1]; i++) of_rule |= str_equal(c->values.at[c->items[i]], id);
        if (of_rule)
            put_coverage_row(s, a, &out, id, row_text(&r, 1), "SELECT DISTINCT technique FROM rule_technique JOIN technique_tactic USING (technique) "
                                                              "WHERE rule = ?1 AND tactic = ?2 ORDER BY technique", rule);
    }
    rows_end(&r);
    put_coverage_row(s, a, &out, STR(""), STR(""), "SELECT DISTINCT technique FROM rule_technique t WHERE rule = ?1 AND ?2 = '' AND NOT EXISTS "
                                                   "(SELECT 1 FROM technique_tactic o WHERE o.technique = t.technique) ORDER BY technique", rule);
    return list_done(&out);
}

/* ---- stages ---- */

static value stage_predicates(store *s, arena *a, int64_t stage)
{
    list_builder out = {0};
    rows r = rows_of(s, a, "SELECT p.key, p.field, p.kind, u.shown, u.negated, u.line, u.column, u.length, u.every FROM stage_predicate u "
                           "JOIN predicate p ON p.id = u.predicate WHERE u.stage = ? ORDER BY u.position", "i", stage);
    while (rows_next(&r)) {
        record_builder one = {0};
        put_predicate(&one, &r, 0);
        put_bool(a, &one, "negated", row_int(&r, 4) != 0);
        put_int(a, &one, "line", row_int(&r, 5));
        put_int(a, &one, "column", row_int(&r, 6));
        put_int(a, &one, "length", row_int(&r, 7));
        put_bool(a, &one, "every", row_int(&r, 8) != 0);
        add_record(a, &out, &one);
    }
    return list_done(&out);
}

value rule_stages(store *s, arena *a, int64_t rule)
{
    list_builder out = {0};
    rows r = rows_of(s, a, "SELECT id, position, title, text, line, end_line, unused, path, names, linked, reason, reason_line, reason_column FROM stage "
                           "WHERE rule = ? ORDER BY position", "i", rule);
    while (rows_next(&r)) {
        record_builder one = {0};
        put_column(&one, "index", &r, 1);
        put_column(&one, "title", &r, 2);
        put_column(&one, "text", &r, 3);
        put_column(&one, "line", &r, 4);
        put_column(&one, "end_line", &r, 5);
        put_bool(a, &one, "unused", row_int(&r, 6) != 0);
        put_column(&one, "path", &r, 7);
        if (!row_null(&r, 7)) put_text(a, &one, "file", path_below_roots(s, a, row_text(&r, 7)));
        if (!row_null(&r, 8)) put(a, &one, "names", row_json(&r, 8));
        if (!row_null(&r, 9)) put(a, &one, "rules", row_json(&r, 9));
        put_column(&one, "reason", &r, 10);
        put_column(&one, "reason_line", &r, 11);
        put_column(&one, "reason_column", &r, 12);
        put(a, &one, "predicates", stage_predicates(s, a, row_int(&r, 0)));
        add_record(a, &out, &one);
    }
    return list_done(&out);
}

/* ---- indicators: a row for each field and kind ---- */

static void put_indicator_value(list_builder *out, const rows *r, bool counts)
{
    arena *a = r->arena;
    record_builder one = {0};
    int64_t itself = counts ? 1 : 0, exact = row_int(r, 4) - itself, normal = row_int(r, 5) - itself;
    put_column(&one, "value", r, 3);
    put_int(a, &one, "corpus", exact < 0 ? 0 : exact);
    if (!row_null(r, 5)) put_int(a, &one, "normalised", normal < 0 ? 0 : normal);
    put_bool(a, &one, "negated", row_int(r, 6) == 0);
    put_bool(a, &one, "both", row_int(r, 6) != 0 && row_int(r, 7) != 0);
    put_column(&one, "key", r, 0);
    put_text(a, &one, "form", row_text(r, 8));
    put_column(&one, "algorithm", r, 9);
    put_bool(a, &one, "cased", row_int(r, 10) != 0);
    add_record(a, out, &one);
}

value rule_indicators(store *s, arena *a, int64_t rule)
{
    list_builder out = {0}, values = {0};
    const rule_index *index = index_of(s);
    size_t place = index_place(index, rule);
    pk_str field = {NULL, 0}, kind = {NULL, 0};
    bool more = true;
    rows r = rows_of(s, a, "SELECT p.key, p.field, p.kind, u.shown, p.rules, n.rules, u.positive, u.negative, p.form, p.algorithm, p.cased "
                           "FROM rule_predicate u JOIN predicate p ON p.id = u.predicate LEFT JOIN normal n ON n.id = p.normal WHERE u.rule = ? "
                           "ORDER BY p.field, p.kind, u.position", "i", rule);
    while (more) {
        more = rows_next(&r);
        pk_str f = row_text(&r, 1), k = row_text(&r, 2);
        if (field.ptr && (!more || !str_equal(f, field) || !str_equal(k, kind))) {
            record_builder row = {0};
            put(a, &row, "field", value_string(field));
            put(a, &row, "kind", value_string(kind));
            put_list(a, &row, "values", &values);
            add_record(a, &out, &row);
            values = (list_builder){0};
        }
        field = f;
        kind = k;
        if (more) put_indicator_value(&values, &r, place != STR_NPOS && index->counts[place]);
    }
    return list_done(&out);
}
