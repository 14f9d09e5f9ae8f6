/*
 * Building a program, step by step:
 *   choose    which rules run, and which others they need
 *   route     rules to classes; their expressions to trees of leaves (route.c, specialise.c)
 *   network   tests by slot (predicates.c, network.c)
 *   order     estimates, necessary sets, branches (necessary.c, boolean.c)
 *   classes   which slots an event of each class must fill
 */
#include "compile/program_private.h"

enum { RULES_A_THREAD = 200 };    /* a thread for fewer rules does not pay */

/* ---- choose ---- */

static bool chosen_by_default(const rule *r)
{
    return !str_equal_ascii_fold(r->status, STR("deprecated")) && !str_equal_ascii_fold(r->status, STR("unsupported"));
}

static bool can_run(const rule *r) { return r->state == RULE_RUNNABLE && r->plan; }

/* Compiles `r` and whatever its plan reads. Chains of correlations may be long and, in bad rules, circular. */
static void need_rule(program *p, const rule *first)
{
    VEC(const rule *) open = {0};
    vec_push(&open, first);
    while (open.len > 0) {
        const rule *r = open.at[--open.len];
        if (p->compiled[r->index] || !can_run(r)) continue;
        p->compiled[r->index] = true;
        for (size_t i = 0; i < r->plan->stage_count; i++) {
            const stage *s = r->plan->stages[i];
            if (s->kind == STAGE_RULE && s->as.rule.rule) vec_push(&open, s->as.rule.rule);
        }
    }
    vec_free(&open);
}

static void choose_rules(program *p, const compile_options *o)
{
    for (size_t i = 0; i < p->rule_count; i++) {
        const rule *r = ir_rule(p->catalog, i);
        if (!can_run(r)) continue;
        bool wanted = o && o->choose ? o->choose(r, o->choose_user) : chosen_by_default(r);
        if (!wanted) continue;
        p->chosen[i] = true;
        need_rule(p, r);
    }
}

/* ---- classes ---- */

typedef struct {
    program *program;
    class_program *of;
    uint32_t *seen;               /* by slot: number of the class that listed it last */
    uint32_t mark;
} class_filler;

static void ask_slot(class_filler *f, uint32_t number)
{
    program *p = f->program;
    const event_slot *s = &p->slots.all.at[number];
    if (f->seen[number] == f->mark) return;
    f->seen[number] = f->mark;
    if (s->kind == SLOT_FIELD) vec_push_in(p->arena, &f->of->slots, number);
    else vec_push_in(p->arena, &f->of->others, number);
    for (size_t i = 0; i < s->inputs.len; i++) ask_slot(f, s->inputs.at[i]);
}

static void ask_leaves(class_filler *f, const bool_expr *e)
{
    const program *p = f->program;
    for (size_t i = 0; i < e->count; i++) ask_leaves(f, e->args[i]);
    if (e->kind != BOOL_LEAF) return;
    switch (e->leaf) {
    case LEAF_PREDICATE:
    case LEAF_EVERY:
    case LEAF_DIFFERS:
        ask_slot(f, p->predicates.at[e->id].slot);
        return;
    case LEAF_PRESENT:
    case LEAF_VALUE:
    case LEAF_NULL:
    case LEAF_MANY:
    case LEAF_CONDITION:
    case LEAF_CONDITION_FAILS:
        ask_slot(f, e->id);
        return;
    case LEAF_COMPARE:
    case LEAF_COMPARE_FAILS:
        for (int i = 0; i < 2; i++)
            if (!p->comparisons.at[e->id].sides[i].known) ask_slot(f, p->comparisons.at[e->id].sides[i].slot);
        return;
    }
}

/* Class by class, so that one mark a class tells which slots it lists already. */
static void fill_classes(program_builder *b)
{
    program *p = b->program;
    uint32_t classes = p->class_count + 1;
    class_filler f = {.program = p, .seen = mem_zalloc(p->slots.all.len + 1, sizeof *f.seen)};
    VEC(uint32_t) *of_class = mem_zalloc(classes, sizeof *of_class);
    for (uint32_t i = 0; i < p->variants.len; i++) {
        class_id c = p->variants.at[i].class_id;
        vec_push(&of_class[c == CLASS_NONE ? p->class_count : c], i);
    }
    for (uint32_t c = 0; c < classes; c++) {
        f.of = &p->classes[c];
        f.mark = c + 1;
        for (size_t i = 0; i < of_class[c].len; i++) ask_leaves(&f, b->expressions.at[of_class[c].at[i]]);
        vec_free(&of_class[c]);
    }
    mem_free(of_class);
    mem_free(f.seen);
}

/* ---- branches ---- */

/* Equal expressions (a rule on classes with the same mapping, copies of a rule) share their branches. */
static uint32_t emit_shared(program *p, table *known, arena *scratch, bool_expr *e)
{
    size_t before = p->code.code.len;
    uint32_t entry = bool_emit(&p->code, e);
    size_t count = p->code.code.len - before;
    if (count == 0) return entry;
    instruction *copy = arena_alloc(scratch, count * sizeof *copy);
    memset(copy, 0, count * sizeof *copy);
    for (size_t i = 0; i < count; i++) {
        const instruction *from = &p->code.code.at[before + i];
        copy[i].leaf = from->leaf;
        copy[i].id = from->id;
        copy[i].on_true = from->on_true < CODE_REJECT ? from->on_true - (uint32_t)before : from->on_true;
        copy[i].on_false = from->on_false < CODE_REJECT ? from->on_false - (uint32_t)before : from->on_false;
    }
    pk_str key = {(const char *)copy, count * sizeof *copy};
    uint32_t same = table_get(known, key);
    if (same != TABLE_NONE) {
        p->code.code.len = before;
        return same;
    }
    table_put(known, key, entry);
    return entry;
}

