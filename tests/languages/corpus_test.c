/*
 * The published Sigma rules: how many load, in which state, and whether the table of predicates that falls out of them has
 * the rows that were counted independently.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "../tools/case_file.h"
#include "../tools/corpora.h"
#include "base/unicode.h"
#include "languages/language.h"

#define CASES 7                         /* tests below that need the corpora */

typedef struct {
    arena *arena;
    bool present;
    VEC(rule_file) files;
} corpus;

static corpus rules;

/* ---- finding and reading files ---- */

static int by_name(const struct dirent **x, const struct dirent **y) { return strcmp((*x)->d_name, (*y)->d_name); }

static void add_folder(corpus *c, pk_str root, pk_str below)
{
    struct dirent **entries;
    char *path = mem_cstring(arena_printf(c->arena, STR_FMT "/" STR_FMT, STR_ARG(root), STR_ARG(below)));
    int count = scandir(path, &entries, NULL, by_name);
    mem_free(path);
    for (int i = 0; i < count; i++) {
        pk_str name = str_from(entries[i]->d_name);
        pk_str inner = arena_printf(c->arena, STR_FMT "%s" STR_FMT, STR_ARG(below), below.len ? "/" : "", STR_ARG(name));
        struct stat st;
        char *full = mem_cstring(arena_printf(c->arena, STR_FMT "/" STR_FMT, STR_ARG(root), STR_ARG(inner)));
        if (name.ptr[0] != '.' && stat(full, &st) == 0) {
            if (S_ISDIR(st.st_mode) && !str_equal(name, STR("regression_data"))) add_folder(c, root, inner);
            else if (S_ISREG(st.st_mode) && str_ends_with(name, STR(".yml"))) {
                rule_file f = {.path = inner, .text = read_whole_file(c->arena, full)};
                vec_push(&c->files, f);
            }
        }
        mem_free(full);
        free(entries[i]);
    }
    if (count >= 0) free(entries);
}

static int set_up(void **state)
{
    (void)state;
    const char *root = corpora_root();
    rules.arena = arena_new();
    pk_str sigma = arena_printf(rules.arena, "%s/rules/sigma", root);
    rules.present = *root != 0;
    if (rules.present) add_folder(&rules, sigma, STR(""));
    else printf("skipped %d cases: corpora absent\n", CASES);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    vec_free(&rules.files);
    arena_free(rules.arena);
    return 0;
}

static bool is_below(pk_str path, const char *const *folders)
{
    for (; *folders; folders++)
        if (str_starts_with(path, str_from(*folders))) return true;
    return false;
}

static const char *const all[] = {"", NULL};
static const char *const active[] = {"rules/", "rules-emerging-threats/", "rules-threat-hunting/", "rules-compliance/", NULL};
static const char *const counted[] = {"rules/", "rules-emerging-threats/", "rules-threat-hunting/", NULL};

static ir_catalog *load(const char *const *folders, const language_options *o, size_t *files)
{
    ir_catalog *c = ir_catalog_new();
    *files = 0;
    for (size_t i = 0; i < rules.files.len; i++) {
        const rule_file *f = &rules.files.at[i];
        if (!is_below(f->path, folders)) continue;
        assert_ptr_equal(language_detect(f), language_find(STR("sigma")));
        assert_true(language_find(STR("sigma"))->load(c, f, o) > 0);
        ++*files;
    }
    language_find(STR("sigma"))->resolve(c, o);
    return c;
}

static size_t count_state(const ir_catalog *c, rule_state state)
{
    size_t n = 0;
    for (size_t i = 0; i < ir_rule_count(c); i++) n += ir_rule(c, i)->state == state;
    return n;
}

/* ---- states ---- */

static void test_all_files_load(void **state)
{
    (void)state;
    size_t files;
    if (!rules.present) skip();
    ir_catalog *c = load(all, &(language_options){0}, &files);
    assert_int_equal(files, 3246);
    assert_int_equal(ir_rule_count(c), 3248);           /* three files are collections: two rules each in two of them */
    assert_int_equal(count_state(c, RULE_ERROR), 0);
    for (size_t i = 0; i < ir_rule_count(c); i++) {
        const rule *r = ir_rule(c, i);
        assert_true(r->title.len > 0);
        assert_true((r->state == RULE_RUNNABLE) == (r->reason.len == 0));
    }
    ir_catalog_free(c);
}

static void test_active_rules_are_runnable(void **state)
{
    (void)state;
    size_t files;
    if (!rules.present) skip();
    ir_catalog *c = load(active, &(language_options){0}, &files);
    assert_int_equal(files, 3044);
    assert_int_equal(ir_rule_count(c), 3044);
    assert_int_equal(count_state(c, RULE_NEEDS_LIST), 2);
    assert_int_equal(count_state(c, RULE_RUNNABLE), 3042);
    for (size_t i = 0; i < ir_rule_count(c); i++) {
        const rule *r = ir_rule(c, i);
        assert_true(r->state == RULE_RUNNABLE || str_find(r->reason, STR("%known_cdcs%")) != STR_NPOS);
        assert_true(r->id.len == 36 && r->author.len && r->date.len && r->level.len && r->status.len && r->description.len);
    }
    ir_catalog_free(c);
}

