/*
 * JSON logs: what is cut from which text, and what is said about the rest. Cases are texts, written out below; each is
 * read with several block sizes, which must not make a difference.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#include "../tools/every_value.h"
#include "../tools/outlines.h"
#include "formats/input.h"
#include "formats/json/json.h"
#include "formats/json/scan.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ---- reading a text as a log ---- */

typedef struct {
    text events;       /* "line:tree\n" for each */
    uint64_t count, told, damaged, last_position;
    bool ordered;
    diag_list *diags;
} outcome;

static bool note_event(const event *e, void *user)
{
    outcome *o = user;
    arena *a = arena_new();
    if (o->count && e->source.position <= o->last_position) o->ordered = false;
    o->last_position = e->source.position;
    o->count++;
    text_printf(&o->events, "%llu:", (unsigned long long)e->source.line);
    if (e->raw.ptr) text_put_cstring(&o->events, "raw ");
    const value *tree = event_tree(e, a);
    assert_true(every_value_agrees(e, tree, a));
    outline_book outlines = {.arena = a};
    assert_true(outline_agrees(&outlines, e, tree, a));
    o->told += outlines.told;
    table_free(&outlines.keys);
    vec_free(&outlines.texts);
    value_write_json(&o->events, tree);
    text_put_char(&o->events, '\n');
    arena_free(a);
    return true;
}

typedef struct {
    size_t block_size, record_limit;
    const path_set *paths;
    event_fn fn;
    void *user;
} how;

/* Writes the text into a file and reads it through input.h, as JSON. */
static void read_text(pk_str json, const how *h, diag_list *d, uint64_t *damaged)
{
    char name[] = "/tmp/picket-json-XXXXXX";
    int fd = mkstemp(name);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, json.ptr, json.len), (ssize_t)json.len);
    close(fd);
    input_options options = {.force = &json_format};
    input_list *list = input_list_new(&options);
    input_item item;
    assert_int_equal(input_add(list, name, d), PK_OK);
    assert_int_equal(input_next(list, &item, d), INPUT_OPENED);
    cut_options cut = {.record_limit = h->record_limit, .block_size = h->block_size};
    void *cutter = json_format.cut_new(item.stream, &cut, d);
    reader *r = json_format.reader_new(h->paths);
    event_source source = {.file = {"log", 3}, .record = -1};
    block b = {0};
    while (json_format.cut(cutter, &b, d) == PK_OK) json_format.read(r, &b, &source, h->fn, h->user, d, damaged);
    block_free(&b);
    json_format.reader_free(r);
    json_format.cut_free(cutter);
    input_list_free(list);
    unlink(name);
}

static outcome read_as(pk_str json, size_t block_size, size_t record_limit)
{
    outcome o = {.ordered = true, .diags = diag_list_new()};
    how h = {block_size, record_limit, NULL, note_event, &o};
    read_text(json, &h, o.diags, &o.damaged);
    return o;
}

static void outcome_free(outcome *o)
{
    text_free(&o->events);
    diag_list_free(o->diags);
}

static int by_place(const void *x, const void *y)
{
    const pk_diagnostic *a = *(const pk_diagnostic *const *)x, *b = *(const pk_diagnostic *const *)y;
    if (a->line != b->line) return a->line < b->line ? -1 : 1;
    return (a->column > b->column) - (a->column < b->column);
}

/* "line:column code" for each diagnostic, in order of place. */
static void write_places(const diag_list *d, text *out)
{
    VEC(const pk_diagnostic *) all = {0};
    for (size_t i = 0; i < diag_count(d); i++) vec_push(&all, diag_at(d, i));
    if (all.len) qsort(all.at, all.len, sizeof *all.at, by_place);
    for (size_t i = 0; i < all.len; i++) text_printf(out, "%u:%u %s\n", all.at[i]->line, all.at[i]->column, all.at[i]->code);
    vec_free(&all);
}

static void assert_text(const text *t, const char *expected, const char *what)
{
    if (str_equal(text_view(t), str_from(expected))) return;
    fail_msg("%s:\n--- expected\n%s--- found\n" STR_FMT, what, expected, STR_ARG(text_view(t)));
}

/* ---- cutting ---- */

typedef struct {
    const char *name, *json, *events, *places;
} cutting_case;

#define LINES3 "1:{\"a\":1}\n2:{\"b\":2}\n3:{\"c\":3}\n"

