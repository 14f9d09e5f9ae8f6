/* A request in, a response out. The way: what it asks for (asset, API, page, or a page in another form) -> query -> view -> template. */
#include "web/respond.h"
#include "web/export.h"

#include <time.h>

#include "base/hash.h"
#include "base/unicode.h"

enum { PATH_LIMIT = 8192, QUERY_LIMIT = 16384 };

pk_status web_new(web **out, const char *share_web, diag_list *d)
{
    web *w = mem_zalloc(1, sizeof *w);
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    w->stamp = hash_mix((uint64_t)now.tv_sec, (uint64_t)now.tv_nsec);
    w->arena = arena_new();
    pk_status status = shipped_files_read(&w->files, share_web, w->arena, d);
    if (status == PK_OK) {
        w->templates = templates_new(w->files.templates.at, w->files.templates.len, d);
        if (!w->templates) status = PK_ERROR_SYNTAX;
    }
    if (status == PK_OK) *out = w;
    else web_free(w);
    return status;
}

void web_free(web *w)
{
    if (!w) return;
    templates_free(w->templates);
    arena_free(w->arena);
    mem_free(w);
}

int status_of(pk_status s)
{
    switch (s) {
    case PK_OK: return 200;
    case PK_ERROR_IO: return 404;
    case PK_ERROR_USAGE: case PK_ERROR_UNSUPPORTED: return 400;
    case PK_ERROR_LIMIT: case PK_ERROR_NOMEM: return 503;
    case PK_ERROR_SYNTAX: case PK_STOPPED: return 500;
    }
    return 500;
}

static bool is_parameter(const query *q, pk_str name)
{
    for (const query_parameter *k = q->parameters; k && k->name; k++)
        if (str_equal(name, str_from(k->name))) return true;
    for (const char *open = strchr(q->path, '{'); open; open = strchr(open + 1, '{'))
        if (str_equal(name, (pk_str){open + 1, strcspn(open + 1, "}")})) return true;
    return false;
}

query_arguments arguments_for(arena *a, const query *q, const argument_list *l, bool known)
{
    VEC(query_argument) out = {0};
    for (size_t i = 0; i < l->items.len; i++)
        if (!known || (is_parameter(q, l->items.at[i].name) && l->items.at[i].value.len)) vec_push_in(a, &out, l->items.at[i]);
    return (query_arguments){out.at, out.len};
}

/* ---- pages ---- */

pk_str asset_address(const web *w, const page *p, pk_str name)
{
    const asset *x = asset_find(&w->files, name);
    if (p->links.style == LINKS_SERVER)
        return arena_printf(p->a, "/assets/%016llx/" STR_FMT, (unsigned long long)(x ? x->hash : 0), STR_ARG(name));
    text t = {0};
    for (unsigned i = 0; i < p->links.depth; i++) text_put_cstring(&t, "../");
    text_printf(&t, "assets/" STR_FMT, STR_ARG(name));
    pk_str s = arena_str(p->a, text_view(&t));
    text_free(&t);
    return s;
}

static value navigation_view(const web *w, page *p)
{
    (void)w;
    list_builder out = {0};
    for (const navigation_entry *n = navigation; n->title; n++) {
        if (p->links.style == LINKS_FILES && !n->files) continue;
        if (n->place == PLACE_RUN && !p->has_run) continue;
        record r = {0};
        set_text(p, &r, "title", str_from(n->title));
        set_text(p, &r, "href", link_to(&p->links, n->place, STR(""), STR("")));
        set_flag(p, &r, "here", p->route && strcmp(p->route->section, n->section) == 0);
        list_add(p->a, &out, record_done(&r));
    }
    return list_done(&out);
}

static value crumbs_view(page *p)
{
    list_builder out = {0};
    for (size_t i = 0; i < p->crumbs.len; i++) {
        record r = {0};
        set_text(p, &r, "title", p->crumbs.at[i].title);
        set_text(p, &r, "href", p->crumbs.at[i].href);
        list_add(p->a, &out, record_done(&r));
    }
    return list_done(&out);
}

