/* The alerts of a scan: by rule, host, technique and time, each with why it matched. */
#include "web/view_text.h"
#include "web/routes.h"

enum { SHOWN = 50, EVENT_SHOWN = 8000 };

static pk_str filtered(page *p, const char *name, pk_str v)
{
    return p->links.style == LINKS_SERVER && p->route && strcmp(p->route->section, "run") == 0 ? this_with(p, name, v) : STR("");
}

/* The value with the matched part apart. */
static value why_view(page *p, const value *v)
{
    record r = record_of(p, v);
    pk_str s = text_at(v, "value");
    int64_t from = is_there(v, "at") ? int_at(v, "at") : -1, length = int_at(v, "length");
    if (from >= 0 && length > 0 && (uint64_t)from < s.len && (uint64_t)length <= s.len - (uint64_t)from) {
        set_text(p, &r, "before", cut_text(str_slice(s, 0, (size_t)from), 1000));
        set_text(p, &r, "matched", cut_text(str_slice(s, (size_t)from, (size_t)length), 1000));
        set_text(p, &r, "after", cut_text(str_slice(s, (size_t)(from + length), s.len), 1000));
    } else {
        set_text(p, &r, "before", cut_text(s, 2000));
    }
    set_text(p, &r, "constant", cut_text(text_at(v, "constant"), 1000));
    return record_done(&r);
}

/* JSON with a line for each member of the event. */
static pk_str event_text(page *p, const value *event)
{
    text t = {0};
    if (event->type == VALUE_STRING) text_put(&t, event->as.string);
    for (size_t i = 0; event->type == VALUE_RECORD && i < event->as.record.count; i++) {
        text one = {0};
        value_write_json(&one, &event->as.record.fields[i].value);
        text_printf(&t, STR_FMT ": " STR_FMT "\n", STR_ARG(event->as.record.fields[i].name), STR_ARG(text_view(&one)));
        text_free(&one);
    }
    pk_str s = arena_str(p->a, cut_text(text_view(&t), EVENT_SHOWN));
    text_free(&t);
    return s;
}

value alert_view(page *p, const value *v)
{
    record r = record_of(p, v);
    const value *rule = at(v, "rule");
    bool known = text_at(rule, "key").len > 0;
    set(p, &r, "rule", known ? card_view(p, rule) : value_bool(false));
    set_text(p, &r, "title", text_at(rule, "title"));
    set_text(p, &r, "level_class", level_class(text_at(v, "level")));
    set_each(p, &r, v, "why", why_view);
    set_text(p, &r, "event_text", event_text(p, at(v, "event")));
    pk_str number = STR("");
    if (is_there(v, "record") && value_text(p->a, at(v, "record"), &number)) set_text(p, &r, "record", number);
    return record_done(&r);
}

static value by_rule(page *p, const value *v)
{
    record r = record_of(p, v);
    const value *rule = at(v, "rule");
    bool known = text_at(rule, "key").len > 0;
    set(p, &r, "rule", known ? card_view(p, rule) : value_bool(false));
    set_text(p, &r, "title", text_at(rule, "title"));
    pk_str key = arena_printf(p->a, STR_FMT "/" STR_FMT, STR_ARG(text_at(rule, "language")), STR_ARG(text_at(rule, "key")));
    set_text(p, &r, "filter_href", known ? filtered(p, "rule", key) : STR(""));
    return record_done(&r);
}

static value by_host(page *p, const value *v)
{
    record r = record_of(p, v);
    pk_str host = text_at(v, "host").len ? text_at(v, "host") : text_at(v, "name");
    set_text(p, &r, "name", host);
    set_text(p, &r, "href", host.len ? filtered(p, "host", host) : STR(""));
    return record_done(&r);
}

static value by_technique(page *p, const value *v)
{
    const value *inner = at(v, "technique");
    record r = record_of(p, v);
    value t = technique_view(p, inner->type == VALUE_RECORD ? inner : v);
    if (inner->type == VALUE_RECORD) {
        set_text(p, &r, "id", text_at(&t, "id"));
        set_text(p, &r, "name", text_at(&t, "name"));
    }
    set_text(p, &r, "href", text_at(&t, "href"));
    set_flag(p, &r, "successor", false);
    return record_done(&r);
}

/* Bars of the time line in a drawing 1000 wide and 100 high. */
static value timeline_view(page *p, const value *list)
{
    int64_t most = 1;
    size_t n = list->type == VALUE_LIST ? list->as.list.count : 0;
    for (size_t i = 0; i < n; i++)
        if (int_at(item(list, i), "alerts") > most) most = int_at(item(list, i), "alerts");
    list_builder out = {0};
    for (size_t i = 0; i < n; i++) {
        const value *v = item(list, i);
        int64_t alerts = int_at(v, "alerts");
        double height = alerts > 0 ? 3 + 95 * (double)alerts / (double)most : 0, width = 1000.0 / (double)n;
        record r = record_of(p, v);
        set_text(p, &r, "x", arena_printf(p->a, "%.2f", (double)i * width));
        set_text(p, &r, "w", arena_printf(p->a, "%.2f", width > 3 ? width - 2 : width));
        set_text(p, &r, "y", arena_printf(p->a, "%.2f", 100 - height));
        set_text(p, &r, "h", arena_printf(p->a, "%.2f", height));
        list_add(p->a, &out, record_done(&r));
    }
    return list_done(&out);
}

value view_run(page *p, const value *v)
{
    record r = record_of(p, v);
    const value *list = at(v, "list");
    p->title = STR("Run");
    set_int(p, &r, "rule_total", int_at(v, "rules"));
    set_int(p, &r, "host_total", int_at(v, "hosts"));
    set_int(p, &r, "technique_total", int_at(v, "techniques"));
    set(p, &r, "by_rule", each_of(p, at(v, "by_rule"), by_rule, SHOWN));
    set(p, &r, "by_host", each_of(p, at(v, "by_host"), by_host, SHOWN));
    set(p, &r, "by_technique", each_of(p, at(v, "by_technique"), by_technique, SHOWN));
    set(p, &r, "timeline", timeline_view(p, at(v, "timeline")));
    set(p, &r, "alert_list", each(p, at(list, "alerts"), alert_view));
    set_pager(p, &r, list);
    set_facets(p, &r, v);
    if (p->links.style == LINKS_SERVER)
        set_text(p, &r, "silent_href", link_query(&p->links, PLACE_RULES, STR(""), STR("fires=no"), STR("")));
    set_text(p, &r, "json_href", this_query(p, ".json"));
    return record_done(&r);
}