static const cutting_case cases[] = {
    {"lines", "{\"a\":1}\n{\"b\":2}\n{\"c\":3}\n", LINES3, ""},
    {"lines without the last line break", "{\"a\":1}\n{\"b\":2}\n{\"c\":3}", LINES3, ""},
    {"CRLF, byte order mark, trailing blanks", "\xef\xbb\xbf{\"a\":1}\r\n{\"b\":2} \r\n\t{\"c\":3}\r\n", LINES3, ""},
    {"blank lines", "\n{\"a\":1}\n\n  \n{\"b\":2}\n", "2:{\"a\":1}\n5:{\"b\":2}\n", ""},
    {"escapes in keys, and keys of every length", "{\"\\u0061\":1,\"b\\\\\":2}\n{\"\":3,\"0123456789abcdef0123456789abcdef0123456789abcdefg\":4}\n",
     "1:{\"a\":1,\"b\\\\\":2}\n2:{\"\":3,\"0123456789abcdef0123456789abcdef0123456789abcdefg\":4}\n", ""},
    {"numbers", "{\"a\":-0,\"b\":[1.5,-2e3,123456789012345678,-999999999999999999,18446744073709551615,1e-400,0.1]}\n",
     "1:{\"a\":0,\"b\":[1.5,-2000,123456789012345678,-999999999999999999,18446744073709551615,0,0.1]}\n", ""},
    {"numbers of 19 digits", "{\"a\":[-9223372036854775808,9223372036854775807,9223372036854775808,9999999999999999999]}\n{\"a\":-9223372036854775809}\n",
     "1:{\"a\":[-9223372036854775808,9223372036854775807,9223372036854775808,9999999999999999999]}\n2:{\"a\":\"-9223372036854775809\"}\n", ""},
    {"what is no number, word or member", "{\"a\":01}\n{\"a\":1.}\n{\"a\":truth}\n{\"a\":-}\n{\"a\" 1}\n{\"a\":1 2}\n{\"a\":\"b\"c}\n{\"a\":1,}\n{\"a\":1}\n",
     "9:{\"a\":1}\n", "1:6 json-syntax\n2:8 json-syntax\n3:6 json-syntax\n4:7 json-syntax\n5:6 json-syntax\n6:8 json-syntax\n7:9 json-syntax\n8:8 json-syntax\n"},
    {"nothing", "", "", ""},
    {"nothing but blanks", " \n\r\n\t", "", ""},
    {"one object over lines", "{\n  \"a\": {\n    \"b\": [1, 2]\n  }\n}\n", "1:{\"a\":{\"b\":[1,2]}}\n", ""},
    {"objects over lines, one after the other", "{\n \"a\": 1\n}\n{\n \"b\": 2\n}", "1:{\"a\":1}\n4:{\"b\":2}\n", ""},
    {"objects on one line", "{\"a\":1}{\"b\":\"}\"} {\"c\":3}", "1:{\"a\":1}\n1:{\"b\":\"}\"}\n1:{\"c\":3}\n", ""},
    {"commas in front", "{ \"a\": {}\n, \"b\": {}\n}\n{\"c\":1}\n", "1:{\"a\":{},\"b\":{}}\n4:{\"c\":1}\n", ""},
    {"lines with commas behind", "{\"a\":1},\n{\"b\":2},\n{\"c\":3}\n", LINES3, ""},
    {"JSON text sequence (RFC 7464)", "\x1e{\"a\":1}\n\x1e{\"b\":2}\n", "1:{\"a\":1}\n2:{\"b\":2}\n", ""},
    {"array", "[{\"a\":1},\n{\"b\":2},\n{\"c\":3}]\n", LINES3, ""},
    {"array over lines", "[\n  {\n    \"a\": 1\n  },\n  {\n    \"b\": 2\n  }\n]\n", "2:{\"a\":1}\n5:{\"b\":2}\n", ""},
    {"empty array", "[]", "", ""},
    {"arrays one after the other", "[{\"a\":1}]\n[{\"b\":2}]", "1:{\"a\":1}\n2:{\"b\":2}\n", ""},
    {"envelope of CloudTrail", "{\"Records\":[{\"a\":1},{\"b\":2}]}", "1:{\"a\":1}\n1:{\"b\":2}\n", ""},
    {"envelopes, a line each", "{\"Records\":[{\"a\":1}]}\n{\"Records\":[{\"b\":2}]}\n", "1:{\"a\":1}\n2:{\"b\":2}\n", ""},
    {"envelope with keys beside", "{\"@odata.context\":\"x\",\"value\":[{\"a\":1}],\"@odata.nextLink\":\"]}\"}{\"b\":2}",
     "1:{\"a\":1}\n1:{\"b\":2}\n", ""},
    {"envelope in an object", "{\"create_time\":\"t\",\"raw_logs\":{\"type\":\"x\",\"entries\":[{\"a\":1},{\"b\":2}]}}\n{\"c\":3}",
     "1:{\"a\":1}\n1:{\"b\":2}\n2:{\"c\":3}\n", ""},
    {"imports of UDM", "{\"customer_id\":\"c\",\"events\":[{\"udm\":{\"a\":1}},\n{\"udm\":{\"b\":2}}]}\n"
     "{\"customerId\":\"c\",\"log_type\":\"t\",\"entities\":[{\"c\":3}]}",
     "1:{\"udm\":{\"a\":1}}\n2:{\"udm\":{\"b\":2}}\n3:{\"c\":3}\n", ""},
    {"a record that begins with metadata, and a list of Kubernetes", "{\"metadata\":{},\"items\":[{\"a\":1}]}\n{\"kind\":\"List\",\"metadata\":{},\"items\":[{\"a\":1}]}",
     "1:{\"metadata\":{},\"items\":[{\"a\":1}]}\n2:{\"a\":1}\n", ""},
    {"a list with a known name in a record of its own", "{\"events\":[{\"a\":1}],\"user\":\"x\"}\n{\"user\":\"x\",\"items\":[{\"a\":1}]}\n",
     "1:{\"events\":[{\"a\":1}],\"user\":\"x\"}\n2:{\"user\":\"x\",\"items\":[{\"a\":1}]}\n", ""},
    {"Records that hold no objects", "{\"Records\":[1,2]}", "1:{\"Records\":[1,2]}\n", ""},
    {"duplicate keys, order kept", "{\"b\":1,\"a\":2,\"b\":3}", "1:{\"b\":1,\"a\":2,\"b\":3}\n", ""},
    {"every kind of value", "{\"a\":[true,false,null,-1,1.5,18446744073709551615,\"\\u00e4\\ud83d\\ude00\\n\"]}",
     "1:{\"a\":[true,false,null,-1,1.5,18446744073709551615,\"\xc3\xa4\xf0\x9f\x98\x80\\n\"]}\n", ""},
    {"numbers that no machine number holds", "{\"a\":123456789012345678901234567890,\"b\":1e400,\"c\":-9223372036854775809}",
     "1:{\"a\":\"123456789012345678901234567890\",\"b\":\"1e400\",\"c\":\"-9223372036854775809\"}\n", ""},
    {"half a surrogate pair", "{\"a\":\"x\\ud800y\",\"b\":[{\"c\":\"\\udc00\"}]}",
     "1:{\"a\":\"x\xef\xbf\xbdy\",\"b\":[{\"c\":\"\xef\xbf\xbd\"}]}\n", ""},
    {"a line of an ordinary log", "{\"a\":1}\nDEBUG: plugin: 2025/09/05 13:53:40 updated\n[2024-11-13 09:54:35.882] ERROR: x\n{\"b\":2}\n",
     "1:{\"a\":1}\n2:raw {\"message\":\"DEBUG: plugin: 2025/09/05 13:53:40 updated\"}\n"
     "3:raw {\"message\":\"[2024-11-13 09:54:35.882] ERROR: x\"}\n4:{\"b\":2}\n", ""},

    {"a line that is no JSON", "{\"a\":1}\nnot json\n{\"b\":2}\n", "1:{\"a\":1}\n3:{\"b\":2}\n", "2:1 json-syntax\n"},
    {"a line cut off between values", "{\"a\":1\n{\"b\":2}\n{\"c\":3}\n", "2:{\"b\":2}\n3:{\"c\":3}\n", "1:7 json-syntax\n"},
    {"a line cut off in a string", "{\"a\":1}\n{\"a\":\"x\n{\"b\":\"2\"}\n", "1:{\"a\":1}\n3:{\"b\":\"2\"}\n", "2:8 json-syntax\n"},
    {"a line cut off in an array", "{\"a\":[1,\n{\"b\":2}\n{\"c\":3}\n", "2:{\"b\":2}\n3:{\"c\":3}\n", "1:9 json-syntax\n"},
    {"the last line cut off", "{\"a\":1}\n{\"b\":{\"c\":\"x", "1:{\"a\":1}\n", "2:13 json-syntax\n"},
    {"a bad part that nobody reads", "{\"a\":1,\"b\":{\"c\":tru}}\n{\"b\":2}\n", "2:{\"b\":2}\n", "1:17 json-syntax\n"},
    {"a trailing comma", "{\"a\":1,}\n{\"b\":2}\n", "2:{\"b\":2}\n", "1:8 json-syntax\n"},
    {"a number with a leading zero", "{\"a\":01}\n{\"b\":2}\n", "2:{\"b\":2}\n", "1:6 json-syntax\n"},
    {"a bad escape", "{\"a\":\"\\x\"}\n{\"b\":2}\n", "2:{\"b\":2}\n", "1:8 json-syntax\n"},
    {"junk behind a record", "{\"a\":1} x\n{\"b\":2}\n", "1:{\"a\":1}\n2:{\"b\":2}\n", "1:9 json-syntax\n"},
    {"a good record behind junk on its line", "{\"a\":1}{\"b\":}{\"c\":3}\n{\"d\":4}\n", "1:{\"a\":1}\n1:{\"c\":3}\n2:{\"d\":4}\n",
     "1:13 json-syntax\n"},
    {"bare values", "{\"a\":1}\n17\n\"x\"\nnull\n{\"b\":2}\n", "1:{\"a\":1}\n5:{\"b\":2}\n",
     "2:1 json-not-object\n3:1 json-not-object\n4:1 json-not-object\n"},
    {"elements that are no objects", "[1, {\"a\":1}, \"x\",\n [2], {\"b\":2}]", "1:{\"a\":1}\n2:{\"b\":2}\n",
     "1:2 json-not-object\n1:14 json-not-object\n2:2 json-not-object\n"},
    {"a broken element of an array on one line", "[{\"a\":1},{\"b\":tru},{\"c\":3}]", "1:{\"a\":1}\n1:{\"c\":3}\n", "1:15 json-syntax\n"},
    {"an element without its end", "[\n  {\"a\":1},\n  {\"b\":[1},\n  {\"c\":3\n  {\"d\":4}\n]\n", "2:{\"a\":1}\n5:{\"d\":4}\n",
     "3:10 json-syntax\n4:9 json-syntax\n"},
    {"a broken document between whole ones", "{\n \"a\": 1\n}\n{\n \"b\": x,\n \"c\": 1\n}\n{\n \"d\": 2\n}\n",
     "1:{\"a\":1}\n8:{\"d\":2}\n", "5:7 json-syntax\n"},
    {"a document that never closes", "{\n \"a\": {\n  \"b\": 1\n}\n{\n \"c\": 2\n}\n", "5:{\"c\":2}\n", "4:2 json-syntax\n"},
    {"an array that never closes", "[{\"a\":1},\n{\"b\":2}", "1:{\"a\":1}\n2:{\"b\":2}\n", "1:1 json-unclosed\n"},
    {"an envelope that is cut off", "{\"Records\":[{\"a\":1},{\"b\":", "1:{\"a\":1}\n", "1:12 json-unclosed\n1:26 json-syntax\n"},
    {"an envelope cut off behind its list", "{\"Records\":[{\"a\":1}]", "1:{\"a\":1}\n", "1:12 json-unclosed\n"},
    {"invalid UTF-8", "{\"a\":1}\n{\"a\":\"x\xff\"}\n{\"b\":2}\n", "1:{\"a\":1}\n3:{\"b\":2}\n", "2:8 json-utf8\n"},
    {"invalid UTF-8 in a key of a part that nobody reads", "{\"z\":{\"\xc3\":1}}\n{\"b\":2}\n", "2:{\"b\":2}\n", "1:8 json-utf8\n"},
    {"a control character in a string", "{\"a\":\"x\x01\"}\n{\"b\":2}\n", "2:{\"b\":2}\n", "1:8 json-syntax\n"},
    {"stray brackets", "}\n{\"a\":1}\n]\n", "2:{\"a\":1}\n", "1:1 json-syntax\n3:1 json-syntax\n"},
};

