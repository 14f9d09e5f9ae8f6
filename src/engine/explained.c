/*
 * Fields that reasons show. Rules that match the same kinds of events ask for the same few fields: which mapping a field has in a class
 * is found once, by the address of the field in its plan, and its values once for all rules that match an event.
 */
#include "engine/matcher.h"

enum { FIRST_CELLS = 64 };

typedef struct {
    const ir_field *of;           /* NULL: empty */
    class_id class_id;
    uint32_t number;
} cell;

struct explained_fields {
    const schema *schema;
    arena *arena;
    cell *cells;
    size_t mask, count;
    VEC(explained_field *) fields; /* one for all that have the same name */
    VEC(uint32_t) known;          /* of the event at hand */
};

explained_fields *explained_fields_new(const schema *s)
{
    explained_fields *x = mem_zalloc(1, sizeof *x);
    x->schema = s;
    x->arena = arena_new();
    x->cells = mem_zalloc(FIRST_CELLS, sizeof *x->cells);
    x->mask = FIRST_CELLS - 1;
    return x;
}

void explained_fields_free(explained_fields *x)
{
    if (!x) return;
    arena_free(x->arena);
    mem_free(x->cells);
    vec_free(&x->fields);
    vec_free(&x->known);
    mem_free(x);
}

void explained_fields_forget(explained_fields *x)
{
    for (size_t i = 0; i < x->known.len; i++) {
        explained_field *f = x->fields.at[x->known.at[i]];
        f->values = (explained_values){0};
        f->known = false;
    }
    x->known.len = 0;
}

void explained_field_keep(explained_fields *x, explained_field *f)
{
    f->known = true;
    vec_push(&x->known, f->number);
}

static cell *cell_of(cell *cells, size_t mask, class_id c, const ir_field *f)
{
    size_t at = (size_t)((((uintptr_t)f >> 4) + (uint64_t)c * 31) * UINT64_C(0x9e3779b97f4a7c15) >> 32);
    while (cells[at & mask].of && (cells[at & mask].of != f || cells[at & mask].class_id != c)) at++;
    return &cells[at & mask];
}

static void grow(explained_fields *x)
{
    size_t mask = x->mask * 2 + 1;
    cell *cells = mem_zalloc(mask + 1, sizeof *cells);
    for (size_t i = 0; i <= x->mask; i++)
        if (x->cells[i].of) *cell_of(cells, mask, x->cells[i].class_id, x->cells[i].of) = x->cells[i];
    mem_free(x->cells);
    x->cells = cells;
    x->mask = mask;
}

/* That of another plan with the same name, or a new one. */
static uint32_t number_of(explained_fields *x, class_id c, const ir_field *f)
{
    for (uint32_t i = 0; i < x->fields.len; i++) {
        const explained_field *known = x->fields.at[i];
        if (known->class_id == c && str_equal(known->path, f->path) && str_equal(known->schema, f->schema)) return i;
    }
    explained_field *made = ARENA_NEW(x->arena, explained_field);
    *made = (explained_field){.number = (uint32_t)x->fields.len, .class_id = c, .schema = f->schema, .path = f->path};
    if (c != CLASS_NONE) made->map = schema_field(x->schema, c, f->schema, f->path, x->arena);
    vec_push(&x->fields, made);
    return made->number;
}

explained_field *explained_field_of(explained_fields *x, class_id c, const ir_field *f)
{
    cell *at = cell_of(x->cells, x->mask, c, f);
    if (at->of) return x->fields.at[at->number];
    if (++x->count * 2 > x->mask) {
        grow(x);
        at = cell_of(x->cells, x->mask, c, f);
    }
    *at = (cell){f, c, number_of(x, c, f)};
    return x->fields.at[at->number];
}
