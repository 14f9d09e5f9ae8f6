/* docs/catalog-api.md: every query of the table is described, and every key of every answer is named there. OpenAPI is of the table. */
#include "small.h"

static char *document;

static bool documented_key(pk_str key)
{
    char quoted[200];
    snprintf(quoted, sizeof quoted, "\"" STR_FMT "\"", STR_ARG(key));
    return strstr(document, quoted) != NULL;
}

/* Records whose keys are names of things (levels, languages, fields of an event) are described as such. */
static bool keys_are_names(pk_str name)
{
    static const char *const names[] = {"states", "problems", "by_level", "by_language", "event", "counts"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_equal(name, str_from(names[i]))) return true;
    return false;
}

static size_t missing_keys(const value *v, pk_str name, const char *query_name)
{
    size_t missing = 0;
    for (size_t i = 0; v->type == VALUE_LIST && i < v->as.list.count; i++) missing += missing_keys(&v->as.list.items[i], name, query_name);
    for (size_t i = 0; v->type == VALUE_RECORD && i < v->as.record.count; i++) {
        pk_str key = v->as.record.fields[i].name;
        if (!keys_are_names(name) && !documented_key(key)) {
            print_error("%s: the key '" STR_FMT "' (in '" STR_FMT "') is not in docs/catalog-api.md\n", query_name, STR_ARG(key), STR_ARG(name));
            missing++;
        }
        missing += missing_keys(&v->as.record.fields[i].value, key, query_name);
    }
    return missing;
}

static void answers(void **state)
{
    static const char *const asked[][2] = {
        {"summary", ""}, {"rules", "level=high&q=download&queries=yes"}, {"rule", "language=sigma&key=a"}, {"rule", "language=sigma&key=b"}, {"rule", "language=sigma&key=c"},
        {"rule", "language=sigma&key=e"}, {"rule", "language=elastic&key=d"}, {"rule", "language=sigma&key=f"}, {"search", "q=iox"}, {"search", "q=powershell"},
        {"search", "q=process"}, {"search", "q=a:b"}, {"predicates", ""}, {"predicate", "key=key-iox"}, {"fields", ""}, {"field", "name=Image"}, {"sources", ""},
        {"source", "key=sysmon/1"}, {"source", "key=windows-security/4688"}, {"compare", "rule=sigma/a&rule=sigma/b"}, {"compare", "left=sigma&right=elastic"}, {"problems", ""},
        {"run", ""}, {"techniques", ""}, {"technique", "id=T1059"}, {"technique", "id=T1059.001"}, {"technique", "id=T1086"}, {"technique", "id=T1090"}, {"matrix", ""}, {"coverage", ""},
        {"coverage", "sources=sysmon"}};
    char path[] = "/tmp/picket-document-XXXXXX";
    diag_list *d = diag_list_new();
    store *s;
    store_run *run;
    size_t missing = 0;
    (void)state;
    small_make(path, NULL);
    assert_int_equal(store_run_load(&run, SMALL_ALERTS, d), PK_OK);
    assert_int_equal(store_open(&s, path, run, d), PK_OK);
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        arena *a = arena_new();
        query_arguments args = small_arguments(a, str_from(asked[i][1]));
        query_error e;
        value answer = query_run(s, query_find(str_from(asked[i][0])), &args, a, &e);
        if (answer.type == VALUE_MISSING) fail_msg("%s %s: " STR_FMT, asked[i][0], asked[i][1], STR_ARG(e.message));
        missing += missing_keys(&answer, STR(""), asked[i][0]);
        arena_free(a);
    }
    for (const query *q = catalog_queries; q->name; q++) {
        char row[200];
        snprintf(row, sizeof row, "| `%s` | `%s`", q->name, q->path);
        bool known = strstr(document, row) != NULL, is_asked = strcmp(q->name, "layer") == 0; /* whose form is Navigator's */
        for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) is_asked |= strcmp(asked[i][0], q->name) == 0;
        if (!known) print_error("%s\n    is no row of the table of docs/catalog-api.md\n", row);
        if (!is_asked) print_error("%s is not asked by this test\n", q->name);
        missing += !known || !is_asked;
    }
    assert_int_equal(missing, 0);
    store_close(s);
    store_run_free(run);
    diag_list_free(d);
    unlink(path);
}

static void openapi(void **state)
{
    (void)state;
    arena *a = arena_new();
    value v = queries_openapi(a), again;
    text json = {0};
    value_write_json(&json, &v);
    assert_true(json_text_parse(text_view(&json), 40, a, &again) && value_equal(&v, &again));
    const value *paths = value_get(&v, STR("paths"));
    size_t n = 0;
    for (const query *q = catalog_queries; q->name; q++, n++) {
        const value *path = value_get(paths, str_from(q->path));
        assert_non_null(path);
        const value *get = value_get(path, STR("get"));
        assert_str(value_get(get, STR("operationId"))->as.string, q->name);
        size_t wanted = 0;
        for (const query_parameter *p = q->parameters; p->name; p++) wanted++;
        for (const char *at = q->path; (at = strchr(at, '{')) != NULL; at++) wanted++;
        assert_int_equal(value_get(get, STR("parameters"))->as.list.count, wanted);
    }
    assert_int_equal(paths->as.record.count, n);
    text_free(&json);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(answers), cmocka_unit_test(openapi)};
    document = whole_file(PICKET_SOURCE_DIR "/docs/catalog-api.md");
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    mem_free(document);
    return failed;
}
