/* A technique: the rules that look for it, vendors' own first, and what ATT&CK says of it. */
#include "web/highlight.h"
#include "web/view_text.h"

enum { QUERY_BUDGET = 60000, PREDICATES_SHOWN = 20, LONG_LIST = 200 };

static value query_lines(page *p, pk_str shown, pk_str syntax, size_t *cut)
{
    highlight_options o = {.first_line = 1, .budget = QUERY_BUDGET};
    return highlight_lines(p->a, shown, syntax, &o, cut);
}

static value query_card(page *p, const value *card)
{
    value base = card_view(p, card);
    record r = record_of(p, &base);
    pk_str shown = text_at(card, "query"), contained = text_at(card, "self_contained");
    size_t cut = 0;
    set(p, &r, "query_lines", query_lines(p, shown, text_at(card, "syntax"), &cut));
    set_flag(p, &r, "query_cut", cut > 0);
    set_text(p, &r, "query_id", arena_printf(p->a, "q-" STR_FMT, STR_ARG(plain_name(p->a, text_at(card, "key")))));
    if (contained.len && !str_equal(contained, shown)) set(p, &r, "contained_lines", query_lines(p, contained, text_at(card, "syntax"), &cut));
    set_text(p, &r, "language_title", language_title(p, text_at(card, "language")));
    set(p, &r, "description", text_blocks(p, cut_text(text_at(card, "description"), 3000)));
    return record_done(&r);
}

/* A tab without rules leads nowhere; the one that opens by itself is the page of the technique. */
static value tab_view(page *p, const value *v, const value *technique, bool only, pk_str first)
{
    record r = record_of(p, v);
    pk_str language = text_at(v, "language"), id = text_at(technique, "id");
    bool vendor = str_equal(language, STR("vendor"));
    pk_str href = str_equal(language, first) ? link_to(&p->links, PLACE_TECHNIQUE, id, STR("")) : link_tab(&p->links, id, language);
    if (!int_at(v, "count") && !vendor) href = STR("");
    else if (str_equal(language, first) && p->links.style == LINKS_SERVER) href = link_tab(&p->links, id, language);
    if (only && href.len && p->links.style == LINKS_SERVER) href = arena_concat(p->a, href, STR("&only=1"));
    set_text(p, &r, "href", href);
    set_int(p, &r, "shown", int_at(v, only ? "only" : "count"));
    set_flag(p, &r, "here", str_equal(language, text_at(technique, "tab")));
    return record_done(&r);
}

pk_str first_tab(const value *technique)
{
    const value *tabs = at(technique, "tabs");
    for (size_t i = 0; i < count_at(technique, "tabs"); i++)
        if (int_at(item(tabs, i), "count") > 0) return text_at(item(tabs, i), "language");
    return STR("vendor");
}

static value tabs_view(page *p, const value *v, bool only)
{
    list_builder out = {0};
    pk_str first = first_tab(v);
    for (size_t i = 0; i < count_at(v, "tabs"); i++) list_add(p->a, &out, tab_view(p, item(at(v, "tabs"), i), v, only, first));
    return list_done(&out);
}

static pk_str open_title(const value *v)
{
    for (size_t i = 0; i < count_at(v, "tabs"); i++) {
        const value *tab = item(at(v, "tabs"), i);
        if (str_equal(text_at(tab, "language"), text_at(v, "tab"))) return text_at(tab, "title");
    }
    return text_at(v, "tab");
}

static value tactic_view(page *p, const value *v)
{
    record r = record_of(p, v);
    pk_str shown = text_at(v, "shown");
    set_text(p, &r, "name", shown.len ? shown : text_at(v, "name"));
    set_text(p, &r, "href", link_query(&p->links, PLACE_RULES, STR(""), arena_concat(p->a, STR("tactic="), percent_encode(p->a, text_at(v, "id"))),
                                       arena_concat(p->a, STR("tactic:"), text_at(v, "short"))));
    return record_done(&r);
}

static value object_view(page *p, const value *v)
{
    record r = record_of(p, v);
    pk_str url = text_at(v, "url");
    set_text(p, &r, "url", is_web_link(url) ? url : STR(""));
    return record_done(&r);
}

