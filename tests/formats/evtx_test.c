/*
 * EVTX: what the writer of evtx_write.h describes, the reader gives back; every value type and XML shape; damage of the
 * kinds that occur; and, for random records, the same values by paths as by the whole tree.
 */
#include "../base/check.h"

#include <stdio.h>
#include <stdlib.h>

#include "../tools/every_value.h"
#include "../tools/outlines.h"
#include "../tools/path_order.h"
#include "evtx_write.h"
#include "formats/evtx/crc32.h"
#include "formats/evtx/evtx.h"
#include "memory_stream.h"

/* ---- reading into text ---- */

typedef struct {
    arena *arena;
    text json;              /* one line a record */
    size_t count;
    uint64_t last_position;
    int64_t last_record;
    uint64_t damaged;
    diag_list *diags;
} reading;

static bool take(const event *e, void *user)
{
    reading *x = user;
    arena_reset(x->arena);
    value_write_json(&x->json, event_tree(e, x->arena));
    text_put_char(&x->json, '\n');
    assert_true(x->count == 0 || e->source.position > x->last_position);
    x->last_position = e->source.position;
    x->last_record = e->source.record;
    x->count++;
    return true;
}

static reading read_file(const text *file)
{
    reading x = {.arena = arena_new(), .diags = diag_list_new()};
    reader *r = evtx_format.reader_new(NULL);
    (void)read_all(&evtx_format, r, file->ptr, file->len, take, &x, x.diags, &x.damaged);
    evtx_format.reader_free(r);
    return x;
}

/* The same through a pipe, which holds back nothing and skips nothing. */
static reading read_pipe(const text *file)
{
    reading x = {.arena = arena_new(), .diags = diag_list_new()};
    reader *r = evtx_format.reader_new(NULL);
    log_stream stream = {.bytes = (const uint8_t *)file->ptr, .len = file->len, .most = 1000};
    (void)read_stream(&evtx_format, r, stream, take, &x, x.diags, &x.damaged);
    evtx_format.reader_free(r);
    return x;
}

static void reading_free(reading *x)
{
    arena_free(x->arena);
    text_free(&x->json);
    diag_list_free(x->diags);
}

static bool has_diag(const reading *x, const char *code)
{
    for (size_t i = 0; i < diag_count(x->diags); i++)
        if (strcmp(diag_at(x->diags, i)->code, code) == 0) return true;
    return false;
}

static void assert_same_reading(const reading *x, const reading *y)
{
    assert_int_equal(x->count, y->count);
    assert_int_equal(x->damaged, y->damaged);
    assert_int_equal(x->last_position, y->last_position);
    assert_true(str_equal(text_view(&x->json), text_view(&y->json)));
    assert_int_equal(diag_count(x->diags), diag_count(y->diags));
    for (size_t i = 0; i < diag_count(x->diags); i++)
        assert_true(str_equal(diag_at(x->diags, i)->message, diag_at(y->diags, i)->message));
}

static void print_diags(const reading *x)
{
    for (size_t i = 0; i < diag_count(x->diags); i++)
        print_message("    %s: " STR_FMT "\n", diag_at(x->diags, i)->code, STR_ARG(diag_at(x->diags, i)->message));
}

/* ---- the usual event ---- */

enum { YEAR_2020_SECONDS = 1577836800 };

static uint64_t filetime(uint64_t seconds, uint64_t hundred_ns) /* since 1970 */
{
    return (seconds + UINT64_C(11644473600)) * 10000000 + hundred_ns;
}

/* `count` events; data longer for some, so that records differ in size. */
static text usual_file(arena *a, size_t count)
{
    evtx_writer *w = evtx_writer_new();
    text file = {0};
    for (size_t i = 0; i < count; i++) {
        char image[600];
        memset(image, 'x', sizeof image);
        image[20 + i * 37 % 500] = 0;
        evtx_data data[] = {{STR("Image"), evtx_store_string(a, str_from(image))},
                            {STR("ProcessId"), evtx_store_number(a, 0x08, i, 4)}};
        evtx_event e = {
            .provider = STR("Microsoft-Windows-Sysmon"),
            .provider_guid = STR("{5770385F-C22A-43E0-BF4C-06F5698FFBD9}"),
            .channel = STR("Microsoft-Windows-Sysmon/Operational"),
            .computer = STR("ws-01"),
            .user_sid = STR("S-1-5-18"),
            .event_id = 1,
            .task = 1,
            .version = 5,
            .level = 4,
            .keywords = UINT64_C(0x8000000000000000),
            .filetime = filetime(YEAR_2020_SECONDS + i, 1234560),
            .record_id = 100 + i,
            .process_id = 8,
            .thread_id = 9,
            .data = data,
            .data_count = 2,
        };
        assert_true(evtx_write_event(w, &e));
    }
    evtx_writer_finish(w, &file);
    evtx_writer_free(w);
    return file;
}

static void usual_event_reads_back(void **state)
{
    (void)state;
    arena *a = arena_new();
    text file = usual_file(a, 1);
    reading x = read_file(&file);
    char expected[2000];
    snprintf(expected, sizeof expected,
             "{\"Event\":{\"#attributes\":{\"xmlns\":\"http://schemas.microsoft.com/win/2004/08/events/event\"},"
             "\"System\":{\"Provider\":{\"#attributes\":{\"Name\":\"Microsoft-Windows-Sysmon\","
             "\"Guid\":\"{5770385F-C22A-43E0-BF4C-06F5698FFBD9}\"}},\"EventID\":1,\"Version\":5,\"Level\":4,\"Task\":1,"
             "\"Opcode\":0,\"Keywords\":\"0x8000000000000000\","
             "\"TimeCreated\":{\"#attributes\":{\"SystemTime\":\"2020-01-01T00:00:00.123456Z\"}},\"EventRecordID\":100,"
             "\"Correlation\":\"\",\"Execution\":{\"#attributes\":{\"ProcessID\":8,\"ThreadID\":9}},"
             "\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Computer\":\"ws-01\","
             "\"Security\":{\"#attributes\":{\"UserID\":\"S-1-5-18\"}}},"
             "\"EventData\":{\"Image\":\"xxxxxxxxxxxxxxxxxxxx\",\"ProcessId\":0}}}\n");
    assert_str(text_view(&x.json), expected);
    assert_int_equal(x.last_record, 100);
    assert_int_equal(diag_count(x.diags), 0);
    reading_free(&x);
    text_free(&file);
    arena_free(a);
}

static void many_events_fill_chunks(void **state)
{
    (void)state;
    arena *a = arena_new();
    text file = usual_file(a, 1000);
    assert_true(file.len > 4096 + 3 * 65536);
    reading x = read_file(&file);
    assert_int_equal(x.count, 1000);
    assert_int_equal(x.last_record, 1099);
    assert_int_equal(diag_count(x.diags), 0);
    reading_free(&x);
    text_free(&file);
    arena_free(a);
}

/* ---- one record, any element ---- */

