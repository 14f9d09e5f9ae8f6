/*
 * The store of entity records. Rules ask for entities of one type (file, address, domain ...), so the numbers of records are kept
 * by type as well, and a stage that says which gets only those.
 */
#include "api/context.h"

enum { MOST_TYPES = 64 };

#define USUAL_MEMORY ((size_t)1 << 30)

typedef struct { pk_str type; VEC(uint32_t) records; } of_type;

struct context_store {
    arena *arena;                 /* names of types */
    value_pack *all;
    size_t memory;
    VEC(of_type) types;
    uint64_t left_out;
};

context_store *context_store_new(size_t memory)
{
    context_store *c = mem_zalloc(1, sizeof *c);
    c->arena = arena_new();
    c->all = value_pack_new();
    c->memory = memory ? memory : USUAL_MEMORY;
    return c;
}

void context_store_free(context_store *c)
{
    if (!c) return;
    for (size_t i = 0; i < c->types.len; i++) vec_free(&c->types.at[i].records);
    vec_free(&c->types);
    value_pack_free(c->all);
    arena_free(c->arena);
    mem_free(c);
}

static pk_str type_of(const value *entity)
{
    const value *metadata = value_get(entity, STR("metadata"));
    const value *type = metadata ? value_get(metadata, STR("entity_type")) : NULL;
    return type && type->type == VALUE_STRING ? type->as.string : STR("");
}

static of_type *find_type(context_store *c, pk_str type)
{
    for (size_t i = 0; i < c->types.len; i++)
        if (str_equal(c->types.at[i].type, type)) return &c->types.at[i];
    return NULL;
}

bool context_store_add(context_store *c, const value *entity)
{
    if (value_pack_bytes(c->all) >= c->memory || value_pack_count(c->all) >= UINT32_MAX) {
        c->left_out++;
        return false;
    }
    uint32_t number = value_pack_add(c->all, entity);
    pk_str type = type_of(entity);
    of_type *t = find_type(c, type);
    if (!t && c->types.len < MOST_TYPES) {
        vec_push(&c->types, ((of_type){.type = arena_str(c->arena, type)}));
        t = &c->types.at[c->types.len - 1];
    }
    if (t) vec_push(&t->records, number);
    return true;
}

size_t context_store_count(const context_store *c) { return value_pack_count(c->all); }
uint64_t context_store_left_out(const context_store *c) { return c->left_out; }

/* ---- what stages ask for ---- */

static bool is_path(const expr *e, pk_str path) { return e->kind == EXPR_FIELD && str_equal(e->as.field.path, path); }

static pk_str wanted_by(const expr *e, pk_str path)
{
    pk_str found = STR("");
    if (e->kind == EXPR_AND)
        for (size_t i = 0; i < e->count && !found.len; i++) found = wanted_by(e->args[i], path);
    if (e->kind != EXPR_USE || !is_path(e->as.use.operand, path)) return found;
    const ir_use *use = &e->as.use;
    const ir_test *t = use->count == 1 ? use->constants[0].test : NULL;
    bool exact = t && t->kind == TEST_EQUALS && t->flags & TEST_CASED && t->constant.type == VALUE_STRING && !use->negated;
    return exact ? t->constant.as.string : found;
}

pk_str context_wanted(const stage *s, pk_str path) { return s->as.match.where ? wanted_by(s->as.match.where, path) : STR(""); }

context_records context_store_records(const stage *s, void *store)
{
    context_store *c = store;
    pk_str type = context_wanted(s, STR("metadata.entity_type"));
    of_type *t = type.len ? find_type(c, type) : NULL;
    if (t) return (context_records){c->all, t->records.at, t->records.len};
    if (type.len && c->types.len < MOST_TYPES) return (context_records){0}; /* every type has its list */
    return (context_records){.pack = c->all, .count = value_pack_count(c->all)};
}
