/* Rules in lists: cards, and pages of them. */
#include "base/unicode.h"
#include "catalog/rule_index.h"
#include "catalog/rule_order.h"

enum { PER_PAGE = 50, MOST_PER_PAGE = 500 };

/* A description of a list is cut, the one of the rule itself is not. */
#define CARD_DESCRIPTION "4000"

static void put_techniques(store *s, arena *a, record_builder *b, int64_t id)
{
    list_builder list = {0};
    rows r = rows_of(s, a, "SELECT DISTINCT technique FROM rule_technique WHERE rule = ? ORDER BY technique", "i", id);
    while (rows_next(&r)) list_add(a, &list, value_string(row_text(&r, 0)));
    put_list(a, b, "techniques", &list);
}

static void put_tactics(store *s, arena *a, record_builder *b, size_t place)
{
    rule_index *index = index_of(s);
    const dimension_column *c = index_column(index, DIMENSION_TACTIC);
    list_builder list = {0};
    for (uint32_t i = c->first[place]; i < c->first[place + 1]; i++) {
        record_builder one = {0};
        put_text(a, &one, "id", c->values.at[c->items[i]]);
        put_text(a, &one, "name", c->titles.at[c->items[i]]);
        add_record(a, &list, &one);
    }
    put_list(a, b, "tactics", &list);
}

static void put_events(store *s, arena *a, record_builder *b, int64_t id)
{
    list_builder list = {0};
    rows r = rows_of(s, a, "SELECT c.key, c.provider, c.event, c.title FROM rule_class r JOIN class c ON c.id = r.class WHERE r.rule = ? AND r.covered = 1 "
                           "ORDER BY c.provider, length(c.event), c.event LIMIT 50", "i", id);
    while (rows_next(&r)) {
        static const char *const names[] = {"key", "provider", "event", "title"};
        record_builder one = {0};
        for (int i = 0; i < 4; i++) put_column(&one, names[i], &r, i);
        add_record(a, &list, &one);
    }
    put_list(a, b, "events", &list);
}

/* What files of rules need beside the card: the whole text, and where it refers to. */
static void put_source(store *s, arena *a, record_builder *b, int64_t id)
{
    rows r = rows_of(s, a, "SELECT syntax, source FROM rule WHERE id = ?", "i", id);
    if (rows_next(&r)) {
        put_text(a, b, "syntax", row_text(&r, 0));
        put_text(a, b, "source", row_text(&r, 1));
    }
    rows_end(&r);
    list_builder list = {0};
    r = rows_of(s, a, "SELECT value FROM rule_list WHERE rule = ? AND kind = 'reference' ORDER BY position LIMIT 100", "i", id);
    while (rows_next(&r)) list_add(a, &list, value_string(row_text(&r, 0)));
    put_list(a, b, "references", &list);
}

static void put_file(store *s, arena *a, record_builder *b, pk_str path)
{
    put_text(a, b, "path", path);
    put_text(a, b, "file", path_below_roots(s, a, path));
}

value rule_card(store *s, arena *a, int64_t id, bool with_query)
{
    static const char *const names[] = {"language", "key", "id", "title", "name", "description", "level", "status", "type", "author", "date",
                                        "modified", "product", "category", "service", "state", "reason"};
    enum { TEXTS = sizeof names / sizeof *names };
    size_t place = rule_place(s, id);
    rows r = rows_of(s, a, "SELECT r.language, r.key, r.rule_id, coalesce(nullif(r.title, ''), r.rule_id), "
                           "CASE WHEN r.language = 'yara-l' AND r.name <> '' THEN r.name ELSE coalesce(nullif(r.title, ''), r.rule_id) END, "
                           "CASE WHEN length(r.description) > " CARD_DESCRIPTION " THEN substr(r.description, 1, " CARD_DESCRIPTION ") || '\xe2\x80\xa6' ELSE r.description END, "
                           "r.level, r.status, r.type, r.author, r.date, r.modified, r.product, r.category, r.service, r.state, r.reason, "
                           "l.vendor, l.family, f.path, r.line FROM rule r LEFT JOIN language l ON l.name = r.language LEFT JOIN file f ON f.id = r.file "
                           "WHERE r.id = ?", "i", id);
    if (place == STR_NPOS || !rows_next(&r)) {
        rows_end(&r);
        return value_null();
    }
    record_builder b = {0};
    for (int i = 0; i < TEXTS; i++) put_text(a, &b, names[i], row_text(&r, i));
    put_bool(a, &b, "vendor", row_int(&r, TEXTS) != 0);
    put_text(a, &b, "family", row_text(&r, TEXTS + 1));
    put_file(s, a, &b, row_text(&r, TEXTS + 2));
    put_int(a, &b, "line", row_int(&r, TEXTS + 3));
    rows_end(&r);
    put_techniques(s, a, &b, id);
    put_tactics(s, a, &b, place);
    put_events(s, a, &b, id);
    if (with_query) {
        r = rows_of(s, a, "SELECT syntax, coalesce(query, source) FROM rule WHERE id = ?", "i", id);
        if (rows_next(&r)) {
            put_text(a, &b, "syntax", row_text(&r, 0));
            put_text(a, &b, "query", row_text(&r, 1));
        }
        rows_end(&r);
    }
    return record_done(&b);
}

static value with_source(store *s, arena *a, const value *card, int64_t id)
{
    record_builder b = {0};
    for (size_t i = 0; i < card->as.record.count; i++)
        if (!str_equal(card->as.record.fields[i].name, STR("syntax"))) record_add(a, &b, card->as.record.fields[i].name, card->as.record.fields[i].value);
    put_source(s, a, &b, id);
    return record_done(&b);
}

void put_page_numbers(arena *a, record_builder *b, size_t total, size_t of, size_t from, size_t given, size_t per)
{
    put_int(a, b, "total", (int64_t)total);
    put_int(a, b, "of", (int64_t)of);
    put_int(a, b, "from", given ? (int64_t)from + 1 : 0);
    put_int(a, b, "to", given ? (int64_t)(from + given) : 0);
    put_int(a, b, "page", (int64_t)(from / per) + 1);
    put_int(a, b, "pages", (int64_t)((total + per - 1) / per));
    put_int(a, b, "per", (int64_t)per);
}

size_t page_of(const query_arguments *args, size_t *per)
{
    int64_t wanted = argument_int(args, "per", PER_PAGE), page = argument_int(args, "page", 1);
    *per = wanted < 1 ? 1 : wanted > MOST_PER_PAGE ? MOST_PER_PAGE : (size_t)wanted;
    if (page < 1) page = 1;
    if (page > 1000000) page = 1000000;
    return (size_t)(page - 1) * *per;
}

void put_rule_page(store *s, arena *a, record_builder *b, const filter *f, const rule_set *within, const query_arguments *args, const char *list)
{
    rule_set set = filter_apply(f, within);
    size_t per, from = page_of(args, &per), total = rules_size(&set), given = from >= total ? 0 : total - from < per ? total - from : per;
    const uint32_t *places = rules_sorted(s, a, &set, filter_ranks(f), argument_text(args, "sort"), argument_text(args, "order"));
    bool queries = argument_bool(args, "queries"), texts = argument_bool(args, "texts");
    list_builder cards = {0};
    for (size_t i = 0; i < given; i++) {
        value card = rule_card(s, a, rule_at(s, places[from + i]), queries);
        if (texts && card.type == VALUE_RECORD) card = with_source(s, a, &card, rule_at(s, places[from + i]));
        list_add(a, &cards, card);
    }
    put_page_numbers(a, b, total, rules_size(within), from, given, per);
    put_list(a, b, list, &cards);
}