/* What every page has: the record `page` of its template. */
static value frame_view(const web *w, page *p)
{
    record r = p->extra;
    bool files = p->links.style == LINKS_FILES;
    pk_str none = STR("");
    set_text(p, &r, "title", p->title);
    set(p, &r, "navigation", navigation_view(w, p));
    set(p, &r, "crumbs", crumbs_view(p));
    set_text(p, &r, "style", asset_address(w, p, STR("style.css")));
    set_text(p, &r, "theme", asset_address(w, p, STR("theme.js")));
    set_text(p, &r, "script", asset_address(w, p, STR("picket.js")));
    set_text(p, &r, "icon", asset_address(w, p, STR("icon.svg")));
    if (files) set_text(p, &r, "index_script", asset_address(w, p, STR("index.js")));
    set_text(p, &r, "home", link_to(&p->links, PLACE_START, none, none));
    set_text(p, &r, "search", link_to(&p->links, PLACE_SEARCH, none, none));
    set_text(p, &r, "rules", link_to(&p->links, PLACE_RULES, none, none));
    set_text(p, &r, "matrix", link_to(&p->links, PLACE_MATRIX, none, none));
    set_text(p, &r, "q", argument_get(&p->args, "q"));
    set_flag(p, &r, "files", files);
    set_flag(p, &r, "server", !files);
    set_text(p, &r, "version", str_from(pk_version()));
    set_flag(p, &r, "has_run", p->has_run);
    return record_done(&r);
}

static bool render(const web *w, page *p, const char *template, value data, text *out)
{
    record r = record_of(p, &data);
    set(p, &r, "page", frame_view(w, p));
    value all = record_done(&r);
    return templates_render(w->templates, template, &all, out);
}

bool page_render(const web *w, page *p, const value *answer, text *out)
{
    value data = p->route->view(p, answer);
    return render(w, p, p->route->template, data, out);
}

void page_render_error(const web *w, page *p, int status, pk_str message, text *out)
{
    value data = view_error(p, status, message);
    if (!render(w, p, "error", data, out)) text_put_cstring(out, "<!DOCTYPE html><title>Error</title><p>The templates that ship with picket are damaged.");
}

/* ---- requests ---- */

typedef enum { FORM_PAGE, FORM_JSON, FORM_RAW, FORM_NDJSON, FORM_CSV, FORM_QUERIES, FORM_SVG, FORM_ARCHIVE, FORM_STIX, FORM_REPORT } answer_form;

static const struct {
    const char *suffix;
    answer_form form;
} suffixes[] = {
    {".stix.json", FORM_STIX}, {".tar.gz", FORM_ARCHIVE}, {".report.html", FORM_REPORT},
    {".json", FORM_JSON}, {".raw", FORM_RAW}, {".ndjson", FORM_NDJSON}, {".csv", FORM_CSV}, {".txt", FORM_QUERIES}, {".svg", FORM_SVG},
};

static pk_str without_suffix(pk_str path, answer_form *form)
{
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        pk_str suffix = str_from(suffixes[i].suffix);
        if (path.len <= suffix.len + 1 || !str_ends_with(path, suffix)) continue;
        *form = suffixes[i].form;
        return str_slice(path, 0, path.len - suffix.len);
    }
    return path;
}

static void give(arena *a, web_response *out, int status, const char *type, text *t)
{
    out->status = status;
    out->type = type;
    out->body = arena_str(a, text_view(t));
    text_free(t);
}

static void give_error(const web *w, page *p, int status, pk_str message, web_response *out)
{
    text t = {0};
    out->etag = (pk_str){0};
    page_render_error(w, p, status, message, &t);
    give(p->a, out, status, "text/html; charset=utf-8", &t);
}

static void redirect(arena *a, web_response *out, pk_str to)
{
    *out = (web_response){.status = 303, .type = "text/plain; charset=utf-8", .location = to, .body = arena_concat(a, to, STR("\n"))};
}