/* A file with one record: an element, or an instance. */
static text one_record(const evtx_instance *i, const evtx_node *element)
{
    evtx_writer *w = evtx_writer_new();
    text file = {0};
    assert_true(evtx_write_record(w, 7, filetime(YEAR_2020_SECONDS, 0), i, element));
    evtx_writer_finish(w, &file);
    evtx_writer_free(w);
    return file;
}

static void expect_record(const evtx_instance *i, const evtx_node *element, const char *expected)
{
    text file = one_record(i, element);
    reading x = read_file(&file);
    if (diag_count(x.diags)) print_diags(&x);
    assert_int_equal(diag_count(x.diags), 0);
    assert_int_equal(x.count, 1);
    assert_int_equal(x.last_record, 7);
    x.json.len--; /* the line end */
    assert_str(text_view(&x.json), expected);
    reading_free(&x);
    text_free(&file);
}

/* ---- values ---- */

/* MS-EVEN6 2.2.12.6 and MS-DTYP: bytes as they are stored, and what tools show for them. */
static const struct {
    uint8_t type;
    const char *hex, *json;
} value_cases[] = {
    {0x00, "", "\"\""},
    {0x01, "", "\"\""},
    {0x01, "61006200", "\"ab\""},
    {0x01, "6100620000000000", "\"ab\""},
    {0x01, "e900ac204ed83cde", "\"\xc3\xa9\xe2\x82\xac\xf0\xa3\xa8\xbc\""},
    {0x01, "610000d86200", "\"a\xef\xbf\xbd" "b\""},
    {0x01, "00dc6200", "\"\xef\xbf\xbd" "b\""},
    {0x01, "610062006300640065006600670068006900ac20", "\"abcdefghi\xe2\x82\xac\""},
    {0x02, "616263", "\"abc\""},
    {0x02, "61e96200", "\"a\xc3\xa9" "b\""},
    {0x02, "c3a9", "\"\xc3\xa9\""},
    {0x02, "80", "\"\xe2\x82\xac\""},
    {0x03, "ff", "-1"},
    {0x04, "ff", "255"},
    {0x05, "feff", "-2"},
    {0x06, "feff", "65534"},
    {0x07, "ffffff7f", "2147483647"},
    {0x07, "00000080", "-2147483648"},
    {0x08, "ffffffff", "4294967295"},
    {0x09, "ffffffffffffffff", "-1"},
    {0x0a, "ffffffffffffff7f", "9223372036854775807"},
    {0x0a, "ffffffffffffffff", "18446744073709551615"},
    {0x0b, "cdcccc3d", "0.1"},
    {0x0b, "0000003f", "0.5"},
    {0x0c, "9a9999999999b93f", "0.1"},
    {0x0d, "01000000", "true"},
    {0x0d, "00000000", "false"},
    {0x0d, "18000000", "true"},
    {0x0d, "01", "true"},
    {0x0e, "00ffa0", "\"00FFA0\""},
    {0x0f, "5f3870572ac2e043bf4c06f5698ffbd9", "\"{5770385F-C22A-43E0-BF4C-06F5698FFBD9}\""},
    {0x10, "e7030000", "\"0x3e7\""},
    {0x10, "e703000000000000", "\"0x3e7\""},
    {0x11, "0000000000000000", "\"1601-01-01T00:00:00.000000Z\""},
    {0x11, "00803ed5deb19d01", "\"1970-01-01T00:00:00.000000Z\""},
    {0x11, "01803ed5deb19d01", "\"1970-01-01T00:00:00.0000001Z\""},
    {0x11, "ffffffffffffff7f", "\"30828-09-14T02:48:05.4775807Z\""},
    {0x12, "e4070200060 01d00170 03b003b00e703", "\"2020-02-29T23:59:59.999000Z\""},
    {0x12, "e4070d00000001000000000000000000", "\"E4070D00000001000000000000000000\""},
    {0x13, "010100000000000512000000", "\"S-1-5-18\""},
    {0x13, "0105000000000005150000000100000002000000030000005b040000", "\"S-1-5-21-1-2-3-1115\""},
    {0x13, "0100ffffffffffff", "\"S-1-281474976710655\""},
    {0x13, "0109000000000005", "\"0109000000000005\""},
    {0x14, "e7030000", "\"0x3e7\""},
    {0x14, "00000000", "\"0x0\""},
    {0x15, "ffffffffffffffff", "\"0xffffffffffffffff\""},
    {0x20, "10000000", "\"0x10\""},
    {0x08, "0102", "\"0102\""},
    {0x22, "0102", "\"0102\""},
    {0x81, "610000006200630000000000", "[\"a\",\"bc\",\"\"]"},
    {0x81, "6100000062006300", "[\"a\",\"bc\"]"},
    {0x82, "610062630000", "[\"a\",\"bc\",\"\"]"},
    {0x84, "0102ff", "[1,2,255]"},
    {0x86, "0100ffff", "[1,65535]"},
    {0x87, "ffffffff01000000", "[-1,1]"},
    {0x8d, "0100000000000000", "[true,false]"},
    {0x8f, "5f3870572ac2e043bf4c06f5698ffbd9", "[\"{5770385F-C22A-43E0-BF4C-06F5698FFBD9}\"]"},
    {0x91, "00803ed5deb19d01", "[\"1970-01-01T00:00:00.000000Z\"]"},
    {0x93, "010100000000000512000000010100000000000513000000", "[\"S-1-5-18\",\"S-1-5-19\"]"},
    {0x94, "0100000002000000", "[\"0x1\",\"0x2\"]"},
    {0x95, "0100000000000000", "[\"0x1\"]"},
    {0x86, "010002", "\"010002\""},
    {0x8e, "0102", "\"0102\""},
    {0x86, "", "\"\""},
};

static evtx_stored from_hex(arena *a, uint8_t type, const char *hex)
{
    uint8_t bytes[64];
    size_t n = 0;
    for (const char *at = hex; *at; at++) {
        if (*at == ' ') continue;
        char two[3] = {*at, *++at == ' ' ? *++at : *at, 0};
        bytes[n++] = (uint8_t)strtoul(two, NULL, 16);
    }
    return evtx_store_bytes(a, type, bytes, n);
}

static void value_types(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof value_cases / sizeof *value_cases; i++) {
        arena *a = arena_new();
        evtx_stored v = from_hex(a, value_cases[i].type, value_cases[i].hex);
        evtx_node *root = evtx_element(a, "Event");
        evtx_add(evtx_add_child(a, root, "X"), evtx_substitution(a, 0));
        evtx_definition d = {.guid = {1}, .root = root};
        evtx_instance instance = {&d, &v, 1};
        char expected[300];
        snprintf(expected, sizeof expected, "{\"Event\":{\"X\":%s}}", value_cases[i].json);
        print_message("value %zu: type 0x%02x %s\n", i, value_cases[i].type, value_cases[i].hex);
        expect_record(&instance, NULL, expected);
        arena_free(a);
    }
}

/* ---- shapes ---- */

