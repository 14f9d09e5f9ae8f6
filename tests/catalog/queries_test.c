/* Queries over the small catalogue: a case is a line of queries.cases. */
#include "small.h"

typedef struct {
    char path[40];
    store_run *run;
    store *plain, *with_run;
} fixture;

static int set_up(void **state)
{
    fixture *f = mem_zalloc(1, sizeof *f);
    diag_list *d = diag_list_new();
    strcpy(f->path, "/tmp/picket-queries-XXXXXX");
    small_make(f->path, NULL);
    assert_int_equal(store_run_load(&f->run, SMALL_ALERTS, d), PK_OK);
    assert_int_equal(diag_total(d, PK_WARNING), 1); /* the line that is no alert */
    assert_int_equal(store_open(&f->plain, f->path, NULL, d), PK_OK);
    assert_int_equal(store_open(&f->with_run, f->path, f->run, d), PK_OK);
    diag_list_free(d);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    store_close(f->plain);
    store_close(f->with_run);
    store_run_free(f->run);
    unlink(f->path);
    mem_free(f);
    return 0;
}

static pk_str next_cell(pk_str *line)
{
    size_t bar = str_find(*line, STR(" | "));
    pk_str cell = str_trim(str_slice(*line, 0, bar));
    *line = bar == STR_NPOS ? STR("") : str_slice(*line, bar + 3, STR_NPOS);
    return cell;
}

/* query | arguments | path | expected; a query with "+" before it is asked with the run open. */
static bool check_case(fixture *f, pk_str line, arena *a)
{
    pk_str rest = line, name = next_cell(&rest), arguments = next_cell(&rest), path = next_cell(&rest), expected = str_trim(rest);
    store *s = name.len && name.ptr[0] == '+' ? f->with_run : f->plain;
    if (s == f->with_run) name = str_slice(name, 1, STR_NPOS);
    const query *q = query_find(name);
    if (!q) fail_msg("no query in: " STR_FMT, STR_ARG(line));
    query_arguments args = small_arguments(a, arguments);
    query_error e;
    text got = {0};
    value answer = query_run(s, q, &args, a, &e);
    if (answer.type == VALUE_MISSING) text_put(&got, e.message);
    else small_path(&got, &answer, path);
    bool same = str_equal(str_trim(text_view(&got)), expected);
    if (!same) print_error(STR_FMT "\n    got: " STR_FMT "\n", STR_ARG(line), STR_ARG(text_view(&got)));
    text_free(&got);
    return same;
}

static void cases(void **state)
{
    char *bytes = whole_file(PICKET_SOURCE_DIR "/tests/catalog/queries.cases");
    size_t wrong = 0, count = 0;
    for (pk_str rest = str_from(bytes); rest.len;) {
        size_t end = str_find_char(rest, '\n');
        pk_str line = str_trim(str_slice(rest, 0, end));
        rest = end == STR_NPOS ? STR("") : str_slice(rest, end + 1, STR_NPOS);
        if (!line.len || line.ptr[0] == '#') continue;
        arena *a = arena_new();
        wrong += !check_case(*state, line, a);
        count++;
        arena_free(a);
    }
    mem_free(bytes);
    assert_true(count > 50);
    assert_int_equal(wrong, 0);
}

