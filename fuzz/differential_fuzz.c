/*
 * Engine against reference evaluator: the bytes choose a handful of rules (expressions of every kind and flag over a few
 * fields) and a handful of records made of the same words; both must find the same rules true of each record.
 */
#include <stdio.h>
#include <stdlib.h>

#include "engine/engine.h"
#include "ir/eval.h"
#include "project.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

/* ---- choices ---- */

typedef struct {
    const uint8_t *at, *end;
    arena *arena;
    ir_catalog *catalog;
    eval_context *evaluator;
} chooser;

static uint32_t choose(chooser *c, uint32_t below) { return c->at < c->end ? *c->at++ % below : 0; }

static const char *const words[] = {"", "a", "b", "ab", "A", "aB", "\\", "x.exe", ".exe", "-", "/f", " -f", "\xe2\x80\x93" "f", "*", "?", "1", "12",
                                    "-1.5", "true", "\xc3\x84", "\xc3\xa4", "\xe2\x84\xaa", "k", "\n", " ", "10.0.0.1", "::1", "abcdefgh", "ABCDEFGH",
                                    "2021-05-01T22:03:04Z", "\xc5\xbf", "s"};
#define WORDS (sizeof words / sizeof *words)

static const char *const regex_pieces[] = {"a", "b", ".", "\\s", "\\w", "[aA]", "(ab|b)", "+", "*", "?", "^", "$", "\\.exe", "(?i)", "k", "{2}", "(?=a)",
                                           "abcdefgh", "\\b", "1", "(?:a|-f)", "[^b]", "s", "\\-"};
#define REGEX_PIECES (sizeof regex_pieces / sizeof *regex_pieces)

static pk_str joined(chooser *c, const char *const *pieces, size_t count, uint32_t most)
{
    text t = {0};
    for (uint32_t n = choose(c, most + 1); n > 0; n--) text_put_cstring(&t, pieces[choose(c, (uint32_t)count)]);
    pk_str out = arena_str(c->arena, text_view(&t));
    text_free(&t);
    return out;
}

/* ---- records ---- */

static value some_scalar(chooser *c)
{
    switch (choose(c, 10)) {
    case 0: return value_null();
    case 1: return value_int((int64_t)choose(c, 20) - 5);
    case 2: return value_bool(choose(c, 2));
    case 3: return value_real((double)choose(c, 9) / 2 - 2);
    case 4: return (value){.type = VALUE_BLANK};
    default: return value_string(joined(c, words, WORDS, 5));
    }
}

static value some_value(chooser *c, unsigned depth)
{
    list_builder list = {0};
    record_builder record = {0};
    switch (choose(c, depth ? 8 : 6)) {
    case 5:
        for (uint32_t n = choose(c, 4); n > 0; n--) list_add(c->arena, &list, some_scalar(c));
        return list_done(&list);
    case 6:
    case 7:
        record_add(c->arena, &record, STR("d"), some_value(c, depth - 1));
        return record_done(&record);
    default: return some_scalar(c);
    }
}

static const char *const names[] = {"a", "b", "c", "c.d", "e"};
#define NAMES (sizeof names / sizeof *names)

static value some_record(chooser *c)
{
    record_builder record = {0};
    for (size_t i = 0; i < NAMES; i++)
        if (choose(c, 3)) record_add(c->arena, &record, str_from(names[i]), some_value(c, 2));
    return record_done(&record);
}

/* ---- expressions ---- */

static const ir_test *some_test(chooser *c)
{
    test_kind kind = (test_kind)choose(c, TEST_KINDS);
    uint16_t flags = 0;
    value constant = value_string(joined(c, words, WORDS, 3));
    if (choose(c, 4) == 0) flags |= TEST_CASED;
    if (kind <= TEST_WILDCARD && choose(c, 4) == 0) flags |= TEST_DASHES;
    if (kind == TEST_EQUALS && choose(c, 4) == 0) constant = choose(c, 2) ? value_int(choose(c, 13)) : value_bool(choose(c, 2));
    if (kind == TEST_REGEX) {
        constant = value_string(joined(c, regex_pieces, REGEX_PIECES, 6));
        flags |= (uint16_t)(choose(c, 8) << 2);
    }
    if (kind == TEST_CIDR) constant = value_string(choose(c, 2) ? STR("10.0.0.0/8") : STR("::/64"));
    if (kind == TEST_COMPARE) constant = choose(c, 2) ? value_int((int64_t)choose(c, 8) - 4) : value_real(0.5);
    if (kind == TEST_EXISTS || kind == TEST_IS_NULL) constant = (value){.type = VALUE_MISSING}, flags = 0;
    return ir_intern_test(c->catalog, kind, flags, (compare_op)choose(c, 6), constant);
}