static void test_a_list_makes_the_others_runnable(void **state)
{
    (void)state;
    size_t files;
    if (!rules.present) skip();
    value_list list = {.name = STR("known_cdcs")};
    vec_push(&list.values.items, STR("10.0.0.1"));
    ir_catalog *c = load(active, &(language_options){.lists = {&list, 1}}, &files);
    assert_int_equal(count_state(c, RULE_RUNNABLE), 3044);
    ir_catalog_free(c);
    vec_free(&list.values.items);
}

/* ---- stages of the rule page ---- */

static void test_stages_of_rule_pages(void **state)
{
    (void)state;
    static const size_t expected[10] = {[2] = 1559, [3] = 775, [4] = 339, [5] = 167, [6] = 74, [7] = 46, [8] = 26, [9] = 55};
    size_t files, found[10] = {0}, most = 0;
    if (!rules.present) skip();
    ir_catalog *c = load(counted, &(language_options){0}, &files);
    assert_int_equal(files, 3041);
    for (size_t i = 0; i < ir_rule_count(c); i++) {
        const plan *p = ir_rule(c, i)->plan;
        size_t stages = 1;
        for (size_t k = 0; k < p->definition_count; k++) stages += !p->definitions[k].unused;
        if (stages > most) most = stages;
        found[stages < 9 ? stages : 9]++;
    }
    for (size_t i = 0; i < 10; i++) assert_int_equal(found[i], expected[i]);
    assert_int_equal(most, 35);
    ir_catalog_free(c);
}

/* ---- the predicate table ---- */

typedef struct {
    arena *arena;
    table predicates;                   /* text -> index in rules_of */
    VEC(uint32_t) rules_of;
    table seen;                         /* of the rule being read */
    size_t pairs;
} predicate_count;

static void put_operand(text *t, const expr *e)
{
    if (e->kind == EXPR_CALL) {
        text_put(t, e->as.call.name);
        text_put_char(t, '(');
        put_operand(t, e->args[0]);
        text_put_char(t, ')');
    } else {
        text_put(t, e->as.field.kind == FIELD_ANY_VALUE ? STR("<any>") : e->as.field.path);
    }
}

static void count_predicate(predicate_count *n, text *t)
{
    pk_str key = arena_str(n->arena, text_view(t));
    text_free(t);
    if (!table_put(&n->seen, key, 0)) return;
    n->pairs++;
    uint32_t i = table_get(&n->predicates, key);
    if (i != TABLE_NONE) {
        n->rules_of.at[i]++;
        return;
    }
    table_put(&n->predicates, key, (uint32_t)n->rules_of.len);
    vec_push(&n->rules_of, 1);
}

/* (field, kind with modifiers, value) of each written value; spellings of one value count once. */
static bool count_uses(const expr *e, bool negated, void *user)
{
    predicate_count *n = user;
    (void)negated;
    if (e->kind == EXPR_COMPARE) {
        text t = {0};
        put_operand(&t, e->args[0]);
        text_printf(&t, " field %s ", test_kind_table[e->as.compare.how].text);
        put_operand(&t, e->args[1]);
        count_predicate(n, &t);
    }
    if (e->kind != EXPR_USE) return true;
    for (size_t i = 0; i < e->as.use.count; i++) {
        const ir_constant *c = &e->as.use.constants[i];
        if (i && c->group == e->as.use.constants[i - 1].group) continue;
        pk_str value_of = c->written;
        if (!value_of.len) value_text(n->arena, &c->test->constant, &value_of);
        text t = {0};
        put_operand(&t, e->as.use.operand);
        text_printf(&t, " %s %x " STR_FMT " ", test_kind_table[c->test->kind].text, c->test->flags,
                    STR_ARG(c->origin));
        text_put(&t, fold(n->arena, value_of));
        count_predicate(n, &t);
    }
    return true;
}

static uint32_t rules_with(const predicate_count *n, const char *predicate)
{
    uint32_t i = table_get(&n->predicates, str_from(predicate));
    return i == TABLE_NONE ? 0 : n->rules_of.at[i];
}

