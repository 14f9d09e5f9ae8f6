/* Predicates: all of them, and one with the rules that ask it. */
#include "web/view_text.h"

value view_indicators(page *p, const value *v)
{
    record r = record_of(p, v);
    p->title = STR("Indicators");
    set_each(p, &r, v, "predicates", predicate_view);
    set_pager(p, &r, v);
    set_facets(p, &r, v);
    set_exports(p, &r);
    set_text(p, &r, "action", p->path);
    set_text(p, &r, "q", argument_get(&p->args, "q"));
    set_text(p, &r, "field_now", argument_get(&p->args, "field"));
    set_text(p, &r, "kind_now", argument_get(&p->args, "kind"));
    pk_str sort = argument_get(&p->args, "sort");
    set_flag(p, &r, "by_rules", !sort.len || str_equal(sort, STR("rules")));
    set_flag(p, &r, "by_field", str_equal(sort, STR("field")));
    set_flag(p, &r, "by_value", str_equal(sort, STR("value")));
    return record_done(&r);
}

static value rules_of(page *p, const value *list)
{
    record r = {0};
    set(p, &r, "rules", each(p, at(list, "rules"), card_view));
    set_int(p, &r, "total", int_at(list, "total"));
    int64_t given = (int64_t)count_at(list, "rules"), total = int_at(list, "total");
    set_int(p, &r, "left", total - given);
    set_flag(p, &r, "any_left", total > given);
    set_flag(p, &r, "any", total > 0);
    return record_done(&r);
}

value view_indicator(page *p, const value *v)
{
    record r = record_of(p, v);
    pk_str none = STR(""), field = text_at(v, "field"), shown = text_at(v, "value");
    value base = predicate_view(p, v);
    add_crumb(p, STR("Indicators"), link_to(&p->links, PLACE_INDICATORS, none, none));
    add_crumb(p, field.len ? field : STR("any field"), field.len ? link_to(&p->links, PLACE_FIELD, field, none) : none);
    p->title = arena_printf(p->a, STR_FMT " " STR_FMT " " STR_FMT, STR_ARG(field.len ? field : STR("any field")), STR_ARG(text_at(v, "kind")), STR_ARG(cut_text(shown, 120)));
    set_text(p, &r, "value", cut_text(shown, 20000));
    set_flag(p, &r, "more", shown.len > 20000);
    set_flag(p, &r, "no_value", !shown.len);
    set_flag(p, &r, "keyword", !field.len);
    set_text(p, &r, "field_href", text_at(&base, "field_href"));
    set_text(p, &r, "meaning", kind_meaning(text_at(v, "kind")));
    set_text(p, &r, "corpus_text", counted(p, int_at(v, "corpus"), "rule", "rules"));
    const value *normal = at(v, "normal");
    if (normal->type == VALUE_RECORD) {
        record n = record_of(p, normal);
        set_text(p, &n, "rules_text", counted(p, int_at(normal, "rules"), "rule", "rules"));
        set(p, &r, "normal", record_done(&n));
    } else {
        set_flag(p, &r, "normal", false);
    }
    set_each(p, &r, v, "same", predicate_view);
    set(p, &r, "positive", rules_of(p, at(v, "positive")));
    set(p, &r, "negative", rules_of(p, at(v, "negative")));
    set_each(p, &r, v, "techniques", technique_view);
    set(p, &r, "together", each_of(p, at(v, "together"), predicate_view, 30));
    set(p, &r, "alerts", each_of(p, at(v, "alerts"), alert_view, 50));
    set_text(p, &r, "json_href", this_query(p, ".json"));
    return record_done(&r);
}
