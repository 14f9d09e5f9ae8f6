/* The start: what there is, by language and by tactic, and what is new. */
#include "web/view_text.h"

static pk_str percent_text(page *p, int64_t part, int64_t whole)
{
    if (whole <= 0) return STR("0");
    if (part > whole) part = whole;
    if (part < 0) part = 0;
    return arena_printf(p->a, "%.1f", (double)part * 100 / (double)whole);
}

void set_share(page *p, record *r, int64_t part, int64_t whole)
{
    set_text(p, r, "share", percent_text(p, part, whole));
    set_text(p, r, "percent", arena_printf(p->a, "%d %%", whole > 0 ? (int)((double)part * 100 / (double)whole + 0.5) : 0));
}

static value language_view(page *p, const value *v)
{
    record r = record_of(p, v);
    set_text(p, &r, "href", link_to(&p->links, PLACE_LANGUAGE, text_at(v, "name"), STR("")));
    set_text(p, &r, "rules_text", counted(p, int_at(v, "rules"), "rule", "rules"));
    set_text(p, &r, "files_text", counted(p, int_at(v, "files"), "file", "files"));
    return record_done(&r);
}

static value tactic_bar(page *p, const value *v)
{
    record r = record_of(p, v);
    const value *tactic = at(v, "tactic");
    set_share(p, &r, int_at(v, "covered"), int_at(v, "techniques"));
    pk_str id = text_at(tactic, "id"), shown = text_at(tactic, "shown");
    set_text(p, &r, "name", shown.len ? shown : text_at(tactic, "name"));
    set_text(p, &r, "href", link_query(&p->links, PLACE_RULES, STR(""), arena_concat(p->a, STR("tactic="), percent_encode(p->a, id)),
                                       arena_concat(p->a, STR("tactic:"), text_at(tactic, "short"))));
    return record_done(&r);
}

static value states_view(page *p, const value *states)
{
    list_builder out = {0};
    for (size_t i = 0; states->type == VALUE_RECORD && i < states->as.record.count; i++) {
        const value_field *f = &states->as.record.fields[i];
        if (f->value.type != VALUE_INT || f->value.as.integer == 0) continue;
        record r = {0};
        set_text(p, &r, "state", f->name);
        set_int(p, &r, "rules", f->value.as.integer);
        set_text(p, &r, "href", link_query(&p->links, PLACE_RULES, STR(""), arena_concat(p->a, STR("state="), percent_encode(p->a, f->name)),
                                           arena_printf(p->a, "state:\"" STR_FMT "\"", STR_ARG(f->name))));
        list_add(p->a, &out, record_done(&r));
    }
    return list_done(&out);
}

static value problems_view(page *p, const value *problems)
{
    list_builder out = {0};
    for (size_t i = 0; problems->type == VALUE_RECORD && i < problems->as.record.count; i++) {
        const value_field *f = &problems->as.record.fields[i];
        if (f->value.type != VALUE_INT || f->value.as.integer == 0) continue;
        record r = {0};
        set_text(p, &r, "severity", f->name);
        set_text(p, &r, "severity_class", severity_class(f->name));
        set_int(p, &r, "count", f->value.as.integer);
        list_add(p->a, &out, record_done(&r));
    }
    return list_done(&out);
}

value view_start(page *p, const value *v)
{
    record r = record_of(p, v);
    pk_str none = STR("");
    p->title = STR("Catalogue");
    set_each(p, &r, v, "languages", language_view);
    set_each(p, &r, v, "coverage", tactic_bar);
    set(p, &r, "latest", each_of(p, at(v, "latest"), card_view, 10));
    set(p, &r, "states", states_view(p, at(v, "states")));
    set(p, &r, "problem_counts", problems_view(p, at(v, "problems")));
    set_share(p, &r, int_at(v, "techniques"), int_at(v, "of_techniques"));
    set_text(p, &r, "built_day", str_slice(text_at(v, "built"), 0, 10));
    set_text(p, &r, "rules_href", link_to(&p->links, PLACE_RULES, none, none));
    set_text(p, &r, "matrix_href", link_to(&p->links, PLACE_MATRIX, none, none));
    set_text(p, &r, "indicators_href", link_to(&p->links, PLACE_INDICATORS, none, none));
    set_text(p, &r, "problems_href", link_to(&p->links, PLACE_PROBLEMS, none, none));
    set_text(p, &r, "coverage_href", link_to(&p->links, PLACE_COVERAGE, none, none));
    set_text(p, &r, "run_href", link_to(&p->links, PLACE_RUN, none, none));
    set_flag(p, &r, "any_rules", int_at(v, "rules") > 0);
    if (at(v, "run")->type != VALUE_RECORD) set_flag(p, &r, "run", false);
    return record_done(&r);
}
