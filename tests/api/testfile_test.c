/* The syntax of .test files. */
#include "../base/check.h"

#include "api/testfile.h"

static arena *a;

static const char *first_error(const char *source, uint32_t *line)
{
    test_file file;
    diag_list *d = diag_list_new();
    pk_status status = testfile_parse(&file, str_from(source), STR("t"), a, d);
    assert_int_equal(status == PK_OK, diag_count(d) == 0);
    const char *message = diag_count(d) ? arena_cstring(a, diag_at(d, 0)->message) : "";
    *line = diag_count(d) ? diag_at(d, 0)->line : 0;
    diag_list_free(d);
    return message;
}

static void test_blocks(void **state)
{
    (void)state;
    static const char source[] = "commentary\n=== one\n# more of it\n--- rule sigma\na\n---\nb\n\n--- event windows/sysmon/1\r\n{}\r\n--- alerts\n\n\n"
                                 "=== two\n--- rule sigma\n\\--- rule\n\\\\=== x\n--- not a block\n--- error\nx";
    test_file file;
    diag_list *d = diag_list_new();
    assert_int_equal(testfile_parse(&file, STR(source), STR("t"), a, d), PK_ERROR_SYNTAX); /* "--- not" is taken for a block */
    assert_int_equal(diag_at(d, 0)->line, 18);
    assert_int_equal(file.cases.len, 2);
    const test_case *one = &file.cases.at[0], *two = &file.cases.at[1];
    assert_str(one->name, "one");
    assert_int_equal(one->line, 2);
    assert_int_equal(one->blocks.len, 3);
    assert_str(one->blocks.at[0].words, "sigma");
    assert_str(one->blocks.at[0].body, "a\n---\nb\n");
    assert_str(str_slice(STR(source), one->blocks.at[0].start, one->blocks.at[0].end - one->blocks.at[0].start), "a\n---\nb\n");
    assert_str(one->blocks.at[1].words, "windows/sysmon/1");
    assert_str(one->blocks.at[1].body, "{}\n");
    assert_str(one->blocks.at[2].body, "");
    assert_int_equal(one->blocks.at[2].start, one->blocks.at[2].end);
    assert_str(two->blocks.at[0].body, "--- rule\n\\=== x\n");
    assert_str(two->blocks.at[1].body, "x\n");
    diag_list_free(d);
}

static void test_errors(void **state)
{
    (void)state;
    static const struct { const char *source, *message; uint32_t line; } cases[] = {
        {"", "there is no case in the file", 0},
        {"=== a\n", "the case expects nothing", 1},
        {"=== a\n--- rule sigma\nx\n", "the case expects nothing", 1},
        {"--- alerts\n=== a\n--- alerts\n", "a block before the first case", 1},
        {"=== a\nwords\n--- alerts\n", "text outside of a block", 2},
        {"=== a\n--- alerts\n--- alert\n", "unknown block 'alert'", 3},
        {"=== a\n--- rule\n--- alerts\n", "'rule' needs a word after it", 2},
        {"=== a\n--- alerts x\n", "'alerts' takes no word after it", 2},
        {"=== a\n--- alerts\n--- error\n--- alerts\n", "a second block 'alerts'", 4},
        {"=== a\n--- alerts\n", "", 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        uint32_t line;
        assert_string_equal(first_error(cases[i].source, &line), cases[i].message);
        assert_int_equal(line, cases[i].line);
    }
}

static void test_bodies_survive(void **state)
{
    (void)state;
    static const char *const bodies[] = {"", "x\n", "--- rule\n", "\\--- rule\n", "=== \n=== x\n---\n--- # y\n", "a\n\n\nb\n"};
    for (size_t i = 0; i < sizeof bodies / sizeof *bodies; i++) {
        text t = {0};
        test_file file;
        diag_list *d = diag_list_new();
        text_put_cstring(&t, "=== x\n--- alerts\n");
        testfile_put_body(&t, str_from(bodies[i]));
        assert_int_equal(testfile_parse(&file, text_view(&t), STR("t"), a, d), PK_OK);
        assert_str(file.cases.at[0].blocks.at[0].body, bodies[i]);
        text_free(&t);
        diag_list_free(d);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_blocks), cmocka_unit_test(test_errors), cmocka_unit_test(test_bodies_survive)};
    a = arena_new();
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    arena_free(a);
    return failed;
}
