/* One rule: everything that its page shows. */
#include "catalog/queries.h"
#include "catalog/rule_index.h"

enum { ALERTS_SHOWN = 20 };

int64_t rule_find(store *s, pk_str language, pk_str key, arena *a, query_error *e)
{
    rows r = rows_of(s, a, "SELECT id FROM rule WHERE language = ?1 AND key = ?2 UNION ALL SELECT * FROM (SELECT id FROM rule WHERE rule_id = ?2 "
                           "AND (language = ?1 OR ?1 = '*') ORDER BY id) LIMIT 1", "ss", language, key);
    int64_t id = rows_next(&r) ? row_int(&r, 0) : 0;
    rows_end(&r);
    if (!id && str_equal(language, STR("*"))) query_refuse(e, a, PK_ERROR_IO, "there is no rule '" STR_FMT "'", STR_ARG(key));
    else if (!id) query_refuse(e, a, PK_ERROR_IO, "there is no rule '" STR_FMT "' of language '" STR_FMT "'", STR_ARG(key), STR_ARG(language));
    return id;
}

static void put_texts(store *s, arena *a, record_builder *b, const char *name, const char *kind, int64_t rule)
{
    list_builder list = {0};
    rows r = rows_of(s, a, "SELECT value FROM rule_list WHERE rule = ? AND kind = ? ORDER BY position", "is", rule, str_from(kind));
    while (rows_next(&r)) list_add(a, &list, value_string(row_text(&r, 0)));
    put_list(a, b, name, &list);
}

static value event_rows(store *s, arena *a, int64_t rule, bool covered)
{
    list_builder list = {0};
    rows r = rows_of(s, a, "SELECT c.provider, c.event, c.title, c.key, r.state, r.missing FROM rule_class r JOIN class c ON c.id = r.class "
                           "WHERE r.rule = ? AND r.covered >= ? ORDER BY c.provider, length(c.event), c.event", "ii", rule, (int64_t)covered);
    while (rows_next(&r)) {
        record_builder one = {0};
        put_class(&one, &r, 0);
        if (covered) put_bool(a, &one, "partial", !str_equal(row_text(&r, 4), STR("full")));
        else put_column(&one, "state", &r, 4);
        if (!covered) put(a, &one, "missing", row_json(&r, 5));
        add_record(a, &list, &one);
    }
    return list_done(&list);
}

/* ---- metadata ---- */

static void put_attack(store *s, arena *a, record_builder *b, int64_t rule)
{
    list_builder list = {0};
    rows r = rows_of(s, a, "SELECT written, technique FROM rule_technique WHERE rule = ? ORDER BY technique, written", "i", rule);
    while (rows_next(&r)) {
        record_builder one = {0}, technique = {0};
        put_column(&one, "written", &r, 0);
        put_technique(s, a, &technique, row_text(&r, 1));
        put_record(a, &one, "technique", &technique);
        put_bool(a, &one, "retired", !str_equal(row_text(&r, 0), row_text(&r, 1)));
        add_record(a, &list, &one);
    }
    put_list(a, b, "attack", &list);
    list_builder tactics = {0};
    r = rows_of(s, a, "SELECT t.written, t.tactic, o.shown FROM rule_tactic t LEFT JOIN tactic o ON o.id = t.tactic WHERE t.rule = ? ORDER BY o.position, t.written", "i", rule);
    while (rows_next(&r)) {
        record_builder one = {0};
        put_column(&one, "written", &r, 0);
        put_column(&one, "id", &r, 1);
        put_column(&one, "name", &r, 2);
        add_record(a, &tactics, &one);
    }
    put_list(a, b, "tactics", &tactics);
}

/* Kinds of rule_list that are no relations. */
#define NO_RELATION "('reference', 'false positive', 'tag', 'platform', 'unused')"

static value card_of_id(store *s, arena *a, pk_str id)
{
    rows r = rows_of(s, a, "SELECT id FROM rule WHERE rule_id = ? ORDER BY id LIMIT 1", "s", id);
    int64_t rule = rows_next(&r) ? row_int(&r, 0) : 0;
    rows_end(&r);
    return rule ? rule_card(s, a, rule, false) : value_null();
}

