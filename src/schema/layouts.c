/* Layouts: at which raw paths a canonical field stands. */
#include "schema/model.h"

size_t schema_layout_count(const schema *s)
{
    return s->layouts.len;
}
pk_str schema_layout_name(const schema *s, layout_id l)
{
    return l == LAYOUT_NONE ? STR("raw") : s->layouts.at[l].name;
}
family_id schema_layout_family(const schema *s, layout_id l)
{
    return s->layouts.at[l].family;
}

/* The last '$' stands for the field: keys may hold one too. */
static pk_str fill_in(arena *a, pk_str pattern, pk_str field)
{
    size_t at = pattern.len;
    while (at > 0 && pattern.ptr[at - 1] != '$') at--;
    at -= at > 0;
    return arena_printf(a, STR_FMT STR_FMT STR_FMT, STR_ARG(str_slice(pattern, 0, at)), STR_ARG(field),
                        STR_ARG(str_slice(pattern, at + 1, STR_NPOS)));
}

size_t layout_raw_paths(const schema *s, layout_id l, pk_str field, arena *a, pk_str paths[FIELD_PATHS])
{
    if (l == LAYOUT_NONE) {
        paths[0] = field;
        return 1;
    }
    const layout *of = &s->layouts.at[l];
    size_t count = 0;
    uint32_t named = table_get(&of->field_index, field);
    if (named != TABLE_NONE) {
        const layout_field *f = &of->fields.at[named];
        for (size_t i = 0; i < f->count && count < FIELD_PATHS; i++) paths[count++] = f->paths[i];
        return count;
    }
    if (of->pattern_count == 0) paths[count++] = field;
    for (size_t i = 0; i < of->pattern_count && count < FIELD_PATHS; i++)
        paths[count++] = fill_in(a, of->patterns[i], field);
    return count;
}

size_t schema_layout_paths(const schema *s, layout_id l, pk_str field, path_set *paths, path_slot *slots, size_t limit)
{
    arena *scratch = arena_new();
    pk_str raw[FIELD_PATHS];
    size_t count = layout_raw_paths(s, l, field, scratch, raw);
    if (count > limit) count = limit;
    for (size_t i = 0; i < count; i++) slots[i] = path_add(paths, raw[i]);
    arena_free(scratch);
    return count;
}

void schema_tree_values(const schema *s, layout_id l, pk_str field, const value *tree, arena *a, list_builder *out)
{
    pk_str raw[FIELD_PATHS];
    size_t count = layout_raw_paths(s, l, field, a, raw);
    for (size_t i = 0, before = out->items.len; i < count && out->items.len == before; i++)
        tree_values(tree, raw[i], a, out);
}
