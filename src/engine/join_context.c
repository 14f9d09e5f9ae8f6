/*
 * An index is that of the records where the keys are told by the record alone, and then all joins with such keys share it; who
 * looks something up asks the choice of its own stage. Keys of columns (elements of a list) have an index of their own, of the rows
 * that the chosen records become.
 */
#include "engine/join.h"

#define ROWS_REMEMBERED 256       /* records */

typedef struct {
    uint64_t keys;                /* of the join */
    const context_index *index;
} index_of_keys;

typedef struct {
    uint32_t record;
    bool used;
    row_list rows;
} remembered;

struct context_rows {
    const node *join;
    size_t input;
    node *source;
    VEC(index_of_keys) indexes;
    VEC(context_index *) own;
    remembered *remembered;
};

context_rows *context_rows_new(node *join, size_t input)
{
    node *source = context_source(join->inputs[input]);
    if (!source) return NULL;
    context_rows *c = mem_zalloc(1, sizeof *c);
    *c = (context_rows){.join = join, .input = input, .source = source, .remembered = mem_zalloc(ROWS_REMEMBERED, sizeof *c->remembered)};
    return c;
}

static void release_rows(row_list *rows)
{
    for (size_t i = 0; i < rows->len; i++) row_release(rows->at[i]);
    rows->len = 0;
}

void context_rows_free(context_rows *c)
{
    if (!c) return;
    for (size_t i = 0; i < ROWS_REMEMBERED; i++) {
        release_rows(&c->remembered[i].rows);
        vec_free(&c->remembered[i].rows);
    }
    for (size_t i = 0; i < c->own.len; i++) {
        context_index_free(c->own.at[i]);
        mem_free(c->own.at[i]);
    }
    vec_free(&c->own);
    vec_free(&c->indexes);
    mem_free(c->remembered);
    mem_free(c);
}

/* ---- keys that the record tells ---- */

/* As text, without the name of the part: the same for all rules that ask the same. false: it asks more than the record. */
static bool put_expr(text *t, const expr *e, const node *source)
{
    if (e->kind == EXPR_FIELD) {
        const ir_field *f = &e->as.field;
        text_printf(t, STR_FMT "@" STR_FMT, STR_ARG(f->path), STR_ARG(f->schema));
        return f->kind == FIELD_PATH && (f->part.len ? str_equal(f->part, source->stage->name) : f->schema.len > 0);
    }
    if (e->kind == EXPR_CONSTANT) {
        ir_print_expr(t, e);
        return true;
    }
    if (e->kind != EXPR_CALL) return false;
    text_put(t, e->as.call.name);
    text_put_char(t, '(');
    for (size_t i = 0; i < e->count; i++) {
        if (!put_expr(t, e->args[i], source)) return false;
        text_put_char(t, ',');
    }
    text_put_char(t, ')');
    return true;
}

static bool put_keys(text *t, const context_rows *c, uint64_t keys)
{
    const join_state *st = c->join->state;
    for (uint64_t k = keys; k; k &= k - 1) {
        size_t number = (size_t)__builtin_ctzll(k);
        const ir_join_key *key = &c->join->stage->as.join.keys[number];
        text_printf(t, "%d:", (int)key->missing);
        for (size_t i = 0; i < key->count; i++) {
            if (st->side_inputs[number][i] != c->input) continue;
            if (!put_expr(t, key->sides[i], c->source)) return false;
            text_put_char(t, ';');
        }
    }
    return true;
}

/* ---- making an index ---- */

static void index_row(const context_rows *c, context_index *x, uint64_t keys, const row *r, uint32_t record, arena *a)
{
    pk_str texts[JOIN_KEYS_MOST];
    if (join_keys_of_row(c->join, c->input, keys, r, texts, a)) context_index_add(x, hash_str(join_key_text(keys, texts, a)), record);
}

static void index_records(const context_rows *c, context_index *x, uint64_t keys)
{
    const context_records *records = &context_choice_of(c->source)->records;
    arena *a = arena_new();
    for (size_t i = 0; i < records->count; i++) {
        uint32_t record = records->numbers ? records->numbers[i] : (uint32_t)i;
        arena_reset(a);
        part p = context_borrow(records, record, a);
        row_part only = {.name = c->source->stage->name, .part = &p};
        row r = {.time = TIMESTAMP_NONE, .start = TIMESTAMP_NONE, .parts = &only, .part_count = 1};
        index_row(c, x, keys, &r, record, a);
    }
    arena_free(a);
    context_index_done(x);
}

static void index_rows(stage_run *run, const context_rows *c, context_index *x, uint64_t keys)
{
    const context_choice *choice = context_choice_of(c->source);
    arena *a = arena_new();
    row_list rows = {0};
    for (size_t i = 0; i < choice->records.count; i++) {
        uint32_t record = choice->records.numbers ? choice->records.numbers[i] : (uint32_t)i;
        if (!context_takes(choice, record)) continue;
        arena_reset(a);
        context_again(run, c->source, record, c->join, c->input, &rows);
        for (size_t k = 0; k < rows.len; k++) index_row(c, x, keys, rows.at[k], record, a);
        release_rows(&rows);
    }
    vec_free(&rows);
    arena_free(a);
    context_index_done(x);
}

static const context_index *index_for(stage_run *run, context_rows *c, uint64_t keys)
{
    for (size_t i = 0; i < c->indexes.len; i++)
        if (c->indexes.at[i].keys == keys) return c->indexes.at[i].index;
    context_index *x;
    text t = {0};
    if (put_keys(&t, c, keys)) {
        x = context_shared_index(run, &context_choice_of(c->source)->records, text_view(&t));
        if (!x->starts) index_records(c, x, keys);
    } else {
        x = mem_zalloc(1, sizeof *x);
        vec_push(&c->own, x);
        index_rows(run, c, x, keys);
    }
    text_free(&t);
    vec_push(&c->indexes, ((index_of_keys){keys, x}));
    return x;
}

/* ---- looking up ---- */

context_finder context_find(stage_run *run, context_rows *c, uint64_t keys, pk_str key)
{
    context_finder f = {.rows = c, .index = index_for(run, c, keys), .hash = hash_str(key)};
    f.to = context_index_find(f.index, f.hash, &f.at);
    return f;
}

static const row_list *rows_of(stage_run *run, context_rows *c, uint32_t record)
{
    remembered *m = &c->remembered[record % ROWS_REMEMBERED];
    if (m->used && m->record == record) return &m->rows;
    release_rows(&m->rows);
    m->used = true;
    m->record = record;
    context_again(run, c->source, record, c->join, c->input, &m->rows);
    return &m->rows;
}

const row_list *context_next(stage_run *run, context_finder *f)
{
    const context_choice *choice = context_choice_of(f->rows->source);
    while (f->at < f->to) {
        const context_entry *e = &f->index->entries.at[f->at++];
        if (context_entry_is_of(e, f->hash) && context_takes(choice, e->record)) return rows_of(run, f->rows, e->record);
    }
    return NULL;
}