static evtx_node *named_data(arena *a, evtx_node *parent, const char *name, const char *chars)
{
    evtx_node *data = evtx_add_child(a, parent, "Data");
    if (name) evtx_add_attribute(a, data, "Name")->content = evtx_text(a, name);
    if (chars) evtx_add(data, evtx_text(a, chars));
    return data;
}

static void shapes_of_text(void **state)
{
    (void)state;
    arena *a = arena_new();
    evtx_node *root = evtx_element(a, "Event"), *e = evtx_add_child(a, root, "A");
    evtx_add(e, evtx_text(a, "1 "));
    evtx_add(e, evtx_piece_new(a, PIECE_ENTITY, "lt", 0));
    evtx_add(e, evtx_text(a, " 2 "));
    evtx_add(e, evtx_piece_new(a, PIECE_ENTITY, "amp", 0));
    evtx_add(e, evtx_piece_new(a, PIECE_CHARACTER, "", 0x20ac));
    evtx_add(e, evtx_piece_new(a, PIECE_ENTITY, "quot", 0));
    evtx_add(e, evtx_piece_new(a, PIECE_ENTITY, "apos", 0));
    evtx_add(e, evtx_piece_new(a, PIECE_ENTITY, "gt", 0));
    evtx_add(e, evtx_piece_new(a, PIECE_ENTITY, "nbsp", 0));
    evtx_add(e, evtx_piece_new(a, PIECE_CDATA, "<c>", 0));
    evtx_add(e, evtx_piece_new(a, PIECE_INSTRUCTION, "target", 0));
    evtx_add(e, evtx_text(a, "."));
    evtx_add_child(a, root, "Empty");
    expect_record(NULL, root, "{\"Event\":{\"A\":\"1 < 2 &\xe2\x82\xac\\\"'>&nbsp;<c>.\",\"Empty\":\"\"}}");
    arena_free(a);
}

static void shapes_of_elements(void **state)
{
    (void)state;
    arena *a = arena_new();
    evtx_node *root = evtx_element(a, "Event"), *e = evtx_add_child(a, root, "A");
    evtx_add_attribute(a, e, "x")->content = evtx_text(a, "1");
    evtx_add_attribute(a, e, "y")->content = evtx_text(a, "2");
    evtx_add_attribute(a, e, "empty");
    evtx_add(e, evtx_text(a, "t"));
    e = evtx_add_child(a, root, "Only");
    evtx_add_attribute(a, e, "x")->content = evtx_text(a, "1");
    e = evtx_add_child(a, root, "Mixed");
    evtx_add(e, evtx_text(a, "before "));
    evtx_add(evtx_add_child(a, e, "B"), evtx_text(a, "b1"));
    evtx_add(e, evtx_text(a, "after"));
    evtx_add(evtx_add_child(a, e, "B"), evtx_text(a, "b2"));
    evtx_add(evtx_add_child(a, e, "C"), evtx_text(a, "c"));
    expect_record(NULL, root,
                  "{\"Event\":{\"A\":{\"#attributes\":{\"x\":\"1\",\"y\":\"2\",\"empty\":\"\"},\"#text\":\"t\"},"
                  "\"Only\":{\"#attributes\":{\"x\":\"1\"}},"
                  "\"Mixed\":{\"B\":[\"b1\",\"b2\"],\"C\":\"c\",\"#text\":\"before after\"}}}");
    arena_free(a);
}

static void shapes_of_data(void **state)
{
    (void)state;
    arena *a = arena_new();
    evtx_node *root = evtx_element(a, "Event"), *d = evtx_add_child(a, root, "EventData");
    named_data(a, d, "Image", "x.exe");
    evtx_add_attribute(a, named_data(a, d, "Typed", "v"), "Type")->content = evtx_text(a, "win:UnicodeString");
    named_data(a, d, NULL, "first");
    named_data(a, d, "Image", "again.exe");
    named_data(a, d, NULL, NULL);
    named_data(a, d, NULL, "third");
    evtx_add(evtx_add_child(a, d, "Binary"), evtx_text(a, "00FF"));
    expect_record(NULL, root,
                  "{\"Event\":{\"EventData\":{\"Image\":\"x.exe\",\"Typed\":\"v\","
                  "\"Typed_attributes\":{\"Type\":\"win:UnicodeString\"},\"Data\":[\"first\",\"\",\"third\"],"
                  "\"Image\":\"again.exe\",\"Binary\":\"00FF\"}}}");
    arena_free(a);
}

/* Values: a string array in an unnamed Data, a computed Name, an absent attribute, a value that is not there. */
static void shapes_of_values(void **state)
{
    (void)state;
    arena *a = arena_new();
    evtx_node *root = evtx_element(a, "Event"), *d = evtx_add_child(a, root, "EventData");
    evtx_add(named_data(a, d, NULL, NULL), evtx_substitution(a, 0));
    evtx_node *e = evtx_add_child(a, d, "Data");
    evtx_add_attribute(a, e, "Name")->content = evtx_substitution(a, 1);
    evtx_add(e, evtx_substitution(a, 2));
    e = evtx_add_child(a, root, "EventID");
    evtx_add_attribute(a, e, "Qualifiers")->content = evtx_substitution(a, 3);
    evtx_add(e, evtx_substitution(a, 2));
    evtx_add(evtx_add_child(a, root, "Absent"), evtx_substitution(a, 99));
    e = evtx_add_child(a, root, "Joined");
    evtx_add(e, evtx_text(a, "n="));
    evtx_add(e, evtx_substitution(a, 2));
    evtx_definition definition = {.guid = {2}, .root = root};
    evtx_stored v[4] = {from_hex(a, 0x81, "610000006200"), evtx_store_string(a, STR("Computed")),
                        evtx_store_number(a, 0x06, 5, 2), evtx_store_null()};
    evtx_instance instance = {&definition, v, 4};
    expect_record(&instance, NULL,
                  "{\"Event\":{\"EventData\":{\"Data\":[\"a\",\"b\"],\"Computed\":5},\"EventID\":5,\"Absent\":\"\","
                  "\"Joined\":\"n=5\"}}");
    v[3] = evtx_store_number(a, 0x06, 16384, 2);
    expect_record(
        &instance, NULL,
        "{\"Event\":{\"EventData\":{\"Data\":[\"a\",\"b\"],\"Computed\":5},"
        "\"EventID\":{\"#attributes\":{\"Qualifiers\":16384},\"#text\":5},\"Absent\":\"\",\"Joined\":\"n=5\"}}");
    arena_free(a);
}

