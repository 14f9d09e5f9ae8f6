/* Reference lists and data tables: what a text says, and which files of a folder are lists. */
#include "api/lists.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

static pk_catalog *new_catalog(void)
{
    pk_catalog *c;
    pk_status status = pk_catalog_new(&c, PICKET_SOURCE_DIR "/share");
    assert_int_equal(status, PK_OK);
    return c;
}

static void assert_texts(const pk_str *found, size_t count, const char *const *expected)
{
    size_t n = 0;
    while (expected[n]) n++;
    assert_int_equal(count, n);
    for (size_t i = 0; i < n; i++)
        if (!str_equal(found[i], str_from(expected[i]))) fail_msg("'" STR_FMT "' where '%s' is expected", STR_ARG(found[i]), expected[i]);
}

static void comments_of_reference_lists(void **state)
{
    (void)state;
    pk_catalog *c = new_catalog();
    parse_reference_list(c, STR("l"), STR("/*\n * licence\n */\n// a comment\n\n  //one more\nfirst\r\n second // why\nhttps://a.org/x\n\ta b \n"
                                          "10.0.0.0/8 //net\n/* short */\nlast"));
    static const char *const expected[] = {"first", "second", "https://a.org/x", "a b", "10.0.0.0/8", "last", NULL};
    assert_int_equal(c->lists.len, 1);
    assert_texts(c->lists.at[0].values.items.at, c->lists.at[0].values.items.len, expected);
    parse_reference_list(c, STR("empty"), STR(""));
    assert_int_equal(c->lists.at[1].values.items.len, 0);
    pk_catalog_free(c);
}

static void cells_of_tables(void **state)
{
    (void)state;
    pk_catalog *c = new_catalog();
    pk_status status = parse_data_table(c, STR("t"), STR("\xef\xbb\xbfhost,\"note, long\",ip\r\nws1,\"a \"\"b\"\"\nc\",10.0.0.1\r\n\nws2,,\n"), STR("t.csv"));
    assert_int_equal(status, PK_OK);
    const data_table *t = &c->tables.at[0];
    assert_int_equal(t->column_count, 3);
    assert_int_equal(t->row_count, 2);
    assert_true(str_equal(t->columns[1].name, STR("note, long")));
    static const char *const expected[] = {"ws1", "a \"b\"\nc", "10.0.0.1", "ws2", "", "", NULL};
    assert_texts(t->cells, 6, expected);
    status = parse_data_table(c, STR("short"), STR("a,b\n1\n1,2,3\n"), STR("short.csv")); /* told, and read as far as it goes */
    assert_int_equal(status, PK_OK);
    static const char *const cut[] = {"1", "", "1", "2", NULL};
    assert_texts(c->tables.at[1].cells, 4, cut);
    const pk_diagnostics *d = pk_catalog_diagnostics(c);
    assert_int_equal(pk_diagnostics_total(d, PK_WARNING), 2);
    assert_int_equal(pk_diagnostics_at(d, 0)->line, 2);
    assert_int_equal(pk_diagnostics_at(d, 1)->line, 3);
    status = parse_data_table(c, STR("none"), STR("\n"), STR("none.csv"));
    assert_int_equal(status, PK_ERROR_SYNTAX);
    pk_catalog_free(c);
}

/* The form that the content manager of chronicle/detection-rules writes. */
static void types_of_columns(void **state)
{
    (void)state;
    pk_catalog *c = new_catalog();
    pk_status status = parse_table_config(c, STR("nets:\n  columns:\n  - column_index: 1\n    column_type: CIDR\n    original_column: range\n"
                                                 "  - column_index: 0\n    column_type: STRING\n    key_column: null\n    repeated_values: true\n    original_column: name\n"
                                                 "  description: networks\n"), STR("data_table_config.yaml"));
    assert_int_equal(status, PK_OK);
    (void)!parse_data_table(c, STR("nets"), STR("name,range\noffice,10.0.0.0/8\n"), STR("nets.csv"));
    (void)!parse_data_table(c, STR("nets"), STR("office,10.0.0.0/8\nlab,10.1.0.0/16\n"), STR("nets.csv")); /* without a header */
    for (size_t i = 0; i < 2; i++) {
        const data_table *t = &c->tables.at[i];
        assert_int_equal(t->row_count, i + 1);
        assert_true(str_equal(t->columns[1].name, STR("range")));
        assert_int_equal(t->columns[1].type, COLUMN_CIDR);
        assert_int_equal(t->columns[0].type, COLUMN_STRING);
        assert_true(t->columns[0].repeated && !t->columns[1].repeated);
        assert_true(str_equal(t->cells[0], STR("office")));
    }
    status = parse_table_config(c, STR("- x\n"), STR("data_table_config.yaml"));
    assert_int_equal(status, PK_ERROR_SYNTAX);
    pk_catalog_free(c);
}

static void write_file(const char *folder, const char *name, const char *content)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    fputs(content, f);
    fclose(f);
}

static void a_folder_of_lists(void **state)
{
    (void)state;
    char folder[] = "/tmp/picket-lists-XXXXXX", below[64];
    assert_non_null(mkdtemp(folder));
    snprintf(below, sizeof below, "%s/tables", folder);
    assert_int_equal(mkdir(below, 0700), 0);
    write_file(folder, "hosts", "ws1\n");
    write_file(folder, "users.txt", "eve // left\n");
    write_file(folder, "README.md", "not a list\n");
    write_file(folder, "reference_list_config.yaml", "hosts: {syntax_type: REFERENCE_LIST_SYNTAX_TYPE_PLAIN_TEXT_STRING}\n");
    write_file(folder, "more.yaml", "admins: [root]\n");
    write_file(folder, "zones.csv", "zone\nA\n");
    write_file(below, "data_table_config.yaml", "zones: {columns: [{original_column: zone, column_type: REGEX}]}\n");
    pk_catalog *c = new_catalog();
    pk_status status = pk_catalog_load_lists(c, folder);
    assert_int_equal(status, PK_OK);
    assert_int_equal(c->lists.len, 3);
    static const char *const names[] = {"hosts", "admins", "users"};
    for (size_t i = 0; i < 3; i++)
        if (!str_equal(c->lists.at[i].name, str_from(names[i]))) fail_msg("list %zu is %s", i, names[i]);
    assert_true(str_equal(c->lists.at[2].values.items.at[0], STR("eve")));
    assert_int_equal(c->tables.len, 1);
    assert_int_equal(c->tables.at[0].columns[0].type, COLUMN_REGEX);
    assert_int_equal(c->list_sources.len, 5);
    pk_catalog_free(c);
    char command[128];
    snprintf(command, sizeof command, "rm -r %s", folder);
    assert_int_equal(system(command), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(comments_of_reference_lists),
        cmocka_unit_test(cells_of_tables),
        cmocka_unit_test(types_of_columns),
        cmocka_unit_test(a_folder_of_lists),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