/* Heading and numbers of the list that is open. */
static void set_list(page *p, record *r, const value *v)
{
    bool vendor = str_equal(text_at(v, "tab"), STR("vendor"));
    const value *list = vendor ? at(v, "vendor") : at(v, "rules");
    pk_str id = text_at(v, "id"), title = open_title(v);
    int64_t total = int_at(list, "total"), of = int_at(list, "of");
    set_flag(p, r, "vendor_tab", vendor);
    set(p, r, "rules", each(p, at(list, "rules"), query_card));
    set_pager(p, r, list);
    set_text(p, r, "shown_text", arena_printf(p->a, STR_FMT " shown of " STR_FMT, STR_ARG(count_text(p->a, total)), STR_ARG(count_text(p->a, of))));
    set_text(p, r, "vendor_note", text_at(at(v, "vendor"), "note"));
    pk_str kind = vendor ? STR("Vendor-native") : title;
    p->title = arena_printf(p->a, STR_FMT " detections for " STR_FMT, STR_ARG(kind), STR_ARG(id));
    set_text(p, r, "title", p->title);
    pk_str noun = vendor ? counted(p, of, "vendor-native detection", "vendor-native detections")
                         : arena_printf(p->a, STR_FMT " " STR_FMT " %s", STR_ARG(count_text(p->a, of)), STR_ARG(title), of == 1 ? "detection" : "detections");
    set_text(p, r, "subtitle", arena_printf(p->a, STR_FMT " · ready to paste into your SIEM · cross-linked to ATT&CK", STR_ARG(noun)));
}

static void set_switch(page *p, record *r, bool only)
{
    if (p->links.style == LINKS_FILES) return;
    set_text(p, r, "all_href", this_with(p, "only", STR("")));
    set_text(p, r, "only_href", this_with(p, "only", STR("1")));
    set_flag(p, r, "only", only);
    set_text(p, r, "txt_href", this_query(p, ".txt"));
    set_text(p, r, "json_href", this_query(p, ".json"));
}

static value silent_view(page *p, const value *v) { return card_view(p, v); }

value view_technique(page *p, const value *v)
{
    record r = record_of(p, v);
    bool only = flag_at(v, "only");
    pk_str id = text_at(v, "id"), none = STR(""), url = text_at(v, "url");
    add_crumb(p, STR("ATT&CK"), link_to(&p->links, PLACE_MATRIX, none, none));
    const value *parent = at(v, "parent");
    if (parent->type == VALUE_RECORD) add_crumb(p, text_at(parent, "id"), link_to(&p->links, PLACE_TECHNIQUE, text_at(parent, "id"), none));
    add_crumb(p, id, none);
    set(p, &r, "parent", parent->type == VALUE_RECORD ? technique_view(p, parent) : value_bool(false));
    const value *successor = at(v, "successor");
    set(p, &r, "successor", successor->type == VALUE_RECORD ? technique_view(p, successor) : value_bool(false));
    set_each(p, &r, v, "predecessors", technique_view);
    set(p, &r, "tabs", tabs_view(p, v, only));
    set_list(p, &r, v);
    set_facets(p, &r, v);
    set_switch(p, &r, only);
    set(p, &r, "description", text_blocks(p, cut_text(text_at(v, "description"), 8000)));
    set_text(p, &r, "url", is_web_link(url) ? url : none);
    set_text(p, &r, "terms", text_at(v, "terms"));
    set_each(p, &r, v, "tactics", tactic_view);
    set_each(p, &r, v, "sub_techniques", technique_view);
    set(p, &r, "predicates", each_of(p, at(v, "predicates"), predicate_view, PREDICATES_SHOWN));
    set_each(p, &r, v, "events", source_view);
    set(p, &r, "groups", each_of(p, at(v, "groups"), object_view, LONG_LIST));
    set(p, &r, "software", each_of(p, at(v, "software"), object_view, LONG_LIST));
    set_int(p, &r, "group_count", (int64_t)count_at(v, "groups"));
    set_int(p, &r, "software_count", (int64_t)count_at(v, "software"));
    set(p, &r, "silent", each_of(p, at(v, "silent"), silent_view, LONG_LIST));
    set_text(p, &r, "runnable_text", counted(p, int_at(v, "runnable"), "rule", "rules"));
    if (p->links.style == LINKS_SERVER)
        set_text(p, &r, "layer_href", arena_printf(p->a, "/api/v1/layer?technique=" STR_FMT, STR_ARG(percent_encode(p->a, id))));
    return record_done(&r);
}
