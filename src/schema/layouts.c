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

/* The last '$' stands for the field, since keys may hold one too; "~$" for the field with its first letter in lower case, "^$"
 * for the field in camelCase. */
static pk_str fill_in(arena *a, pk_str pattern, pk_str field)
{
    size_t at = layout_placeholder(pattern);
    if (at > 0 && pattern.ptr[at - 1] == '^')
        return arena_concat(a, arena_concat(a, str_slice(pattern, 0, at - 1), udm_camel_case(field, a)), str_slice(pattern, at + 1, STR_NPOS));
    bool lower = at > 0 && pattern.ptr[at - 1] == '~';
    pk_str filled = arena_concat(a, arena_concat(a, str_slice(pattern, 0, at - lower), field), str_slice(pattern, at + 1, STR_NPOS));
    if (!lower || field.len == 0 || field.ptr[0] < 'A' || field.ptr[0] > 'Z') return filled;
    char *out = arena_cstring(a, filled);
    out[at - 1] = (char)(out[at - 1] | 0x20);
    return (pk_str){out, filled.len};
}

size_t layout_placeholder(pk_str pattern)
{
    size_t at = pattern.len;
    while (at > 0 && pattern.ptr[at - 1] != '$') at--;
    return at > 0 ? at - 1 : 0;
}

bool layout_field_name(pk_str segment, pk_str key, arena *a, pk_str *out)
{
    size_t at = layout_placeholder(segment);
    bool lower = at > 0 && segment.ptr[at - 1] == '~';
    pk_str before = str_slice(segment, 0, at - lower), behind = str_slice(segment, at + 1, STR_NPOS);
    if (key.len < before.len + behind.len || !str_starts_with(key, before) || !str_ends_with(key, behind)) return false;
    *out = str_slice(key, before.len, key.len - before.len - behind.len);
    if (lower && out->len && out->ptr[0] >= 'a' && out->ptr[0] <= 'z') {
        char *upper = arena_cstring(a, *out);
        upper[0] = (char)(upper[0] & ~0x20);
        out->ptr = upper;
    }
    return true;
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
