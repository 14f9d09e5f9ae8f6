/* Match stages whose events no alert can show: their absence is what alerts demand. */
#include "../base/check.h"

#include <stdlib.h>

#include "ir/ir.h"

#define EVENTS "a = match @udm where x equals 'a'\nb = match @udm where x equals 'b'\n"
#define JOINED "j = join a, b optional on k: a.k@udm = b.k@udm within 1h\n"

/* The names of such stages, "b ". */
static void check(const char *source, const char *expected)
{
    ir_catalog *c = ir_catalog_new();
    plan *p = ir_parse_plan(c, str_from(source), STR("t"), ir_diags(c));
    text names = {0};
    if (!p) fail_msg("no plan: %s", source);
    for (size_t i = 0; i < p->stage_count; i++)
        if (ir_is_absent_in_alerts(p, p->stages[i])) text_printf(&names, STR_FMT " ", STR_ARG(p->stages[i]->name));
    assert_str(text_view(&names), expected);
    text_free(&names);
    ir_catalog_free(c);
}

static void absence_is_seen(void **state)
{
    (void)state;
    check(EVENTS JOINED "g = aggregate j by k = a.k@udm window anchored 1h: n = parts(b) having not n > exact missing zero 0\nalert g\n", "b ");
    check(EVENTS JOINED "g = aggregate j by k = a.k@udm window anchored 1h: n = parts(b), m = parts(a) having m > exact missing zero 0 and not n > exact missing zero 0\nalert g\n", "b ");
}

static void what_may_be_shown_is_not_taken_for_absent(void **state)
{
    (void)state;
    check(EVENTS JOINED "g = aggregate j by k = a.k@udm window anchored 1h: n = parts(b) having n > exact missing zero 0\nalert g\n", "");
    check(EVENTS JOINED "g = aggregate j by k = a.k@udm window anchored 1h: n = parts(b) having not n > exact missing zero 1\nalert g\n", "");
    check(EVENTS JOINED "g = aggregate j by k = a.k@udm window anchored 1h: n = parts(b), m = parts(a) having m > exact missing zero 0 or not n > exact missing zero 0\nalert g\n", "");
    check(EVENTS JOINED "alert j\n", "");
    check(EVENTS JOINED "g = aggregate j by k = a.k@udm window anchored 1h: n = parts(b) having not n > exact missing zero 0\nalert b\n", "");
    /* it comes through another aggregate too */
    check(EVENTS JOINED "h = aggregate b by k = b.k@udm window anchored 1h: m = count()\n"
                        "g = aggregate j by k = a.k@udm window anchored 1h: n = parts(b) having not n > exact missing zero 0\nalert g\n", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(absence_is_seen), cmocka_unit_test(what_may_be_shown_is_not_taken_for_absent)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