static void put_related(store *s, arena *a, record_builder *b, int64_t rule, pk_str id)
{
    list_builder to = {0}, from = {0};
    rows r = rows_of(s, a, "SELECT kind, value FROM rule_list WHERE rule = ? AND kind NOT IN " NO_RELATION " ORDER BY kind, position LIMIT 200", "i", rule);
    while (rows_next(&r)) {
        record_builder one = {0};
        put_column(&one, "relation", &r, 0);
        put_column(&one, "id", &r, 1);
        put(a, &one, "rule", card_of_id(s, a, row_text(&r, 1)));
        add_record(a, &to, &one);
    }
    put_list(a, b, "related", &to);
    /* there are few kinds: each is looked up by itself */
    r = rows_of(s, a, "WITH RECURSIVE k(kind) AS (SELECT min(kind) FROM rule_list UNION ALL SELECT (SELECT min(kind) FROM rule_list WHERE kind > k.kind) FROM k "
                      "WHERE k.kind IS NOT NULL) SELECT l.kind, l.rule FROM k CROSS JOIN rule_list l INDEXED BY rule_list_value ON l.kind = k.kind AND l.value = ?1 "
                      "WHERE k.kind NOT IN " NO_RELATION " AND l.rule <> ?2 ORDER BY l.kind, l.rule LIMIT 200", "si", id, rule);
    while (rows_next(&r)) {
        value card = rule_card(s, a, row_int(&r, 1), false);
        const value *card_id = value_get(&card, STR("id"));
        record_builder one = {0};
        put_column(&one, "relation", &r, 0);
        if (card_id) put(a, &one, "id", *card_id);
        put(a, &one, "rule", card);
        add_record(a, &from, &one);
    }
    put_list(a, b, "related_from", &from);
}

static void put_twins(store *s, arena *a, record_builder *b, int64_t rule, pk_str language, pk_str id)
{
    list_builder list = {0};
    rows r = rows_of(s, a, "SELECT id FROM rule INDEXED BY rule_of_id WHERE rule_id = ? AND language = ? AND id <> ? ORDER BY key LIMIT 100", "ssi", id, language, rule);
    while (rows_next(&r)) list_add(a, &list, rule_card(s, a, row_int(&r, 0), false));
    put_list(a, b, "twins", &list);
}

static void put_other(store *s, arena *a, record_builder *b, int64_t rule)
{
    list_builder list = {0};
    rows r = rows_of(s, a, "SELECT key, value FROM rule_meta WHERE rule = ? ORDER BY position", "i", rule);
    while (rows_next(&r)) {
        record_builder one = {0};
        put_column(&one, "key", &r, 0);
        put_column(&one, "value", &r, 1);
        add_record(a, &list, &one);
    }
    put_list(a, b, "other", &list);
}

/* The columns of a row of `rule` that RULE_COLUMNS names. */
#define RULE_COLUMNS                                                                                                                     \
    "r.rule_id, r.key, r.language, coalesce(nullif(r.title, ''), r.rule_id), r.description, r.syntax, r.source, r.status, r.level, r.risk_score, " \
    "r.author, r.date, r.modified, r.licence, r.type, f.path, r.line, r.state, r.reason, r.query, r.definition, r.product, r.category, r.service, " \
    "l.vendor, l.family, r.name, l.title"

static value metadata(store *s, arena *a, const rows *r, int64_t rule)
{
    record_builder b = {0}, source = {0};
    static const char *const names[] = {"status", "level", "risk_score", "author", "date", "modified", "licence", "type", "path", "line", "state", "reason",
                                        "query", "definition"};
    for (int i = 0; i < 14; i++) put_column(&b, names[i], r, 7 + i);
    put_text(a, &b, "file", path_below_roots(s, a, row_text(r, 15)));
    put_column(&source, "product", r, 21);
    put_column(&source, "category", r, 22);
    put_column(&source, "service", r, 23);
    put_record(a, &b, "logsource", &source);
    put_bool(a, &b, "vendor", row_int(r, 24) != 0);
    put_text(a, &b, "family", row_text(r, 25));
    put_text(a, &b, "name", row_text(r, 26));
    put_text(a, &b, "language_title", row_text(r, 27));
    put_texts(s, a, &b, "references", "reference", rule);
    put_texts(s, a, &b, "false_positives", "false positive", rule);
    put_texts(s, a, &b, "tags", "tag", rule);
    put_texts(s, a, &b, "platforms", "platform", rule);
    put_texts(s, a, &b, "unused", "unused", rule);
    put_other(s, a, &b, rule);
    put_attack(s, a, &b, rule);
    put_related(s, a, &b, rule, row_text(r, 0));
    put_twins(s, a, &b, rule, row_text(r, 2), row_text(r, 0));
    return record_done(&b);
}

