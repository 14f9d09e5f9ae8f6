/* Lists of rules: all, or those of one language. */
#include "catalog/filter.h"
#include "web/view_text.h"

static value option_view(page *p, const char *name, const char *title, pk_str now)
{
    record r = {0};
    set_text(p, &r, "value", str_from(name));
    set_text(p, &r, "title", str_from(title));
    set_flag(p, &r, "chosen", str_equal(now, str_from(name)));
    return record_done(&r);
}

void set_sorting(page *p, record *r)
{
    static const struct { const char *name, *title; } orders[] = {
        {"title", "Title"}, {"level", "Level"}, {"date", "Created"}, {"modified", "Modified"}, {"techniques", "Techniques"}, {"language", "Language"}, {"rank", "Relevance"},
    };
    static const char *const except[] = {"sort", "order", "q", NULL};
    pk_str now = argument_get(&p->args, "sort"), direction = argument_get(&p->args, "order");
    if (!now.len) now = argument_get(&p->args, "q").len ? STR("rank") : STR("title");
    list_builder out = {0}, directions = {0};
    for (size_t i = 0; i < sizeof orders / sizeof *orders; i++) list_add(p->a, &out, option_view(p, orders[i].name, orders[i].title, now));
    list_add(p->a, &directions, option_view(p, "", "usual order", direction));
    list_add(p->a, &directions, option_view(p, "asc", "ascending", direction));
    list_add(p->a, &directions, option_view(p, "desc", "descending", direction));
    set(p, r, "sorts", list_done(&out));
    set(p, r, "orders", list_done(&directions));
    set_hidden_arguments(p, r, except);
    set_text(p, r, "action", p->path);
    set_text(p, r, "q", argument_get(&p->args, "q"));
}

/* What of the page's arguments chooses rules: a page has others (shades, order) that a layer does not know. */
static pk_str filters_asked(page *p)
{
    argument_list kept = {0};
    for (size_t i = 0; i < p->args.items.len; i++) {
        const query_parameter *f = filter_parameters;
        while (f->name && !str_equal(p->args.items.at[i].name, str_from(f->name))) f++;
        if (f->name) vec_push_in(p->a, &kept.items, p->args.items.at[i]);
    }
    return arguments_query(p->a, &kept);
}

/* The list in other forms; a Navigator layer of what the filters leave. */
void set_exports(page *p, record *r)
{
    if (p->links.style == LINKS_FILES) return;
    pk_str asked = filters_asked(p);
    set_text(p, r, "json_href", this_query(p, ".json"));
    set_text(p, r, "ndjson_href", this_query(p, ".ndjson"));
    set_text(p, r, "csv_href", this_query(p, ".csv"));
    set_text(p, r, "txt_href", this_query(p, ".txt"));
    set_text(p, r, "archive_href", this_query(p, ".tar.gz"));
    set_text(p, r, "stix_href", this_query(p, ".stix.json"));
    set_text(p, r, "report_href", this_query(p, ".report.html"));
    pk_str language = argument_get(&p->names, "language");
    if (language.len) asked = arena_printf(p->a, "language=" STR_FMT "&" STR_FMT, STR_ARG(percent_encode(p->a, language)), STR_ARG(asked));
    set_text(p, r, "layer_href", arena_printf(p->a, "/api/v1/layer?" STR_FMT, STR_ARG(asked)));
}

value view_rules(page *p, const value *v)
{
    record r = record_of(p, v);
    pk_str language = argument_get(&p->names, "language"), none = STR("");
    add_crumb(p, STR("Detection rules"), language.len ? link_to(&p->links, PLACE_RULES, none, none) : none);
    if (language.len) add_crumb(p, language_title(p, language), none);
    p->title = language.len ? arena_printf(p->a, STR_FMT " rules", STR_ARG(language_title(p, language))) : STR("Detection rules");
    set_text(p, &r, "title", p->title);
    set_each(p, &r, v, "rules", card_view);
    set_pager(p, &r, v);
    set_facets(p, &r, v);
    set_sorting(p, &r);
    set_exports(p, &r);
    set_text(p, &r, "compare_href", p->links.style == LINKS_SERVER ? STR("/compare") : none);
    return record_done(&r);
}
