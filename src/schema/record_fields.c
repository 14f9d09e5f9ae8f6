/*
 * Fields of a schema whose events are nested records ("udm", "udm-entity"). Their paths name lists ("principal.ip[]"), keys
 * ("labels['k']") and elements ("ip[0]"); mappings and raw paths know no lists, so the marks go. What a mapping or a raw path
 * cannot say (the first entry of a key, the n-th element, a number of seconds) is read out of the whole record: MAP_RECORD.
 *
 * In a family whose records are of the schema themselves fields are raw paths; any other class has what its mappings and those
 * of its ancestors say, and nothing else: that is known before any event is read.
 */
#include "event/field_path.h"
#include "schema/model.h"

bool schema_is_native(const schema *s, class_id c, pk_str schema_name)
{
    return str_equal(s->families.at[s->classes.at[c]->shown.family].model, schema_name);
}

pk_str schema_without_marks(pk_str path, arena *a)
{
    if (str_find(path, STR("[]")) == STR_NPOS) return path;
    char *out = arena_alloc(a, path.len + 1);
    size_t len = 0;
    bool key = false;
    for (size_t i = 0; i < path.len; i++) {
        char c = path.ptr[i];
        if (!key && c == '[' && i + 1 < path.len && path.ptr[i + 1] == ']') {
            i++;
            continue;
        }
        if (c == '\'' && (i == 0 || path.ptr[i - 1] != '\\')) key = !key;
        out[len++] = c;
    }
    return (pk_str){out, len};
}

static field_map *new_map(arena *a, map_kind kind, pk_str of)
{
    field_map *m = ARENA_NEW(a, field_map);
    *m = (field_map){.kind = kind, .text = of};
    return m;
}

static const field_map *whole_record(pk_str path, arena *a) { return new_map(a, MAP_RECORD, arena_str(a, path)); }

/* ---- records of the schema itself ---- */

/* udm(field, 'int'): the scalar as the record in canonical form has it. */
static const field_map *converted(pk_str field, const char *type, pk_str of, arena *a)
{
    field_map *call = new_map(a, MAP_CALL, STR("udm")), *kind = new_map(a, MAP_CONSTANT, STR(""));
    call->args = ARENA_ARRAY(a, field_map *, 2);
    call->args[0] = new_map(a, MAP_FIELD, field);
    call->args[1] = kind;
    call->count = 2;
    kind->constant = value_string(arena_concat(a, str_from(type), of));
    return call;
}

static bool has_brackets(pk_str path) { return str_find_char(path, '[') != STR_NPOS; }

static const field_map *native_field(udm_root root, pk_str field, arena *a)
{
    udm_path p;
    pk_str plain = arena_str(a, schema_without_marks(field, a));
    bool known = udm_resolve(root, field, a, &p, NULL);
    if (has_brackets(plain)) return whole_record(known ? p.path : field, a);
    if (!known) return new_map(a, MAP_FIELD, plain);
    switch (p.type) {
    case UDM_STRING: return p.hash ? converted(plain, "hash", STR(""), a) : new_map(a, MAP_FIELD, plain);
    case UDM_BYTES: return new_map(a, MAP_FIELD, plain);
    case UDM_INT:
        if (str_ends_with(plain, STR(".seconds")) || str_ends_with(plain, STR(".nanos"))) break; /* maybe of a time */
        return converted(plain, "int", STR(""), a);
    case UDM_FLOAT: return converted(plain, "float", STR(""), a);
    case UDM_BOOL: return converted(plain, "bool", STR(""), a);
    case UDM_ENUM: return converted(plain, "enum ", udm_enum_type(p.enumeration), a);
    case UDM_MESSAGE:
    case UDM_TIME:
    case UDM_MAP: break;
    }
    return whole_record(p.path, a);
}

/* ---- mapped classes ---- */

