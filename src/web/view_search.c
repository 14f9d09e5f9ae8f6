/* One box: rules, predicates, techniques, event classes and fields that fit. */
#include "web/view_text.h"

static value field_hit(page *p, const value *v)
{
    record r = record_of(p, v);
    set_text(p, &r, "href", link_to(&p->links, PLACE_FIELD, text_at(v, "name"), STR("")));
    return record_done(&r);
}

value view_search(page *p, const value *v)
{
    record r = record_of(p, v);
    pk_str q = argument_get(&p->args, "q");
    const value *rules = at(v, "rules");
    p->title = q.len ? arena_printf(p->a, "Search: " STR_FMT, STR_ARG(cut_text(q, 100))) : STR("Search");
    set_text(p, &r, "q", q);
    set(p, &r, "rules", each(p, at(rules, "rules"), card_view));
    set_pager(p, &r, rules);
    set_int(p, &r, "rule_count", int_at(rules, "total"));
    set_each(p, &r, v, "predicates", predicate_view);
    set_each(p, &r, v, "techniques", technique_view);
    set_each(p, &r, v, "sources", source_view);
    set_each(p, &r, v, "fields", field_hit);
    bool any = int_at(rules, "total") || count_at(v, "predicates") || count_at(v, "techniques") || count_at(v, "sources") || count_at(v, "fields");
    set_flag(p, &r, "any_hits", any);
    set_flag(p, &r, "nothing", q.len && !any && !text_at(v, "error").len);
    set_flag(p, &r, "asked", q.len > 0);
    if (p->links.style == LINKS_SERVER && q.len)
        set_text(p, &r, "list_href", link_query(&p->links, PLACE_RULES, STR(""), arena_concat(p->a, STR("q="), percent_encode(p->a, q)), STR("")));
    return record_done(&r);
}