/* BinXML in a value: an instance, an element without a template, and both inside each other. */
static void shapes_of_nesting(void **state)
{
    (void)state;
    arena *a = arena_new();
    evtx_node *root = evtx_element(a, "Event");
    evtx_add(evtx_add_child(a, root, "System"), evtx_text(a, "s"));
    evtx_add(root, evtx_substitution(a, 0));
    evtx_add(root, evtx_substitution(a, 1));
    evtx_node *inner = evtx_element(a, "UserData"), *plain = evtx_element(a, "Rendered");
    evtx_add(evtx_add_child(a, inner, "Deep"), evtx_substitution(a, 0));
    evtx_add(plain, evtx_text(a, "r"));
    evtx_definition outer_definition = {.guid = {3}, .root = root}, inner_definition = {.guid = {4}, .root = inner};
    evtx_stored deep = {.type = 0x21, .element = plain};
    evtx_instance nested = {&inner_definition, &deep, 1};
    evtx_stored v[2] = {evtx_store_instance(&nested), {.type = 0x21, .element = plain}};
    evtx_instance instance = {&outer_definition, v, 2};
    expect_record(&instance, NULL,
                  "{\"Event\":{\"System\":\"s\",\"UserData\":{\"Deep\":{\"Rendered\":\"r\"}},\"Rendered\":\"r\"}}");
    arena_free(a);
}

/* <Event><Data Name="name">value</Data><Plain x="attribute">value</Plain><None/></Event>; an empty text: none, where not `kept`. */
static evtx_node *inline_element(arena *a, const char *name, const char *field, const char *attribute, bool kept)
{
    evtx_node *root = evtx_element(a, "Event"), *data = evtx_add_child(a, root, "Data"), *plain = evtx_add_child(a, root, "Plain");
    evtx_add_attribute(a, data, "Name")->content = evtx_text(a, name);
    if (*field || kept) evtx_add(data, evtx_text(a, field)), evtx_add(plain, evtx_text(a, field));
    evtx_attribute_node *x = evtx_add_attribute(a, plain, "x");
    if (*attribute || kept) x->content = evtx_text(a, attribute);
    evtx_add_child(a, root, "None");
    return root;
}

/* Elements without a template, of one shape and of shapes that nearly are the same, over several chunks. */
static void elements_of_one_shape(void **state)
{
    (void)state;
    static const struct { const char *name, *field, *attribute; bool kept; const char *json; } kinds[] = {
        {"A", "one", "p", true, "{\"Event\":{\"A\":\"one\",\"Plain\":{\"#attributes\":{\"x\":\"p\"},\"#text\":\"one\"},\"None\":\"\"}}"},
        {"A", "two\"", "", true, "{\"Event\":{\"A\":\"two\\\"\",\"Plain\":{\"#attributes\":{\"x\":\"\"},\"#text\":\"two\\\"\"},\"None\":\"\"}}"},
        {"B", "one", "p", true, "{\"Event\":{\"B\":\"one\",\"Plain\":{\"#attributes\":{\"x\":\"p\"},\"#text\":\"one\"},\"None\":\"\"}}"},
        {"A", "", "q", true, "{\"Event\":{\"A\":\"\",\"Plain\":{\"#attributes\":{\"x\":\"q\"}},\"None\":\"\"}}"},
        {"A", "", "", false, "{\"Event\":{\"A\":\"\",\"Plain\":{\"#attributes\":{\"x\":\"\"}},\"None\":\"\"}}"},
    };
    enum { KINDS = sizeof kinds / sizeof *kinds, ROUNDS = 120 };
    arena *a = arena_new();
    evtx_writer *w = evtx_writer_new();
    text file = {0}, expected = {0};
    for (size_t i = 0; i < KINDS * ROUNDS; i++) {
        size_t k = i % KINDS;
        const evtx_node *element = inline_element(a, kinds[k].name, kinds[k].field, kinds[k].attribute, kinds[k].kept);
        assert_true(evtx_write_record(w, i + 1, filetime(YEAR_2020_SECONDS, 0), NULL, element));
        text_put_cstring(&expected, kinds[k].json);
        text_put_char(&expected, '\n');
    }
    evtx_writer_finish(w, &file);
    reading x = read_file(&file);
    assert_int_equal(x.count, KINDS * ROUNDS);
    assert_true(file.len > 2 * 65536);
    assert_true(str_equal(text_view(&x.json), text_view(&expected)));
    reading_free(&x);
    text_free(&file);
    text_free(&expected);
    evtx_writer_free(w);
    arena_free(a);
}

/* One text either way, in the same order of names. */
static void text_of_attribute_or_element(void **state)
{
    (void)state;
    arena *a = arena_new();
    evtx_writer *w = evtx_writer_new();
    text file = {0};
    for (uint64_t i = 0; i < 4; i++) {
        evtx_node *root = evtx_element(a, "Event");
        evtx_attribute_node *x = evtx_add_attribute(a, root, "x");
        if (i % 2) evtx_add(root, evtx_text(a, "t"));
        else x->content = evtx_text(a, "t");
        assert_true(evtx_write_record(w, i + 1, filetime(YEAR_2020_SECONDS, 0), NULL, root));
    }
    evtx_writer_finish(w, &file);
    reading got = read_file(&file);
#define BOTH "{\"Event\":{\"#attributes\":{\"x\":\"t\"}}}\n{\"Event\":{\"#attributes\":{\"x\":\"\"},\"#text\":\"t\"}}\n"
    assert_str(text_view(&got.json), BOTH BOTH);
#undef BOTH
    reading_free(&got);
    text_free(&file);
    evtx_writer_free(w);
    arena_free(a);
}

/* ---- damage ---- */

enum { FILE_HEADER = 4096, CHUNK = 65536, RECORDS = 400 };

static void poke(text *file, size_t at, uint64_t n, int size)
{
    for (int i = 0; i < size; i++) file->ptr[at + (size_t)i] = (char)(n >> (8 * i));
}

static size_t record_at(const text *file, size_t c, size_t n)
{
    size_t at = evtx_record_offset((const uint8_t *)file->ptr, file->len, c, n);
    assert_true(at != 0);
    return at;
}

static size_t records_of_chunk(const text *file, size_t c)
{
    size_t n = 0;
    while (evtx_record_offset((const uint8_t *)file->ptr, file->len, c, n)) n++;
    return n;
}

static void bytes_inserted(text *file, size_t at, size_t n)
{
    for (size_t i = 0; i < n; i++) text_put_char(file, 0);
    memmove(file->ptr + at + n, file->ptr + at, file->len - n - at);
    memset(file->ptr + at, 'z', n);
}

