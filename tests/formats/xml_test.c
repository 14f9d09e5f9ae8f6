/* Windows events as XML: cases, UTF-16, absurd input that must not take long. */
#include "cases.h"

#include "base/unicode.h"
#include "formats/xml/xml.h"

static void test_cases(void **state)
{
    (void)state;
    assert_true(run_cases(&xml_format, "xml.cases") > 4);
}

static void test_record_number(void **state)
{
    (void)state;
    pk_str s = STR("<Event><System><EventRecordID> 77 </EventRecordID></System></Event><Event><System><EventRecordID>x"
                   "</EventRecordID></System></Event><Event/>");
    whole_log log = log_read(&xml_format, s, 1 << 20, 1 << 20, 1 << 20);
    assert_int_equal(log.events.len, 3);
    assert_int_equal(log.events.at[0].record, 77);
    assert_int_equal(log.events.at[1].record, -1);
    assert_int_equal(log.events.at[2].record, -1);
    assert_null(log.events.at[0].raw.ptr);
    log_free(&log);
}

/* wevtutil writes UTF-16 with a byte order mark; XML needs none to be known. */
static void test_utf16(void **state)
{
    (void)state;
    arena *a = arena_new();
    pk_str s = STR("<Events>\r\n<Event><System><Computer>w\xc3\xa9""b \xf0\x9f\x98\x80</Computer></System></Event></Events>");
    for (int i = 0; i < 4; i++) {
        pk_str bytes = utf8_to_utf16(a, s, i & 1, i & 2);
        assert_true(xml_format.detect(bytes, STR("x"), true) > 50);
        whole_log log = log_read(&xml_format, bytes, 1 << 20, 1 << 20, 5);
        assert_int_equal(log.events.len, 1);
        assert_int_equal(log.events.at[0].line, 2);
        assert_true(str_find(log.events.at[0].tree, STR("w\xc3\xa9""b \xf0\x9f\x98\x80")) != STR_NPOS);
        log_free(&log);
    }
    arena_free(a);
}

/* Many starts of something that never ends: the work stays in proportion to the text, and the memory to the limit. */
static void test_absurd(void **state)
{
    (void)state;
    static const char *const pieces[] = {"<Event><!--", "<Event><![CDATA[", "<Event a=\"", "<Event><?", "<!--<Event>", "<a <Event",
                                         "<Event>", "</Event>", "<Event><a>", "<", "&", "<Event><Data Name=\"x\">&#"};
    for (size_t i = 0; i < sizeof pieces / sizeof *pieces; i++) {
        text s = {0};
        while (s.len < 1 << 20) text_put_cstring(&s, pieces[i]);
        text_put_cstring(&s, "--></Event>\n<Event><System/></Event>");
        arena *a = arena_new();
        cut_options o = {.record_limit = 1 << 16, .block_size = 1 << 18};
        whole_log log = {.arena = a, .problems = diag_list_new()};
        read_once(&log, &xml_format, text_view(&s), o, 1 << 16);
        assert_true(diag_count(log.problems) > 0 || log.events.len > 0);
        log_free(&log);
        text_free(&s);
    }
}

/* Elements within elements: a depth limit with a diagnostic, no recursion without end. */
static void test_deep(void **state)
{
    (void)state;
    text s = {0};
    text_put_cstring(&s, "<Event>");
    for (int i = 0; i < 100000; i++) text_put_cstring(&s, "<a>");
    text_put_cstring(&s, "\n<Event><System/></Event>");
    whole_log log = log_read(&xml_format, text_view(&s), 1 << 20, 1 << 20, 1 << 20);
    assert_int_equal(log.events.len, 1);
    assert_int_equal(log.damaged, 1);
    log_free(&log);
    text_free(&s);
}

static void test_no_event(void **state)
{
    (void)state;
    static const char *const others[] = {"<html><body>Event</body></html>", "<?xml version=\"1.0\"?><Events><a/></Events>",
                                         "text with <Event> in it", "<svg><EventX></EventX></svg>", ""};
    for (size_t i = 0; i < sizeof others / sizeof *others; i++)
        assert_int_equal(xml_format.detect(str_from(others[i]), STR("x.xml"), true), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cases),  cmocka_unit_test(test_record_number), cmocka_unit_test(test_utf16),
        cmocka_unit_test(test_absurd), cmocka_unit_test(test_deep),          cmocka_unit_test(test_no_event),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