static void test_predicates(void **state)
{
    (void)state;
    size_t files, in_one = 0;
    if (!rules.present) skip();
    ir_catalog *c = load(counted, &(language_options){0}, &files);
    predicate_count n = {.arena = arena_new()};
    for (size_t i = 0; i < ir_rule_count(c); i++) {
        const plan *p = ir_rule(c, i)->plan;
        table_free(&n.seen);
        n.seen = (table){0};
        for (size_t k = 0; k < p->definition_count; k++) ir_walk_expr(p, p->definitions[k].value, count_uses, &n);
    }
    for (size_t i = 0; i < n.rules_of.len; i++) in_one += n.rules_of.at[i] == 1;
    assert_int_equal(n.pairs, 31583);
    assert_int_equal(n.rules_of.len, 23495);
    assert_int_equal(in_one, 20779);
    assert_int_equal(rules_with(&n, "Image ends_with 0  \\powershell.exe"), 147);
    assert_int_equal(rules_with(&n, "Image ends_with 0  \\pwsh.exe"), 135);
    assert_int_equal(rules_with(&n, "Image ends_with 0  \\cmd.exe"), 103);
    assert_int_equal(rules_with(&n, "Image ends_with 0  \\rundll32.exe"), 89);
    assert_int_equal(rules_with(&n, "Image ends_with 0  \\wscript.exe"), 68);
    assert_int_equal(rules_with(&n, "OriginalFileName equals 0  powershell.exe"), 67);
    assert_int_equal(rules_with(&n, "Image ends_with 0  \\cscript.exe"), 65);
    assert_int_equal(rules_with(&n, "OriginalFileName equals 0  pwsh.dll"), 61);
    assert_int_equal(rules_with(&n, "Image ends_with 0  \\regsvr32.exe"), 60);
    assert_int_equal(rules_with(&n, "Image ends_with 0  \\mshta.exe"), 59);
    assert_int_equal(rules_with(&n, "Image ends_with 0  \\wmic.exe"), 53);
    assert_int_equal(rules_with(&n, "Image ends_with 0  \\schtasks.exe"), 48);
    assert_int_equal(rules_with(&n, "CommandLine match 0  .exe fwd -l "), 1);
    vec_free(&n.rules_of);
    table_free(&n.predicates);
    table_free(&n.seen);
    arena_free(n.arena);
    ir_catalog_free(c);
}

/* ---- every span points at what it is the span of ---- */

static bool check_span(const expr *e, bool negated, void *user)
{
    const rule *r = user;
    (void)negated;
    assert_true(e->span.start <= e->span.end && e->span.end <= r->source.len && e->span.line > 0);
    if (e->kind == EXPR_NAME) {
        pk_str written = str_slice(r->source, e->span.start, e->span.end - e->span.start);
        assert_true(str_equal(written, e->as.name.name) || str_find(written, STR(" of ")) != STR_NPOS);
    }
    for (size_t i = 0; e->kind == EXPR_USE && i < e->as.use.count; i++) {
        const ir_constant *c = &e->as.use.constants[i];
        assert_true(c->span.line > 0 && c->span.end <= r->source.len);
        assert_true(c->span.start >= e->span.start && c->span.end <= e->span.end);
    }
    return true;
}

static void test_spans(void **state)
{
    (void)state;
    size_t files;
    if (!rules.present) skip();
    ir_catalog *c = load(active, &(language_options){0}, &files);
    for (size_t i = 0; i < ir_rule_count(c); i++) {
        rule *r = ir_rule(c, i);
        assert_int_equal(r->span.start, 0);
        assert_int_equal(r->span.end, r->source.len);
        for (size_t k = 0; k < r->plan->definition_count; k++) {
            const ir_definition *d = &r->plan->definitions[k];
            assert_true(str_starts_with(str_slice(r->source, d->span.start, 1000), d->name));
            assert_true(d->span.end_line > d->span.line);
        }
        for (size_t k = 0; k < r->plan->stage_count; k++)
            ir_walk_expr(r->plan, r->plan->stages[k]->as.match.where, check_span, r);
    }
    ir_catalog_free(c);
}

/* ---- the text form ---- */

/* What is printed parses, with other tests of its own, to an equal plan. */
static void test_plans_print_and_parse(void **state)
{
    (void)state;
    size_t files;
    if (!rules.present) skip();
    ir_catalog *c = load(all, &(language_options){0}, &files), *other = ir_catalog_new();
    for (size_t i = 0; i < ir_rule_count(c); i++) {
        const rule *r = ir_rule(c, i);
        text t = {0};
        if (!r->plan) continue;
        ir_print_plan(&t, r->plan);
        plan *again = ir_parse_plan(other, text_view(&t), r->path, ir_diags(other));
        if (!again || !ir_plan_equal(r->plan, again))
            fail_msg(STR_FMT " does not come back from\n" STR_FMT, STR_ARG(r->path), STR_ARG(text_view(&t)));
        text_free(&t);
    }
    assert_int_equal(ir_test_count(other), ir_test_count(c));
    ir_catalog_free(other);
    ir_catalog_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[CASES] = {
        cmocka_unit_test(test_all_files_load),
        cmocka_unit_test(test_active_rules_are_runnable),
        cmocka_unit_test(test_a_list_makes_the_others_runnable),
        cmocka_unit_test(test_stages_of_rule_pages),
        cmocka_unit_test(test_predicates),
        cmocka_unit_test(test_spans),
        cmocka_unit_test(test_plans_print_and_parse),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