static void give_asset(const web *w, page *p, pk_str path, web_response *out)
{
    pk_str rest = str_slice(path, sizeof "/assets/" - 1, path.len);
    size_t slash = str_find_char(rest, '/');
    const asset *x = slash == STR_NPOS ? NULL : asset_find(&w->files, str_slice(rest, slash + 1, rest.len));
    if (!x) {
        give_error(w, p, 404, STR("There is no such file."), out);
        return;
    }
    char hash[20];
    int n = 0;
    for (int shift = 60; shift >= 0; shift -= 4) hash[n++] = "0123456789abcdef"[(x->hash >> shift) & 15];
    out->status = 200;
    out->type = x->type;
    out->body = x->content;
    out->immutable = str_equal(str_slice(rest, 0, slash), (pk_str){hash, 16});
    out->etag = arena_printf(p->a, "\"%.16s\"", hash);
}

/* /indicators?field=&kind=&value= is the page of that one. */
static bool leads_to_indicator(page *p, const value *v, web_response *out)
{
    if (strcmp(p->route->path, "/indicators") != 0 || count_at(v, "predicates") != 1) return false;
    if (!argument_get(&p->args, "kind").len || !argument_get(&p->args, "value").len) return false;
    redirect(p->a, out, link_to(&p->links, PLACE_INDICATOR, text_at(item(at(v, "predicates"), 0), "key"), STR("")));
    return true;
}

/* The arguments as a person reads them: "language=sigma, level=high". */
static pk_str asked_text(const page *p)
{
    text t = {0};
    for (size_t i = 0; i < p->args.items.len; i++) {
        query_argument x = p->args.items.at[i];
        if (str_equal(x.name, STR("color")) || str_equal(x.name, STR("layer"))) continue;
        text_printf(&t, "%s" STR_FMT "=" STR_FMT, t.len ? ", " : "", STR_ARG(cut_text(x.name, 60)), STR_ARG(cut_text(x.value, 200)));
    }
    pk_str s = utf8_repair(p->a, arena_str(p->a, text_view(&t)));
    text_free(&t);
    return s;
}

/* The forms that hold whole rules. */
static const struct {
    answer_form form;
    const char *type, *extension;
} bundles[] = {
    {FORM_ARCHIVE, "application/gzip", "tar.gz"}, {FORM_STIX, "application/stix+json;version=2.1", "stix.json"}, {FORM_REPORT, "text/html; charset=utf-8", "report.html"},
};
enum { BUNDLES = sizeof bundles / sizeof *bundles };

static bool make_report(const web *w, page *p, store *s, const query *q, const argument_list *all, text *t, query_error *e)
{
    value data;
    if (!export_report(s, q, p, all, &data, e)) return false;
    record r = record_of(p, &data);
    set_text(p, &r, "asked", asked_text(p));
    value whole = record_done(&r);
    if (templates_render(w->templates, "report", &whole, t)) return true;
    *e = (query_error){PK_ERROR_SYNTAX, STR("The templates that ship with picket are damaged.")};
    return false;
}

static void give_bundle(const web *w, page *p, store *s, const query *q, const argument_list *all, size_t kind, web_response *out, query_error *e)
{
    text t = {0};
    bool good = false;
    if (!p->route->list || strcmp(p->route->list, "rules") != 0) *e = (query_error){PK_ERROR_IO, STR("This page has no such form.")};
    else if (bundles[kind].form == FORM_ARCHIVE) good = export_archive(s, q, all, p->a, &t, e);
    else if (bundles[kind].form == FORM_STIX) good = export_stix(s, q, all, p->a, &t, e);
    else good = make_report(w, p, s, q, all, &t, e);
    if (!good) {
        text_free(&t);
        return;
    }
    out->attachment = arena_printf(p->a, "picket-rules.%s", bundles[kind].extension);
    give(p->a, out, 200, bundles[kind].type, &t);
}