static void test_cutting(void **state)
{
    (void)state;
    static const size_t block_sizes[] = {1 << 20, 7, 1, 64};
    for (size_t i = 0; i < COUNT(cases); i++) {
        for (size_t k = 0; k < COUNT(block_sizes); k++) {
            char what[200];
            snprintf(what, sizeof what, "%s (blocks of %zu)", cases[i].name, block_sizes[k]);
            outcome o = read_as(str_from(cases[i].json), block_sizes[k], 1 << 20);
            text places = {0};
            write_places(o.diags, &places);
            assert_text(&o.events, cases[i].events, what);
            assert_text(&places, cases[i].places, what);
            assert_int_equal(o.damaged, diag_total(o.diags, PK_ERROR));
            assert_true(o.ordered);
            text_free(&places);
            outcome_free(&o);
        }
    }
}

/* ---- limits ---- */

static text repeated(const char *before, const char *unit, size_t times, const char *after)
{
    text t = {0};
    text_put_cstring(&t, before);
    for (size_t i = 0; i < times; i++) text_put_cstring(&t, unit);
    text_put_cstring(&t, after);
    return t;
}

static void check_limit(const text *json, const char *events, const char *places)
{
    outcome o = read_as(text_view(json), 64, 200);
    text found = {0};
    write_places(o.diags, &found);
    assert_text(&o.events, events, "over the limit");
    assert_text(&found, places, "over the limit");
    text_free(&found);
    outcome_free(&o);
}

