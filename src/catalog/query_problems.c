/* What is wrong: rules that do not parse or cannot run, files of unknown languages, rules without ATT&CK, fields that nobody knows. */
#include <stdlib.h>

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

/* Rules of one reason. */
typedef struct {
    pk_str reason, state;
    size_t rules;
    list_builder cards;
} stopped_rules;

static int by_stopped(const void *x, const void *y)
{
    const stopped_rules *p = x, *q = y;
    if (p->rules != q->rules) return p->rules > q->rules ? -1 : 1;
    return str_compare(p->reason, q->reason);
}

/* Why rules do not run, most first. */
static void put_not_running(store *s, arena *a, record_builder *b)
{
    enum { CARDS = 20 };
    const rule_index *index = index_of(s);
    VEC(stopped_rules) groups = {0};
    table known = {0};
    list_builder list = {0};
    for (size_t p = 0; p < index->count; p++) {
        if (index->runnable[p]) continue;
        rows r = rows_of(s, a, "SELECT coalesce(nullif(reason, ''), state), state FROM rule WHERE id = ?", "i", index->ids[p]);
        stopped_rules one = {0};
        if (rows_next(&r)) one = (stopped_rules){.reason = row_text(&r, 0), .state = row_text(&r, 1)};
        rows_end(&r);
        pk_str key = arena_printf(a, STR_FMT "\n" STR_FMT, STR_ARG(one.state), STR_ARG(one.reason));
        if (table_put(&known, key, (uint32_t)groups.len)) vec_push_in(a, &groups, one);
        stopped_rules *group = &groups.at[table_get(&known, key)];
        if (group->rules++ < CARDS) list_add(a, &group->cards, rule_card(s, a, index->ids[p], false));
    }
    table_free(&known);
    if (groups.len) qsort(groups.at, groups.len, sizeof *groups.at, by_stopped);
    for (size_t i = 0; i < groups.len && i < LISTED; i++) {
        record_builder one = {0};
        put_text(a, &one, "reason", groups.at[i].reason);
        put_text(a, &one, "state", groups.at[i].state);
        put_int(a, &one, "rules", (int64_t)groups.at[i].rules);
        put_list(a, &one, "list", &groups.at[i].cards);
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
        list_builder paths = {0}, names = {0};
        rows of = rows_of(s, a, "SELECT path FROM file WHERE state = ?1 AND reason IS ?2 AND language IS ?3 ORDER BY path LIMIT ?4", "sssi", row_text(&r, 3),
                          row_null(&r, 0) ? (pk_str){NULL, 0} : row_text(&r, 0), row_null(&r, 1) ? (pk_str){NULL, 0} : row_text(&r, 1), (int64_t)LISTED);
        while (rows_next(&of)) {
            pk_str path = row_text(&of, 0);
            list_add(a, &paths, value_string(path));
            list_add(a, &names, value_string(path_below_roots(s, a, path)));
        }
        put_column(&one, "reason", &r, 0);
        put_column(&one, "language", &r, 1);
        put_column(&one, "count", &r, 2);
        put_column(&one, "state", &r, 3);
        put_list(a, &one, "files", &paths);
        put_list(a, &one, "names", &names);
        add_record(a, &list, &one);
    }
    put_int(a, &files, "count", store_number(s, "SELECT count(*) FROM file WHERE state <> 'rules'", ""));
    put_list(a, &files, "by_reason", &list);
    put_record(a, b, "unknown_files", &files);
}

static void put_same_key(store *s, arena *a, record_builder *b)
{
    list_builder list = {0};
    rows r = rows_of(s, a, "SELECT id FROM rule WHERE id IN (SELECT id FROM rule WHERE key GLOB '*~[0-9]*') AND substr(key, 1, length(rule_id) + 1) = rule_id || '~' ORDER BY language, key LIMIT 500", "");
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