static expr *some_operand(chooser *c)
{
    uint32_t n = choose(c, NAMES + 3);
    if (n == NAMES) return ir_any_value(c->arena);
    expr *field = ir_field_expr(c->arena, STR("sigma"), str_from(names[n < NAMES ? n : 0]));
    return n == NAMES + 1 ? ir_call(c->arena, STR("time_hour"), &field, 1) : field;
}

static expr *some_use(chooser *c)
{
    uint32_t count = 1 + choose(c, 3);
    ir_constant *constants = ARENA_ARRAY(c->arena, ir_constant, count);
    for (uint32_t i = 0; i < count; i++) constants[i].test = some_test(c);
    expr *e = ir_use_expr(c->arena, some_operand(c), constants, count, choose(c, 3) == 0);
    uint32_t flags = choose(c, 16);
    if (flags < 4) e->as.use.missing = (missing_policy)flags;
    if (flags >= 4 && flags < 8) e->as.use.many = (many_policy)(flags - 4);
    if (flags == 8) e->as.use.not_equal = NOT_EQUAL_SOME;
    if (flags == 9) e->as.use.negated = true;
    if (flags == 10) e->as.use.numbers = NUMBERS_STRICT;
    if (flags == 11) e->as.use.missing = (missing_policy)choose(c, 4), e->as.use.many = (many_policy)choose(c, 4);
    if (flags == 12) e->as.use.negated = true, e->as.use.missing = (missing_policy)choose(c, 4), e->as.use.numbers = (number_policy)choose(c, 2);
    return e;
}

static expr *some_compare(chooser *c)
{
    static const test_kind how[] = {TEST_EQUALS, TEST_STARTS_WITH, TEST_ENDS_WITH, TEST_MATCH};
    expr *x = some_operand(c), *y = choose(c, 3) ? some_operand(c) : ir_constant_expr(c->arena, some_scalar(c));
    expr *e = ir_compare(c->arena, x, (compare_op)choose(c, 6), y);
    e->as.compare.how = how[choose(c, 4)];
    e->as.compare.cased = choose(c, 2);
    e->as.compare.missing = (missing_policy)choose(c, 4);
    e->as.compare.many = (many_policy)choose(c, 4);
    return e;
}

static expr *some_expr(chooser *c, unsigned depth)
{
    if (depth == 0) return some_use(c);
    switch (choose(c, 10)) {
    case 0:
    case 1: return ir_and(c->arena, some_expr(c, depth - 1), some_expr(c, depth - 1));
    case 2:
    case 3: return ir_or(c->arena, some_expr(c, depth - 1), some_expr(c, depth - 1));
    case 4: return ir_not(c->arena, some_expr(c, depth - 1));
    case 5: return some_compare(c);
    case 6: return choose(c, 4) ? some_operand(c) : ir_constant_expr(c->arena, some_scalar(c));
    default: return some_use(c);
    }
}

static void add_rule(chooser *c)
{
    rule *r = ir_add_rule(c->catalog);
    plan *p = ARENA_NEW(c->arena, plan);
    stage *s = ir_add_stage(c->arena, p, STAGE_MATCH, STR("e"), NULL, 0);
    s->as.match.schema = STR("sigma");
    s->as.match.where = some_expr(c, 4);
    p->alert = s;
    r->plan = p;
}

/* ---- the two ---- */

