/* What several pages show alike: cards, techniques, predicates, event classes, pages of lists, facets. */
#include "web/view.h"

enum { CARD_TEXT = 280, FACET_OPEN = 6, PAGER_REACH = 2 };

value technique_view(page *p, const value *technique)
{
    record r = record_of(p, technique);
    pk_str id = text_at(technique, "id");
    set_text(p, &r, "href", link_to(&p->links, PLACE_TECHNIQUE, id, STR("")));
    const value *successor = at(technique, "successor");
    pk_str next = successor->type == VALUE_RECORD ? text_at(successor, "id") : text_at(technique, "successor");
    if (next.len && !str_equal(next, id)) {
        set_text(p, &r, "successor", next);
        set_text(p, &r, "successor_href", link_to(&p->links, PLACE_TECHNIQUE, next, STR("")));
    } else {
        set_flag(p, &r, "successor", false);
    }
    return record_done(&r);
}

static value technique_of_id(page *p, const value *v)
{
    record r = {0};
    pk_str id = v->type == VALUE_STRING ? v->as.string : text_at(v, "id");
    set_text(p, &r, "id", id);
    set_text(p, &r, "name", text_at(v, "name"));
    set_text(p, &r, "href", link_to(&p->links, PLACE_TECHNIQUE, id, STR("")));
    return record_done(&r);
}

value source_view(page *p, const value *source)
{
    record r = record_of(p, source);
    pk_str key = text_at(source, "key");
    set_text(p, &r, "href", key.len ? link_to(&p->links, PLACE_SOURCE, key, STR("")) : STR(""));
    pk_str state = text_at(source, "state"), provider = text_at(source, "provider"), event = text_at(source, "event"), title = text_at(source, "title");
    pk_str label = event.len ? arena_printf(p->a, STR_FMT " " STR_FMT, STR_ARG(provider), STR_ARG(event)) : provider;
    if (!label.len) label = title.len ? title : key;
    set_text(p, &r, "label", label);
    set_text(p, &r, "about", str_equal(label, title) ? STR("") : title);
    set_flag(p, &r, "full", str_equal(state, STR("full")));
    set_flag(p, &r, "part", str_equal(state, STR("part")));
    set_flag(p, &r, "no", str_equal(state, STR("no")));
    return record_done(&r);
}

/* A view of at most `most` bytes that ends with a whole character. */
/* The first paragraph, cut between words. */
static pk_str brief_of(pk_str s)
{
    pk_str all = str_trim(str_slice(s, 0, str_find(s, STR("\n\n")))), short_one = cut_text(all, CARD_TEXT);
    if (short_one.len == all.len) return all;
    size_t end = short_one.len;
    while (end > CARD_TEXT / 2 && short_one.ptr[end - 1] != ' ' && short_one.ptr[end - 1] != '\n') end--;
    return end > CARD_TEXT / 2 ? str_trim(str_slice(short_one, 0, end)) : short_one;
}

pk_str cut_text(pk_str s, size_t most)
{
    if (s.len <= most) return s;
    while (most && ((unsigned char)s.ptr[most] & 0xc0) == 0x80) most--;
    return str_slice(s, 0, most);
}

/* Shown constants: long ones are cut, the page of the predicate has all of it. */
enum { VALUE_SHOWN = 600 };

value predicate_view(page *p, const value *predicate)
{
    record r = record_of(p, predicate);
    pk_str key = text_at(predicate, "key"), field = text_at(predicate, "field"), v = text_at(predicate, "value");
    set_text(p, &r, "href", link_to(&p->links, PLACE_INDICATOR, key, STR("")));
    set_text(p, &r, "value", cut_text(v, VALUE_SHOWN));
    set_flag(p, &r, "more", v.len > VALUE_SHOWN);
    set_flag(p, &r, "keyword", !field.len);
    if (field.len) set_text(p, &r, "field_href", link_to(&p->links, PLACE_FIELD, field, STR("")));
    set_flag(p, &r, "no_value", !v.len);
    return record_done(&r);
}

/* "windows · process_creation": what a rule says of its log source. */
pk_str log_source_text(page *p, const value *v)
{
    static const char *const parts[] = {"product", "category", "service"};
    text t = {0};
    for (size_t i = 0; i < 3; i++) {
        pk_str s = text_at(v, parts[i]);
        if (s.len && t.len) text_put(&t, STR(" · "));
        text_put(&t, s);
    }
    pk_str out = arena_str(p->a, text_view(&t));
    text_free(&t);
    return out;
}

static pk_str last_part(pk_str path)
{
    size_t slash = path.len;
    while (slash > 0 && path.ptr[slash - 1] != '/') slash--;
    return cut_text(str_slice(path, slash, path.len), 120);
}