/* Each changes the file; `lost` is how many of the RECORDS are then not there. */
static size_t no_damage(text *f) { (void)f; return 0; }
static size_t dirty(text *f) { poke(f, 120, 1, 1); return 0; }
static size_t no_file_magic(text *f) { poke(f, 0, 0, 8); return 0; }
static size_t wrong_file_header(text *f) { memset(f->ptr + 8, 0xff, 36); return 0; }
static size_t no_checksums(text *f)
{
    poke(f, 124, 0, 4);
    for (size_t at = FILE_HEADER; at < f->len; at += CHUNK) poke(f, at + 124, 0, 4), poke(f, at + 52, 0, 4);
    return 0;
}
static size_t wrong_header_checksum(text *f) { poke(f, FILE_HEADER + 124, 0x12345678, 4); return 0; }
static size_t wrong_records_checksum(text *f)
{
    poke(f, record_at(f, 0, 3) + 16, 1, 1);
    return 0;
}
static size_t no_chunk_magic(text *f) { poke(f, FILE_HEADER + CHUNK, 0, 8); return 0; }
static size_t wrong_last_ids(text *f)
{
    poke(f, FILE_HEADER + 16, 3, 8);
    poke(f, FILE_HEADER + 32, 3, 8);
    poke(f, FILE_HEADER + 44, 600, 4);
    evtx_repair_checksums((uint8_t *)f->ptr, f->len);
    return 0;
}
static size_t free_offset_zero(text *f)
{
    poke(f, FILE_HEADER + 48, 0, 4);
    evtx_repair_checksums((uint8_t *)f->ptr, f->len);
    return 0;
}
static size_t free_offset_early(text *f)
{
    poke(f, FILE_HEADER + 48, 1000, 4);
    evtx_repair_checksums((uint8_t *)f->ptr, f->len);
    return 0;
}
static size_t free_offset_huge(text *f)
{
    poke(f, FILE_HEADER + 48, 0xfffffff0, 4);
    evtx_repair_checksums((uint8_t *)f->ptr, f->len);
    return 0;
}
static size_t record_size_zero(text *f) { poke(f, record_at(f, 0, 5) + 4, 0, 4); return 0; }
static size_t record_size_huge(text *f) { poke(f, record_at(f, 0, 5) + 4, 0x7fffffff, 4); return 0; }
static size_t last_record_size_zero(text *f)
{
    poke(f, record_at(f, 0, records_of_chunk(f, 0) - 1) + 4, 0, 4);
    return 0;
}
static size_t both_sizes_wrong(text *f)
{
    poke(f, record_at(f, 0, 6) - 4, 0, 4);
    poke(f, record_at(f, 0, 5) + 4, 0, 4);
    return 1;
}
static size_t all_copies_wrong(text *f)
{
    size_t n = records_of_chunk(f, 0);
    for (size_t i = 1; i < n; i++) poke(f, record_at(f, 0, i) - 4, 0, 4);
    return 0;
}
static size_t record_magic_gone(text *f) { poke(f, record_at(f, 0, 5), 0, 4); return 1; }
static size_t copy_of_size_wrong(text *f) { poke(f, record_at(f, 0, 6) - 4, 0, 4); return 0; }
static size_t first_record_gone(text *f)
{
    /* it holds the System template and all names: the chunk is lost with it */
    size_t n = records_of_chunk(f, 0);
    memset(f->ptr + record_at(f, 0, 0), 0, 400);
    return n;
}
static size_t value_count_huge(text *f)
{
    size_t at = record_at(f, 0, 5) + 24 + 4 + 10;
    poke(f, at, 0xffffffff, 4);
    return 1;
}
static size_t value_size_huge(text *f)
{
    size_t at = record_at(f, 0, 5) + 24 + 4 + 10 + 4;
    poke(f, at, 0xffff, 2);
    return 1;
}
static size_t template_outside(text *f)
{
    poke(f, record_at(f, 0, 5) + 24 + 4 + 6, 0xfffffff0, 4);
    return 1;
}
static size_t template_of_itself(text *f)
{
    size_t at = record_at(f, 0, 5) + 24 + 4;
    poke(f, at + 6, at - FILE_HEADER, 4);
    return 1;
}
static size_t links_to_themselves(text *f)
{
    /* string and template tables of the header, and the link of every template */
    for (size_t i = 0; i < 96; i++) poke(f, FILE_HEADER + 128 + 4 * i, 512, 4);
    size_t definition = record_at(f, 0, 0) + 24 + 4 + 10;
    poke(f, definition, definition - FILE_HEADER, 4);
    evtx_repair_checksums((uint8_t *)f->ptr, f->len);
    return 0;
}
static size_t cut_in_chunk(text *f)
{
    size_t n = records_of_chunk(f, 1);
    f->len = record_at(f, 1, 2) + 50;
    return n - 2 + RECORDS - n - records_of_chunk(f, 0);
}
static size_t cut_in_header(text *f) { f->len = 100; return RECORDS; }
static size_t zeros_at_end(text *f)
{
    for (size_t i = 0; i < 2 * CHUNK; i++) text_put_char(f, 0);
    return 0;
}
static size_t zero_chunk_amid(text *f)
{
    size_t n = records_of_chunk(f, 1);
    memset(f->ptr + FILE_HEADER + CHUNK, 0, CHUNK);
    return n;
}
static size_t zeros_behind_record(text *f)
{
    size_t n = records_of_chunk(f, 1), at = record_at(f, 1, 5);
    memset(f->ptr + at, 0, FILE_HEADER + 2 * CHUNK - at);
    return n - 5;
}
static size_t bytes_between_chunks(text *f)
{
    bytes_inserted(f, FILE_HEADER + CHUNK, 100);
    return 0;
}
static size_t bytes_missing_at_end_of_chunk(text *f)
{
    size_t n = records_of_chunk(f, 0), at = record_at(f, 0, n - 1) + 10, gone = FILE_HEADER + CHUNK - at;
    memmove(f->ptr + at, f->ptr + at + gone, f->len - at - gone);
    f->len -= gone;
    return 1;
}
static size_t stale_records(text *f)
{
    /* behind the free-space offset: what an older chunk left there */
    size_t n = records_of_chunk(f, 0), last = record_at(f, 0, n - 3);
    poke(f, FILE_HEADER + 48, last - FILE_HEADER, 4);
    for (size_t i = n - 3; i < n; i++) poke(f, record_at(f, 0, i) + 8, i, 8);
    evtx_repair_checksums((uint8_t *)f->ptr, f->len);
    return 3;
}

static const struct {
    const char *name;
    size_t (*damage)(text *file);
    uint64_t damaged;            /* records or chunks counted as unreadable, at least */
    const char *code;            /* of a diagnostic that must be there; NULL: none at all */
} damages[] = {
    {"none", no_damage, 0, NULL},
    {"dirty", dirty, 0, "evtx-dirty"},
    {"no file magic", no_file_magic, 0, "evtx-file-magic"},
    {"wrong file header", wrong_file_header, 0, "evtx-file-checksum"},
    {"no checksums", no_checksums, 0, "evtx-chunk-checksum"},
    {"wrong checksum of a chunk header", wrong_header_checksum, 0, "evtx-chunk-checksum"},
    {"wrong checksum of records", wrong_records_checksum, 0, "evtx-records-checksum"},
    {"no chunk magic", no_chunk_magic, 0, "evtx-chunk-magic"},
    {"wrong last record", wrong_last_ids, 0, NULL},
    {"free offset zero", free_offset_zero, 0, "evtx-chunk-header"},
    {"free offset too early", free_offset_early, 0, NULL},
    {"free offset of 4 GB", free_offset_huge, 0, "evtx-chunk-header"},
    {"record size zero", record_size_zero, 0, "evtx-record-torn"},
    {"size of the last record zero", last_record_size_zero, 0, "evtx-record-torn"},
    {"record size of 2 GB", record_size_huge, 0, "evtx-record-torn"},
    {"both sizes of a record wrong", both_sizes_wrong, 1, "evtx-record"},
    {"the copies of all sizes wrong", all_copies_wrong, 0, "evtx-record-torn"},
    {"record magic gone", record_magic_gone, 1, "evtx-record"},
    {"copy of the size wrong", copy_of_size_wrong, 0, "evtx-record-torn"},
    {"first record gone", first_record_gone, 1, "evtx-record"},
    {"value count of 4 G", value_count_huge, 1, "evtx-record"},
    {"value size over the record", value_size_huge, 1, "evtx-record"},
    {"template offset outside", template_outside, 1, "evtx-record"},
    {"template that is its own instance", template_of_itself, 1, "evtx-record"},
    {"tables that point at themselves", links_to_themselves, 0, NULL},
    {"cut off inside a chunk", cut_in_chunk, 1, "evtx-chunk-cut"},
    {"cut off inside the file header", cut_in_header, 0, "evtx-file-cut"},
    {"zero chunks at the end", zeros_at_end, 0, NULL},
    {"a zero chunk in the middle", zero_chunk_amid, 0, "evtx-chunk-zero"},
    {"zeros behind a record", zeros_behind_record, 0, "evtx-chunk-zero"},
    {"bytes between chunks", bytes_between_chunks, 0, "evtx-chunk-magic"},
    {"bytes missing in a chunk", bytes_missing_at_end_of_chunk, 0, "evtx-chunk-cut"},
    {"stale records in free space", stale_records, 0, NULL},
};

