/* What is wrong: rules that do not parse or cannot run, files of unknown languages, rules without ATT&CK, fields that nobody knows. */
#include "catalog/queries.h"
#include "catalog/rule_index.h"

enum { LISTED = 100, FIELDS_SHOWN = 200 };

static void put_problems(store *s, arena *a, record_builder *b, const query_arguments *args)
{
    list_builder list = {0};
    pk_str code = argument_text(args, "code"), severity = argument_text(args, "severity");
    if (!code.len) code.ptr = NULL;
    if (!severity.len) severity.ptr = NULL;
    size_t per, from = page_of(args, &per);
    size_t of = (size_t)store_number(s, "SELECT count(*) FROM diagnostic", "");
    size_t total = (size_t)store_number(s, "SELECT count(*) FROM diagnostic WHERE (?1 IS NULL OR code = ?1) AND (?2 IS NULL OR severity = ?2)", "ss", code, severity);
    rows r = rows_of(s, a, "SELECT " DIAGNOSTIC_COLUMNS " FROM diagnostic d " DIAGNOSTIC_FILE " WHERE (?1 IS NULL OR d.code = ?1) AND (?2 IS NULL OR d.severity = ?2) "
                           "ORDER BY CASE d.severity WHEN 'error' THEN 0 WHEN 'unsupported' THEN 1 WHEN 'needs list' THEN 2 WHEN 'warning' THEN 3 ELSE 4 END, "
                           "f.path, d.line, d.column, d.id LIMIT ?3 OFFSET ?4", "ssii", code, severity, (int64_t)per, (int64_t)from);
    while (rows_next(&r)) list_add(a, &list, diagnostic_value(s, a, &r, true));
    put_page_numbers(a, b, total, of, from, list.items.len, per);
    put_list(a, b, "problems", &list);
    list_builder codes = {0};
    r = rows_of(s, a, "SELECT code, severity, count(*) FROM diagnostic GROUP BY code, severity ORDER BY 3 DESC, 1", "");
    while (rows_next(&r)) {
        record_builder one = {0};
        put_column(&one, "code", &r, 0);
        put_column(&one, "severity", &r, 1);
        put_column(&one, "count", &r, 2);
        add_record(a, &codes, &one);
    }
    put_list(a, b, "by_code", &codes);
}

static void put_without_attack(store *s, arena *a, record_builder *b)
{
    rule_index *index = index_of(s);
    const dimension_column *c = index_column(index, DIMENSION_TECHNIQUE);
    list_builder list = {0};
    record_builder page = {0};
    size_t total = 0;
    for (size_t p = 0; p < index->count; p++) {
        if (c->first[p] != c->first[p + 1]) continue;
        if (total++ < LISTED) list_add(a, &list, rule_card(s, a, index->ids[p], false));
    }
    put_page_numbers(a, &page, total, index->count, 0, list.items.len, LISTED);
    put_list(a, &page, "rules", &list);
    put_record(a, b, "without_attack", &page);
}

/* Why rules do not run, most first. */
static void put_not_running(store *s, arena *a, record_builder *b)
{
    list_builder list = {0};
    rows r = rows_of(s, a, "SELECT coalesce(nullif(reason, ''), state), state, count(*) FROM rule WHERE state <> 'runnable' GROUP BY 1, 2 ORDER BY 3 DESC, 1 LIMIT ?", "i", (int64_t)LISTED);
    while (rows_next(&r)) {
        list_builder cards = {0};
        record_builder one = {0};
        rows of = rows_of(s, a, "SELECT id FROM rule WHERE state = ?2 AND coalesce(nullif(reason, ''), state) = ?1 ORDER BY id LIMIT 20", "ss", row_text(&r, 0), row_text(&r, 1));
        while (rows_next(&of)) list_add(a, &cards, rule_card(s, a, row_int(&of, 0), false));
        put_column(&one, "reason", &r, 0);
        put_column(&one, "state", &r, 1);
        put_column(&one, "rules", &r, 2);
        put_list(a, &one, "list", &cards);
        add_record(a, &list, &one);
    }
    put_list(a, b, "not_running", &list);
}

/* Fields that no event of a rule's sources is known to have: missing in every class that the rule is routed to. */
static void put_unknown_fields(store *s, arena *a, record_builder *b)
{
    list_builder list = {0};
    rows r = rows_of(s, a, "SELECT m.value, count(DISTINCT r.rule) FROM rule_class r, json_each(CASE WHEN json_valid(r.missing) THEN r.missing ELSE '[]' END) m WHERE r.state <> 'full' AND NOT EXISTS "
                           "(SELECT 1 FROM rule_class o WHERE o.rule = r.rule AND (o.state = 'full' OR instr(o.missing, '\"' || m.value || '\"') = 0)) "
                           "GROUP BY m.value ORDER BY 2 DESC, 1 LIMIT ?", "i", (int64_t)FIELDS_SHOWN);
    while (rows_next(&r)) {
        record_builder one = {0};
        put_text(a, &one, "field", row_text(&r, 0));
        put_int(a, &one, "rules", row_int(&r, 1));
        add_record(a, &list, &one);
    }
    put_list(a, b, "unknown_fields", &list);
}

static void put_unknown_files(store *s, arena *a, record_builder *b)
{
    list_builder list = {0};
    record_builder files = {0};
    rows r = rows_of(s, a, "SELECT reason, language, count(*), state FROM file WHERE state <> 'rules' GROUP BY state, reason, language ORDER BY 3 DESC, 1", "");
    while (rows_next(&r)) {
        record_builder one = {0};
        list_builder paths = {0};
        rows of = rows_of(s, a, "SELECT path FROM file WHERE state = ?1 AND reason IS ?2 AND language IS ?3 ORDER BY path LIMIT ?4", "sssi", row_text(&r, 3),
                          row_null(&r, 0) ? (pk_str){NULL, 0} : row_text(&r, 0), row_null(&r, 1) ? (pk_str){NULL, 0} : row_text(&r, 1), (int64_t)LISTED);
        while (rows_next(&of)) list_add(a, &paths, value_string(row_text(&of, 0)));
        put_column(&one, "reason", &r, 0);
        put_column(&one, "language", &r, 1);
        put_column(&one, "count", &r, 2);
        put_column(&one, "state", &r, 3);
        put_list(a, &one, "files", &paths);
        add_record(a, &list, &one);
    }
    put_int(a, &files, "count", store_number(s, "SELECT count(*) FROM file WHERE state <> 'rules'", ""));
    put_list(a, &files, "by_reason", &list);
    put_record(a, b, "unknown_files", &files);
}

static void put_same_key(store *s, arena *a, record_builder *b)
{
    list_builder list = {0};
    rows r = rows_of(s, a, "SELECT id FROM rule WHERE key <> rule_id AND key LIKE rule_id || '~%' ORDER BY rule_id, key LIMIT 500", "");
    while (rows_next(&r)) list_add(a, &list, rule_card(s, a, row_int(&r, 0), false));
    put_list(a, b, "same_key", &list);
}

QUERY(problems)
{
    (void)e;
    record_builder b = {0};
    put_problems(s, a, &b, args);
    put_without_attack(s, a, &b);
    put_not_running(s, a, &b);
    put_unknown_fields(s, a, &b);
    put_unknown_files(s, a, &b);
    put_same_key(s, a, &b);
    return record_done(&b);
}
