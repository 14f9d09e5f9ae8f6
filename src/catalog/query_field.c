/* Fields: what a field is in each schema, which events have it, and what rules look for in it. */
#include <stdlib.h>

#include "base/unicode.h"
#include "catalog/predicate_index.h"
#include "catalog/queries.h"
#include "catalog/search.h"

enum { VALUES_SHOWN = 100, SCHEMAS_SHOWN = 300 };

typedef struct {
    pk_str name, family;
    size_t predicates;
} field_counts;

static int by_predicates(const void *x, const void *y)
{
    const field_counts *p = x, *q = y;
    if (p->predicates != q->predicates) return p->predicates > q->predicates ? -1 : 1;
    return str_compare(p->name, q->name);
}

/* Fields that predicates of rules that count have; the one without a name is that of keywords. */
static field_counts *count_fields(store *s, arena *a, size_t *count)
{
    const predicate_index *all = index_predicates(index_of(s));
    size_t n = all->dictionaries[PREDICATE_FIELD].entries.len, kept = 0;
    field_counts *out = ARENA_ARRAY(a, field_counts, n + 1);
    for (size_t i = 0; i < all->count; i++) {
        field_counts *f = &out[all->names[PREDICATE_FIELD][i]];
        if (!all->rules[i]) continue;
        if (!f->predicates++) *f = (field_counts){predicate_name(all, PREDICATE_FIELD, i), predicate_name(all, PREDICATE_FAMILY, i), 1};
    }
    for (size_t i = 0; i < n; i++)
        if (out[i].predicates && out[i].name.len) out[kept++] = out[i];
    if (kept) qsort(out, kept, sizeof *out, by_predicates);
    *count = kept;
    return out;
}

QUERY(fields)
{
    (void)e;
    list_builder list = {0};
    record_builder b = {0};
    size_t count;
    rule_set all = rules_all(s, a);
    rule_index *index = index_of(s);
    const dimension_column *c = index_column(index, DIMENSION_FIELD);
    size_t *rules = ARENA_ARRAY(a, size_t, c->values.len + 1);
    pk_str part = fold(a, argument_text(args, "q"));
    for (size_t p = 0; p < index->count; p++)
        for (uint32_t i = c->first[p]; rules_have(&all, p) && i < c->first[p + 1]; i++) rules[c->items[i]]++;
    const field_counts *fields = count_fields(s, a, &count);
    for (size_t i = 0; i < count; i++) {
        pk_str name = fields[i].name;
        uint32_t n = dimension_number(c, name, a);
        record_builder one = {0};
        if (part.len && str_find(fold(a, name), part) == STR_NPOS) continue;
        put(a, &one, "name", value_string(name));
        put(a, &one, "family", value_string(fields[i].family));
        put_int(a, &one, "predicates", (int64_t)fields[i].predicates);
        put_int(a, &one, "rules", n == TABLE_NONE ? 0 : (int64_t)rules[n]);
        add_record(a, &list, &one);
    }
    put_list(a, &b, "fields", &list);
    return record_done(&b);
}

/* ---- one ---- */

/* Where events have the same thing: fields of other schemas with the origin that this one has. */
static void put_schemas(store *s, arena *a, record_builder *b, pk_str name)
{
    list_builder list = {0};
    rows r = rows_of(s, a, "SELECT o.schema, o.field, c.key, c.provider || ' ' || c.event || ': ' || c.title, o.origin FROM class_field m "
                           "JOIN class_field o ON o.class = m.class AND (o.origin = m.origin OR o.field = m.field) JOIN class c ON c.id = o.class "
                           "WHERE m.field = ?1 AND m.state <> 'missing' AND o.state <> 'missing' GROUP BY o.schema, o.field, c.id ORDER BY o.field <> ?1, o.schema, o.field, c.key LIMIT ?2",
                     "si", name, (int64_t)SCHEMAS_SHOWN);
    while (rows_next(&r)) {
        record_builder one = {0}, source = {0};
        put_column(&one, "schema", &r, 0);
        put_column(&one, "field", &r, 1);
        put_column(&source, "key", &r, 2);
        put_column(&source, "title", &r, 3);
        put_record(a, &one, "source", &source);
        put_column(&one, "origin", &r, 4);
        add_record(a, &list, &one);
    }
    put_list(a, b, "schemas", &list);
}

