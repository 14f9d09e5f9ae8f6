/* What is wrong with rules and files, and what keeps rules from running. */
#include "web/view_text.h"

static value problem_row(page *p, const value *v)
{
    record r = record_of(p, v);
    const value *rule = at(v, "rule");
    int64_t line = int_at(v, "line");
    set_text(p, &r, "severity_class", severity_class(text_at(v, "severity")));
    set(p, &r, "rule", rule->type == VALUE_RECORD ? card_view(p, rule) : value_bool(false));
    if (line > 0) set_text(p, &r, "place", arena_printf(p->a, "%lld:%lld", (long long)line, (long long)int_at(v, "column")));
    return record_done(&r);
}

static value code_row(page *p, const value *v)
{
    record r = record_of(p, v);
    set_text(p, &r, "severity_class", severity_class(text_at(v, "severity")));
    return record_done(&r);
}

static value reason_row(page *p, const value *v)
{
    record r = record_of(p, v);
    set(p, &r, "list", each_of(p, at(v, "list"), card_view, 50));
    set_int(p, &r, "left", int_at(v, "rules") - (int64_t)(count_at(v, "list") < 50 ? count_at(v, "list") : 50));
    set_flag(p, &r, "any_left", int_at(v, "rules") > (int64_t)count_at(v, "list") || count_at(v, "list") > 50);
    return record_done(&r);
}

static value field_row(page *p, const value *v)
{
    record r = record_of(p, v);
    set_text(p, &r, "href", link_to(&p->links, PLACE_FIELD, text_at(v, "field"), STR("")));
    return record_done(&r);
}

static value file_row(page *p, const value *v)
{
    if (v->type == VALUE_STRING) return *v;
    (void)p;
    return *at(v, "path");
}

static value unknown_row(page *p, const value *v)
{
    record r = record_of(p, v);
    set(p, &r, "files", each(p, at(v, "names"), file_row));
    set_int(p, &r, "left", int_at(v, "count") - (int64_t)count_at(v, "files"));
    set_flag(p, &r, "any_left", int_at(v, "count") > (int64_t)count_at(v, "files"));
    set_text(p, &r, "language_title", language_title(p, text_at(v, "language")));
    return record_done(&r);
}

value view_problems(page *p, const value *v)
{
    record r = record_of(p, v);
    const value *without = at(v, "without_attack"), *unknown = at(v, "unknown_files");
    add_crumb(p, STR("Detection rules"), link_to(&p->links, PLACE_RULES, STR(""), STR("")));
    add_crumb(p, STR("Problems"), STR(""));
    p->title = STR("Problems");
    set_each(p, &r, v, "problems", problem_row);
    set_pager(p, &r, v);
    set_each(p, &r, v, "by_code", code_row);
    set_int(p, &r, "without_attack_count", int_at(without, "total"));
    set_flag(p, &r, "any_without_attack", int_at(without, "total") > 0);
    set(p, &r, "without_attack", each_of(p, at(without, "rules"), card_view, 100));
    set_each(p, &r, v, "not_running", reason_row);
    set(p, &r, "unknown_fields", each_of(p, at(v, "unknown_fields"), field_row, 200));
    set_int(p, &r, "unknown_field_count", (int64_t)count_at(v, "unknown_fields"));
    set_int(p, &r, "unknown_file_count", int_at(unknown, "count"));
    set_flag(p, &r, "any_unknown_files", int_at(unknown, "count") > 0);
    set_each(p, &r, unknown, "by_reason", unknown_row);
    set(p, &r, "same_key", each_of(p, at(v, "same_key"), card_view, 200));
    set_exports(p, &r);
    return record_done(&r);
}
