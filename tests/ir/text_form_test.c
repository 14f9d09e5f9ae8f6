/* The text form: what is printed parses back to the same plan, whatever names and constants hold; errors have a place.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "ir/ir.h"

typedef struct {
    ir_catalog *catalog;
    diag_list *diags;
} fixture;

static int set_up(void **state)
{
    fixture *f = mem_zalloc(1, sizeof *f);
    f->catalog = ir_catalog_new();
    f->diags = diag_list_new();
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    diag_list_free(f->diags);
    ir_catalog_free(f->catalog);
    mem_free(f);
    return 0;
}

static plan *parse(fixture *f, const char *source)
{
    plan *p = ir_parse_plan(f->catalog, str_from(source), STR("test"), f->diags);
    if (!p && diag_count(f->diags)) {
        const pk_diagnostic *d = diag_at(f->diags, diag_count(f->diags) - 1);
        print_message("%u:%u: " STR_FMT "\n", d->line, d->column, STR_ARG(d->message));
    }
    return p;
}

/* print(p) parses to a plan that is equal to p and prints the same. */
static void assert_fixed_point(fixture *f, const plan *p)
{
    text first = {0}, second = {0};
    ir_print_plan(&first, p);
    plan *again = ir_parse_plan(f->catalog, text_view(&first), STR("printed"), f->diags);
    if (!again) print_message("does not parse: " STR_FMT "\n", STR_ARG(text_view(&first)));
    assert_non_null(again);
    ir_print_plan(&second, again);
    assert_string_equal(arena_cstring(ir_arena(f->catalog), text_view(&first)),
                        arena_cstring(ir_arena(f->catalog), text_view(&second)));
    assert_true(ir_plan_equal(p, again));
    text_free(&first);
    text_free(&second);
}

static void assert_prints(fixture *f, const char *source, const char *expected)
{
    text out = {0};
    plan *p = parse(f, source);
    assert_non_null(p);
    ir_print_plan(&out, p);
    assert_string_equal(arena_cstring(ir_arena(f->catalog), text_view(&out)), expected);
    assert_fixed_point(f, p);
    text_free(&out);
}

static void one_sigma_event(void **state)
{
    assert_prints(*state,
                  "sel = Image ends_with '\\iox.exe'\n"
                  "cmd = CommandLine match any('.exe fwd -l ', '.exe proxy -r ') -- a comment\n"
                  "id = EventID equals 1\n"
                  "e = match windows/process_creation @sigma where (sel or cmd) and not id ; alert e",
                  "sel = Image ends_with fold '\\iox.exe'\n"
                  "cmd = CommandLine match fold any('.exe fwd -l ', '.exe proxy -r ')\n"
                  "id = EventID equals 1\n"
                  "e = match windows/process_creation @sigma where (sel or cmd) and not id\n"
                  "alert e\n");
}

static void log_sources(void **state)
{
    assert_prints(*state,
                  "a = match */proxy, windows/*/security, windows @sigma\n"
                  "b = match\n"
                  "c = match Network_Traffic.All_Traffic @cim\n"
                  "d = match \"m365.x\"/\"a b\"",
                  "a = match */proxy, windows/*/security, windows @sigma\n"
                  "b = match\n"
                  "c = match 'Network_Traffic.All_Traffic' @cim\n"
                  "d = match \"m365.x\"/\"a b\"\n");
}

static void names_that_need_quotes(void **state)
{
    assert_prints(
        *state,
        "\"4663_sel\" = \"Threat Name\" equals 'x' and \"any\" equals 'y' and \"4663_sel\"@ is_null\n"
        "e = match @sigma where \"4663_sel\"\n"
        "f = where e: e.a-b@ecs = n@ and n = \"e.x\" and e.\"odd \"\"name\" = e.relations[].x and f@ = e['k k'].y",
        "\"4663_sel\" = \"Threat Name\" equals fold 'x' and \"any\" equals fold 'y' and \"4663_sel\"@ is_null\n"
        "e = match @sigma where \"4663_sel\"\n"
        "f = where e: e.a-b@ecs = n and n = \"e.x\" and \"e\".\"odd \"\"name\" = e.relations[].x and f = "
        "e['k k'].y\n");
}

static void brackets_only_where_needed(void **state)
{
    assert_prints(*state,
                  "e = match @sigma where ((a equals 1)) and (b equals 2 and c equals 3) or not (not d equals 4)\n"
                  "f = where e: a + (b - c) * 2 > (a - b) - c or (x = 1 and (y = 2 or z = 3)) or a - (b - c) = -5",
                  "e = match @sigma where a equals 1 and (b equals 2 and c equals 3) or not not d equals 4\n"
                  "f = where e: a + (b - c) * 2 > a - b - c or x = 1 and (y = 2 or z = 3) or a - (b - c) = -5\n");
}