static void give_export(page *p, store *s, const query *q, const argument_list *all, answer_form form, web_response *out, query_error *e)
{
    text t = {0};
    const char *list = form == FORM_QUERIES ? "rules" : p->route->list;
    argument_list args = *all;
    query_argument with = {STR("queries"), STR("1")};
    if (form == FORM_QUERIES) vec_push_in(p->a, &args.items, with);
    export_form as = form == FORM_CSV ? EXPORT_CSV : form == FORM_QUERIES ? EXPORT_QUERIES : EXPORT_NDJSON;
    if (!list) {
        *e = (query_error){PK_ERROR_IO, STR("This page has no such form.")};
        return;
    }
    if (!export_list(s, q, &args, list, as, p->a, &t, e)) {
        text_free(&t);
        return;
    }
    pk_str extension = form == FORM_CSV ? STR("csv") : form == FORM_QUERIES ? STR("txt") : STR("ndjson");
    out->attachment = arena_printf(p->a, "picket-%s." STR_FMT, p->route->section, STR_ARG(extension));
    give(p->a, out, 200, form == FORM_CSV ? "text/csv; charset=utf-8" : form == FORM_QUERIES ? "text/plain; charset=utf-8" : "application/x-ndjson", &t);
}

static void give_answer(const web *w, page *p, const value *v, answer_form form, web_response *out)
{
    text t = {0};
    if (form == FORM_JSON) {
        value_write_json(&t, v);
        text_put_char(&t, '\n');
        give(p->a, out, 200, "application/json", &t);
        return;
    }
    if (form == FORM_SVG) {
        if (strcmp(p->route->path, "/attack") != 0) {
            give_error(w, p, 404, STR("This page has no such form."), out);
            return;
        }
        export_matrix_svg(v, asked_text(p), p->a, &t);
        give(p->a, out, 200, "image/svg+xml", &t);
        return;
    }
    if (form == FORM_RAW) {
        const value *body = at(v, "body");
        if (body->type != VALUE_RECORD) {
            give_error(w, p, 404, STR("This page has no source text."), out);
            return;
        }
        text_put(&t, text_at(body, "text"));
        give(p->a, out, 200, "text/plain; charset=utf-8", &t);
        return;
    }
    if (leads_to_indicator(p, v, out)) return;
    if (page_render(w, p, v, &t)) {
        give(p->a, out, 200, "text/html; charset=utf-8", &t);
    } else {
        text_free(&t);
        give_error(w, p, 500, STR("The templates that ship with picket are damaged."), out);
    }
}

/* What is the same as long as the catalogue, the templates and the question are. */
static pk_str etag_of(const web *w, const page *p, store *s, const web_request *r, answer_form form)
{
    uint64_t h = hash_mix(hash_mix(store_version(s), w->files.hash), hash_mix(w->stamp, (uint64_t)form));
    h = hash_mix(hash_mix(h, hash_str(r->path)), hash_str(r->query));
    return arena_printf(p->a, "\"%016llx\"", (unsigned long long)h);
}

/* If-None-Match: a list of tags, weak ones too, or "*". */
static bool is_known_tag(pk_str header, pk_str etag) { return str_equal(header, STR("*")) || (header.len && str_find(header, etag) != STR_NPOS); }

static bool wants_json(pk_str accept)
{
    return str_find(accept, STR("application/json")) != STR_NPOS && str_find(accept, STR("text/html")) == STR_NPOS;
}

static argument_list all_arguments(const page *p, const web_request *r)
{
    argument_list all = {0};
    for (size_t i = 0; i < p->names.items.len; i++) vec_push_in(p->a, &all.items, p->names.items.at[i]);
    for (size_t i = 0; i < p->args.items.len; i++) vec_push_in(p->a, &all.items, p->args.items.at[i]);
    for (size_t i = 0; p->route->form && i < r->form.count; i++) vec_push_in(p->a, &all.items, r->form.items[i]);
    query_argument per = {STR("per"), p->route->per ? arena_printf(p->a, "%u", p->route->per) : STR("")};
    if (p->route->per && !argument_get(&all, "per").len) vec_push_in(p->a, &all.items, per);
    return all;
}

