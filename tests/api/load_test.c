/*
 * Loading by several threads: whatever their number, the catalogue has the same rules in the same order, the same tests under
 * the same numbers, the same diagnostics, and correlations and filters find the rules that they name.
 */
#define _GNU_SOURCE
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>

#include "api/api.h"

enum { FILES = 230 };

static char folder[] = "/tmp/picket-load-XXXXXX";

static void write_file(const char *name, const char *pattern, int i)
{
    char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    fprintf(f, pattern, i, i, i % 7, i);
#pragma GCC diagnostic pop
    fclose(f);
}

/* Every kind of document: rules that share tests, broken ones, a correlation of the rule before, a filter, no rule at all. */
static const char *const kinds[] = {
    "title: rule %d\nname: rule_%d\nlogsource: {category: process_creation, product: windows}\n"
    "detection:\n  a: {Image|endswith: '\\shared%d.exe', CommandLine|contains: 'own%d'}\n  condition: a\n",
    "title: broken %d\nlogsource: {category: x%d}\ndetection:\n  a: {Image|endswit: '%d', B: '%d'}\n  condition: a\n",
    "title: twice %d\nname: twice_%d\nlogsource: {product: linux}\ndetection:\n  a: {x: [1, '1', 1.0, true, '%d*', 'c%d']}\n  condition: not a\n"
    "---\ntitle: second\nlogsource: {product: linux}\ndetection:\n  a|b: [\n",
    "note: %d\nmore: %d\nand: [%d, %d]\n",
    "title: list %d\nlogsource: {product: windows}\ndetection:\n  a: {User|expand: '%%list%d%%', X: %d, Y: %d}\n  condition: a\n",
};

static int make_folder(void **state)
{
    (void)state;
    char name[64];
    if (!mkdtemp(folder)) return -1;
    for (int i = 0; i < FILES; i++) {
        snprintf(name, sizeof name, "%03d.yml", i);
        write_file(name, kinds[i % 5], i);
    }
    write_file("100-correlation.yml", "title: many %d\ncorrelation: {type: event_count, rules: [rule_%d, rule_225], group-by: [User], timespan: %dm, condition: {gte: %d}}\n", 0);
    write_file("000-filter.yml", "title: filter %d\nlogsource: {category: process_creation, product: windows}\n"
               "filter:\n  rules: [rule_%d, rule_220]\n  f: {User: admin%d, Image: 'x%d'}\n  condition: not f\n", 5);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    char command[128];
    snprintf(command, sizeof command, "rm -rf %s", folder);
    return system(command);
}

/* All that loading made, as text. */
static pk_str picture(arena *a, unsigned threads)
{
    pk_catalog *c;
    text out = {0};
    assert_int_equal(pk_catalog_new(&c, PICKET_SOURCE_DIR "/share"), PK_OK);
    pk_catalog_use_threads(c, threads);
    assert_int_equal(pk_catalog_load(c, folder), PK_OK);
    assert_int_equal(pk_catalog_load(c, "/nowhere"), PK_ERROR_IO);
    for (size_t i = 0; i < pk_catalog_rule_count(c); i++) {
        const rule *r = ir_rule(c->ir, i);
        text_printf(&out, "%zu %u " STR_FMT " " STR_FMT " %d%d " STR_FMT "\n", i, r->index, STR_ARG(r->path), STR_ARG(r->title), r->state,
                    r->silent, STR_ARG(r->reason));
        if (r->plan && r->state == RULE_RUNNABLE) ir_print_plan(&out, r->plan);
    }
    for (size_t i = 0; i < ir_test_count(c->ir); i++) {
        text_printf(&out, "%u ", ir_test_at(c->ir, i)->id);
        ir_print_test(&out, ir_test_at(c->ir, i));
        text_put_char(&out, '\n');
    }
    const pk_diagnostics *d = pk_catalog_diagnostics(c);
    for (size_t i = 0; i < pk_diagnostics_count(d); i++) {
        const pk_diagnostic *one = pk_diagnostics_at(d, i);
        text_printf(&out, "%s " STR_FMT ":%u:%u " STR_FMT " " STR_FMT "\n", one->code, STR_ARG(one->file), one->line, one->column, STR_ARG(one->rule),
                    STR_ARG(one->message));
    }
    pk_strs without = pk_catalog_files_without_rules(c);
    for (size_t i = 0; i < without.count; i++) text_printf(&out, STR_FMT "\n", STR_ARG(without.items[i]));
    pk_str all = arena_str(a, text_view(&out));
    text_free(&out);
    pk_catalog_free(c);
    return all;
}

static void test_threads(void **state)
{
    (void)state;
    arena *a = arena_new();
    pk_str one = picture(a, 1);
    assert_true(str_find(one, STR("many 0")) != STR_NPOS);
    assert_true(str_find(one, STR("admin")) != STR_NPOS);          /* the filter is applied */
    assert_true(str_find(one, STR("sigma-modifier")) != STR_NPOS); /* the broken are told */
    for (unsigned threads = 2; threads < 9; threads++) {
        pk_str many = picture(a, threads);
        assert_int_equal(many.len, one.len);
        assert_memory_equal(many.ptr, one.ptr, one.len);
    }
    arena_free(a);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_threads)};
    return cmocka_run_group_tests_name("load", tests, make_folder, remove_folder);
}