static void test_record_limit(void **state)
{
    (void)state;
    text line = repeated("{\"a\":1}\n{\"x\":\"", "0123456789", 100, "\"}\n{\"b\":2}\n");
    check_limit(&line, "1:{\"a\":1}\n3:{\"b\":2}\n", "2:1 json-record-limit\n");
    text element = repeated("[{\"a\":1},{\"x\":[\"", "]}01234567", 100, "\"]},{\"b\":2}]");
    check_limit(&element, "1:{\"a\":1}\n1:{\"b\":2}\n", "1:10 json-record-limit\n");
    text document = repeated("{\n\"x\":[\n", "  1,\n", 100, "1]}\n{\"b\":2}\n");
    check_limit(&document, "104:{\"b\":2}\n", "1:1 json-record-limit\n");
    text junk = repeated("", "junk ", 100, "\n{\"b\":2}\n");
    check_limit(&junk, "2:{\"b\":2}\n", "1:1 json-record-limit\n");
    text many = repeated("{\"Records\":[{\"a\":1}", ",{\"a\":1}", 1000, "]}");
    outcome o = read_as(text_view(&many), 64, 200);
    assert_int_equal(o.count, 1001);
    assert_int_equal(diag_count(o.diags), 0);
    outcome_free(&o);
    text_free(&line);
    text_free(&element);
    text_free(&document);
    text_free(&junk);
    text_free(&many);
}