value card_view(page *p, const value *card)
{
    record r = record_of(p, card);
    pk_str name = text_at(card, "name"), title = text_at(card, "title"), description = text_at(card, "description"), level = text_at(card, "level");
    if (!name.len) name = title;
    if (!name.len) name = text_at(card, "id");
    set_text(p, &r, "name", cut_text(name, 400));
    set_text(p, &r, "href", link_to(&p->links, PLACE_RULE, text_at(card, "language"), text_at(card, "key")));
    pk_str brief = brief_of(description);
    set_text(p, &r, "brief", brief);
    set_flag(p, &r, "more", brief.len < str_trim(description).len);
    set_text(p, &r, "level_class", level_class(level));
    set_text(p, &r, "log_source", log_source_text(p, card));
    set(p, &r, "technique_links", each_of(p, at(card, "techniques"), technique_of_id, 8));
    set(p, &r, "event_links", each_of(p, at(card, "events"), source_view, 4));
    set_text(p, &r, "file", text_at(card, "file").len ? text_at(card, "file") : text_at(card, "path"));
    set_text(p, &r, "file_name", last_part(text_at(card, "path")));
    pk_str state = text_at(card, "state");
    set_flag(p, &r, "stopped", state.len && !str_equal(state, STR("runnable")));
    return record_done(&r);
}

/* ---- addresses of this page ---- */

static bool is_own_argument(pk_str name, const argument_list *names)
{
    for (size_t i = 0; i < names->items.len; i++)
        if (str_equal(names->items.at[i].name, name)) return true;
    return false;
}

static pk_str address(page *p, const argument_list *l, const char *suffix)
{
    pk_str asked = arguments_query(p->a, l);
    return arena_printf(p->a, STR_FMT "%s%s" STR_FMT, STR_ARG(p->path), suffix, asked.len ? "?" : "", STR_ARG(asked));
}

pk_str this_with(page *p, const char *name, pk_str to)
{
    argument_list l = {0};
    for (size_t i = 0; i < p->args.items.len; i++) {
        query_argument q = p->args.items.at[i];
        if (!str_equal(q.name, str_from(name)) && !str_equal(q.name, STR("page"))) vec_push_in(p->a, &l.items, q);
    }
    query_argument changed = {str_from(name), to};
    if (to.len) vec_push_in(p->a, &l.items, changed);
    return address(p, &l, "");
}

pk_str this_query(page *p, const char *suffix)
{
    if (p->links.style == LINKS_FILES) return STR("");
    argument_list l = {0};
    for (size_t i = 0; i < p->args.items.len; i++)
        if (!str_equal(p->args.items.at[i].name, STR("page"))) vec_push_in(p->a, &l.items, p->args.items.at[i]);
    return address(p, &l, suffix);
}

void set_hidden_arguments(page *p, record *r, const char *const *except)
{
    list_builder out = {0};
    for (size_t i = 0; i < p->args.items.len; i++) {
        query_argument q = p->args.items.at[i];
        bool skipped = str_equal(q.name, STR("page"));
        for (const char *const *e = except; *e; e++) skipped = skipped || str_equal(q.name, str_from(*e));
        if (skipped) continue;
        record h = {0};
        set_text(p, &h, "name", q.name);
        set_text(p, &h, "value", q.value);
        list_add(p->a, &out, record_done(&h));
    }
    set(p, r, "hidden", list_done(&out));
}

/* ---- pages of a list ---- */

static pk_str page_href(page *p, size_t n)
{
    if (p->links.style == LINKS_FILES) {
        text t = {0};
        for (unsigned i = 0; i < p->links.depth; i++) text_put_cstring(&t, "../");
        text_put(&t, file_piece(p->a, p->file, p->tab, n));
        pk_str s = arena_str(p->a, text_view(&t));
        text_free(&t);
        return s;
    }
    return n == 1 ? this_with(p, "page", STR("")) : this_with(p, "page", arena_printf(p->a, "%zu", n));
}

static value page_link(page *p, size_t n, size_t here)
{
    record r = {0};
    set_int(p, &r, "n", (int64_t)n);
    set_text(p, &r, "href", page_href(p, n));
    set_flag(p, &r, "here", n == here);
    return record_done(&r);
}

static value page_gap(page *p)
{
    record r = {0};
    set_flag(p, &r, "gap", true);
    return record_done(&r);
}

void set_pager(page *p, record *r, const value *numbers)
{
    record b = {0};
    int64_t total = int_at(numbers, "total"), here = int_at(numbers, "page"), pages = int_at(numbers, "pages");
    p->pages = pages > 0 ? (size_t)pages : 0;
    if (here < 1) here = 1;
    set_int(p, &b, "total", total);
    set_int(p, &b, "of", int_at(numbers, "of"));
    set_flag(p, &b, "filtered", int_at(numbers, "of") > total);
    set_int(p, &b, "from", int_at(numbers, "from"));
    set_int(p, &b, "to", int_at(numbers, "to"));
    set_flag(p, &b, "any", total > 0);
    set_flag(p, &b, "many", pages > 1);
    list_builder links = {0};
    bool gap = false;
    for (int64_t n = 1; n <= pages && pages > 1; n++) {
        if (n == 1 || n == pages || (n >= here - PAGER_REACH && n <= here + PAGER_REACH)) {
            list_add(p->a, &links, page_link(p, (size_t)n, (size_t)here));
            gap = false;
        } else if (!gap) {
            list_add(p->a, &links, page_gap(p));
            gap = true;
            n = n < here ? here - PAGER_REACH - 1 : pages - 1;
        }
    }
    set(p, &b, "links", list_done(&links));
    if (here > 1) set_text(p, &b, "previous", page_href(p, (size_t)here - 1));
    if (here < pages) set_text(p, &b, "next", page_href(p, (size_t)here + 1));
    set(p, r, "pager", record_done(&b));
}

