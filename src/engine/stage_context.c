/* Context: records without a time, given before the first event and there for all of them; and rows that a plan itself holds. */
#include "engine/stage_context.h"

/* Of a context stage whose records become rows when a join asks for them. */
typedef struct { const context_choice *choice; } context_state;

static const char *context_open(stage_run *run, node *n)
{
    n->context = true;
    for (size_t i = 0; n->stage->kind == STAGE_ROWS && i < n->stage->as.rows.column_count; i++)
        node_add_column(run, n, (row_column){.name = n->stage->as.rows.columns[i]});
    return NULL;
}

static void context_push(stage_run *run, node *n, size_t input, row *r)
{
    (void)input;
    node_emit(run, n, r);
}

/* ---- what `where` lets through ---- */

static uint32_t record_at(const context_records *r, size_t i) { return r->numbers ? r->numbers[i] : (uint32_t)i; }

static bool same_records(const context_records *x, const context_records *y)
{
    return x->pack == y->pack && x->numbers == y->numbers && x->count == y->count;
}

part context_borrow(const context_records *records, uint32_t record, arena *a)
{
    return (part){.refs = 1, .context = true, .nested = true, .time = TIMESTAMP_NONE, .number = record, .record = value_pack_get(records->pack, record, a)};
}

/*
 * Records of one feed have the same metadata, which the pack keeps once; and mostly nothing else is asked of them. So what was
 * found of such a field is remembered by its place.
 */
enum { PLACES_REMEMBERED = 256 };
typedef struct {
    pk_str field;                 /* the only one that `where` reads; empty: there are several */
    bool several;
    struct { uint64_t place; bool holds; } at[PLACES_REMEMBERED];
} seen_fields;

static bool find_field(const expr *e, bool negated, void *user)
{
    seen_fields *s = user;
    (void)negated;
    if (e->kind == EXPR_NAME || e->kind == EXPR_SOME || (e->kind == EXPR_FIELD && e->as.field.kind != FIELD_PATH)) s->several = true;
    if (e->kind == EXPR_CALL && e->count == 0) s->several = true; /* it may depend on anything */
    if (e->kind != EXPR_FIELD) return true;
    pk_str path = e->as.field.path;
    size_t end = 0;
    while (end < path.len && path.ptr[end] != '.' && path.ptr[end] != '[') end++;
    pk_str field = str_slice(path, 0, end);
    s->several |= field.len == 0 || (s->field.len && !str_equal(s->field, field));
    s->field = field;
    return true;
}

static bool where_holds(stage_run *run, const node *n, const context_records *records, uint32_t record)
{
    arena_reset(run->scratch);
    part p = context_borrow(records, record, run->scratch);
    row_part only = {.name = n->stage->name, .part = &p};
    row r = {.time = TIMESTAMP_NONE, .start = TIMESTAMP_NONE, .parts = &only, .part_count = 1};
    return row_true(n, &r, n->stage->as.match.where, run->scratch);
}

static bool where_holds_again(stage_run *run, const node *n, const context_records *records, uint32_t record, seen_fields *seen)
{
    uint64_t place = value_pack_place(records->pack, record, seen->field);
    size_t slot = place % PLACES_REMEMBERED;
    if (place == VALUE_PACK_NOWHERE) return where_holds(run, n, records, record);
    if (seen->at[slot].place != place + 1) { /* 0: not used yet */
        seen->at[slot].place = place + 1;
        seen->at[slot].holds = where_holds(run, n, records, record);
    }
    return seen->at[slot].holds;
}

static context_choice *choose(stage_run *run, const node *n, const context_records *records, pk_str where)
{
    context_choice *c = ARENA_NEW(run->arena, context_choice);
    seen_fields seen = {.field = {"", 0}};
    *c = (context_choice){.records = *records, .where = arena_str(run->arena, where)};
    c->taken = mem_zalloc(records->pack ? value_pack_count(records->pack) / 64 + 1 : 1, sizeof *c->taken);
    if (n->stage->as.match.where) ir_walk_expr(NULL, n->stage->as.match.where, find_field, &seen);
    bool one = seen.field.len && !seen.several;
    for (size_t i = 0; i < records->count; i++) {
        uint32_t record = record_at(records, i);
        if (!(one ? where_holds_again(run, n, records, record, &seen) : where_holds(run, n, records, record))) continue;
        c->taken[record >> 6] |= UINT64_C(1) << (record & 63);
        c->count++;
    }
    vec_push(&run->contexts->choices, c);
    return c;
}

static bool finds_name(const expr *e, bool negated, void *user)
{
    (void)negated;
    *(bool *)user |= e->kind == EXPR_NAME;
    return true;
}

