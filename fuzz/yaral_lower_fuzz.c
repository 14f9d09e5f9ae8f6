/* YARA-L files: any bytes load; every plan that comes of them prints, and parses back to an equal one. */
#include "languages/language.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

static void check_plan(ir_catalog *c, const plan *p)
{
    text first = {0}, second = {0};
    ir_print_plan(&first, p);
    plan *again = ir_parse_plan(c, text_view(&first), STR("printed"), ir_diags(c));
    if (!again || !ir_plan_equal(p, again)) __builtin_trap();
    ir_print_plan(&second, again);
    if (!str_equal(text_view(&first), text_view(&second))) __builtin_trap();
    text_free(&first);
    text_free(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char entries[][12] = {"a.*b", "10.0.0.0/8", "Admin"};
    static pk_str cells[] = {{"ws1", 3}, {"10.0.0.0/8", 10}, {"a.*b|(", 6}, {"7.5", 3}, {"ws2|", 4}, {"fe80::/10", 9}, {"", 0}, {"x", 1}};
    static data_column columns[] = {{{"host", 4}, COLUMN_STRING, true}, {{"net", 3}, COLUMN_CIDR, false}, {{"like", 4}, COLUMN_REGEX, true}, {{"n", 1}, COLUMN_NUMBER, false}};
    data_table parts = {.name = STR("table"), .columns = columns, .column_count = 4, .cells = cells, .row_count = 2};
    value_list list = {.name = STR("list")};
    for (size_t i = 0; i < 3; i++) vec_push(&list.values.items, str_from(entries[i]));
    language_options options = {.lists = {&list, 1}, .tables = {&parts, 1}, .empty_lists = size & 1};
    rule_file file = {.path = STR("fuzz.yaral"), .text = {(const char *)bytes, size}};

    ir_catalog *c = ir_catalog_new();
    size_t rules = language_find(STR("yara-l"))->load(c, &file, &options);
    if (rules != ir_rule_count(c)) __builtin_trap();
    for (size_t i = 0; i < ir_rule_count(c); i++) {
        const rule *r = ir_rule(c, i);
        if (r->state == RULE_RUNNABLE && (!r->plan || !r->plan->alert)) __builtin_trap();
        if ((r->state == RULE_RUNNABLE) != (r->reason.len == 0)) __builtin_trap();
        if (r->plan) check_plan(c, r->plan);
    }
    ir_catalog_free(c);
    vec_free(&list.values.items);
    return 0;
}
