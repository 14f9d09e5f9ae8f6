/* What is covered and what is not: by tactic, source, group, software, platform. */
#include "web/view_text.h"

enum { SHOWN = 400 };

static value tactic_row(page *p, const value *v)
{
    record r = record_of(p, v);
    const value *tactic = at(v, "tactic");
    pk_str shown = text_at(tactic, "shown"), name = tactic->type == VALUE_STRING ? tactic->as.string : text_at(tactic, "name");
    set_text(p, &r, "name", shown.len ? shown : name);
    set_share(p, &r, int_at(v, "covered"), int_at(v, "all"));
    return record_done(&r);
}

static value object_row(page *p, const value *v)
{
    record r = record_of(p, v);
    pk_str id = text_at(v, "id");
    set_share(p, &r, int_at(v, "covered"), int_at(v, "techniques"));
    if (p->links.style == LINKS_SERVER && id.len)
        set_text(p, &r, "href", link_query(&p->links, PLACE_MATRIX, STR(""), arena_concat(p->a, STR("group="), percent_encode(p->a, id)), STR("")));
    return record_done(&r);
}

/* What was given: class keys or records of classes. */
static value given_source(page *p, const value *v)
{
    record r = {0};
    if (v->type == VALUE_STRING) set_text(p, &r, "title", v->as.string);
    else return source_view(p, v);
    return record_done(&r);
}

value view_coverage(page *p, const value *v)
{
    record r = record_of(p, v);
    const value *techniques = at(v, "techniques");
    static const char *const except[] = {"sources", NULL};
    p->title = STR("Coverage");
    record t = record_of(p, techniques);
    set_share(p, &t, int_at(techniques, "covered"), int_at(techniques, "all"));
    set(p, &r, "techniques", record_done(&t));
    set_each(p, &r, v, "tactics", tactic_row);
    set(p, &r, "without_rule", each_of(p, at(v, "without_rule"), technique_view, SHOWN));
    set_int(p, &r, "without_rule_count", (int64_t)count_at(v, "without_rule"));
    set(p, &r, "without_source", each_of(p, at(v, "without_source"), technique_view, SHOWN));
    set_int(p, &r, "without_source_count", (int64_t)count_at(v, "without_source"));
    set(p, &r, "sources_without_rules", each_of(p, at(v, "sources_without_rules"), source_view, SHOWN));
    set_int(p, &r, "silent_source_count", (int64_t)count_at(v, "sources_without_rules"));
    set(p, &r, "sources", each_of(p, at(v, "sources"), given_source, SHOWN));
    set(p, &r, "groups", each_of(p, at(v, "groups"), object_row, SHOWN));
    set(p, &r, "software", each_of(p, at(v, "software"), object_row, SHOWN));
    set_each(p, &r, v, "platforms", object_row);
    set_text(p, &r, "sources_now", argument_get(&p->args, "sources"));
    set_hidden_arguments(p, &r, except);
    set_exports(p, &r);
    return record_done(&r);
}