static void test_depth_limit(void **state)
{
    (void)state;
    text deepest = repeated("{\"a\":", "[", JSON_DEPTH_LIMIT - 1, "");
    for (size_t i = 0; i < JSON_DEPTH_LIMIT - 1; i++) text_put_char(&deepest, ']');
    text_put_cstring(&deepest, "}\n{\"b\":2}\n");
    outcome o = read_as(text_view(&deepest), 1 << 16, 1 << 20);
    assert_int_equal(o.count, 2);
    assert_int_equal(diag_count(o.diags), 0);
    outcome_free(&o);
    text deeper = repeated("{\"a\":", "[", JSON_DEPTH_LIMIT, "");
    for (size_t i = 0; i < JSON_DEPTH_LIMIT; i++) text_put_char(&deeper, ']');
    text_put_cstring(&deeper, "}\n{\"b\":2}\n");
    o = read_as(text_view(&deeper), 1 << 16, 1 << 20);
    assert_text(&o.events, "2:{\"b\":2}\n", "too deep");
    assert_int_equal(o.told, 1);
    assert_int_equal(diag_count(o.diags), 1);
    assert_string_equal(diag_at(o.diags, 0)->code, "json-depth");
    outcome_free(&o);
    text_free(&deepest);
    text_free(&deeper);
}

/* A broken line costs what it is long, whatever follows it: else a log of broken lines would take hours. */
static void test_many_broken_lines(void **state)
{
    (void)state;
    static const char *const lines[] = {"{\"a\":1\n", "{\"a\":\n", "{\"a\":[{},\n", "{\"a\":\"\n", "{\"a\":[\n", "[{\"\n", "{]"};
    for (size_t i = 0; i < COUNT(lines); i++) {
        text t = repeated("", lines[i], 20000, "");
        outcome o = read_as(text_view(&t), 1 << 20, 50 << 20);
        assert_int_equal(o.count, 0);
        assert_true(o.damaged > 0);
        outcome_free(&o);
        text_free(&t);
    }
}

/* ---- fields ---- */

typedef struct {
    const path_set *paths;
    text found;
} field_list;

static bool note_fields(const event *e, void *user)
{
    field_list *l = user;
    for (size_t i = 0; i < e->field_count; i++) {
        text_put(&l->found, path_text(l->paths, e->fields[i].slot));
        text_put_char(&l->found, '=');
        value_write_json(&l->found, event_field_value(e, &e->fields[i]));
        text_put_char(&l->found, ' ');
    }
    text_put_char(&l->found, '\n');
    return true;
}

