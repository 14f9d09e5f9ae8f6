/* Sigma files: any bytes load, resolve, and leave a catalogue whose plans can be printed. */
#include "languages/language.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const value_list no_lists[1];
    value_list list = {.name = STR("list")};
    vec_push(&list.values.items, STR("a*b"));
    vec_push(&list.values.items, STR("10.0.0.0/8"));
    language_options options = {.lists = {size & 1 ? &list : (value_list *)(uintptr_t)no_lists, 1}};
    rule_file file = {.path = STR("fuzz.yml"), .text = {(const char *)bytes, size}};
    const language *sigma = language_find(STR("sigma"));

    ir_catalog *c = ir_catalog_new();
    size_t rules = sigma->load(c, &file, &options);
    sigma->resolve(c, &options);
    if (rules != ir_rule_count(c)) __builtin_trap();
    for (size_t i = 0; i < ir_rule_count(c); i++) {
        const rule *r = ir_rule(c, i);
        text t = {0};
        if (r->state == RULE_RUNNABLE && (!r->plan || !r->plan->alert)) __builtin_trap();
        if ((r->state == RULE_RUNNABLE) != (r->reason.len == 0)) __builtin_trap();
        if (r->plan) ir_print_plan(&t, r->plan);
        text_free(&t);
    }
    ir_catalog_free(c);
    vec_free(&list.values.items);
    return 0;
}
