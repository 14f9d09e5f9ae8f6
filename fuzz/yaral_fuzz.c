/*
 * YARA-L: any bytes are read; a rule without errors is printed, parses back to an equal tree, and prints the same again. Then the
 * file is loaded as a rule file is: checks, plans, boxes.
 */
#include "languages/language.h"
#include "languages/yaral/ast.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_round_trip(arena *a, yaral_rule *r, diag_list *d)
{
    text once = {0}, twice = {0};
    yaral_print(&once, r);
    yaral_file again = yaral_parse(a, a, STR("printed"), text_view(&once), d);
    if (again.count != 1 || !yaral_equal(r, again.rules[0])) __builtin_trap();
    yaral_print(&twice, again.rules[0]);
    if (!str_equal(text_view(&once), text_view(&twice))) __builtin_trap();
    text_free(&once);
    text_free(&twice);
}

static void check_load(pk_str source)
{
    value_list list = {.name = STR("list")};
    vec_push(&list.values.items, STR("a.*b"));
    vec_push(&list.values.items, STR("10.0.0.0/8"));
    language_options options = {.lists = {&list, 1}, .empty_lists = true};
    rule_file file = {.path = STR("fuzz.yaral"), .text = source};
    const language *yaral = language_find(STR("yara-l"));
    ir_catalog *c = ir_catalog_new();
    size_t rules = yaral->load(c, &file, &options);
    if (rules != ir_rule_count(c)) __builtin_trap();
    for (size_t i = 0; i < rules; i++) {
        const rule *r = ir_rule(c, i);
        text t = {0};
        arena *a = arena_new();
        rule_description boxes;
        if (r->state == RULE_RUNNABLE && (!r->plan || !r->plan->alert)) __builtin_trap();
        if ((r->state == RULE_RUNNABLE) != (r->reason.len == 0)) __builtin_trap();
        if (r->plan) ir_print_plan(&t, r->plan);
        language_describe(r, a, &boxes);
        arena_free(a);
        text_free(&t);
    }
    ir_catalog_free(c);
    vec_free(&list.values.items);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    pk_str source = {(const char *)bytes, size};
    arena *a = arena_new();
    diag_list *d = diag_list_new();
    yaral_file file = yaral_parse(a, a, STR("fuzz.yaral"), source, d);
    for (size_t i = 0; i < file.count; i++) {
        yaral_bind(a, file.rules[i]);
        if (!file.rules[i]->broken) check_round_trip(a, file.rules[i], d);
        else if (!file.rules[i]->reason.len) __builtin_trap();
    }
    diag_list_free(d);
    arena_free(a);
    check_load(source);
    return 0;
}