static void damage_loses_no_other_record(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof damages / sizeof *damages; i++) {
        arena *a = arena_new();
        text file = usual_file(a, RECORDS);
        size_t lost = damages[i].damage(&file);
        reading x = read_file(&file);
        print_message("%s: %zu records, %zu expected\n", damages[i].name, x.count, RECORDS - lost);
        print_diags(&x);
        assert_int_equal(x.count, RECORDS - lost);
        assert_true(x.damaged >= damages[i].damaged);
        if (damages[i].code) assert_true(has_diag(&x, damages[i].code));
        else assert_int_equal(diag_count(x.diags), 0);
        reading_free(&x);
        text_free(&file);
        arena_free(a);
    }
}

/* A record that asks for gigabytes: a template that uses one value often, which is a template that does the same. */
static void expansion_is_refused(void **state)
{
    (void)state;
    arena *a = arena_new();
    evtx_node *root = evtx_element(a, "Event");
    for (int i = 0; i < 300; i++) evtx_add(root, evtx_substitution(a, 0));
    evtx_definition d = {.guid = {9}, .root = root};
    evtx_stored leaf = evtx_store_string(a, STR("leaf")), v[4];
    evtx_instance level[4];
    for (int i = 0; i < 4; i++) {
        level[i] = (evtx_instance){&d, i == 0 ? &leaf : &v[i], 1};
        if (i > 0) v[i] = evtx_store_instance(&level[i - 1]);
    }
    text file = one_record(&level[3], NULL);
    reading x = read_file(&file);
    assert_int_equal(x.count, 0);
    assert_int_equal(x.damaged, 1);
    assert_true(has_diag(&x, "evtx-record"));
    reading_free(&x);
    text_free(&file);
    arena_free(a);
}

static void depth_is_limited(void **state)
{
    (void)state;
    arena *a = arena_new();
    evtx_node *root = evtx_element(a, "Event"), *e = root;
    for (int i = 0; i < 1000; i++) e = evtx_add_child(a, e, "E");
    text file = one_record(NULL, root);
    reading x = read_file(&file);
    assert_int_equal(x.count, 0);
    assert_int_equal(x.damaged, 1);
    reading_free(&x);
    text_free(&file);
    arena_free(a);
}

/* ---- detection, cutting ---- */

static void detection(void **state)
{
    (void)state;
    arena *a = arena_new();
    text file = usual_file(a, 1);
    assert_int_equal(evtx_format.detect(text_view(&file), STR("x"), false), 100);
    assert_true(evtx_format.detect(str_slice(text_view(&file), 4096, 65536), STR("x"), false) > 50);
    assert_int_equal(evtx_format.detect(STR("ElfFil"), STR("x.evtx"), true), 0);
    assert_int_equal(evtx_format.detect(STR(""), STR("x.evtx"), true), 0);
    memset(file.ptr, 0, 4096);
    assert_true(evtx_format.detect(text_view(&file), STR("x"), false) > 50);
    text_free(&file);
    arena_free(a);
}

/* Blocks do not depend on how the stream hands out its bytes. */
static void cutting_by_single_bytes(void **state)
{
    (void)state;
    arena *a = arena_new();
    text file = usual_file(a, 200);
    log_stream stream = {.bytes = (const uint8_t *)file.ptr, .len = file.len, .most = 1};
    diag_list *d = diag_list_new();
    cut_options options = {0};
    void *c = evtx_format.cut_new(&stream, &options, d);
    block b = {0};
    size_t count = 0;
    for (; evtx_format.cut(c, &b, d) == PK_OK; count++) {
        assert_int_equal(b.number, count);
        assert_int_equal(b.offset, FILE_HEADER + count * CHUNK);
        assert_int_equal(b.len, CHUNK);
        assert_memory_equal(b.bytes, file.ptr + b.offset, CHUNK);
    }
    assert_int_equal(count, (file.len - FILE_HEADER) / CHUNK);
    evtx_format.cut_free(c);
    block_free(&b);
    diag_list_free(d);
    text_free(&file);
    arena_free(a);
}

/* Chunks of which most is free space, whole ones and others, in their places and out of them: as if every byte were read. */
static void free_space_left_out(void **state)
{
    (void)state;
    static const struct { const char *name; size_t drop, add; bool damaged; } cases[] = {
        {"in place", 0, 0, false},     {"bytes missing", 600, 0, false}, {"bytes too many", 0, 300, false},
        {"one is wrong", 0, 0, true},  {"a chunk of zeros between", 0, CHUNK, false},
    };
    arena *a = arena_new();
    text one = usual_file(a, 3);
    assert_int_equal(one.len, FILE_HEADER + CHUNK);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        text file = {0};
        text_put(&file, str_slice(text_view(&one), 0, one.len - cases[i].drop));
        for (size_t n = cases[i].add; n; n--) text_put_char(&file, 0);
        for (int n = 0; n < 2; n++) text_put(&file, str_slice(text_view(&one), FILE_HEADER, CHUNK));
        if (cases[i].damaged) file.ptr[FILE_HEADER + CHUNK + 600] ^= 1;
        reading x = read_file(&file), y = read_pipe(&file);
        print_message("%s: %zu records, %zu through a pipe\n", cases[i].name, x.count, y.count);
        print_diags(&x);
        assert_int_equal(x.count, 9);
        assert_same_reading(&x, &y);
        reading_free(&x);
        reading_free(&y);
        text_free(&file);
    }
    log_stream stream = {.bytes = (const uint8_t *)one.ptr, .len = one.len, .moves = true};
    diag_list *d = diag_list_new();
    cut_options options = {0};
    void *c = evtx_format.cut_new(&stream, &options, d);
    block b = {0};
    assert_int_equal(evtx_format.cut(c, &b, d), PK_OK);
    assert_true(b.len < CHUNK / 2);
    assert_int_equal(b.len + b.left_out, CHUNK);
    assert_int_equal(evtx_format.cut(c, &b, d), PK_STOPPED);
    evtx_format.cut_free(c);
    block_free(&b);
    diag_list_free(d);
    text_free(&one);
    arena_free(a);
}