/* ---- facets ---- */

/* This page with (name, value) chosen, or no longer. */
static pk_str toggled(page *p, pk_str name, pk_str v)
{
    argument_list l = {0};
    bool was = false;
    for (size_t i = 0; i < p->args.items.len; i++) {
        query_argument q = p->args.items.at[i];
        bool same = str_equal(q.name, name) && str_equal(q.value, v);
        was = was || same;
        if (!same && !str_equal(q.name, STR("page"))) vec_push_in(p->a, &l.items, q);
    }
    query_argument added = {name, v};
    if (!was) vec_push_in(p->a, &l.items, added);
    return address(p, &l, "");
}

static value facet_value(page *p, pk_str name, const value *v)
{
    record r = record_of(p, v);
    pk_str title = text_at(v, "title");
    set_text(p, &r, "title", title.len ? title : text_at(v, "value"));
    set_text(p, &r, "href", toggled(p, name, text_at(v, "value")));
    set_flag(p, &r, "chosen", flag_at(v, "chosen") || argument_has(&p->args, name, text_at(v, "value")));
    return record_done(&r);
}

static value facet_view(page *p, const value *f)
{
    record r = record_of(p, f);
    const value *values = at(f, "values");
    list_builder first = {0}, rest = {0};
    bool chosen = false;
    for (size_t i = 0; i < count_at(f, "values"); i++) {
        const value *v = item(values, i);
        value shown = facet_value(p, text_at(f, "name"), v);
        bool here = flag_at(&shown, "chosen");
        chosen = chosen || here;
        list_add(p->a, i < FACET_OPEN || here ? &first : &rest, shown);
    }
    set(p, &r, "values", list_done(&first));
    set_int(p, &r, "rest_count", (int64_t)rest.items.len);
    set(p, &r, "rest", list_done(&rest));
    set_flag(p, &r, "chosen", chosen);
    return record_done(&r);
}

/* Titles of filters that no facet of the answer has. */
static pk_str filter_title(page *p, const value *facets, pk_str name, pk_str v, pk_str *value_title)
{
    *value_title = v;
    for (size_t i = 0; i < (facets->type == VALUE_LIST ? facets->as.list.count : 0); i++) {
        const value *f = item(facets, i);
        if (!str_equal(text_at(f, "name"), name)) continue;
        for (size_t k = 0; k < count_at(f, "values"); k++) {
            const value *one = item(at(f, "values"), k);
            if (str_equal(text_at(one, "value"), v) && text_at(one, "title").len) *value_title = text_at(one, "title");
        }
        return text_at(f, "title");
    }
    (void)p;
    return name;
}

void set_facets(page *p, record *r, const value *answer)
{
    static const char *const not_filters[] = {"sort", "order", "page", "per", "tab", "only", "queries", "color", "layer", "group", "q", "view"};
    const value *facets = at(answer, "facets");
    bool files = p->links.style == LINKS_FILES;
    list_builder shown = {0}, chosen = {0};
    for (size_t i = 0; i < (facets->type == VALUE_LIST && !files ? facets->as.list.count : 0); i++)
        if (count_at(item(facets, i), "values")) {
            value f = facet_view(p, item(facets, i));
            record b = record_of(p, &f);
            set_flag(p, &b, "open", shown.items.len < 5 || flag_at(&f, "chosen"));
            list_add(p->a, &shown, record_done(&b));
        }
    for (size_t i = 0; i < p->args.items.len && !files; i++) {
        query_argument q = p->args.items.at[i];
        bool skipped = is_own_argument(q.name, &p->names);
        for (size_t k = 0; k < sizeof not_filters / sizeof *not_filters; k++) skipped = skipped || str_equal(q.name, str_from(not_filters[k]));
        if (skipped) continue;
        record b = {0};
        pk_str value_title, title = filter_title(p, facets, q.name, q.value, &value_title);
        set_text(p, &b, "title", title);
        set_text(p, &b, "value", value_title);
        set_text(p, &b, "href", toggled(p, q.name, q.value));
        list_add(p->a, &chosen, record_done(&b));
    }
    set_int(p, r, "chosen_count", (int64_t)chosen.items.len);
    set_flag(p, r, "any_chosen", chosen.items.len > 0);
    set(p, r, "chosen", list_done(&chosen));
    set(p, r, "facets", list_done(&shown));
    set_text(p, r, "clear", p->path);
}
