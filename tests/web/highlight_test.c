/* Classes of source text: a line of letters below each line of it, '.' for none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "web/highlight.h"

static void expect_classes(highlight_fn fn, const char *source, const char *classes)
{
    pk_str s = str_from(source);
    arena *a = arena_new();
    char *found = arena_zalloc(a, s.len + 1, 1);
    assert_int_equal(strlen(classes), s.len);
    fn(s, found, a);
    for (size_t i = 0; i < s.len; i++)
        if (!found[i]) found[i] = s.ptr[i] == '\n' ? '\n' : '.';
    assert_string_equal(found, classes);
    arena_free(a);
}

static void test_yaral(void **state)
{
    (void)state;
    highlight_fn fn = highlight_find(STR("yara-l"));
    assert_non_null(fn);
    expect_classes(fn,
                   "rule r { // one\n"
                   "  events:\n"
                   "    $e.a.b = \"x\" and not re.regex($e.c, `y`) nocase\n"
                   "    any $e.ip in cidr %nets /* two */\n"
                   "  match: $h over 5m\n"
                   "  condition: #e > 3\n"
                   "}",
                   "wwww.k...cccccc\n"
                   "..kkkkkk.\n"
                   "....ii.......sss.www.www.oo.ooooo.ii....sss..wwwwww\n"
                   "....www.ii....ww.wwww.iiiii.ccccccccc\n"
                   "..kkkkk..ii.wwww.nn\n"
                   "..kkkkkkkkk..ii...n\n"
                   ".");
}

/* What can't be read is shown all the same. */
static void test_broken(void **state)
{
    (void)state;
    expect_classes(highlight_find(STR("yara-l")), "rule \"a\n/* b", "wwww...\n....");
    expect_classes(highlight_find(STR("yara-l")), "", "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_yaral),
        cmocka_unit_test(test_broken),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
