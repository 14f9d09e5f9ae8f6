/* What a join asks: which input each side of a key is of, the order in which partners are looked up, its columns; or why it can't be run. */
#include "engine/join.h"

typedef struct { const node *node; uint64_t inputs; bool other; } side_finder;

static bool find_inputs(const expr *e, bool negated, void *user)
{
    side_finder *f = user;
    size_t i = 0;
    (void)negated;
    if (e->kind != EXPR_FIELD) return true;
    const ir_field *field = &e->as.field;
    while (i < f->node->input_count) {
        const node *in = f->node->inputs[i];
        if (field->part.len ? node_has_part(in, field->part) : !field->schema.len && node_column(in, field->path) != STR_NPOS) break;
        i++;
    }
    if (i < f->node->input_count) f->inputs |= UINT64_C(1) << i;
    else f->other = true;
    return true;
}

static size_t input_of_side(const node *n, const expr *side)
{
    side_finder f = {.node = n};
    ir_walk_expr(n->plan, side, find_inputs, &f);
    if (f.other || !f.inputs || (f.inputs & (f.inputs - 1))) return STR_NPOS;
    return (size_t)__builtin_ctzll(f.inputs);
}

static const char *find_sides(stage_run *run, const node *n, join_state *st)
{
    const stage *s = n->stage;
    if (s->as.join.key_count > JOIN_KEYS_MOST) return "it has more than 64 keys";
    for (size_t k = 0; k < s->as.join.key_count; k++) {
        const ir_join_key *key = &s->as.join.keys[k];
        uint64_t bit = UINT64_C(1) << k;
        if (key->missing == KEY_PASS) return "a key that is missing does not count";
        st->side_inputs[k] = ARENA_ARRAY(run->arena, size_t, key->count + 1);
        for (size_t i = 0; i < key->count; i++) {
            st->side_inputs[k][i] = input_of_side(n, key->sides[i]);
            if (st->side_inputs[k][i] == STR_NPOS) st->loose |= bit;
        }
        for (size_t i = 0; i < key->count && !(st->loose & bit); i++) st->keys_of[st->side_inputs[k][i]] |= bit;
    }
    return NULL;
}

/* The next input: one that shares keys with those that are bound, context first, for it is small; else any. */
static size_t next_input(const node *n, const join_state *st, uint64_t bound, uint64_t keys)
{
    size_t best = STR_NPOS;
    int best_rank = -1;
    for (size_t i = 0; i < n->input_count; i++) {
        if (bound >> i & 1) continue;
        int rank = (keys & st->keys_of[i] ? 2 : 0) + (n->inputs[i]->context ? 1 : 0);
        if (rank <= best_rank) continue;
        best = i;
        best_rank = rank;
    }
    return best;
}

static void plan_steps(stage_run *run, const node *n, join_state *st)
{
    for (size_t from = 0; from < n->input_count; from++) {
        uint64_t bound = UINT64_C(1) << from, keys = st->keys_of[from];
        st->steps[from] = ARENA_ARRAY(run->arena, join_step, n->input_count);
        for (size_t i = 0; i + 1 < n->input_count; i++) {
            size_t next = next_input(n, st, bound, keys);
            st->steps[from][i] = (join_step){next, join_input_index(&st->inputs[next], keys & st->keys_of[next])};
            bound |= UINT64_C(1) << next;
            keys |= st->keys_of[next];
        }
    }
}

static void add_columns(stage_run *run, node *n, join_state *st)
{
    const stage *s = n->stage;
    st->columns = ARENA_ARRAY(run->arena, size_t *, n->input_count);
    for (size_t i = 0; i < n->input_count; i++) {
        const node *in = n->inputs[i];
        st->columns[i] = ARENA_ARRAY(run->arena, size_t, in->column_count + 1);
        for (size_t c = 0; c < in->column_count; c++) {
            if (node_column(n, in->columns[c].name) == STR_NPOS) node_add_column(run, n, in->columns[c]);
            st->columns[i][c] = node_column(n, in->columns[c].name);
        }
    }
    st->key_columns = ARENA_ARRAY(run->arena, size_t, s->as.join.key_count + 1);
    for (size_t k = 0; k < s->as.join.key_count; k++) {
        pk_str name = s->as.join.keys[k].name;
        if (name.len && node_column(n, name) == STR_NPOS) node_add_column(run, n, (row_column){.name = name});
        st->key_columns[k] = name.len ? node_column(n, name) : STR_NPOS;
    }
}

const char *join_open(stage_run *run, node *n)
{
    join_state *st = ARENA_NEW(run->arena, join_state);
    if (n->input_count < 2 || n->input_count > INPUTS_MOST) return "it joins fewer than 2 or more than 16 inputs";
    for (size_t i = 0; i < n->input_count; i++) st->streams += !n->inputs[i]->context;
    if (st->streams == 0) return "it joins no events";
    if (n->inputs[0]->context && n->stage->as.join.kind != JOIN_INNER) return "its first input is context";
    if (n->late && st->streams > 1) return "it joins rows of an aggregate without window";
    const char *reason = find_sides(run, n, st);
    if (reason) return reason;
    st->inputs = ARENA_ARRAY(run->arena, join_input, n->input_count);
    st->arena = arena_new();
    n->state = st;
    plan_steps(run, n, st);
    add_columns(run, n, st);
    n->late |= n->stage->as.join.kind != JOIN_INNER && n->stage->as.join.within == 0 && st->streams > 1;
    return NULL;
}

bool join_waits(const node *n)
{
    const join_state *st = n->state;
    return n->stage->as.join.kind != JOIN_INNER && st->streams > 1;
}

int64_t join_wait(const node *n) { return join_waits(n) ? n->stage->as.join.within : 0; }