/* ---- the corpus that counts are over ---- */

static value scope(store *s, arena *a)
{
    rule_index *index = index_of(s);
    const dimension_column *c = index_column(index, DIMENSION_LANGUAGE);
    size_t *counts = ARENA_ARRAY(a, size_t, c->values.len + 1), rules = 0;
    for (size_t p = 0; p < index->count; p++) {
        rules += index->counts[p];
        for (uint32_t i = c->first[p]; index->counts[p] && i < c->first[p + 1]; i++) counts[c->items[i]]++;
    }
    list_builder languages = {0};
    text words = {0};
    text_put_count(&words, rules, "rule", "rules");
    for (size_t v = 0; v < c->values.len; v++) {
        if (!counts[v]) continue;
        text_put_cstring(&words, languages.items.len ? ", " : " of ");
        text_put(&words, store_language_title(s, a, c->values.at[v]));
        list_add(a, &languages, value_string(c->values.at[v]));
    }
    text_put_cstring(&words, "; deprecated rules and rules with errors do not count");
    record_builder b = {0};
    put_int(a, &b, "rules", (int64_t)rules);
    put_list(a, &b, "languages", &languages);
    put(a, &b, "text", value_string(arena_str(a, text_view(&words))));
    text_free(&words);
    return record_done(&b);
}

static value alerts(store *s, arena *a, int64_t rule)
{
    size_t place = rule_place(s, rule), shown = 0;
    list_builder list = {0};
    for (size_t i = 0; i < s->run->count && shown < ALERTS_SHOWN; i++) {
        if (alert_rule(s, i) != place) continue;
        list_add(a, &list, alert_value(s, a, i));
        shown++;
    }
    record_builder b = {0};
    put_int(a, &b, "count", (int64_t)rule_alerts(s, place));
    put_list(a, &b, "list", &list);
    return record_done(&b);
}

static value diagnostics(store *s, arena *a, int64_t rule)
{
    list_builder list = {0};
    rows r = rows_of(s, a, "SELECT " DIAGNOSTIC_COLUMNS " FROM diagnostic d " DIAGNOSTIC_FILE " WHERE d.rule = ? ORDER BY d.line, d.column, d.id LIMIT 500", "i", rule);
    while (rows_next(&r)) list_add(a, &list, diagnostic_value(s, a, &r, false));
    return list_done(&list);
}

value rule_record(store *s, arena *a, int64_t rule, bool body)
{
    record_builder b = {0}, source = {0};
    rows r = rows_of(s, a, "SELECT " RULE_COLUMNS " FROM rule r LEFT JOIN language l ON l.name = r.language LEFT JOIN file f ON f.id = r.file WHERE r.id = ?", "i", rule);
    if (!rows_next(&r)) return value_null();
    static const char *const names[] = {"id", "key", "language", "title", "description"};
    for (int i = 0; i < 5; i++) put_column(&b, names[i], &r, i);
    put(a, &b, "coverage", rule_coverage(s, a, rule));
    put(a, &b, "events", event_rows(s, a, rule, true));
    if (body) {
        put_column(&source, "syntax", &r, 5);
        put_column(&source, "text", &r, 6);
        put_record(a, &b, "body", &source);
    }
    put(a, &b, "stages", rule_stages(s, a, rule));
    put(a, &b, "indicators", rule_indicators(s, a, rule));
    put(a, &b, "runs_on", event_rows(s, a, rule, false));
    put(a, &b, "metadata", metadata(s, a, &r, rule));
    rows_end(&r);
    return record_done(&b);
}

QUERY(rule)
{
    int64_t rule = rule_find(s, argument_text(args, "language"), argument_text(args, "key"), a, e);
    if (!rule) return (value){0};
    value record = rule_record(s, a, rule, true);
    record_builder b = {0};
    for (size_t i = 0; record.type == VALUE_RECORD && i < record.as.record.count; i++)
        record_add(a, &b, record.as.record.fields[i].name, record.as.record.fields[i].value);
    put(a, &b, "similar", rule_similar(s, a, rule));
    if (s->run) put(a, &b, "alerts", alerts(s, a, rule));
    put(a, &b, "scope", scope(s, a));
    put(a, &b, "diagnostics", diagnostics(s, a, rule));
    return record_done(&b);
}
