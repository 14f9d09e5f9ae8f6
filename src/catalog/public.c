/* The catalogue behind include/picket.h. */
#include "catalog/catalog.h"
#include "catalog/log_sources.h"
#include "catalog/table.h"

struct pk_store {
    store *store;
    store_run *run;
    arena *arena;                 /* of the last query */
    query_error error;
};

static void tell(const diag_list *d, pk_diagnostic_fn fn, void *user)
{
    for (size_t i = 0; fn && i < diag_count(d); i++) fn(diag_at(d, i), user);
}

pk_status pk_store_open(pk_store **out, const char *path, const char *alerts, pk_diagnostic_fn fn, void *user)
{
    diag_list *d = diag_list_new();
    pk_store *s = mem_zalloc(1, sizeof *s);
    s->arena = arena_new();
    pk_status status = alerts ? store_run_load(&s->run, alerts, d) : PK_OK;
    if (status == PK_OK) status = store_open(&s->store, path, s->run, d);
    tell(d, fn, user);
    diag_list_free(d);
    if (status == PK_OK) {
        *out = s;
    } else {
        *out = NULL;
        pk_store_close(s);
    }
    return status;
}

void pk_store_close(pk_store *s)
{
    if (!s) return;
    store_close(s->store);
    store_run_free(s->run);
    arena_free(s->arena);
    mem_free(s);
}

pk_str pk_store_error(const pk_store *s) { return s->error.message; }

bool pk_store_query_at(size_t i, pk_query *out)
{
    for (size_t n = 0; n <= i; n++)
        if (!catalog_queries[n].name) return false;
    const query *q = &catalog_queries[i];
    *out = (pk_query){.name = q->name, .path = q->path, .title = q->title, .parameters = q->parameters, .list = q->rows};
    return true;
}

static pk_status fail(pk_store *s, const char *what, pk_str name)
{
    s->error = (query_error){PK_ERROR_USAGE, arena_printf(s->arena, what, STR_ARG(name))};
    return PK_ERROR_USAGE;
}

static pk_status write_answer(pk_store *s, const query *q, const value *answer, pk_str format, unsigned width, text *out)
{
    if (str_equal(format, STR("json"))) {
        value_write_json(out, answer);
        text_put_char(out, '\n');
    } else if (str_equal(format, STR("csv"))) {
        write_csv(out, q, answer);
    } else if (str_equal(format, STR("table"))) {
        write_table(out, q, answer, width);
    } else {
        return fail(s, "there is no output '" STR_FMT "'; there are table, json and csv", format);
    }
    return PK_OK;
}

pk_status pk_store_query(pk_store *s, const char *name, const pk_argument *args, size_t count, const char *format, unsigned width, pk_text_fn fn, void *user)
{
    arena_reset(s->arena);
    s->error = (query_error){0};
    const query *q = query_find(str_from(name));
    if (!q) return fail(s, "there is no query '" STR_FMT "'", str_from(name));
    query_argument *items = ARENA_ARRAY(s->arena, query_argument, count + 1);
    for (size_t i = 0; i < count; i++) items[i] = (query_argument){args[i].name, args[i].value};
    value answer = query_run(s->store, q, &(query_arguments){items, count}, s->arena, &s->error);
    if (answer.type == VALUE_MISSING) return s->error.status == PK_OK ? PK_ERROR_SYNTAX : s->error.status;
    text out = {0};
    pk_status status = write_answer(s, q, &answer, str_from(format), width, &out);
    if (status == PK_OK) fn(text_view(&out), user);
    text_free(&out);
    const value *wrong = value_get(&answer, STR("error")); /* of a search: its syntax; what could be answered is there all the same */
    return status == PK_OK && wrong && wrong->type == VALUE_STRING ? fail(s, STR_FMT, wrong->as.string) : status;
}

pk_status pk_store_log_sources(pk_store *s, pk_strs logs, const char *share, void (*fn)(pk_str key, uint64_t events, void *user),
                               pk_diagnostic_fn problem, void *user)
{
    arena_reset(s->arena);
    diag_list *d = diag_list_new();
    value answer = log_sources(s->store, logs, share, s->arena, &s->error, d);
    tell(d, problem, user);
    diag_list_free(d);
    const value *list = value_get(&answer, STR("sources"));
    if (!list) return s->error.status == PK_OK ? PK_ERROR_IO : s->error.status;
    for (size_t i = 0; i < list->as.list.count; i++) {
        const value *one = &list->as.list.items[i];
        fn(value_get(one, STR("key"))->as.string, (uint64_t)value_get(one, STR("events"))->as.integer, user);
    }
    return PK_OK;
}
