/* Classes of the events of logs. The logs are read as a scan reads them; only the fields that tell a class are looked at. */
#include "catalog/log_sources.h"

#include <inttypes.h>
#include <stdlib.h>

#include "api/api.h"
#include "catalog/store.h"
#include "formats/input.h"

typedef struct {
    schema *schema;
    path_set *paths;
    classifier *classifier;
    uint64_t *of_class;           /* by class_id */
    uint64_t events, unknown;
} survey;

static bool count_event(const event *e, void *user)
{
    survey *v = user;
    classification k = classify(v->classifier, e, CLASS_NONE);
    v->events++;
    v->unknown += k.class_count == 0;
    for (size_t i = 0; i < k.class_count; i++) v->of_class[k.classes[i]]++;
    return true;
}

static void read_stream(survey *v, const input_item *item, diag_list *d)
{
    static const cut_options options = {.record_limit = (size_t)50 << 20, .block_size = 1 << 20};
    const format *f = item->format;
    void *cutter = f->cut_new(item->stream, &options, d);
    reader *r = f->reader_new(v->paths);
    event_source source = {.file = item->name, .input = item->input, .record = -1};
    block b = {0};
    uint64_t damaged = 0;
    while (f->cut(cutter, &b, d) == PK_OK)
        if (f->read(r, &b, &source, count_event, v, d, &damaged) == PK_STOPPED) break;
    f->cut_free(cutter);
    f->reader_free(r);
    block_free(&b);
}

static pk_status read_path(survey *v, pk_str path, diag_list *d)
{
    input_options options = {0};
    input_list *list = input_list_new(&options);
    char *name = mem_cstring(path);
    input_item item;
    input_result result;
    pk_status status = input_add(list, name, d);
    while (status == PK_OK && (result = input_next(list, &item, d)) != INPUT_END)
        if (result == INPUT_OPENED) read_stream(v, &item, d);
    input_list_free(list);
    mem_free(name);
    return status;
}

/* ---- the answer ---- */

typedef struct {
    value record;
    uint64_t events;
    pk_str key;
} found;

static int most_first(const void *x, const void *y)
{
    const found *p = x, *q = y;
    if (p->events != q->events) return p->events > q->events ? -1 : 1;
    return str_compare(p->key, q->key);
}

/* As `sources` takes it: "linux" would be all that is below it too, "=linux" is the class alone. */
static pk_str exact_key(store *s, arena *a, pk_str key)
{
    bool family = store_number(s, "SELECT EXISTS(SELECT 1 FROM class WHERE key > ?1 || '/' AND key < ?1 || '0')", "s", key) != 0;
    return family ? arena_concat(a, STR("="), key) : key;
}

/* Arguments are names of classes with their counts. */
static value answer(store *s, const query_arguments *args, arena *a, query_error *e)
{
    (void)e;
    found *list = ARENA_ARRAY(a, found, args->count + 1);
    list_builder out = {0};
    size_t n = 0;
    for (size_t i = 0; i < args->count; i++) {
        int64_t events = 0;
        rows r = rows_of(s, a, "SELECT key, provider, event, title FROM class WHERE name = ?", "s", args->items[i].name);
        if (rows_next(&r) && str_to_int(args->items[i].value, true, &events)) {
            static const char *const names[] = {"key", "provider", "event", "title"};
            record_builder one = {0};
            pk_str key = row_text(&r, 0);
            put_text(a, &one, names[0], exact_key(s, a, key));
            for (int k = 1; k < 4; k++) put_text(a, &one, names[k], row_text(&r, k));
            put_int(a, &one, "events", events);
            list[n++] = (found){record_done(&one), (uint64_t)events, key};
        }
        rows_end(&r);
    }
    if (n) qsort(list, n, sizeof *list, most_first);
    for (size_t i = 0; i < n; i++) list_add(a, &out, list[i].record);
    record_builder b = {0};
    put_list(a, &b, "sources", &out);
    return record_done(&b);
}

static value answer_of(store *s, const survey *v, arena *a, query_error *e)
{
    static const query q = {.name = "log sources", .run = answer};
    size_t count = schema_class_count(v->schema), n = 0;
    query_argument *items = ARENA_ARRAY(a, query_argument, count + 1);
    for (size_t i = 0; i < count; i++) {
        if (!v->of_class[i]) continue;
        items[n++] = (query_argument){arena_str(a, schema_class(v->schema, (class_id)i)->name), arena_printf(a, "%" PRIu64, v->of_class[i])};
    }
    query_arguments args = {items, n};
    value made = store_ask(s, &q, &args, a, e);
    if (made.type != VALUE_RECORD) return made;
    record_builder b = {0};
    put(a, &b, "sources", made.as.record.fields[0].value);
    put_int(a, &b, "events", (int64_t)v->events);
    put_int(a, &b, "unknown", (int64_t)v->unknown);
    return record_done(&b);
}

value log_sources(store *s, pk_strs paths, const char *share, arena *a, query_error *e, diag_list *d)
{
    survey v = {0};
    value made = {0};
    pk_str folder = find_share(share, a);
    pk_status status = PK_OK;
    *e = (query_error){0};
    if (!folder.len || schema_load(&v.schema, arena_printf(a, STR_FMT "/schemas", STR_ARG(folder)).ptr, d) != PK_OK)
        return query_refuse(e, a, PK_ERROR_IO, "the schemas that ship with picket cannot be read");
    v.of_class = mem_zalloc(schema_class_count(v.schema) + 1, sizeof *v.of_class);
    v.paths = path_set_new();
    schema_register(v.schema, v.paths);
    path_set_freeze(v.paths);
    v.classifier = classifier_new(v.schema, v.paths);
    for (size_t i = 0; i < paths.count && status == PK_OK; i++) status = read_path(&v, paths.items[i], d);
    if (status == PK_OK) made = answer_of(s, &v, a, e);
    else query_refuse(e, a, status, "the logs cannot be read");
    classifier_free(v.classifier);
    path_set_free(v.paths);
    schema_free(v.schema);
    mem_free(v.of_class);
    return made;
}