static void test_fields(void **state)
{
    (void)state;
    static const char *const asked[] = {"Image", "a.b", "list.x", "deep.*.k", "missing", "n"};
    /* The second line takes the plain parser's way (a big number): the same values must come out. */
    pk_str json = STR("{\"z\":{\"Image\":1},\"Image\":\"C:\\\\x.exe\",\"a.b\":1,\"a\":{\"b\":null,\"c\":2},\"list\":[{\"x\":1},{\"x\":[2,3]},"
                      "4],\"deep\":{\"p\":{\"k\":true},\"q\":{\"k\":1.5}},\"n\":[],\"Image\":\"again\"}\n"
                      "{\"z\":99999999999999999999999,\"Image\":\"C:\\\\x.exe\",\"a.b\":1,\"a\":{\"b\":null,\"c\":2},\"list\":[{\"x\":1},"
                      "{\"x\":[2,3]},4],\"deep\":{\"p\":{\"k\":true},\"q\":{\"k\":1.5}},\"n\":[],\"Image\":\"again\"}\n");
    path_set *paths = path_set_new();
    for (size_t i = 0; i < COUNT(asked); i++) path_add(paths, str_from(asked[i]));
    path_set_freeze(paths);
    field_list l = {.paths = paths};
    how h = {1 << 20, 1 << 20, paths, note_fields, &l};
    diag_list *d = diag_list_new();
    uint64_t damaged = 0;
    read_text(json, &h, d, &damaged);
#define EXPECTED "Image=\"C:\\\\x.exe\" a.b=1 a.b=null list.x=1 list.x=2 list.x=3 deep.*.k=true deep.*.k=1.5 Image=\"again\" \n"
    assert_text(&l.found, EXPECTED EXPECTED, "fields");
    text_free(&l.found);
    diag_list_free(d);
    path_set_free(paths);
}

/* Objects in strings are entered; a text that is none, or is broken, is a string alone. */
static void test_inner_texts(void **state)
{
    (void)state;
    static const char *const asked[] = {"t", "t.a", "t.a.b", "t.l.x"};
    static const struct { const char *line, *found; } texts[] = {
        {"{\"t\":\"{\\\"a\\\":1,\\\"z\\\":2}\"}", "t=\"{\\\"a\\\":1,\\\"z\\\":2}\" t.a=1 "},
        {"{\"t\":\" {\\\"l\\\":[{\\\"x\\\":\\\"C:\\\\\\\\w\\\"},{\\\"x\\\":null}]}\\n\"}",
         "t=\" {\\\"l\\\":[{\\\"x\\\":\\\"C:\\\\\\\\w\\\"},{\\\"x\\\":null}]}\\n\" t.l.x=\"C:\\\\w\" t.l.x=null "},
        {"{\"t\":\"{\\\"a\\\":\\\"\\n\\\"}\"}", "t=\"{\\\"a\\\":\\\"\\n\\\"}\" t.a=\"\\n\" "},             /* a line break as it is */
        {"{\"t\":\"[{\\\"a\\\":1},2,{\\\"a\\\":3}]\"}", "t=\"[{\\\"a\\\":1},2,{\\\"a\\\":3}]\" t.a=1 t.a=3 "},
        {"{\"t\":\"{\\\"a\\\":\\\"{\\\\\\\"b\\\\\\\":5}\\\"}\"}",                                                /* a text in a text */
         "t=\"{\\\"a\\\":\\\"{\\\\\\\"b\\\\\\\":5}\\\"}\" t.a=\"{\\\"b\\\":5}\" t.a.b=5 "},
        {"{\"t\":\"{\\\"a\\\":1}}\"}", "t=\"{\\\"a\\\":1}}\" "},
        {"{\"t\":\"{\\\"a\\\":1,}\"}", "t=\"{\\\"a\\\":1,}\" "},
        {"{\"t\":\"{\\\"a\\\":\\\"\\\\x\\\"}\"}", "t=\"{\\\"a\\\":\\\"\\\\x\\\"}\" "},
        {"{\"t\":\"{\\\"a\\\":1} {\\\"a\\\":2}\"}", "t=\"{\\\"a\\\":1} {\\\"a\\\":2}\" "},
    };
    path_set *paths = path_set_new();
    for (size_t i = 0; i < COUNT(asked); i++) path_add(paths, str_from(asked[i]));
    path_set_freeze(paths);
    for (size_t i = 0; i < COUNT(texts); i++) {
        field_list l = {.paths = paths};
        how h = {1 << 20, 1 << 20, paths, note_fields, &l};
        diag_list *d = diag_list_new();
        uint64_t damaged = 0;
        read_text(str_from(texts[i].line), &h, d, &damaged);
        char expected[160];
        snprintf(expected, sizeof expected, "%s\n", texts[i].found);
        assert_text(&l.found, expected, texts[i].line);
        text_free(&l.found);
        diag_list_free(d);
    }
    path_set_free(paths);
}

static bool stop_at_second(const event *e, void *user)
{
    (void)e;
    return ++*(int *)user < 2;
}

/* ---- escapes, wherever in a string they stand ---- */

static const struct { const char *written, *meant; } escapes[] = {
    {"\\n", "\n"}, {"\\\\", "\\"}, {"\\\\\\\\", "\\\\"}, {"\\\"", "\""}, {"\\/", "/"}, {"\\r\\n\\t", "\r\n\t"}, {"\\u00e9", "\xc3\xa9"},
    {"\\ud83d\\ude00", "\xf0\x9f\x98\x80"}, {"\\u005c\\\\", "\\\\"}, {"\\b\\f", "\b\f"}, {"\\ud83dx", "\xef\xbf\xbdx"}, {"", ""},
};