static void every_flag(void **state)
{
    assert_prints(
        *state,
        "e = match @sigma where all a not equals exact zero some_differs strict 'x' and b regex exact multiline "
        "dotall whole null 'y' and c compare >= 5 and single d wildcard dashes missing true by_type all('-a*') "
        "and any value match 'k' and raw match 'l' and h any(equals 'a', wildcard 'b*', is_null) and i exists "
        "and j equals any('QQ==' written 'A' by 'base64', 'UQ==' written 'A' by 'base64' #0, 'z') and k cidr "
        "'10.0.0.0/8' and m in (1, 'a', null) and some x in p[]: (x.action equals 'ADD' and x equals 1)",
        "e = match @sigma where all a not equals exact zero some_differs strict 'x' and b regex exact multiline "
        "dotall whole null 'y' and c compare >= 5 and single d wildcard fold dashes missing true by_type "
        "all('-a*') and any value match fold 'k' and raw match fold 'l' and h any(equals fold 'a', wildcard "
        "fold 'b*', is_null) and i exists and j equals fold any('QQ==' written 'A' by 'base64', 'UQ==' written "
        "'A' by 'base64' #0, 'z') and k cidr '10.0.0.0/8' and m in (1, 'a', null) and some x in p[]: (x.action "
        "equals fold 'ADD' and x equals 1)\n");
}

static void constants_of_any_bytes(void **state)
{
    fixture *f = *state;
    arena *a = ir_arena(f->catalog);
    char bytes[256];
    for (int i = 0; i < 256; i++) bytes[i] = (char)i;
    static const double reals[] = {0.0,
                                   -0.0,
                                   1.0,
                                   0.1,
                                   1e300,
                                   5e-324,
                                   -2.5,
                                   1e15,
                                   123456789012345678.0,
                                   __builtin_inf(),
                                   -__builtin_inf(),
                                   __builtin_nan("")};
    value items[60];
    size_t n = 0;
    items[n++] = value_string((pk_str){bytes, 256});
    items[n++] = value_string(STR("it's\n\t\\x'"));
    items[n++] = value_string(STR("\xd0\x9f\xd1\x80 \xf0\x9f\x99\x82"));
    items[n++] = value_string(STR("\xff\xfe'"));
    items[n++] = value_string(STR(""));
    items[n++] = value_int(INT64_MIN);
    items[n++] = value_int(INT64_MAX);
    items[n++] = (value){.type = VALUE_UINT, .as.unsigned_integer = UINT64_MAX};
    items[n++] = value_bool(true);
    items[n++] = value_null();
    items[n++] = (value){.type = VALUE_BLANK};
    items[n++] = (value){.type = VALUE_MISSING};
    items[n++] = (value){.type = VALUE_TIME, .as.time = 1234567890123456789};
    items[n++] = (value){.type = VALUE_TIME, .as.time = TIMESTAMP_NONE};
    for (size_t i = 0; i < sizeof reals / sizeof *reals; i++) items[n++] = value_real(reals[i]);
    value list = {.type = VALUE_LIST};
    list.as.list.items = items;
    list.as.list.count = n;
    value_field fields[] = {{STR("a'b"), list}, {STR(""), value_null()}};
    value record = {.type = VALUE_RECORD};
    record.as.record.fields = fields;
    record.as.record.count = 2;

    for (size_t i = 0; i < n; i++) {
        plan p = {0};
        ir_constant c[2] = {
            {.test = ir_intern_test(f->catalog, TEST_EQUALS, 0,          COMPARE_LT, items[i]), .written = {bytes, 256}},
            { .test = ir_intern_test(f->catalog,                       TEST_MATCH,  TEST_CASED, COMPARE_LT,  items[i]),
             .origin = STR("o'"),
             .group = 7}
        };
        expr *field = ir_field_expr(a, (pk_str){bytes, 256}, (pk_str){bytes, i});
        expr *one = ir_use_expr(a, field, c, 1, false), *two = ir_use_expr(a, field, c, 2, true);
        expr *three =
            ir_compare(a, ir_constant_expr(a, items[i]), COMPARE_NE, ir_constant_expr(a, i % 2 ? list : record));
        stage *s = ir_add_stage(a, &p, STAGE_MATCH, (pk_str){bytes, 200}, NULL, 0);
        s->as.match.where = ir_or_all(a, (expr *[]){one, two, ir_not(a, three)}, 3);
        p.alert = s;
        assert_fixed_point(f, &p);
    }
}