/* RFC 1952 names the CRC of ISO 3309, whose check value over "123456789" is 0xcbf43926. */
static void checksum(void **state)
{
    (void)state;
    crc32_table t;
    crc32_init(&t);
    assert_int_equal(crc32_add(&t, 0, (const uint8_t *)"123456789", 9), 0xcbf43926u);
    uint8_t bytes[1000];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (uint8_t)(i * 7);
    uint32_t whole = crc32_add(&t, 0, bytes, sizeof bytes);
    assert_int_equal(crc32_small(0, bytes, sizeof bytes), whole);
    for (size_t cut = 0; cut < sizeof bytes; cut += 13) {
        assert_int_equal(crc32_add(&t, crc32_add(&t, 0, bytes, cut), bytes + cut, sizeof bytes - cut), whole);
        assert_int_equal(crc32_small(crc32_small(0, bytes, cut), bytes + cut, sizeof bytes - cut), whole);
    }
}

/* ---- paths and trees agree ---- */

typedef struct {
    arena *arena;
    const path_set *paths;
    size_t count, fields;
    outline_book outlines;
} agreement;

static bool same_fields(const event *e, void *user)
{
    agreement *x = user;
    arena_reset(x->arena);
    const value *tree = event_tree(e, x->arena);
    assert_true(every_value_agrees(e, tree, x->arena));
    assert_true(outline_agrees(&x->outlines, e, tree, x->arena));
    for (path_slot slot = 0; slot < path_slot_count(x->paths); slot++) {
        list_builder want = {0}, got = {0};
        tree_values(tree, path_text(x->paths, slot), x->arena, &want);
        for (size_t i = 0; i < e->field_count; i++)
            if (e->fields[i].slot == slot) list_add(x->arena, &got, *event_field_value(e, &e->fields[i]));
        value a = list_done(&want), b = list_done(&got);
        sort_if_several_places(path_text(x->paths, slot), &a);
        sort_if_several_places(path_text(x->paths, slot), &b);
        if (!value_equal(&a, &b)) {
            text t = {0};
            value_write_json(&t, tree);
            text_put_cstring(&t, "\nby tree: ");
            value_write_json(&t, &a);
            text_put_cstring(&t, "\nby path: ");
            value_write_json(&t, &b);
            print_message(STR_FMT "\n", STR_ARG(text_view(&t)));
            fail_msg("they differ at " STR_FMT, STR_ARG(path_text(x->paths, slot)));
        }
        x->fields += got.items.len;
    }
    x->count++;
    return true;
}

static uint32_t random_below(uint64_t *seed, uint32_t n)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(*seed >> 33) % n;
}

static const char *const names[] = {"A", "B", "Data", "Data", "C D", "Event", "E.F"};

static const char *random_name(uint64_t *seed) { return names[random_below(seed, sizeof names / sizeof *names)]; }

static evtx_piece *random_text(arena *a, uint64_t *seed, bool substitutions)
{
    if (substitutions && random_below(seed, 3)) return evtx_substitution(a, (uint16_t)random_below(seed, 7));
    static const char *const texts[] = {"t", "", "some text", " "};
    return evtx_text(a, texts[random_below(seed, 4)]);
}

static evtx_node *random_element(arena *a, uint64_t *seed, unsigned depth, bool substitutions)
{
    evtx_node *e = evtx_element(a, depth == 0 ? "Event" : random_name(seed));
    for (uint32_t n = random_below(seed, 3); n; n--) {
        evtx_attribute_node *made = evtx_add_attribute(a, e, random_below(seed, 2) ? "Name" : "Other");
        for (uint32_t pieces = random_below(seed, 8) ? 1 : random_below(seed, 3); pieces; pieces--) {
            evtx_piece **last = &made->content;
            while (*last) last = &(*last)->next;
            *last = random_text(a, seed, substitutions);
        }
        if (random_below(seed, 4)) break;
    }
    for (uint32_t n = depth < 3 ? 1 + random_below(seed, 5) : random_below(seed, 3); n; n--) {
        if (depth < 4 && random_below(seed, 3)) {
            evtx_piece *child = evtx_piece_new(a, PIECE_ELEMENT, "", 0);
            child->element = random_element(a, seed, depth + 1, substitutions);
            evtx_add(e, child);
        } else {
            evtx_add(e, random_text(a, seed, substitutions));
        }
    }
    return e;
}

static evtx_instance *random_instance(arena *a, uint64_t *seed, unsigned depth);

/* Of a template whose values were of other types in other records. */
static evtx_instance *random_values(arena *a, uint64_t *seed, unsigned depth, const evtx_definition *d)
{
    evtx_instance *x = ARENA_NEW(a, evtx_instance);
    x->definition = d;
    x->count = 6; /* index 6 is absent */
    x->values = ARENA_ARRAY(a, evtx_stored, 6);
    for (size_t i = 0; i < 6; i++) {
        switch (random_below(seed, 8)) {
        case 0: x->values[i] = evtx_store_null(); break;
        case 1: x->values[i] = evtx_store_string(a, STR("value")); break;
        case 2: x->values[i] = evtx_store_number(a, 0x08, random_below(seed, 100), 4); break;
        case 3: x->values[i] = evtx_store_bytes(a, 0x81, "a\0\0\0b\0", 6); break;
        case 4: x->values[i] = evtx_store_string(a, STR("")); break;
        case 5:
            if (depth < 2) x->values[i] = evtx_store_instance(random_instance(a, seed, depth + 1));
            break;
        case 6: x->values[i] = evtx_store_bytes(a, 0x02, "odd", 3); break;
        default:
            x->values[i] = (evtx_stored){.type = 0x21, .element = random_element(a, seed, 3, false)};
        }
    }
    return x;
}

static evtx_instance *random_instance(arena *a, uint64_t *seed, unsigned depth)
{
    evtx_definition *d = ARENA_NEW(a, evtx_definition);
    for (int i = 0; i < 16; i++) d->guid[i] = (uint8_t)random_below(seed, 256);
    d->root = random_element(a, seed, 0, true);
    return random_values(a, seed, depth, d);
}

/* Paths of scalars that the trees have, some of them with a '*' or without their blanks. */
typedef struct {
    arena *arena, *texts;
    path_set *paths;
    uint64_t seed;
} path_collector;