/* Does some mapping of the class lie below this path ("target.labels" of "target.labels['k']")? */
static bool has_below(const schema *s, class_id c, pk_str schema_name, pk_str path)
{
    for (; c != CLASS_NONE; c = s->classes.at[c]->shown.parent) {
        const class_row *row = s->classes.at[c];
        for (size_t i = 0; i < row->mappings.len; i++) {
            const mapping *m = &row->mappings.at[i];
            if (m->map->kind != MAP_MISSING && str_equal(m->schema, schema_name) && m->field.len > path.len &&
                (m->field.ptr[path.len] == '.' || m->field.ptr[path.len] == '[') && str_starts_with(m->field, path))
                return true;
        }
    }
    return false;
}

/* The path without its last element's number: "principal.ip[0]" is an element of "principal.ip". */
static pk_str without_indices(pk_str path, arena *a)
{
    char *out = arena_alloc(a, path.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < path.len; i++) {
        size_t end = i + 1;
        while (path.ptr[i] == '[' && end < path.len && path.ptr[end] >= '0' && path.ptr[end] <= '9') end++;
        if (end > i + 1 && end < path.len && path.ptr[end] == ']') i = end;
        else out[len++] = path.ptr[i];
    }
    return (pk_str){out, len};
}

/* What lies in front of the last segment. */
static pk_str parent_path(pk_str path)
{
    size_t at = path.len;
    while (at > 0 && path.ptr[at - 1] != '.') at--;
    return str_slice(path, 0, at ? at - 1 : 0);
}

static const field_map *mapped_field(const schema *s, class_id c, pk_str schema_name, pk_str field, arena *a)
{
    static const field_map missing = {.kind = MAP_MISSING};
    pk_str plain = schema_without_marks(field, a);
    const field_map *own = schema_own_mapping(s, c, schema_name, plain, a);
    if (own) return own;
    pk_str base = without_indices(plain, a), above = parent_path(base);
    if (base.len != plain.len && schema_own_mapping(s, c, schema_name, base, a)) return whole_record(field, a);
    if (has_below(s, c, schema_name, base)) return whole_record(field, a);
    pk_str last = str_slice(base, above.len + 1, STR_NPOS);
    bool of_time = str_equal(last, STR("seconds")) || str_equal(last, STR("nanos"));
    bool of_label = str_equal(last, STR("key")) || str_equal(last, STR("value"));
    if (of_label && has_below(s, c, schema_name, above)) return whole_record(field, a);
    if (str_equal(base, STR("metadata.id"))) return whole_record(field, a);
    if (str_equal(of_time ? above : base, STR("metadata.event_timestamp"))) return whole_record(field, a);
    if (of_time && schema_own_mapping(s, c, schema_name, above, a)) return whole_record(field, a);
    return &missing;
}

const field_map *schema_nested_field(const schema *s, class_id c, pk_str schema_name, pk_str field, arena *a)
{
    udm_root root;
    (void)schema_is_nested(schema_name, &root);
    return schema_is_native(s, c, schema_name) ? native_field(root, field, a) : mapped_field(s, c, schema_name, field, a);
}

/* ---- which class gives the record of an event ---- */

static bool gives_record(const schema *s, class_id c, pk_str schema_name)
{
    const class_row *row = s->classes.at[c];
    if (schema_is_native(s, c, schema_name)) return true;
    for (size_t i = 0; i < row->mappings.len; i++)
        if (str_equal(row->mappings.at[i].schema, schema_name)) return true;
    return false;
}

const class_id *schema_record_classes(const schema *s, pk_str schema_name, arena *a, size_t *count)
{
    VEC(class_id) found = {0};
    for (class_id c = 0; c < s->classes.len; c++)
        if (gives_record(s, c, schema_name)) vec_push_in(a, &found, c);
    *count = found.len;
    return found.at;
}

static unsigned depth_of(const schema *s, class_id c)
{
    unsigned depth = 0;
    while ((c = s->classes.at[c]->shown.parent) != CLASS_NONE) depth++;
    return depth;
}

class_id schema_record_class(const schema *s, pk_str schema_name, const class_id *classes, size_t count)
{
    class_id best = CLASS_NONE;
    for (size_t i = 0; i < count; i++)
        if (gives_record(s, classes[i], schema_name) && (best == CLASS_NONE || depth_of(s, classes[i]) > depth_of(s, best)))
            best = classes[i];
    return best;
}
