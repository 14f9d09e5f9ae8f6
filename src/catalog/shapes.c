/* Shapes that several answers have. */
#include "catalog/queries.h"
#include "event/json_text.h"

void put_class(record_builder *b, const rows *r, int column)
{
    static const char *const names[] = {"provider", "event", "title", "key"};
    for (int i = 0; i < 4; i++) put_column(b, names[i], r, column + i);
}

void put_predicate(record_builder *b, const rows *r, int column)
{
    static const char *const names[] = {"key", "field", "kind", "value"};
    for (int i = 0; i < 4; i++) put_column(b, names[i], r, column + i);
}

value diagnostic_value(store *s, arena *a, const rows *r, bool with_rule)
{
    static const char *const names[] = {"severity", "code", "message", "hint", "path", "line", "column", "length"};
    record_builder b = {0};
    for (int i = 0; i < 8; i++) put_column(&b, names[i], r, i);
    if (with_rule) put(a, &b, "rule", row_null(r, 8) ? value_null() : rule_card(s, a, row_int(r, 8), false));
    return record_done(&b);
}

value row_json(const rows *r, int column)
{
    value v;
    list_builder none = {0};
    return json_text_parse(row_text(r, column), 32, r->arena, &v) ? v : list_done(&none);
}