static void collect_paths(path_collector *x, const value *v, pk_str path)
{
    if (v->type == VALUE_LIST)
        for (size_t i = 0; i < v->as.list.count; i++) collect_paths(x, &v->as.list.items[i], path);
    for (size_t i = 0; v->type == VALUE_RECORD && i < v->as.record.count; i++) {
        pk_str key = v->as.record.fields[i].name;
        uint32_t choice = random_below(&x->seed, 12);
        if (choice == 0) key = STR("*");
        if (choice < 3 && str_equal(key, STR("C D"))) key = STR("CD");
        key = path.len ? arena_printf(x->texts, STR_FMT "." STR_FMT, STR_ARG(path), STR_ARG(key)) : key;
        collect_paths(x, &v->as.record.fields[i].value, key);
    }
    if (v->type != VALUE_RECORD && path_slot_count(x->paths) < 60 && random_below(&x->seed, 3) == 0)
        path_add(x->paths, path);
}

static bool collect_event(const event *e, void *user)
{
    path_collector *x = user;
    arena_reset(x->arena);
    collect_paths(x, event_tree(e, x->arena), STR(""));
    return true;
}

static path_set *paths_of(const text *file, uint64_t seed)
{
    path_collector x = {arena_new(), arena_new(), path_set_new(), seed};
    reader *r = evtx_format.reader_new(NULL);
    diag_list *d = diag_list_new();
    uint64_t damaged = 0;
    (void)read_all(&evtx_format, r, file->ptr, file->len, collect_event, &x, d, &damaged);
    path_set_freeze(x.paths);
    evtx_format.reader_free(r);
    diag_list_free(d);
    arena_free(x.arena);
    arena_free(x.texts);
    return x.paths;
}

static void paths_agree_with_trees(void **state)
{
    (void)state;
    size_t fields = 0, records = 0, told = 0, untold = 0;
    for (uint64_t round = 0; round < 30; round++) {
        uint64_t seed = round * 7919 + 1;
        arena *a = arena_new();
        evtx_writer *w = evtx_writer_new();
        text file = {0};
        size_t written = 0;
        const evtx_instance *kept = random_instance(a, &seed, 0);
        for (int i = 0; i < 60; i++) {
            const evtx_instance *other = i % 2 ? random_instance(a, &seed, 0) : random_values(a, &seed, 0, kept->definition);
            written += evtx_write_record(w, (uint64_t)i, 0, i % 3 ? other : kept, NULL);
        }
        written += evtx_write_record(w, 99, 0, NULL, random_element(a, &seed, 0, false));
        evtx_writer_finish(w, &file);
        agreement x = {.arena = arena_new(), .paths = paths_of(&file, seed), .outlines = {.arena = arena_new()}};
        reader *r = evtx_format.reader_new(x.paths);
        diag_list *d = diag_list_new();
        uint64_t damaged = 0;
        (void)read_all(&evtx_format, r, file.ptr, file.len, same_fields, &x, d, &damaged);
        assert_int_equal(x.count, written);
        assert_int_equal(damaged, 0);
        fields += x.fields;
        records += x.count;
        told += x.outlines.told;
        untold += x.outlines.untold;
        outline_book_free(&x.outlines);
        evtx_format.reader_free(r);
        diag_list_free(d);
        path_set_free((path_set *)(uintptr_t)x.paths);
        arena_free(x.arena);
        text_free(&file);
        evtx_writer_free(w);
        arena_free(a);
    }
    print_message("%zu values of %zu records compared\n", fields, records);
    print_message("%zu records told by their outlines, %zu not\n", told, untold);
    assert_true(fields > 5000);
    assert_true(told > 50);
}

/* A reader that meets the same definitions at other places of other chunks gives the same as a new one. */
static void cached_templates_change_nothing(void **state)
{
    (void)state;
    reader *kept = evtx_format.reader_new(NULL);
    for (uint64_t round = 0; round < 200; round++) {
        uint64_t seed = round / 4 * 31 + 5; /* four files of the same templates, in another order and company */
        arena *a = arena_new();
        const evtx_instance *shared[3] = {random_instance(a, &seed, 0), random_instance(a, &seed, 0),
                                          random_instance(a, &seed, 0)};
        evtx_writer *w = evtx_writer_new();
        text file = {0};
        seed += round;
        for (int i = 0; i < 8; i++) {
            const evtx_instance *x =
                random_below(&seed, 3) ? shared[random_below(&seed, 3)] : random_instance(a, &seed, 0);
            (void)evtx_write_record(w, (uint64_t)i, 0, x, NULL);
        }
        evtx_writer_finish(w, &file);
        reading fresh = read_file(&file), again = {.arena = arena_new(), .diags = diag_list_new()};
        (void)read_all(&evtx_format, kept, file.ptr, file.len, take, &again, again.diags, &again.damaged);
        assert_int_equal(fresh.json.len, again.json.len);
        assert_memory_equal(fresh.json.ptr, again.json.ptr, fresh.json.len);
        reading_free(&fresh);
        reading_free(&again);
        text_free(&file);
        evtx_writer_free(w);
        arena_free(a);
    }
    evtx_format.reader_free(kept);
}

/* Any byte may be anything: no crash (sanitizers watch), no event without a tree, and an end. */
static void random_bytes_changed(void **state)
{
    (void)state;
    arena *a = arena_new();
    text original = usual_file(a, 120);
    size_t events = 0;
    for (uint64_t round = 0; round < 400; round++) {
        uint64_t seed = round + 77;
        text file = {0};
        text_put(&file, text_view(&original));
        for (uint32_t n = 1 + random_below(&seed, 40); n; n--) {
            size_t at = random_below(&seed, 3) ? FILE_HEADER + random_below(&seed, 4000)
                                               : random_below(&seed, (uint32_t)file.len);
            file.ptr[at] = (char)(random_below(&seed, 2) ? random_below(&seed, 256)
                                                         : (uint32_t)file.ptr[at] ^ 1u << random_below(&seed, 8));
        }
        if (random_below(&seed, 2)) evtx_repair_checksums((uint8_t *)file.ptr, file.len);
        reading x = read_file(&file), y = read_pipe(&file);
        events += x.count;
        assert_same_reading(&x, &y);
        reading_free(&x);
        reading_free(&y);
        text_free(&file);
    }
    assert_true(events > 0);
    text_free(&original);
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(usual_event_reads_back),
        cmocka_unit_test(many_events_fill_chunks),
        cmocka_unit_test(value_types),
        cmocka_unit_test(shapes_of_text),
        cmocka_unit_test(shapes_of_elements),
        cmocka_unit_test(shapes_of_data),
        cmocka_unit_test(shapes_of_values),
        cmocka_unit_test(shapes_of_nesting),
        cmocka_unit_test(elements_of_one_shape),
        cmocka_unit_test(text_of_attribute_or_element),
        cmocka_unit_test(damage_loses_no_other_record),
        cmocka_unit_test(expansion_is_refused),
        cmocka_unit_test(depth_is_limited),
        cmocka_unit_test(detection),
        cmocka_unit_test(cutting_by_single_bytes),
        cmocka_unit_test(free_space_left_out),
        cmocka_unit_test(checksum),
        cmocka_unit_test(paths_agree_with_trees),
        cmocka_unit_test(cached_templates_change_nothing),
        cmocka_unit_test(random_bytes_changed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
