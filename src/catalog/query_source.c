/* Data sources: event classes, and which rules they can evaluate. */
#include "catalog/queries.h"
#include "catalog/rule_index.h"

enum { LOST_SHOWN = 100, MISSING_SHOWN = 200 };

QUERY(sources)
{
    (void)args, (void)e;
    list_builder list = {0};
    record_builder b = {0};
    rows r = rows_of(s, a, "SELECT c.provider, c.event, c.title, c.key, c.family, count(r.rule), coalesce(sum(r.state = 'full'), 0), coalesce(sum(r.state = 'part'), 0) "
                           "FROM class c LEFT JOIN rule_class r ON r.class = c.id AND r.state <> 'no' GROUP BY c.id ORDER BY c.provider, length(c.event), c.event", "");
    while (rows_next(&r)) {
        record_builder one = {0};
        put_class(&one, &r, 0);
        put_column(&one, "family", &r, 4);
        put_column(&one, "rules", &r, 5);
        put_column(&one, "full", &r, 6);
        put_column(&one, "part", &r, 7);
        add_record(a, &list, &one);
    }
    put_list(a, &b, "sources", &list);
    return record_done(&b);
}

/* ---- one ---- */

static void put_log_sources(store *s, arena *a, record_builder *b, int64_t class)
{
    list_builder list = {0};
    rows r = rows_of(s, a, "SELECT DISTINCT product, category, service FROM class_source WHERE class = ? ORDER BY 1, 2, 3", "i", class);
    while (rows_next(&r)) {
        record_builder one = {0};
        put_column(&one, "product", &r, 0);
        put_column(&one, "category", &r, 1);
        put_column(&one, "service", &r, 2);
        add_record(a, &list, &one);
    }
    put_list(a, b, "log_sources", &list);
}

/* How many of its rules ask for a field, by the dictionary of fields. */
static size_t *rules_by_field(store *s, arena *a, const rule_set *set)
{
    rule_index *index = index_of(s);
    const dimension_column *c = index_column(index, DIMENSION_FIELD);
    size_t *counts = ARENA_ARRAY(a, size_t, c->values.len + 1);
    for (size_t p = 0; p < index->count; p++)
        for (uint32_t i = c->first[p]; rules_have(set, p) && i < c->first[p + 1]; i++) counts[c->items[i]]++;
    return counts;
}

static void put_fields(store *s, arena *a, record_builder *b, int64_t class, const rule_set *set)
{
    list_builder list = {0};
    const dimension_column *c = index_column(index_of(s), DIMENSION_FIELD);
    const size_t *counts = rules_by_field(s, a, set);
    rows r = rows_of(s, a, "SELECT schema, field, type, origin, state FROM class_field WHERE class = ? AND state <> 'missing' ORDER BY schema, field", "i", class);
    while (rows_next(&r)) {
        static const char *const names[] = {"schema", "field", "type", "origin", "state"};
        record_builder one = {0};
        for (int i = 0; i < 5; i++) put_column(&one, names[i], &r, i);
        uint32_t n = dimension_number(c, row_text(&r, 1), a);
        put_int(a, &one, "rules", n == TABLE_NONE ? 0 : (int64_t)counts[n]);
        add_record(a, &list, &one);
    }
    put_list(a, b, "fields", &list);
}

/* Fields that rules ask for and the event hasn't. */
static void put_missing(store *s, arena *a, record_builder *b, int64_t class)
{
    list_builder list = {0};
    rows r = rows_of(s, a, "SELECT m.value, count(*) FROM rule_class r, json_each(CASE WHEN json_valid(r.missing) THEN r.missing ELSE '[]' END) m WHERE r.class = ? AND r.state <> 'full' "
                           "GROUP BY m.value ORDER BY 2 DESC, 1 LIMIT ?", "ii", class, (int64_t)MISSING_SHOWN);
    while (rows_next(&r)) {
        record_builder one = {0};
        put_text(a, &one, "field", row_text(&r, 0));
        put_int(a, &one, "rules", row_int(&r, 1));
        add_record(a, &list, &one);
    }
    put_list(a, b, "missing", &list);
}

/* Rules that no other class evaluates fully. */
static void put_lost(store *s, arena *a, record_builder *b, int64_t class)
{
    list_builder list = {0};
    record_builder lost = {0};
    size_t n = 0;
    rows r = rows_of(s, a, "SELECT r.rule FROM rule_class r WHERE r.class = ?1 AND r.state = 'full' AND NOT EXISTS "
                           "(SELECT 1 FROM rule_class o WHERE o.rule = r.rule AND o.class <> ?1 AND o.state = 'full') ORDER BY r.rule", "i", class);
    while (rows_next(&r))
        if (n++ < LOST_SHOWN) list_add(a, &list, rule_card(s, a, row_int(&r, 0), false));
    put_int(a, &lost, "rules", (int64_t)n);
    put_list(a, &lost, "list", &list);
    put_record(a, b, "lost", &lost);
}

/* Cards get what the class can do of the rule. */
static value with_states(store *s, arena *a, value page, int64_t class)
{
    const value *cards = value_get(&page, STR("rules"));
    for (size_t i = 0; cards && cards->type == VALUE_LIST && i < cards->as.list.count; i++) {
        value *card = &cards->as.list.items[i];
        const value *language = value_get(card, STR("language")), *key = value_get(card, STR("key"));
        if (!language || !key) continue;
        rows r = rows_of(s, a, "SELECT r.state, r.missing FROM rule_class r JOIN rule u ON u.id = r.rule WHERE u.language = ? AND u.key = ? AND r.class = ?", "ssi",
                         language->as.string, key->as.string, class);
        if (rows_next(&r)) {
            record_builder more = {0};
            for (size_t f = 0; f < card->as.record.count; f++) record_add(a, &more, card->as.record.fields[f].name, card->as.record.fields[f].value);
            put_column(&more, "runs", &r, 0);
            put(a, &more, "missing", row_json(&r, 1));
            *card = record_done(&more);
        }
        rows_end(&r);
    }
    return page;
}

QUERY(source)
{
    pk_str key = argument_text(args, "key");
    const filter *f = filter_read(s, args, a, e);
    if (!f) return (value){0};
    rows r = rows_of(s, a, "SELECT provider, event, title, key, family, id FROM class WHERE key = ?", "s", key);
    if (!rows_next(&r)) return query_refuse(e, a, PK_ERROR_IO, "there is no source '" STR_FMT "'", STR_ARG(key));
    record_builder b = {0}, page = {0};
    put_class(&b, &r, 0);
    put_column(&b, "family", &r, 4);
    int64_t class = row_int(&r, 5);
    rows_end(&r);
    rule_set all = rules_with(s, DIMENSION_SOURCE, key, a), set = filter_apply(f, &all);
    put_log_sources(s, a, &b, class);
    put_fields(s, a, &b, class, &set);
    put_missing(s, a, &b, class);
    put(a, &b, "techniques", techniques_of(s, a, &set, 100));
    put_rule_page(s, a, &page, f, &all, args, "rules");
    put(a, &b, "rules", with_states(s, a, record_done(&page), class));
    put(a, &b, "facets", filter_facets(f, &all));
    put_lost(s, a, &b, class);
    return record_done(&b);
}