/* Whatever stands in a search, FTS5 never sees it as syntax: an answer or an error with its place. */
static void special_characters(void **state)
{
    static const char *const searches[] = {"\"", "\"a", "a\"b", "a*", "*", "^a", "a AND", "AND", "OR x", "NOT", "NEAR(a b)", "a:b:c", "title:x", "{title body}:x", "(", ")",
                                           "a)(b", "-", "--a", "-\"x y\"", "'", "a'b", "\\", "%", "a+b", "a + b", "\xc3\xa4\xc3\xb6", "\xe2\x80\xae", "\xf0\x9f\x98\x80", "words",
                                           "rowid:1", "level:", "level:>=", "is:", ":x", "a:", "\"\"", "\" \"", "c:\\windows", "https://x.y/z", "Image:\"a b\"", "Image:\"\""};
    fixture *f = *state;
    for (size_t i = 0; i < sizeof searches / sizeof *searches; i++) {
        arena *a = arena_new();
        const query_argument q = {STR("q"), str_from(searches[i])};
        query_error e;
        value answer = query_run(f->plain, query_find(STR("rules")), &(query_arguments){&q, 1}, a, &e);
        if (answer.type == VALUE_MISSING && (e.status != PK_ERROR_USAGE || str_find(e.message, STR("search, character ")) != 0))
            fail_msg("'%s': status %d, " STR_FMT, searches[i], e.status, STR_ARG(e.message));
        answer = query_run(f->plain, query_find(STR("search")), &(query_arguments){&q, 1}, a, &e);
        if (answer.type == VALUE_MISSING) fail_msg("search '%s': " STR_FMT, searches[i], STR_ARG(e.message));
        arena_free(a);
    }
}

/* A facet's count is what choosing the value gives. */
static void facets_tell_the_truth(void **state)
{
    fixture *f = *state;
    arena *a = arena_new();
    query_error e;
    query_arguments chosen = small_arguments(a, STR("level=high&product=windows"));
    value answer = query_run(f->plain, query_find(STR("rules")), &chosen, a, &e);
    const value *facets = value_get(&answer, STR("facets"));
    size_t checked = 0;
    assert_non_null(facets);
    for (size_t i = 0; i < facets->as.list.count; i++) {
        pk_str name = value_get(&facets->as.list.items[i], STR("name"))->as.string;
        const value *values = value_get(&facets->as.list.items[i], STR("values"));
        for (size_t v = 0; v < values->as.list.count; v++) {
            query_argument items[3];
            size_t n = 0;
            if (!str_equal(name, STR("level"))) items[n++] = chosen.items[0];
            if (!str_equal(name, STR("product"))) items[n++] = chosen.items[1];
            items[n++] = (query_argument){name, value_get(&values->as.list.items[v], STR("value"))->as.string};
            value one = query_run(f->plain, query_find(STR("rules")), &(query_arguments){items, n}, a, &e);
            int64_t count = value_get(&values->as.list.items[v], STR("count"))->as.integer, total = value_get(&one, STR("total"))->as.integer;
            if (count != total) fail_msg(STR_FMT "=" STR_FMT ": the facet says %lld, there are %lld", STR_ARG(name), STR_ARG(items[n - 1].value), (long long)count, (long long)total);
            checked++;
        }
    }
    assert_true(checked > 20);
    arena_free(a);
}

static void version_is_of_the_content(void **state)
{
    fixture *f = *state;
    uint64_t before = store_version(f->plain), with_run = store_version(f->with_run);
    assert_true(before != with_run);
    assert_int_equal(store_version(f->plain), before);
    sqlite3 *db;
    assert_int_equal(sqlite3_open(f->path, &db), SQLITE_OK);
    run_sql(db, "UPDATE meta SET value = 'later' WHERE key = 'built'; UPDATE rule SET title = 'Omega' WHERE id = 3");
    sqlite3_close(db);
    assert_true(store_version(f->plain) != before);
    arena *a = arena_new();
    query_error e;
    query_arguments args = small_arguments(a, STR("language=sigma&key=c"));
    value answer = query_run(f->plain, query_find(STR("rule")), &args, a, &e);
    assert_str(value_get(&answer, STR("title"))->as.string, "Omega");
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(cases, set_up, tear_down),
        cmocka_unit_test_setup_teardown(special_characters, set_up, tear_down),
        cmocka_unit_test_setup_teardown(facets_tell_the_truth, set_up, tear_down),
        cmocka_unit_test_setup_teardown(version_is_of_the_content, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
