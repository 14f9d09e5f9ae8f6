/* Windows events rendered as text: cases, and what is told from lines of text. */
#include "cases.h"

#include "formats/winevent/winevent.h"

static void test_cases(void **state)
{
    (void)state;
    assert_true(run_cases(&winevent_format, "winevent.cases") >= 2);
}

static const struct {
    const char *text;
    bool ours;
} heads[] = {
    {"\n\n09/05/2026 10:00:00 AM\r\nLogName=Security\r\nEventCode=1\r\n", true},
    {"09/05/2026 10:00:00.123\nLogName=System\n", true},
    {"09/05/2026 10:00:00 AM\nSomething else\n", false},
    {"09/05/2026 10:00:00 AM", false},
    {"LogName=Security\n", false},
    {"", false},
};

static void test_detection(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++) {
        pk_str head = str_from(heads[i].text);
        const format *found = format_detect(head, STR("x.txt"), true);
        if ((found == &winevent_format) != heads[i].ours) fail_msg("head %zu is taken for %s", i, found ? found->name : "none");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_cases), cmocka_unit_test(test_detection)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
