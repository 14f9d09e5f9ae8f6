/* The computed forms: every example of map_functions.def, and what the examples cannot show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "schema/model.h"

static const struct { const char *name, *example; } examples[] = {
#define FUNCTION(name, arguments, meaning, example) {#name, example},
#include "schema/map_functions.def"
#undef FUNCTION
};

static void assert_view(pk_str found, const char *expected)
{
    if (!str_equal(found, str_from(expected))) fail_msg("expected '%s', found '%.*s'", expected, STR_ARG(found));
}

static pk_str shown(arena *a, const value *v)
{
    pk_str t = STR("(missing)");
    if (v->type != VALUE_MISSING) value_text(a, v, &t);
    return t;
}

/* The value of a mapping without fields. */
static value apply(arena *a, const field_map *m)
{
    if (m->kind == MAP_CONSTANT) return m->constant;
    if (m->kind != MAP_CALL) return (value){.type = VALUE_MISSING};
    value *args = ARENA_ARRAY(a, value, m->count);
    for (size_t i = 0; i < m->count; i++) args[i] = apply(a, m->args[i]);
    return schema_call(m->text, args, m->count, a);
}

static value evaluate(arena *a, pk_str source)
{
    const char *error = NULL;
    const field_map *m = field_map_parse(a, source, &error);
    if (m == NULL) fail_msg("%.*s: %s", STR_ARG(source), error);
    return apply(a, m);
}

static void examples_hold(void **state)
{
    (void)state;
    arena *a = arena_new();
    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        pk_str example = str_from(examples[i].example);
        size_t equals = str_find(example, STR(") = "));
        assert_true(equals != STR_NPOS && str_starts_with(example, str_from(examples[i].name)));
        value found = evaluate(a, str_slice(example, 0, equals + 1));
        value wanted = evaluate(a, str_slice(example, equals + 4, STR_NPOS));
        assert_view(shown(a, &found), arena_cstring(a, shown(a, &wanted)));
    }
    arena_free(a);
}

static const struct { const char *source, *wanted; } cases[] = {
    {"account('CORP', '-')", "(missing)"},
    {"account('-', 'amy')", "amy"},
    {"begins('createUser', 'Create', 'c')", "c"},
    {"begins('Cr', 'Create', 'c')", "(missing)"},
    {"begins('x', '', 'any', 'x', 'c')", "any"},
    {"domain('amy')", "(missing)"},
    {"domain('-\\amy')", "(missing)"},
    {"domain('NT AUTHORITY\\SYSTEM')", "NT AUTHORITY"},
    {"user('-')", "(missing)"},
    {"user('amy@corp.example')", "amy@corp.example"},
    {"user('CORP\\')", "(missing)"},
    {"file_path('ntdsutil')", "(missing)"},
    {"file_path('\\\\?\\GLOBALROOT\\x')", "\\\\?\\GLOBALROOT\\x"},
    {"file_path('1:\\x')", "(missing)"},
    {"status('0xc000006d', '0x0')", "0xC000006D"},
    {"status('0x6', '')", "0x6"},
    {"status('-', '-')", "(missing)"},
    {"status('failed', '')", "failed"},
    {"ip('10.0.0.1:443')", "10.0.0.1"},
    {"ip('[fe80::1]:443')", "fe80::1"},
    {"ip('[')", "(missing)"},
    {"ip('a:b')", "(missing)"},
    {"last('abc', '.')", "abc"},
    {"last('a.', '.')", "(missing)"},
    {"last('a.b', '')", "a.b"},
    {"unquoted('\"\"')", "(missing)"},
    {"unquoted('\"')", "\""},
    {"unquoted('plain')", "plain"},
    {"unquoted('[]')", "(missing)"},
    {"given('-')", "(missing)"},
    {"given('  ')", "(missing)"},
    {"given('- -')", "- -"},
    {"present('', 'x')", "(missing)"},
    {"present('-', 'x')", "(missing)"},
    {"ip('-')", "(missing)"},
    {"ip('ec2.amazonaws.com')", "(missing)"},
    {"ip('::ffff:0a00:1')", "::ffff:0a00:1"},
    {"ip('fe80::1')", "fe80::1"},
    {"host_name('10.0.0.1')", "(missing)"},
    {"host_name('-')", "(missing)"},
    {"host_name('dc1.corp.example')", "dc1.corp.example"},
    {"guid('{8d3bca50}', '1')", "(missing)"},
    {"guid('{{00000000-0000-0000-0000-000000000001}{00000000-0000-0000-0000-000000000002}', '2')", "{00000000-0000-0000-0000-000000000002}"},
    {"guid('{00000000-0000-0000-0000-000000000001}', '2')", "(missing)"},
    {"guid('{00000000-0000-0000-0000-000000000001}', 'x')", "(missing)"},
    {"decimal('0xZZ')", "0xZZ"},
    {"decimal('0x')", "0x"},
    {"decimal('12')", "12"},
    {"decimal('0x123456789abcdef0')", "0x123456789abcdef0"},
    {"device_path('C:\\a.exe')", "C:\\a.exe"},
    {"device_path('\\device\\harddiskvolume3\\temp\\a.exe')", "\\temp\\a.exe"},
    {"device_path('\\device\\harddiskvolume3\\Program Files (x86)\\a.exe')", "C:\\Program Files (x86)\\a.exe"},
    {"device_path('\\Device\\Mup')", "\\Device\\Mup"},
    {"hash('MD5=a, SHA256=b', 'sha256')", "b"},
    {"hash('MD5=a', 'SHA1')", "(missing)"},
    {"integrity('S-1-16-99')", "S-1-16-99"},
    {"key_value('  Host Application = x = y  ', 'HostApplication')", "x = y"},
    {"key_value('nothing here', 'HostApplication')", "(missing)"},
    {"protocol('132')", "132"},
    {"registry_details('4294967295', '%%1876')", "DWORD (0xffffffff)"},
    {"registry_details('5', '%%1883')", "QWORD (0x00000000-0x00000005)"},
    {"registry_details('text', '%%1876')", "text"},
    {"registry_details('x', '%%1875')", "Binary Data"},
    {"registry_path('\\REGISTRY\\USER\\S-1-5-21\\Software', '-')", "HKU\\S-1-5-21\\Software"},
    {"registry_path('\\REGISTRY\\MACHINEX\\Y', 'v')", "\\REGISTRY\\MACHINEX\\Y\\v"},
    {"registry_path('\\registry\\machine\\system\\controlset002\\a', '')", "HKLM\\SYSTEM\\CurrentControlSet\\a"},
    {"registry_path('\\REGISTRY\\MACHINE\\SYSTEM\\ControlSet0011\\a', '')", "HKLM\\SYSTEM\\ControlSet0011\\a"},
    {"registry_path('\\REGISTRY\\MACHINE', '')", "HKLM"},
    {"translate('z', 'a', '1')", "(missing)"},
    {"translate('A', 'a', '1')", "1"},
    {"url_extension('/a.b/c')", "(missing)"},
    {"url_host('/a/b')", "(missing)"},
    {"url_host('https://[2001:db8::1]:443/x')", "2001:db8::1"},
    {"url_path('http://h')", ""},
    {"url_path('http://h?x=/y')", ""},
    {"url_query('/a#b?c')", "(missing)"},
    {"concat('a', missing)", "(missing)"},
    {"base_name('a')", "a"},
    {"base_name('a/')", ""},
};

