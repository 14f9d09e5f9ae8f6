/* Separated values: cases, and texts that are something else. */
#include "cases.h"

#include "formats/csv/csv.h"

static void test_cases(void **state)
{
    (void)state;
    assert_true(run_cases(&csv_format, "csv.cases") > 3);
}

/* Prose, syslog, logs with commas and no header, source: none of them is a table, whatever the file is called. */
static void test_no_table(void **state)
{
    (void)state;
    static const char *const others[] = {
        "Dear reader, this is prose, with commas, and time.\nIt goes on, and on, and on, all day.\n",
        "Apr  2 10:00:00 web1 sshd[7]: a, b, c\nApr  2 10:00:01 web1 sshd[7]: d, e, f\n",
        "2022-07-20T21:28:50.530Z,0E,2,10.0.0.1:143,kim\n2022-07-20T21:28:51.530Z,0E,2,10.0.0.1:143,kim\n",
        "int time, a, b;\nint c, d, e;\n",
        "{\"time\": 1, \"a\": 2, \"b\": 3}\n{\"time\": 1, \"a\": 2, \"b\": 3}\n",
        "date=2024-04-02,time=10:00:00,a=b\ndate=2024-04-02,time=10:00:00,a=b\n",
        "<Event a=\"1\",b,time>\n1,2,3\n",
        "time,a,time\n1,2,3\n",
        "",
    };
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(csv_format.detect(str_from(others[i]), STR("x.log"), true), 0);
}

/* Without a column of times a table is taken for a log only by its name. */
static void test_names(void **state)
{
    (void)state;
    pk_str lookup = STR("process,path,note\na.exe,C:\\\\,x\nb.exe,C:\\\\,y\n");
    assert_int_equal(csv_format.detect(lookup, STR("x.txt"), true), 0);
    assert_true(csv_format.detect(lookup, STR("x.CSV"), true) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_no_table),
                                       cmocka_unit_test(test_names)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
