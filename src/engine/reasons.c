/*
 * What reasons say of rules: field, kind and constant of a predicate. A noisy rule gives the same reasons for thousands of events, and
 * many rules say the same, so each is made once.
 */
#include "base/hash.h"
#include "base/text.h"
#include "engine/matcher.h"

struct reason_predicates {
    arena *arena;
    text key;                     /* being made */
    table numbers;                /* by what is said */
    VEC(reason_predicate *) predicates;
};

reason_predicates *reason_predicates_new(void)
{
    reason_predicates *r = mem_zalloc(1, sizeof *r);
    r->arena = arena_new();
    return r;
}

void reason_predicates_free(reason_predicates *r)
{
    if (!r) return;
    arena_free(r->arena);
    text_free(&r->key);
    table_free(&r->numbers);
    vec_free(&r->predicates);
    mem_free(r);
}

const ir_field *operand_field(const expr *e)
{
    while (e->kind == EXPR_CALL && e->count > 0) e = e->args[0];
    return e->kind == EXPR_FIELD ? &e->as.field : NULL;
}

static void put_part(text *key, pk_str s)
{
    text_put(key, (pk_str){(const char *)&s.len, sizeof s.len});
    text_put(key, s);
}

/* All that is said, in bytes. */
static pk_str key_of(text *key, const reason_predicate *p)
{
    text_clear(key);
    text_put_char(key, (char)p->kind);
    text_put_char(key, (char)((p->constant.ptr != NULL) << 1 | p->keyword));
    put_part(key, p->field);
    put_part(key, p->constant);
    return text_view(key);
}

const reason_predicate *reason_predicate_of(reason_predicates *r, const ir_use *u, const ir_constant *c)
{
    const ir_field *f = operand_field(u->operand);
    bool keyword = f && f->kind != FIELD_PATH;
    reason_predicate p = {.number = (uint32_t)r->predicates.len, .field = f && !keyword ? f->path : (pk_str){"", 0}, .kind = c->test->kind,
                          .keyword = keyword, .constant = c->written};
    if (!c->written.len) value_text(r->arena, &c->test->constant, &p.constant);
    uint32_t number = table_get(&r->numbers, key_of(&r->key, &p));
    if (number == TABLE_NONE) {
        number = p.number;
        table_put(&r->numbers, arena_str(r->arena, text_view(&r->key)), number);
        vec_push(&r->predicates, ARENA_NEW(r->arena, reason_predicate));
        *r->predicates.at[number] = p;
    }
    return r->predicates.at[number];
}
