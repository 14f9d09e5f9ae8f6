/* What can be found in a site. Words are folded here, once, so that the script only looks for them. */
#include "web/site_index.h"

#include "base/unicode.h"
#include "web/view_text.h"

enum { DESCRIPTION_WORDS = 400, VALUES = 60, VALUE_BYTES = 100 };

static void put_member(text *t, const char *name, pk_str v, bool first)
{
    if (!v.len && !first) return;
    text_printf(t, "%s%s:", first ? "" : ",", name);
    text_put_json(t, v);
}

static void put_words(text *t, const value *rule, arena *a)
{
    text w = {0};
    const value *m = at(rule, "metadata");
    text_put(&w, cut_text(text_at(rule, "description"), DESCRIPTION_WORDS));
    for (size_t i = 0; i < count_at(m, "tags"); i++)
        if (item(at(m, "tags"), i)->type == VALUE_STRING) text_printf(&w, " " STR_FMT, STR_ARG(cut_text(item(at(m, "tags"), i)->as.string, VALUE_BYTES)));
    size_t left = VALUES;
    for (size_t i = 0; i < count_at(rule, "indicators"); i++) {
        const value *row = item(at(rule, "indicators"), i);
        text_printf(&w, " " STR_FMT, STR_ARG(text_at(row, "field")));
        for (size_t k = 0; k < count_at(row, "values") && left > 0; k++, left--)
            text_printf(&w, " " STR_FMT, STR_ARG(cut_text(text_at(item(at(row, "values"), k), "value"), VALUE_BYTES)));
    }
    text_put_cstring(t, ",w:");
    text_put_json(t, fold(a, utf8_repair(a, text_view(&w))));
    text_free(&w);
}

void put_index_rule(text *t, const linker *l, const value *v)
{
    const value *m = at(v, "metadata"), *source = at(m, "logsource"), *coverage = at(v, "coverage");
    pk_str title = text_at(v, "title").len ? text_at(v, "title") : text_at(v, "id"), state = text_at(m, "state");
    text_put_char(t, '{');
    put_member(t, "n", cut_text(title, 300), true);
    put_member(t, "u", link_to(l, PLACE_RULE, text_at(v, "language"), text_at(v, "key")), false);
    text_put_cstring(t, ",i:");
    text_put_json(t, text_at(v, "id"));
    put_member(t, "g", text_at(v, "language"), false);
    put_member(t, "l", text_at(m, "level"), false);
    put_member(t, "s", text_at(m, "status"), false);
    put_member(t, "p", text_at(source, "product"), false);
    put_member(t, "c", text_at(source, "category"), false);
    put_member(t, "v", text_at(source, "service"), false);
    put_member(t, "y", text_at(m, "type"), false);
    if (!str_equal(state, STR("runnable"))) put_member(t, "x", state, false);
    text_put_cstring(t, ",t:[");
    for (size_t i = 0, n = 0; coverage->type == VALUE_LIST && i < coverage->as.list.count; i++)
        for (size_t k = 0; k < count_at(item(coverage, i), "techniques"); k++) {
            if (n++) text_put_char(t, ',');
            text_put_json(t, text_at(item(at(item(coverage, i), "techniques"), k), "id"));
        }
    text_put_cstring(t, "],k:[");
    for (size_t i = 0; i < count_at(m, "tactics"); i++) {
        if (i) text_put_char(t, ',');
        text_put_json(t, text_at(item(at(m, "tactics"), i), "written"));
    }
    text_put_char(t, ']');
    put_words(t, v, l->a);
    text_put_cstring(t, "},\n");
}

static void put_other(text *t, pk_str name, pk_str href, const char *kind)
{
    text_put_cstring(t, "{n:");
    text_put_json(t, name);
    text_put_cstring(t, ",u:");
    text_put_json(t, href);
    text_printf(t, ",k:\"%s\"},\n", kind);
}

static value ask(store *s, const char *name, arena *a)
{
    query_arguments none = {0};
    query_error e = {0};
    return query_run(s, query_find(str_from(name)), &none, a, &e);
}

void put_index_others(text *t, store *s, arena *a)
{
    linker l = {a, LINKS_FILES, 0, NULL};
    value techniques = ask(s, "techniques", a), sources = ask(s, "sources", a), fields = ask(s, "fields", a);
    for (size_t i = 0; i < count_at(&techniques, "techniques"); i++) {
        const value *v = item(at(&techniques, "techniques"), i);
        pk_str id = text_at(v, "id");
        put_other(t, arena_printf(a, STR_FMT " " STR_FMT, STR_ARG(id), STR_ARG(text_at(v, "name"))), link_to(&l, PLACE_TECHNIQUE, id, STR("")), "technique");
    }
    for (size_t i = 0; i < count_at(&sources, "sources"); i++) {
        const value *v = item(at(&sources, "sources"), i);
        pk_str name = arena_printf(a, STR_FMT " " STR_FMT " " STR_FMT, STR_ARG(text_at(v, "provider")), STR_ARG(text_at(v, "event")), STR_ARG(text_at(v, "title")));
        put_other(t, str_trim(name).len ? str_trim(name) : text_at(v, "key"), link_to(&l, PLACE_SOURCE, text_at(v, "key"), STR("")), "data source");
    }
    for (size_t i = 0; i < count_at(&fields, "fields"); i++) {
        pk_str name = text_at(item(at(&fields, "fields"), i), "name");
        if (name.len) put_other(t, name, link_to(&l, PLACE_FIELD, name, STR("")), "field");
    }
}