static void handle_route(const web *w, page *p, store *s, const web_request *r, answer_form form, web_response *out)
{
    const query *q = p->route->query ? query_find(str_from(p->route->query)) : NULL;
    query_error e = {0};
    p->has_run = store_has_run(s);
    bool posted = r->form.count > 0;
    if (!posted) out->etag = etag_of(w, p, s, r, form);
    if (!posted && is_known_tag(r->if_none_match, out->etag)) {
        out->status = 304;
        out->type = "text/html; charset=utf-8";
        return;
    }
    if (form == FORM_PAGE) p->languages = store_language_titles(s, p->a);
    if (!q || (p->route->bare && p->args.items.len < 2)) {
        value none = {.type = VALUE_MISSING};
        give_answer(w, p, &none, FORM_PAGE, out);
        return;
    }
    argument_list all = all_arguments(p, r);
    for (size_t i = 0; i < BUNDLES; i++)
        if (form == bundles[i].form) {
            give_bundle(w, p, s, q, &all, i, out, &e);
            if (e.status != PK_OK) give_error(w, p, status_of(e.status), e.message, out);
            return;
        }
    if (form == FORM_NDJSON || form == FORM_CSV || form == FORM_QUERIES) {
        give_export(p, s, q, &all, form, out, &e);
    } else {
        query_arguments asked = arguments_for(p->a, q, &all, true);
        value v = query_run(s, q, &asked, p->a, &e);
        if (v.type != VALUE_MISSING) give_answer(w, p, &v, form, out);
    }
    if (e.status == PK_OK) return;
    give_error(w, p, status_of(e.status), e.message, out);
}

static void drop_empty(page *p, argument_list *given)
{
    for (size_t i = 0; i < given->items.len; i++)
        if (given->items.at[i].value.len) vec_push_in(p->a, &p->args.items, given->items.at[i]);
}

void web_handle(const web *w, store *s, const web_request *r, arena *a, web_response *out)
{
    *out = (web_response){.status = 200, .type = "text/html; charset=utf-8"};
    page p = {.a = a, .links = {.a = a, .style = r->links}, .path = r->path};
    argument_list given = {0};
    answer_form form = FORM_PAGE;
    bool post = str_equal(r->method, STR("POST"));
    if (r->path.len > PATH_LIMIT || r->query.len > QUERY_LIMIT) {
        give_error(w, &p, 414, STR("The address is too long."), out);
        return;
    }
    if (!post && !str_equal(r->method, STR("GET")) && !str_equal(r->method, STR("HEAD"))) {
        give_error(w, &p, 405, STR("Pages are read with GET."), out);
        return;
    }
    if (str_starts_with(r->path, STR("/assets/"))) {
        give_asset(w, &p, r->path, out);
        return;
    }
    if (str_equal(r->path, STR("/favicon.ico"))) {
        redirect(a, out, asset_address(w, &p, STR("icon.svg")));
        return;
    }
    if (str_starts_with(r->path, STR("/api/v1/"))) {
        out->etag = etag_of(w, &p, s, r, FORM_JSON);
        if (!post && is_known_tag(r->if_none_match, out->etag)) {
            out->status = 304;
            return;
        }
        api_handle(w, s, r, a, out);
        if (post || out->status != 200) out->etag = (pk_str){0};
        return;
    }
    p.path = without_suffix(r->path, &form);
    if (form == FORM_PAGE && wants_json(r->accept)) form = FORM_JSON;
    if (!arguments_parse(a, r->query, &given)) {
        give_error(w, &p, 400, STR("The address has too many parameters."), out);
        return;
    }
    drop_empty(&p, &given);
    p.route = route_find(a, p.path, &p.names);
    if (!p.route) give_error(w, &p, 404, STR("There is no page at this address."), out);
    else if (post && !p.route->form) give_error(w, &p, 405, STR("Pages are read with GET."), out);
    else handle_route(w, &p, s, r, form, out);
}
