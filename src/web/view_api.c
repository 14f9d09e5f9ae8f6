/* The queries, as a page for people: from the same table that answers them. */
#include "web/view.h"

static value parameter_view(page *p, const query_parameter *k)
{
    record r = {0};
    set_text(p, &r, "name", str_from(k->name));
    set_text(p, &r, "kind", str_from(k->kind));
    set_text(p, &r, "help", str_from(k->help));
    set_flag(p, &r, "repeats", k->repeats);
    return record_done(&r);
}

value view_api(page *p, const value *v)
{
    (void)v;
    record r = {0};
    list_builder out = {0};
    p->title = STR("API");
    for (const query *q = catalog_queries; q->name; q++) {
        record b = {0};
        list_builder parameters = {0};
        for (const query_parameter *k = q->parameters; k && k->name; k++) list_add(p->a, &parameters, parameter_view(p, k));
        set_text(p, &b, "name", str_from(q->name));
        set_text(p, &b, "path", str_from(q->path));
        set_text(p, &b, "title", str_from(q->title));
        set(p, &b, "parameters", list_done(&parameters));
        bool answers_alone = !strchr(q->path, '{') && strcmp(q->name, "compare") != 0 && (strcmp(q->name, "run") != 0 || p->has_run);
        if (answers_alone) set_text(p, &b, "href", arena_printf(p->a, "/api/v1%s", q->path));
        list_add(p->a, &out, record_done(&b));
    }
    set(p, &r, "queries", list_done(&out));
    return record_done(&r);
}
