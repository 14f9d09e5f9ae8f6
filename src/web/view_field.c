/* Fields: all of them, and one in each schema. */
#include "web/view_text.h"

enum { VALUES_SHOWN = 100 };

static value field_row(page *p, const value *v)
{
    record r = record_of(p, v);
    pk_str name = text_at(v, "name");
    set_text(p, &r, "href", link_to(&p->links, PLACE_FIELD, name, STR("")));
    return record_done(&r);
}

value view_fields(page *p, const value *v)
{
    record r = record_of(p, v);
    p->title = STR("Fields");
    set_each(p, &r, v, "fields", field_row);
    set_int(p, &r, "count", (int64_t)count_at(v, "fields"));
    set_exports(p, &r);
    return record_done(&r);
}

static value schema_row(page *p, const value *v)
{
    record r = record_of(p, v);
    const value *source = at(v, "source");
    set(p, &r, "source", source->type == VALUE_RECORD ? source_view(p, source) : value_bool(false));
    return record_done(&r);
}

static value kind_row(page *p, const value *v)
{
    record r = record_of(p, v);
    set_text(p, &r, "meaning", kind_meaning(text_at(v, "kind")));
    return record_done(&r);
}

value view_field(page *p, const value *v)
{
    record r = record_of(p, v);
    pk_str name = text_at(v, "name"), asked = arena_concat(p->a, STR("field="), percent_encode(p->a, name));
    const value *rules = at(v, "rules");
    add_crumb(p, STR("Fields"), link_to(&p->links, PLACE_FIELDS, STR(""), STR("")));
    add_crumb(p, name, STR(""));
    p->title = name;
    set_each(p, &r, v, "schemas", schema_row);
    set_each(p, &r, v, "sources", source_view);
    set_each(p, &r, v, "kinds", kind_row);
    set(p, &r, "values", each_of(p, at(v, "values"), predicate_view, VALUES_SHOWN));
    set(p, &r, "rules", each(p, at(rules, "rules"), card_view));
    set_pager(p, &r, rules);
    set_int(p, &r, "rule_count", int_at(rules, "of"));
    if (p->links.style == LINKS_SERVER) {
        set_text(p, &r, "all_values_href", link_query(&p->links, PLACE_INDICATORS, STR(""), asked, STR("")));
        set_text(p, &r, "json_href", this_query(p, ".json"));
    }
    return record_done(&r);
}
