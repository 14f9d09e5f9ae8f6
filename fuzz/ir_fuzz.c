/*
 * The text form and the evaluator. Whatever the bytes: a plan or a diagnostic; a plan prints, parses back to itself and runs
 * over a few events.
 */
#include <stdlib.h>

#include "event/event.h"
#include "ir/eval.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool is_source(const eval_event *e, const stage *s, void *user)
{
    (void)s, (void)user;
    return e->order % 5 != 0;
}

static void field(const eval_event *e, const stage *s, const ir_field *f, arena *a, list_builder *out, void *user)
{
    (void)s, (void)user;
    tree_values(e->tree, f->path, a, out);
}

static const value *context(const stage *s, size_t *n, void *user)
{
    (void)s;
    *n = 2;
    return user;
}

static void run(const plan *p)
{
    static const timestamp times[] = {0, SECOND, SECOND, 300 * SECOND, TIMESTAMP_NONE, INT64_MAX - 1, INT64_MIN + 1};
    enum { COUNT = sizeof times / sizeof *times };
    arena *a = arena_new();
    value list[2] = {value_string(STR("a")), value_int(7)}, trees[COUNT];
    value_field fields[COUNT][3];
    eval_event events[COUNT];
    for (size_t i = 0; i < COUNT; i++) {
        value both = {.type = VALUE_LIST};
        both.as.list.items = list;
        both.as.list.count = i % 3;
        fields[i][0] = (value_field){STR("a"), i % 2 ? value_string(STR("x y.exe")) : value_real((double)i * 1e300)};
        fields[i][1] = (value_field){STR("b"), both};
        fields[i][2] = (value_field){STR("c"), i % 2 ? value_int((int64_t)i - 3) : value_null()};
        trees[i] = (value){.type = VALUE_RECORD};
        trees[i].as.record.fields = fields[i];
        trees[i].as.record.count = 3;
        events[i] = (eval_event){.time = times[i], .order = i, .tree = &trees[i]};
    }
    eval_schema s = {.is_source = is_source, .field = field, .context = context, .user = trees};
    rule r = {.plan = (plan *)p};
    size_t rows;
    eval_plan(&r, events, COUNT, &s, a, &rows);
    arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ir_catalog *c = ir_catalog_new();
    plan *p = ir_parse_plan(c, (pk_str){(const char *)data, size}, STR("fuzz"), ir_diags(c));
    if (p) {
        text first = {0}, second = {0};
        ir_print_plan(&first, p);
        plan *again = ir_parse_plan(c, text_view(&first), STR("printed"), ir_diags(c));
        if (!again || !ir_plan_equal(p, again)) abort();
        ir_print_plan(&second, again);
        if (!str_equal(text_view(&first), text_view(&second))) abort();
        text_free(&first);
        text_free(&second);
        run(p);
    } else if (diag_total(ir_diags(c), PK_ERROR) == 0) {
        abort();
    }
    ir_catalog_free(c);
    return 0;
}
