/* Rules side by side, or the rules of two languages. */
#include "web/view_text.h"

enum { SHOWN = 300 };

static value rule_column(page *p, const value *v)
{
    record r = record_of(p, v);
    const value *m = at(v, "metadata");
    set_text(p, &r, "href", link_to(&p->links, PLACE_RULE, text_at(v, "language"), text_at(v, "key")));
    set_text(p, &r, "level", text_at(m, "level"));
    set_text(p, &r, "level_class", level_class(text_at(m, "level")));
    list_builder stages = {0};
    for (size_t i = 0; i < count_at(v, "stages"); i++) {
        const value *s = item(at(v, "stages"), i);
        record b = {0};
        set_text(p, &b, "number", arena_printf(p->a, "%lld", (long long)int_at(s, "index")));
        set_text(p, &b, "title", text_at(s, "title"));
        set_text(p, &b, "text", cut_text(text_at(s, "text"), 4000));
        list_add(p->a, &stages, record_done(&b));
    }
    set(p, &r, "stages", list_done(&stages));
    return record_done(&r);
}

/* Members that only programs need. */
static bool is_shown(const value_field *f)
{
    return f->value.type != VALUE_BOOL && !str_equal(f->name, STR("key")) && !str_ends_with(f->name, STR("_id")) && !str_equal(f->name, STR("language"));
}

/* Texts as they are, lists an item a line (within records in brackets), of records what people read. */
static void put_readable(page *p, text *t, const value *v, int depth)
{
    pk_str s;
    if (value_text(p->a, v, &s)) {
        text_put(t, s);
    } else if (v->type == VALUE_LIST && depth < 4) {
        if (depth) text_put_char(t, '(');
        for (size_t i = 0; i < v->as.list.count; i++) {
            if (i) text_put(t, depth ? STR(", ") : STR("\n"));
            put_readable(p, t, &v->as.list.items[i], depth + 1);
        }
        if (depth) text_put_char(t, ')');
    } else if (v->type == VALUE_RECORD && depth < 4) {
        size_t start = t->len;
        for (size_t i = 0; i < v->as.record.count; i++) {
            const value_field *f = &v->as.record.fields[i];
            bool empty = f->value.type == VALUE_STRING && !f->value.as.string.len;
            if (empty || !is_shown(f)) continue;
            if (t->len > start) text_put_char(t, ' ');
            put_readable(p, t, &f->value, depth + 1);
        }
    }
}

static value cell_text_view(page *p, const value *v)
{
    record r = {0};
    text t = {0};
    put_readable(p, &t, v, 0);
    set_text(p, &r, "text", arena_str(p->a, cut_text(text_view(&t), 2000)));
    text_free(&t);
    return record_done(&r);
}

static value metadata_row(page *p, const value *v)
{
    record r = record_of(p, v);
    set_each(p, &r, v, "values", cell_text_view);
    pk_str name = arena_str(p->a, text_at(v, "name"));
    for (size_t i = 0; i < name.len; i++)
        if (name.ptr[i] == '_') ((char *)(uintptr_t)name.ptr)[i] = ' ';
    set_text(p, &r, "name", name);
    set_flag(p, &r, "differs", !flag_at(v, "same"));
    return record_done(&r);
}

static value apart_view(page *p, const value *v, const value *rules)
{
    record r = record_of(p, v);
    const value *rule = item(rules, (size_t)int_at(v, "rule"));
    set_text(p, &r, "title", text_at(rule, "title"));
    set(p, &r, "predicates", each_of(p, at(v, "predicates"), predicate_view, SHOWN));
    return record_done(&r);
}

static value set_view(page *p, const value *v)
{
    record r = record_of(p, v);
    set_text(p, &r, "title", language_title(p, text_at(v, "name")));
    return record_done(&r);
}

static value only_view(page *p, const value *list)
{
    record r = {0};
    set(p, &r, "techniques", each_of(p, list, technique_view, SHOWN));
    set_int(p, &r, "count", list->type == VALUE_LIST ? (int64_t)list->as.list.count : 0);
    return record_done(&r);
}

value view_compare(page *p, const value *v)
{
    record r = record_of(p, v);
    const value *rules = at(v, "rules");
    p->title = STR("Compare");
    set(p, &r, "rules", each_of(p, rules, rule_column, 8));
    set(p, &r, "common", each_of(p, at(v, "common"), predicate_view, SHOWN));
    set_int(p, &r, "common_count", (int64_t)count_at(v, "common"));
    list_builder apart = {0};
    for (size_t i = 0; i < count_at(v, "apart"); i++) list_add(p->a, &apart, apart_view(p, item(at(v, "apart"), i), rules));
    set(p, &r, "apart", list_done(&apart));
    set_each(p, &r, v, "metadata", metadata_row);
    set_each(p, &r, v, "sets", set_view);
    set(p, &r, "common_techniques", each_of(p, at(v, "common_techniques"), technique_view, SHOWN));
    set_each(p, &r, v, "only", only_view);
    list_builder chosen = {0};
    for (size_t i = 0; i < p->args.items.len; i++)
        if (str_equal(p->args.items.at[i].name, STR("rule"))) list_add(p->a, &chosen, value_string(p->args.items.at[i].value));
    set(p, &r, "chosen_rules", list_done(&chosen));
    return record_done(&r);
}