static size_t put_sources(store *s, arena *a, record_builder *b, pk_str name)
{
    list_builder list = {0};
    rows r = rows_of(s, a, "SELECT c.provider, c.event, c.title, c.key, min(f.state) FROM class_field f JOIN class c ON c.id = f.class WHERE f.field = ? "
                           "GROUP BY c.id ORDER BY c.provider, length(c.event), c.event", "s", name);
    while (rows_next(&r)) {
        record_builder one = {0};
        put_class(&one, &r, 0);
        put_column(&one, "state", &r, 4);
        add_record(a, &list, &one);
    }
    size_t n = list.items.len;
    put_list(a, b, "sources", &list);
    return n;
}

static size_t put_kinds(store *s, arena *a, record_builder *b, pk_str name)
{
    list_builder list = {0};
    rows r = rows_of(s, a, "SELECT kind, count(*) FROM predicate WHERE field = ? AND rules > 0 GROUP BY kind ORDER BY 2 DESC, 1", "s", name);
    while (rows_next(&r)) {
        record_builder one = {0};
        put_column(&one, "kind", &r, 0);
        put_column(&one, "predicates", &r, 1);
        add_record(a, &list, &one);
    }
    size_t n = list.items.len;
    put_list(a, b, "kinds", &list);
    return n;
}

static void put_values(store *s, arena *a, record_builder *b, pk_str name)
{
    list_builder list = {0};
    rows r = rows_of(s, a, "SELECT key, kind, value, rules, family FROM predicate WHERE field = ? AND rules > 0 ORDER BY rules DESC, id LIMIT ?", "si", name, (int64_t)VALUES_SHOWN);
    while (rows_next(&r)) {
        static const char *const names[] = {"key", "kind", "value", "rules", "family"};
        record_builder one = {0};
        for (int i = 0; i < 5; i++) put_column(&one, names[i], &r, i);
        add_record(a, &list, &one);
    }
    put_list(a, b, "values", &list);
}

/* The name as predicates or mappings have it, in another case if need be. */
static pk_str known_name(store *s, pk_str given)
{
    const field_names *all = index_fields(index_of(s));
    pk_str found = {NULL, 0};
    for (size_t i = 0; i < all->len; i++) {
        if (str_equal(all->at[i], given)) return given;
        if (!found.ptr && str_equal_fold(all->at[i], given)) found = all->at[i];
    }
    return found.ptr && !store_number(s, "SELECT 1 FROM class_field WHERE field = ? LIMIT 1", "s", given) ? found : given;
}

QUERY(field)
{
    const filter *f = filter_read(s, args, a, e);
    if (!f) return (value){0};
    pk_str name = known_name(s, argument_text(args, "name"));
    record_builder b = {0}, page = {0};
    put(a, &b, "name", value_string(name));
    put_schemas(s, a, &b, name);
    rows r = rows_of(s, a, "SELECT n.field FROM predicate p JOIN normal n ON n.id = p.normal WHERE p.field = ? LIMIT 1", "s", name);
    if (rows_next(&r)) put_column(&b, "normal", &r, 0);
    rows_end(&r);
    size_t known = put_sources(s, a, &b, name) + put_kinds(s, a, &b, name);
    put_values(s, a, &b, name);
    r = rows_of(s, a, "SELECT rule FROM rule_field WHERE field = ?", "s", name);
    rule_set all = rules_of_rows(s, a, &r);
    if (!known && !rules_size(&all)) return query_refuse(e, a, PK_ERROR_IO, "no rule and no event has a field '" STR_FMT "'", STR_ARG(name));
    put_rule_page(s, a, &page, f, &all, args, "rules");
    put_record(a, &b, "rules", &page);
    put(a, &b, "facets", filter_facets(f, &all));
    return record_done(&b);
}