static void fill(arena *a, const path_set *paths, path_node node, const value *v, event_field **fields, size_t *count)
{
    if (node == PATH_NONE) return;
    if (v->type == VALUE_LIST) {
        for (size_t i = 0; i < v->as.list.count; i++) fill(a, paths, node, &v->as.list.items[i], fields, count);
    } else if (v->type == VALUE_RECORD) {
        for (size_t i = 0; i < v->as.record.count; i++)
            fill(a, paths, path_child(paths, node, v->as.record.fields[i].name), &v->as.record.fields[i].value, fields, count);
    } else {
        const path_slot *slots;
        size_t n = path_node_slots(paths, node, &slots);
        for (size_t i = 0; i < n && *count < 256; i++) (*fields)[(*count)++] = (event_field){.slot = slots[i], .value = *v};
    }
}

static const value *tree_of(const event *e, arena *a)
{
    (void)a;
    return e->reader;
}

static bool any_source(const eval_event *e, const stage *match, void *user)
{
    (void)e, (void)match, (void)user;
    return true;
}

static void field_values(const eval_event *e, const stage *match, const ir_field *f, arena *a, list_builder *out, void *user)
{
    (void)match, (void)user;
    tree_values(e->tree, f->path, a, out);
}

static void differ(chooser *c, const rule *r, const value *record, bool engine)
{
    text t = {0};
    ir_print_plan(&t, r->plan);
    text_put_cstring(&t, "record ");
    ir_print_expr(&t, ir_constant_expr(c->arena, *record)); /* tells a blank from an empty text */
    fprintf(stderr, "only the %s finds it true:\n%.*s\n", engine ? "engine" : "evaluator", STR_ARG(text_view(&t)));
    abort();
}

static void check_record(chooser *c, const program *p, matcher *m, const value *record)
{
    static const classification open_class = {.layout = LAYOUT_NONE};
    event_field *fields = ARENA_ARRAY(c->arena, event_field, 256);
    event e = {.fields = fields, .tree = tree_of, .reader = record};
    fill(c->arena, program_paths(p), PATH_ROOT, record, &fields, &e.field_count);
    match_result found = matcher_run(m, &e, &open_class);
    eval_schema schema_of_record = {.is_source = any_source, .field = field_values, .context_of_run = c->evaluator};
    eval_event seen = {.time = TIMESTAMP_NONE, .tree = record};
    uint32_t k = 0;
    for (uint32_t i = 0; i < ir_rule_count(c->catalog); i++) {
        const rule *r = ir_rule(c->catalog, i);
        bool engine = k < found.count && found.rules[k] == i;
        k += engine;
        if (!program_has_rule(p, i)) continue; /* it says that it cannot */
        if (engine != eval_match(r->plan, r->plan->stages[0], &seen, &schema_of_record, c->arena)) differ(c, r, record, engine);
        match_reasons reasons = {{0}};
        if (engine) matcher_why(m, r, CLASS_NONE, &e, &open_class, c->arena, &reasons);
        vec_free(&reasons.items);
    }
    if (k != found.count) abort(); /* a rule twice, or out of order */
}

/* The schema plays no part, but a program wants one: the small one of the tests. */
static schema *test_schema(void)
{
    static schema *s;
    if (!s) s = load_schemas(PICKET_SOURCE_DIR "/tests/engine/schemas");
    return s;
}

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    chooser c = {.at = bytes, .end = bytes + size, .arena = arena_new(), .catalog = ir_catalog_new(), .evaluator = eval_context_new()};
    diag_list *d = diag_list_new();
    program *p;
    value records[4];
    for (uint32_t n = 1 + choose(&c, 6); n > 0; n--) add_rule(&c);
    for (size_t i = 0; i < 4; i++) records[i] = some_record(&c);
    if (program_build(&p, c.catalog, test_schema(), NULL, d) == PK_OK) {
        matcher *m = matcher_new(p);
        for (size_t i = 0; i < 8; i++) check_record(&c, p, m, &records[i % 4]); /* twice: the second from memory */
        matcher_free(m);
        program_free(p);
    }
    diag_list_free(d);
    eval_context_free(c.evaluator);
    ir_catalog_free(c.catalog);
    arena_free(c.arena);
    return 0;
}