static const context_choice *choice_of(stage_run *run, const node *n, const context_records *records)
{
    const expr *where = n->stage->as.match.where;
    bool has_name = false; /* of a definition of the plan: it says nothing in another */
    text t = {0};
    if (where) {
        ir_walk_expr(NULL, where, finds_name, &has_name);
        ir_print_expr(&t, where);
    }
    if (has_name) text_printf(&t, " of rule %u", n->rule->index);
    const context_choice *found = NULL;
    for (size_t i = 0; i < run->contexts->choices.len && !found; i++) {
        const context_choice *c = run->contexts->choices.at[i];
        if (same_records(&c->records, records) && str_equal(c->where, text_view(&t))) found = c;
    }
    if (!found) found = choose(run, n, records, text_view(&t));
    text_free(&t);
    return found;
}

/* ---- from records to rows ---- */

/* Do all rows go to joins, through stages that look at one row alone? */
static bool leads_to_joins(const node *n)
{
    if (n->is_alert) return false;
    for (size_t i = 0; i < n->user_count; i++) {
        const node *user = n->users[i].node;
        bool alone = user->ops == &where_ops || user->ops == &derive_ops || user->ops == &expand_ops;
        if (user->ops != &join_ops && !(alone && leads_to_joins(user))) return false;
    }
    return true;
}

node *context_source(node *n)
{
    while (n->ops != &context_ops && n->context && n->input_count == 1) n = n->inputs[0];
    return n->ops == &context_ops && n->state ? n : NULL;
}

const context_choice *context_choice_of(const node *source)
{
    const context_state *st = source->state;
    return st->choice;
}

static void emit_record(stage_run *run, node *n, const context_records *records, uint32_t record)
{
    arena_reset(run->scratch);
    part borrowed = context_borrow(records, record, run->scratch);
    part *p = part_of_context(run, &borrowed.record, record);
    row *r = row_of_part(run, p, n->stage->name);
    part_release(p);
    node_emit(run, n, r);
    row_release(r);
}

void context_again(stage_run *run, node *source, uint32_t record, const node *join, size_t input, row_list *out)
{
    run->again = &(struct context_again){join, input, out};
    emit_record(run, source, &context_choice_of(source)->records, record);
    run->again = NULL;
}

static void load_rows(stage_run *run, node *n)
{
    const value *cell = n->stage->as.rows.cells;
    for (size_t i = 0; i < n->stage->as.rows.row_count; i++) {
        row *r = row_new(run, n->column_count, 0);
        r->time = r->start = TIMESTAMP_NONE;
        r->position = i;
        for (size_t c = 0; c < n->column_count; c++, cell++) row_set_column(r, c, cell);
        node_emit(run, n, r);
        row_release(r);
    }
}

void context_load(stage_run *run, node *n)
{
    if (n->stage->kind == STAGE_ROWS) {
        load_rows(run, n);
        return;
    }
    const stage_inputs *in = run->inputs;
    context_records records = in && in->records ? in->records(n->stage, in->user) : (context_records){0};
    const context_choice *choice = choice_of(run, n, &records);
    if (leads_to_joins(n)) {
        context_state *st = ARENA_NEW(run->arena, context_state);
        st->choice = choice;
        n->state = st;
    }
    for (size_t i = 0; !n->state && i < records.count; i++)
        if (context_takes(choice, record_at(&records, i))) emit_record(run, n, &records, record_at(&records, i));
    if (in && in->took) in->took(n->rule, n->stage, choice->count, in->user);
}

/* ---- what rules share ---- */

context_index *context_shared_index(stage_run *run, const context_records *records, pk_str keys)
{
    for (size_t i = 0; i < run->contexts->keys.len; i++) {
        context_keys *k = run->contexts->keys.at[i];
        if (same_records(&k->records, records) && str_equal(k->keys, keys)) return &k->index;
    }
    context_keys *made = ARENA_NEW(run->arena, context_keys);
    *made = (context_keys){.records = *records, .keys = arena_str(run->arena, keys)};
    vec_push(&run->contexts->keys, made);
    return &made->index;
}

run_context *run_context_new(void) { return mem_zalloc(1, sizeof(run_context)); }

void run_context_free(run_context *t)
{
    for (size_t i = 0; i < t->choices.len; i++) mem_free(t->choices.at[i]->taken);
    for (size_t i = 0; i < t->keys.len; i++) context_index_free(&t->keys.at[i]->index);
    vec_free(&t->choices);
    vec_free(&t->keys);
    mem_free(t);
}

const stage_ops context_ops = {context_open, context_push, NULL, NULL, NULL};
