/* The matrix: a column a tactic, a cell a technique, its sub-techniques folded below it. */
#include "web/view_text.h"

static pk_str cell_title(page *p, const value *v)
{
    text t = {0};
    text_put(&t, counted(p, int_at(v, "rules"), "rule", "rules"));
    if (count_at(v, "sub")) text_printf(&t, ", " STR_FMT " of the technique itself", STR_ARG(count_text(p->a, int_at(v, "own"))));
    for (size_t i = 0; i < count_at(v, "by_language"); i++) {
        const value *l = item(at(v, "by_language"), i);
        pk_str name = text_at(l, "name");
        text_printf(&t, "; " STR_FMT " " STR_FMT, STR_ARG(language_title(p, name)), STR_ARG(count_text(p->a, int_at(l, "rules"))));
    }
    if (is_there(v, "runnable")) text_printf(&t, "; " STR_FMT " run on the sources", STR_ARG(count_text(p->a, int_at(v, "runnable"))));
    if (is_there(v, "alerts")) text_printf(&t, "; " STR_FMT " alerts", STR_ARG(count_text(p->a, int_at(v, "alerts"))));
    pk_str s = arena_str(p->a, text_view(&t));
    text_free(&t);
    return s;
}

static value cell_view(page *p, const value *v)
{
    record r = record_of(p, v);
    pk_str id = text_at(v, "id"), color = argument_get(&p->args, "color");
    int64_t shade = int_at(v, "shade");
    size_t dot = str_find_char(id, '.');
    set_text(p, &r, "href", link_to(&p->links, PLACE_TECHNIQUE, id, STR("")));
    set_text(p, &r, "short_id", dot == STR_NPOS ? id : str_slice(id, dot, id.len));
    set_text(p, &r, "shade", arena_printf(p->a, "%d", shade < 0 ? 0 : shade > 5 ? 5 : (int)shade));
    set_text(p, &r, "cell_title", cell_title(p, v));
    const char *counted_by = str_equal(color, STR("alerts")) ? "alerts" : str_equal(color, STR("runnable")) ? "runnable" : "rules";
    set_int(p, &r, "shown", int_at(v, counted_by));
    set_flag(p, &r, "zero", int_at(v, "rules") == 0);
    set(p, &r, "sub", each(p, at(v, "sub"), cell_view));
    set_int(p, &r, "sub_count", (int64_t)count_at(v, "sub"));
    return record_done(&r);
}

static value tactic_view(page *p, const value *v)
{
    record r = record_of(p, v);
    int64_t covered = 0;
    const value *techniques = at(v, "techniques");
    for (size_t i = 0; i < count_at(v, "techniques"); i++) covered += int_at(item(techniques, i), "rules") > 0;
    pk_str shown = text_at(v, "shown");
    set_text(p, &r, "name", shown.len ? shown : text_at(v, "name"));
    set_int(p, &r, "covered", covered);
    set_int(p, &r, "count", (int64_t)count_at(v, "techniques"));
    set_each(p, &r, v, "techniques", cell_view);
    return record_done(&r);
}

static void add_choice(page *p, list_builder *out, const char *argument, const char *v, const char *title)
{
    pk_str now = argument_get(&p->args, argument);
    record r = {0};
    set_text(p, &r, "title", str_from(title));
    set_text(p, &r, "href", this_with(p, argument, str_from(v)));
    set_flag(p, &r, "chosen", str_equal(now, str_from(v)));
    list_add(p->a, out, record_done(&r));
}

/* Names of languages are plain texts or records with a name. */
static void add_language_choices(page *p, list_builder *out, const value *languages)
{
    for (size_t i = 0; languages->type == VALUE_LIST && i < languages->as.list.count; i++) {
        const value *l = item(languages, i);
        pk_str name = l->type == VALUE_STRING ? l->as.string : text_at(l, "name");
        if (is_there(l, "known") && !flag_at(l, "known")) continue;
        record r = {0};
        set_text(p, &r, "title", text_at(l, "title").len ? text_at(l, "title") : language_title(p, name));
        set_text(p, &r, "href", this_with(p, "language", name));
        set_flag(p, &r, "chosen", str_equal(argument_get(&p->args, "language"), name));
        list_add(p->a, out, record_done(&r));
    }
}

value view_matrix(page *p, const value *v)
{
    record r = record_of(p, v);
    list_builder colors = {0}, languages = {0};
    static const char *const except[] = {"layer", "group", "sources", NULL};
    p->title = STR("ATT&CK matrix");
    set_each(p, &r, v, "tactics", tactic_view);
    if (p->links.style == LINKS_SERVER) {
        add_choice(p, &colors, "color", "", "rules");
        add_choice(p, &colors, "color", "runnable", "rules that run");
        if (p->has_run) add_choice(p, &colors, "color", "alerts", "alerts");
        add_choice(p, &languages, "language", "", "all");
        add_language_choices(p, &languages, at(v, "languages"));
        set_exports(p, &r);
        set_text(p, &r, "svg_href", this_query(p, ".svg"));
        set_hidden_arguments(p, &r, except);
    } else {
        set_text(p, &r, "svg_href", STR("matrix.svg"));
    }
    set(p, &r, "colors", list_done(&colors));
    set(p, &r, "language_choices", list_done(&languages));
    set_flag(p, &r, "several_languages", languages.items.len > 2);
    set_text(p, &r, "sources_now", argument_get(&p->args, "sources"));
    set_text(p, &r, "group_now", argument_get(&p->args, "group"));
    const value *layer = at(v, "layer");
    if (layer->type != VALUE_RECORD) set_flag(p, &r, "layer", false);
    return record_done(&r);
}