static void emit_variants(program_builder *b)
{
    program *p = b->program;
    table known = {0};
    for (size_t i = 0; i < p->variants.len; i++) {
        bool_expr *e = b->expressions.at[i];
        estimate_expression(p, e);
        find_necessary(b, &p->variants.at[i], e);
        p->variants.at[i].code = emit_shared(p, &known, b->scratch, e);
    }
    table_free(&known);
}

/* ---- all of it ---- */

static program *new_program(ir_catalog *c, schema *s)
{
    program *p = mem_zalloc(1, sizeof *p);
    p->arena = arena_new();
    p->catalog = c;
    p->schema = s;
    p->paths = path_set_new();
    p->rule_count = ir_rule_count(c);
    p->compiled = ARENA_ARRAY(p->arena, bool, p->rule_count + 1);
    p->chosen = ARENA_ARRAY(p->arena, bool, p->rule_count + 1);
    p->prepared_count = ir_test_count(c);
    p->prepared = ARENA_ARRAY(p->arena, prepared_test *, p->prepared_count + 1);
    p->class_count = (uint32_t)schema_class_count(s);
    p->classes = ARENA_ARRAY(p->arena, class_program, p->class_count + 1);
    slots_init(&p->slots, s, p->paths, p->arena);
    return p;
}

static void route_rules(program_builder *b)
{
    program *p = b->program;
    for (size_t i = 0; i < p->rule_count; i++) {
        const rule *r = ir_rule(p->catalog, i);
        if (!p->compiled[i]) continue;
        route_rule(b, r);
        if (p->compiled[i] && rule_is_correlation(r)) vec_push(&p->correlations, r);
        p->chosen_count += p->compiled[i] && p->chosen[i];
    }
}

static void free_builder(program_builder *b)
{
    for (size_t i = 0; i < b->slot_tests.len; i++) vec_free(&b->slot_tests.at[i]);
    vec_free(&b->slot_tests);
    vec_free(&b->expressions);
    table_free(&b->predicate_numbers);
    slots_finish(&b->program->slots);
    table_free(&b->test_numbers);
    table_free(&b->sources);
    vec_free(&b->source_classes);
    regex_scratch_free(&b->regex);
    arena_free(b->scratch);
}

/* Freezing the paths and all else have nothing to do with each other; begun first, since there are threads in the second. */
static void run_half(size_t half, unsigned worker, void *user)
{
    program_builder *b = user;
    (void)worker;
    if (half == 0) {
        path_set_freeze(b->program->paths);
        return;
    }
    estimate_predicates(b);
    emit_variants(b);
    fill_classes(b);
    index_candidates(b->program);
    networks_finish(b);
}

pk_status program_build(program **out, ir_catalog *c, schema *s, const compile_options *o, diag_list *d)
{
    program *p = new_program(c, s);
    program_builder b = {.program = p, .diags = d, .scratch = arena_new()};
    b.threads = parallel_threads(o ? o->threads : 0, p->rule_count / RULES_A_THREAD + 1);
    regex_scratch_init(&b.regex);
    choose_rules(p, o);
    route_rules(&b);
    if (o && o->routes_only) {
        free_builder(&b);
        *out = p;
        return PK_OK;
    }
    schema_register(s, p->paths);
    parallel_for(2, b.threads < 2 ? 1 : 2, run_half, &b);
    free_builder(&b);
    *out = p;
    return PK_OK;
}

void program_free(program *p)
{
    if (!p) return;
    if (p->image) {
        program_release(p);
        return;
    }
    for (size_t i = 0; p->networks && i < p->part_count; i++) network_free(p->networks[i]);
    for (size_t i = 0; i < p->prepared_count; i++) prepared_free(p->prepared[i]);
    slots_free(&p->slots);
    path_set_free(p->paths);
    vec_free(&p->predicates);
    vec_free(&p->comparisons);
    vec_free(&p->variants);
    vec_free(&p->code.code);
    vec_free(&p->correlations);
    for (size_t i = 0; i < PARALLEL_MOST; i++) arena_free(p->worker_arenas[i]);
    arena_free(p->arena);
    mem_free(p);
}

/* ---- questions ---- */

const path_set *program_paths(const program *p) { return p->paths; }
const schema *program_schema(const program *p) { return p->schema; }
size_t program_rule_count(const program *p) { return p->chosen_count; }
bool program_has_correlations(const program *p) { return p->correlations.len > 0; }

bool program_has_rule(const program *p, uint32_t rule_index)
{
    return rule_index < p->rule_count && p->chosen[rule_index] && p->compiled[rule_index];
}

const rule *const *program_correlations(const program *p, size_t *count)
{
    *count = p->correlations.len;
    return p->correlations.at;
}
