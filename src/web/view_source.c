/* Event classes: all of them, and one with its fields and the rules that read it. */
#include "web/view_text.h"

static value source_row(page *p, const value *v)
{
    value base = source_view(p, v);
    record r = record_of(p, &base);
    set_int(p, &r, "full_count", int_at(v, "full"));
    set_int(p, &r, "part_count", int_at(v, "part"));
    return record_done(&r);
}

value view_sources(page *p, const value *v)
{
    record r = record_of(p, v);
    p->title = STR("Data sources");
    set_each(p, &r, v, "sources", source_row);
    set_int(p, &r, "count", (int64_t)count_at(v, "sources"));
    set_exports(p, &r);
    return record_done(&r);
}

static value field_row(page *p, const value *v)
{
    record r = record_of(p, v);
    pk_str field = text_at(v, "field");
    if (int_at(v, "rules") > 0 || p->links.style == LINKS_SERVER) set_text(p, &r, "href", link_to(&p->links, PLACE_FIELD, field, STR("")));
    return record_done(&r);
}

static value rule_with_state(page *p, const value *v)
{
    value card = card_view(p, v);
    record r = record_of(p, &card);
    pk_str state = text_at(v, "runs");
    set_flag(p, &r, "full", str_equal(state, STR("full")));
    set_flag(p, &r, "part", str_equal(state, STR("part")));
    set_flag(p, &r, "no", str_equal(state, STR("no")));
    set_flag(p, &r, "stopped", false);
    return record_done(&r);
}

static value log_source_row(page *p, const value *v)
{
    return value_string(log_source_text(p, v));
}

value view_source(page *p, const value *v)
{
    record r = record_of(p, v);
    const value *rules = at(v, "rules"), *lost = at(v, "lost");
    add_crumb(p, STR("Data sources"), link_to(&p->links, PLACE_SOURCES, STR(""), STR("")));
    add_crumb(p, text_at(v, "provider").len ? text_at(v, "provider") : text_at(v, "key"), STR(""));
    value shown = source_view(p, v);
    pk_str about = text_at(&shown, "about");
    p->title = arena_printf(p->a, STR_FMT "%s" STR_FMT, STR_ARG(text_at(&shown, "label")), about.len ? ": " : "", STR_ARG(about));
    set_text(p, &r, "heading", text_at(v, "title").len ? text_at(v, "title") : text_at(v, "key"));
    set_text(p, &r, "label", text_at(&shown, "label"));
    set_each(p, &r, v, "log_sources", log_source_row);
    set_each(p, &r, v, "fields", field_row);
    set_each(p, &r, v, "missing", field_row); /* rules ask for each of them */
    set_each(p, &r, v, "techniques", technique_view);
    set(p, &r, "rules", each(p, at(rules, "rules"), rule_with_state));
    set_pager(p, &r, rules);
    set_int(p, &r, "rule_count", int_at(rules, "of"));
    set_int(p, &r, "lost_count", int_at(lost, "rules"));
    set_flag(p, &r, "any_lost_rules", int_at(lost, "rules") > 0);
    set(p, &r, "lost", each_of(p, at(lost, "list"), card_view, 100));
    set_text(p, &r, "json_href", this_query(p, ".json"));
    return record_done(&r);
}