typedef struct {
    text *expected;               /* of each event: a length byte and a text */
    size_t at, events;
} expected_texts;

static bool same_text(const event *e, void *user)
{
    expected_texts *x = user;
    size_t len = (uint8_t)x->expected->ptr[x->at++];
    assert_int_equal(e->field_count, 1);
    assert_true(str_equal(event_field_value(e, &e->fields[0])->as.string, (pk_str){x->expected->ptr + x->at, len}));
    x->at += len;
    x->events++;
    return true;
}

static void test_escapes(void **state)
{
    static const char filler[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    text log = {0}, expected = {0};
    size_t events = 0;
    (void)state;
    for (int n = 0; n < 70; n++)
        for (size_t i = 0; i < COUNT(escapes); i++)
            for (size_t k = 0; k < COUNT(escapes); k++, events++) {
                text meant = {0};
                text_printf(&log, "{\"a\":\"%.*s%s%.*s%s%s\"}\n", n, filler, escapes[i].written, n % 4, filler, escapes[k].written, k % 2 ? "" : "z");
                text_printf(&meant, "%.*s%s%.*s%s%s", n, filler, escapes[i].meant, n % 4, filler, escapes[k].meant, k % 2 ? "" : "z");
                text_put_char(&expected, (char)meant.len);
                text_put(&expected, text_view(&meant));
                text_free(&meant);
            }
    path_set *paths = path_set_new();
    path_add(paths, STR("a"));
    path_set_freeze(paths);
    expected_texts x = {.expected = &expected};
    how h = {1 << 16, 1 << 20, paths, same_text, &x};
    diag_list *d = diag_list_new();
    uint64_t damaged = 0;
    read_text(text_view(&log), &h, d, &damaged);
    assert_int_equal(x.events, events);
    assert_int_equal(damaged, 0);
    path_set_free(paths);
    diag_list_free(d);
    text_free(&log);
    text_free(&expected);
}

/* A wrong escape, wherever it stands in a string that nobody asks for, costs its record and no other. */
/* What is copied as it stands and what must not be, at each place of a step: outline_agrees compares it with the value written anew. */
static void test_scalars_as_written(void **state)
{
    (void)state;
    static const char *const texts[] = {"\\\\users", "\\u0041", "\\/", "\\\\\\u00e9", "\\\\\\\\u", "\\n/", "\x7f", "\xc3\xa9", "\\\"u"};
    static const char *const numbers[] = {"0", "-0", "-1", "7", "123456789012345678", "-123456789012345678", "1234567890123456789", "-9223372036854775808",
                                          "18446744073709551615", "1.0", "-0.5", "1e5", "true", "false", "null"};
    text log = {0};
    uint64_t lines = 0, copies = 0;
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++)
        for (int pad = 0; pad < 40; pad++, copies++) text_printf(&log, "{\"a\":\"%*s%s\",\"b\":\"%s%*s\"}\n", pad, "", texts[i], texts[i], pad, "");
    lines = copies;
    for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++, lines++) text_printf(&log, "{\"n\":%s}\n", numbers[i]);
    outcome o = read_as(text_view(&log), 1 << 16, 1 << 16);
    assert_int_equal(o.count, lines);
    assert_true(o.told >= copies);
    assert_int_equal(o.damaged, 0);
    outcome_free(&o);
    text_free(&log);
}

static void test_wrong_escapes(void **state)
{
    static const char *const wrong[] = {"\\x", "\\", "\\\\\\", "\\u12g4", "\\U0041", "\\u004", "\\\\\\a", "\\\xc3\xa9"};
    static const char filler[] = "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx";
    (void)state;
    for (size_t i = 0; i < COUNT(wrong); i++)
        for (int n = 0; n < 70; n++) {
            text log = {0};
            bool quoted = wrong[i][strlen(wrong[i]) - 1] == '\\'; /* the quote behind it is no end, so it gets another one */
            text_printf(&log, "{\"a\":\"\\\\\\\"\\n\"}\n{\"b\":\"%.*s%s\"%s}\n{\"c\":\"\\u00e9\"}\n", n, filler, wrong[i], quoted ? "\\d\"" : "");
            outcome o = read_as(text_view(&log), 1 << 20, 1 << 20);
            assert_text(&o.events, "1:{\"a\":\"\\\\\\\"\\n\"}\n3:{\"c\":\"\xc3\xa9\"}\n", wrong[i]);
            assert_int_equal(o.damaged, 1);
            outcome_free(&o);
            text_free(&log);
        }
}

