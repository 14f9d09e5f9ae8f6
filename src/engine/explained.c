/*
 * Fields that reasons show. Rules that match the same kinds of events ask for the same few fields: which mapping a field has in a class
 * is found once, by the address of the field in its plan, and its values once for all rules that match an event.
 */
#include "base/hash.h"
#include "engine/matcher.h"

struct explained_fields {
    const schema *schema;
    arena *arena;
    pair_table numbers;           /* of fields, by address in the plan and class */
    VEC(explained_field *) fields; /* one for all that have the same name */
    VEC(uint32_t) known;          /* of the event at hand */
};

explained_fields *explained_fields_new(const schema *s)
{
    explained_fields *x = mem_zalloc(1, sizeof *x);
    x->schema = s;
    x->arena = arena_new();
    return x;
}

void explained_fields_free(explained_fields *x)
{
    if (!x) return;
    arena_free(x->arena);
    pair_table_free(&x->numbers);
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
    uint32_t number = pair_table_get(&x->numbers, (uintptr_t)f, c);
    if (number == TABLE_NONE) {
        number = number_of(x, c, f);
        pair_table_put(&x->numbers, (uintptr_t)f, c, number);
    }
    return x->fields.at[number];
}
