/* Shapes that several answers have. */
#include <stdlib.h>

#include "catalog/queries.h"
#include "catalog/rule_index.h"
#include "event/json_text.h"

typedef struct {
    pk_str id;
    size_t rules;
} counted_technique;

typedef struct {
    arena *arena;
    VEC(counted_technique) items;
} counted_techniques;

static void count_technique(pk_str id, size_t rules, void *user)
{
    counted_techniques *list = user;
    counted_technique one = {id, rules};
    if (rules) vec_push_in(list->arena, &list->items, one);
}

static int by_rules(const void *x, const void *y)
{
    const counted_technique *p = x, *q = y;
    if (p->rules != q->rules) return p->rules > q->rules ? -1 : 1;
    return str_compare(p->id, q->id);
}

value techniques_of(store *s, arena *a, const rule_set *set, size_t most)
{
    counted_techniques found = {.arena = a};
    list_builder out = {0};
    rules_by(s, DIMENSION_TECHNIQUE, set, count_technique, &found);
    if (found.items.len) qsort(found.items.at, found.items.len, sizeof *found.items.at, by_rules);
    for (size_t i = 0; i < found.items.len && i < most; i++) {
        record_builder one = {0};
        put_technique(s, a, &one, found.items.at[i].id);
        put_int(a, &one, "rules", (int64_t)found.items.at[i].rules);
        add_record(a, &out, &one);
    }
    return list_done(&out);
}

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
    if (!row_null(r, 4)) put_text(a, &b, "file", path_below_roots(s, a, row_text(r, 4)));
    if (with_rule) put(a, &b, "rule", row_null(r, 8) ? value_null() : rule_card(s, a, row_int(r, 8), false));
    return record_done(&b);
}

value row_json(const rows *r, int column)
{
    value v;
    list_builder none = {0};
    return json_text_parse(row_text(r, column), 32, r->arena, &v) ? v : list_done(&none);
}