static void cases_hold(void **state)
{
    (void)state;
    arena *a = arena_new();
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        value found = evaluate(a, str_from(cases[i].source));
        if (!str_equal(shown(a, &found), str_from(cases[i].wanted)))
            fail_msg("%s: expected %s, found %.*s", cases[i].source, cases[i].wanted, STR_ARG(shown(a, &found)));
    }
    arena_free(a);
}

static const char *const broken[] = {
    "", "'a", "a b", "nosuch(a)", "concat(a", "concat(a,)", "concat()", "a |", "| a", "\"a", "\"\"", "a)",
    "concat(concat(concat(concat(concat(concat(concat(concat(concat(a)))))))))",
    "a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a|a",
};

static void broken_mappings_are_refused(void **state)
{
    (void)state;
    arena *a = arena_new();
    for (size_t i = 0; i < sizeof broken / sizeof *broken; i++) {
        const char *error = NULL;
        if (field_map_parse(a, str_from(broken[i]), &error)) fail_msg("'%s' was taken", broken[i]);
        assert_non_null(error);
    }
    arena_free(a);
}

static void mappings_parse(void **state)
{
    (void)state;
    arena *a = arena_new();
    const char *error = NULL;
    const field_map *m = field_map_parse(a, STR("A | decimal( B ) | 'it''s' | missing | \"cs(User-Agent)\""), &error);
    assert_non_null(m);
    assert_int_equal(m->kind, MAP_FIRST);
    assert_int_equal(m->count, 5);
    assert_int_equal(m->args[0]->kind, MAP_FIELD);
    assert_int_equal(m->args[1]->kind, MAP_CALL);
    assert_view(m->args[2]->constant.as.string, "it's");
    assert_int_equal(m->args[3]->kind, MAP_MISSING);
    assert_view(m->args[4]->text, "cs(User-Agent)");
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(examples_hold), cmocka_unit_test(cases_hold), cmocka_unit_test(broken_mappings_are_refused),
        cmocka_unit_test(mappings_parse),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