static void test_stopping(void **state)
{
    (void)state;
    int seen = 0;
    how h = {1 << 20, 1 << 20, NULL, stop_at_second, &seen};
    diag_list *d = diag_list_new();
    uint64_t damaged = 0;
    read_text(STR("{\"a\":1}\n{\"a\":2}\n{\"a\":3}\n"), &h, d, &damaged);
    assert_int_equal(seen, 2);
    diag_list_free(d);
}

/* ---- messages ---- */

static void test_messages(void **state)
{
    (void)state;
    static const struct { const char *json, *message; } messages[] = {
        {"{\"a\":1 \"b\":2}", "expected ',' or '}', found '\"'; the record is skipped"},
        {"{\"a\" 1}", "expected ':' after the key, found '1'; the record is skipped"},
        {"{a:1}", "expected a key in double quotes or '}', found 'a'; the record is skipped"},
        {"{\"a\":tru}", "expected a value, found 't'; the record is skipped"},
        {"{\"a\":\"x", "expected '\"' at the end of the string, found the end of the line; the record is skipped"},
        {"hello", "expected an object, found 'h'; the record is skipped"},
        {"[1]", "expected an object, found a number; skipped"},
        {"{\"a\":\"\xfe\"}", "byte 0xfe is not valid UTF-8; the record is skipped"},
    };
    for (size_t i = 0; i < COUNT(messages); i++) {
        outcome o = read_as(str_from(messages[i].json), 1 << 20, 1 << 20);
        assert_int_equal(diag_count(o.diags), 1);
        text found = {0};
        text_put(&found, diag_at(o.diags, 0)->message);
        assert_text(&found, messages[i].message, messages[i].json);
        text_free(&found);
        outcome_free(&o);
    }
}

/* ---- detection ---- */

static void test_detection(void **state)
{
    (void)state;
    static const struct { const char *head, *name; bool json; } heads[] = {
        {"{\"a\":1}\n{\"b\":2}\n", "x.log", true},
        {"[{\"a\":1}]", "x", true},
        {"{\n \"a\": 1\n}\n", "x", true},
        {"{\"Records\":[", "x", true},
        {"{\"Records\":[{\"a\":1}]}", "x", true},
        {"{\"a\":1}\nplain 2025-01-01 10:00:00 line\n{\"b\":2}\n", "x.log", true},
        {"{\"a\":1\n{\"b\":2}\n", "x.jsonl", true},
        {"{\"a\":1", "broken.json", true},
        {"[]", "x.json", true},
        {"{note} this is prose\nand more of it\n", "x.txt", false},
        {"[1] Smith, J. A paper.\n[2] Jones, K. Another.\n", "x.txt", false},
        {"[Fri Oct 08 17:08:41.203277 2021] [core:error] x\n", "x.log", false},
        {"[2025-07-17 13:17:11,562]  WARN {cps.web:1475} Login failed\n", "x.log", false},
        {"[link](http://example.org)\n", "readme.md", false},
        {"{ color: red }\n", "x.css", false},
        {"Oct 11 22:14:15 host app: {\"a\":1}\nOct 11 22:14:16 host app: {\"a\":1}\n", "x.log", false},
        {"plain text\n", "x.txt", false},
        {"17\n18\n", "x.txt", false},
        {"\"a\",\"b\"\n\"c\",\"d\"\n", "x.csv", false},
        {"", "x.json", false},
    };
    for (size_t i = 0; i < COUNT(heads); i++) {
        int sure = json_format.detect(str_from(heads[i].head), str_from(heads[i].name), true);
        if ((sure > 0) != heads[i].json) fail_msg("detection says %d: %s", sure, heads[i].head);
    }
    /* The head ends anywhere: what was seen of the record is enough. */
    assert_true(json_format.detect(STR("{\"a\":{\"b\":[1,2,"), STR("x"), false) > 90);
    assert_true(json_format.detect(STR("{\"Records\":[{\"a\":"), STR("x"), false) > 90);
    /* UTF-16, as PowerShell writes. */
    assert_true(json_format.detect(STR("\xff\xfe{\0\"\0a\0\"\0:\0001\0}\0"), STR("x"), true) > 90);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_cutting),           cmocka_unit_test(test_record_limit),
        cmocka_unit_test(test_depth_limit),       cmocka_unit_test(test_many_broken_lines),
        cmocka_unit_test(test_fields),            cmocka_unit_test(test_stopping),
        cmocka_unit_test(test_inner_texts),
        cmocka_unit_test(test_messages),          cmocka_unit_test(test_detection),
        cmocka_unit_test(test_escapes),
        cmocka_unit_test(test_wrong_escapes),     cmocka_unit_test(test_scalars_as_written),
    };
    return cmocka_run_group_tests_name("json", tests, NULL, NULL);
}