/* A definition, a stage and a field of one name stay three things. */
static void same_names(void **state)
{
    fixture *f = *state;
    arena *a = ir_arena(f->catalog);
    plan p = {0};
    ir_definition d[] = {{.name = STR("e"), .value = ir_field_expr(a, STR("sigma"), STR("e"))}, {.name = STR("e.x")}};
    d[1].value = ir_compare(a, ir_field_expr(a, STR("sigma"), STR("e.x")), COMPARE_EQ, ir_name(a, STR("e"), 0));
    p.definitions = d;
    p.definition_count = 2;
    stage *m = ir_add_stage(a, &p, STAGE_MATCH, STR("e"), NULL, 0);
    m->as.match.schema = STR("sigma");
    m->as.match.where = ir_or(a, ir_name(a, STR("e"), 0), ir_field_expr(a, STR("sigma"), STR("e")));
    stage *w = ir_add_stage(a, &p, STAGE_WHERE, STR("match"), &m, 1);
    VEC(expr *) all = {0};
    static const char *const names[] = {"", "e", "e.x", "x", "match", "sigma", "a b"};
    for (size_t i = 0; i < 7 * 7 * 3; i++) {
        expr *e = ir_field_expr(a,
                                str_from(i % 3 == 0   ? ""
                                         : i % 3 == 1 ? "sigma"
                                                      : "equals"),
                                str_from(names[i / 3 % 7]));
        e->as.field.part = str_from(names[i / 21]);
        vec_push(&all, e);
    }
    vec_push(&all, ir_name(a, STR("e.x"), 1));
    w->as.where.where = ir_and_all(a, all.at, all.len);
    p.alert = w;
    assert_fixed_point(f, &p);
    vec_free(&all);
}

static void assert_error(fixture *f, const char *source, unsigned line, unsigned column, const char *message)
{
    assert_null(ir_parse_plan(f->catalog, str_from(source), STR("test"), f->diags));
    const pk_diagnostic *d = diag_at(f->diags, diag_count(f->diags) - 1);
    assert_string_equal(arena_cstring(ir_arena(f->catalog), d->message), message);
    assert_int_equal(d->line, line);
    assert_int_equal(d->column, column);
}

static void errors_have_a_place(void **state)
{
    fixture *f = *state;
    assert_error(f, "e = match @sigma where Image ends_wit 'x'", 1, 30,
                 "expected `name = ...` or `alert`, found ends_wit");
    assert_error(f, "e = match @sigma where\n  Image equals 'x", 2, 16, "found a string without its end");
    assert_error(f, "a = where b: x = 1", 1, 11, "no stage 'b' so far");
    assert_error(f, "e = match\ne = match", 2, 1, "a second stage 'e'");
    assert_error(f, "d = x = 1\nd = x = 2", 2, 1, "a second definition 'd'");
    assert_error(f, "e = match where (x = 1", 1, 23, "expected ')', found the end");
    assert_error(f, "e = match\na = aggregate e window sliding 5: n = count()", 2, 32,
                 "expected a duration such as 5m, found 5");
    assert_error(f, "alert e", 1, 7, "no stage 'e' so far");
    assert_error(f, "e = match where x equals 5q", 1, 26,
                 "found a number with an unknown unit (ns, us, ms, s, m, h, d, w)");
}

static void depth_and_size_are_bounded(void **state)
{
    fixture *f = *state;
    text t = {0};
    text_put_cstring(&t, "e = match where ");
    for (int i = 0; i < 100000; i++) text_put_char(&t, '(');
    assert_null(ir_parse_plan(f->catalog, text_view(&t), STR("deep"), f->diags));
    text_clear(&t);
    text_put_cstring(&t, "e = match where x");
    for (int i = 0; i < 100000; i++) text_put_cstring(&t, " + x");
    assert_null(ir_parse_plan(f->catalog, text_view(&t), STR("chain"), f->diags));
    text_clear(&t);
    text_put_cstring(&t, "d0 = x equals 1\n");
    for (int i = 1; i < 64; i++) text_printf(&t, "d%d = d%d and d%d\n", i, i - 1, i - 1);
    assert_null(ir_parse_plan(f->catalog, text_view(&t), STR("doubling"), f->diags));
    text_clear(&t);
    text_put_cstring(&t, "e = match\n");
    for (int i = 0; i < 5000; i++) text_printf(&t, "s%d = for_each e {", i);
    assert_null(ir_parse_plan(f->catalog, text_view(&t), STR("bodies"), f->diags));
    text_free(&t);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
        CASE(one_sigma_event), CASE(log_sources), CASE(names_that_need_quotes), CASE(brackets_only_where_needed),
        CASE(every_flag), CASE(constants_of_any_bytes), CASE(same_names), CASE(errors_have_a_place),
        CASE(depth_and_size_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
