/* Conditions, over a fixed set of identifiers; in a YAML block so that any text reaches the parser. */
#include "languages/language.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    static const char head[] = "title: t\nlogsource: {product: p}\ndetection:\n"
                               "  selection: {A: 1}\n  sel_b: {B: 2}\n  filter_main: {C: 3}\n  _hidden: {D: 4}\n"
                               "  keywords: [x, y]\n  timeframe: 5m\n  condition: |-\n    x ";
    text t = {0};
    text_put(&t, (pk_str){head, sizeof head - 3});
    for (size_t i = 0; i < size; i++) {
        char c = (char)bytes[i];
        text_put_char(&t, c);
        if (c == '\n') text_put_cstring(&t, "    ");
    }
    rule_file file = {.path = STR("fuzz.yml"), .text = text_view(&t)};
    ir_catalog *c = ir_catalog_new();
    language_find(STR("sigma"))->load(c, &file, &(language_options){0});
    for (size_t i = 0; i < ir_rule_count(c); i++) {
        const rule *r = ir_rule(c, i);
        text out = {0};
        if (r->state == RULE_RUNNABLE && (!r->plan || !r->plan->alert)) __builtin_trap();
        if (r->plan) ir_print_plan(&out, r->plan);
        text_free(&out);
    }
    ir_catalog_free(c);
    text_free(&t);
    return 0;
}
