/* /api/v1: the queries themselves, by the paths of their table; /api/v1/openapi.json describes them. */
#include "web/respond.h"

static void json_error(arena *a, web_response *out, int status, pk_str message)
{
    text t = {0};
    text_put_cstring(&t, "{\"error\":");
    text_put_json(&t, message);
    text_put_cstring(&t, "}\n");
    out->status = status;
    out->type = "application/json";
    out->etag = (pk_str){0};
    out->body = arena_str(a, text_view(&t));
    text_free(&t);
}

static void json_value(arena *a, web_response *out, const value *v)
{
    text t = {0};
    value_write_json(&t, v);
    text_put_char(&t, '\n');
    out->status = 200;
    out->type = "application/json";
    out->body = arena_str(a, text_view(&t));
    text_free(&t);
}

/* Paths without a name first, then those of as many parts, then keys with a slash. */
static const query *query_of_path(arena *a, pk_str path, argument_list *names)
{
    for (int pass = 0; pass < 3; pass++)
        for (const query *q = catalog_queries; q->name; q++)
            if ((strchr(q->path, '{') != NULL) == (pass > 0) && path_matches(a, str_from(q->path), path, pass == 2, names)) return q;
    return NULL;
}

void api_handle(const web *w, store *s, const web_request *r, arena *a, web_response *out)
{
    (void)w;
    pk_str path = str_slice(r->path, sizeof "/api/v1" - 1, r->path.len);
    argument_list args = {0};
    if (str_equal(path, STR("/openapi.json"))) {
        value v = queries_openapi(a);
        json_value(a, out, &v);
        return;
    }
    const query *q = query_of_path(a, path, &args);
    if (!q) {
        json_error(a, out, 404, STR("no such query; /api/v1/openapi.json lists them"));
        return;
    }
    if (!arguments_parse(a, r->query, &args)) {
        json_error(a, out, 400, STR("too many parameters"));
        return;
    }
    for (size_t i = 0; i < r->form.count; i++) vec_push_in(a, &args.items, r->form.items[i]);
    query_arguments asked = arguments_for(a, q, &args, false);
    query_error e = {0};
    value v = query_run(s, q, &asked, a, &e);
    if (v.type == VALUE_MISSING) json_error(a, out, status_of(e.status), e.message);
    else json_value(a, out, &v);
}
