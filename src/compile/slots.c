/*
 * A rule's field goes through the mapping of its class (schema_field), functions of the rule are put around it, and what
 * comes out is written as text: equal text, same slot. Parts without a field are computed now.
 */
#include "compile/slots.h"

#include "udm/udm.h"

#define PATHS_A_FIELD 16          /* places of one field in one layout */
#define EXPR_DEPTH 32

void slots_init(slot_table *t, schema *s, path_set *paths, arena *a)
{
    *t = (slot_table){.arena = a, .schema = s, .paths = paths};
}

void slots_finish(slot_table *t)
{
    table_free(&t->numbers);
    table_free(&t->fields);
    vec_free(&t->operands);
}

void slots_free(slot_table *t)
{
    slots_finish(t);
    vec_free(&t->all);
}

/* ---- images ---- */

_Static_assert(sizeof(slot_table) == 152 && sizeof(event_slot) == 112 && sizeof(slot_expr) == 72,
               "a member came or went: slots_image copies each");

static void expr_image(const slot_expr *e, image_writer *w, size_t field)
{
    size_t at;
    bool fresh = e && image_once(w, e, sizeof *e, &at);
    image_point(w, field, e ? at : 0);
    if (!fresh) return;
    value_image(&e->constant, w, at + offsetof(slot_expr, constant));
    image_string(w, at + offsetof(slot_expr, function), e->function);
    size_t args = image_array(w, at + offsetof(slot_expr, args), e->args, e->count, sizeof *e->args);
    for (size_t i = 0; i < e->count; i++) expr_image(e->args[i], w, args + i * sizeof *e->args);
}

void slots_image(const slot_table *t, image_writer *w, size_t field)
{
    static const slot_table none; /* what is left of building */
    image_set(w, field + offsetof(slot_table, numbers), &none.numbers, sizeof none.numbers);
    image_set(w, field + offsetof(slot_table, fields), &none.fields, sizeof none.fields);
    image_set(w, field + offsetof(slot_table, operands), &none.operands, sizeof none.operands);
    image_clear(w, field + offsetof(slot_table, arena));
    image_clear(w, field + offsetof(slot_table, schema));
    image_clear(w, field + offsetof(slot_table, paths));
    size_t at = IMAGE_VECTOR(w, field + offsetof(slot_table, all), &t->all);
    for (size_t i = 0; i < t->all.len; i++, at += sizeof(event_slot)) {
        const event_slot *s = &t->all.at[i];
        image_string(w, at + offsetof(event_slot, name), s->name);
        image_string(w, at + offsetof(event_slot, schema), s->schema);
        expr_image(s->expr, w, at + offsetof(event_slot, expr));
        IMAGE_VECTOR(w, at + offsetof(event_slot, inputs), &s->inputs);
        IMAGE_VECTOR(w, at + offsetof(event_slot, paths), &s->paths);
    }
}

/* ---- interning ---- */

/* `owner`: the family of a field, the class of a special slot. */
static uint32_t intern_slot(slot_table *t, slot_kind kind, uint32_t owner, pk_str name, bool *fresh)
{
    const uint32_t before[2] = {(uint32_t)kind, owner};
    char small[256];
    size_t len = sizeof before + name.len;
    char *bytes = len <= sizeof small ? small : mem_alloc(len);
    memcpy(bytes, before, sizeof before);
    if (name.len) memcpy(bytes + sizeof before, name.ptr, name.len);
    pk_str key = {bytes, len};
    uint32_t number = table_get(&t->numbers, key);
    *fresh = number == TABLE_NONE;
    if (*fresh) table_put(&t->numbers, arena_str(t->arena, key), number = (uint32_t)t->all.len);
    if (bytes != small) mem_free(bytes);
    if (!*fresh) return number;
    vec_push(&t->all, ((event_slot){.kind = kind, .family = owner, .class_id = owner, .name = arena_str(t->arena, name)}));
    return number;
}

static void add_paths(slot_table *t, event_slot *s, layout_id layout)
{
    path_slot found[PATHS_A_FIELD];
    size_t n = schema_layout_paths(t->schema, layout, s->name, t->paths, found, PATHS_A_FIELD);
    for (size_t i = 0; i < n; i++) vec_push_in(t->arena, &s->paths, ((slot_path){layout, found[i], (uint16_t)i}));
}

/* A canonical field: known in every layout of its family, and by its own name where there is no layout. */
static uint32_t field_slot(slot_table *t, family_id family, pk_str name)
{
    bool fresh;
    uint32_t number = intern_slot(t, SLOT_FIELD, family, name, &fresh);
    if (!fresh) return number;
    event_slot *s = &t->all.at[number];
    for (layout_id l = 0; family != FAMILY_NONE && l < schema_layout_count(t->schema); l++)
        if (schema_layout_family(t->schema, l) == family) add_paths(t, s, l);
    slot_path raw = {LAYOUT_NONE, path_add(t->paths, name), 0};
    vec_push_in(t->arena, &s->paths, raw);
    return number;
}

/* A path into the record that the class gives: the record is made when somebody asks. */
static uint32_t record_slot(slot_table *t, class_id c, pk_str schema_name, pk_str path)
{
    text name = {0};
    bool fresh;
    text_put(&name, schema_name);
    text_put_char(&name, ':');
    text_put(&name, path);
    uint32_t number = intern_slot(t, SLOT_RECORD, c, text_view(&name), &fresh);
    text_free(&name);
    if (!fresh) return number;
    t->all.at[number].name = arena_str(t->arena, path);
    t->all.at[number].schema = arena_str(t->arena, schema_name);
    return number;
}

static uint8_t zero_type(pk_str schema_name, pk_str path, arena *a)
{
    udm_path p;
    const schema_row *row = schema_row_find(schema_name);
    udm_root root = row && row->records == SCHEMA_ENTITIES ? UDM_ENTITY : UDM_EVENT;
    if (!udm_resolve(root, path, a, &p, NULL)) return VALUE_STRING;
    return p.type == UDM_INT || p.type == UDM_FLOAT ? VALUE_INT : p.type == UDM_BOOL ? VALUE_BOOL : VALUE_STRING;
}

operand slot_of_elements(slot_table *t, class_id c, const ir_field *list, pk_str path)
{
    operand none = {.known = true, .value = {.type = VALUE_MISSING}};
    pk_str above = str_ends_with(list->path, STR("[]")) ? str_slice(list->path, 0, list->path.len - 2) : list->path;
    if (c == CLASS_NONE || schema_field(t->schema, c, list->schema, above, t->arena)->kind == MAP_MISSING) return none;
    pk_str whole = arena_printf(t->arena, STR_FMT "%s" STR_FMT, STR_ARG(list->path), path.len ? "." : "", STR_ARG(path));
    uint32_t number = record_slot(t, c, arena_concat(t->arena, list->schema, STR(" elements")), whole);
    event_slot *s = &t->all.at[number];
    s->schema = arena_str(t->arena, list->schema);
    s->list = (uint32_t)list->path.len;
    s->zero = zero_type(list->schema, whole, t->arena);
    return (operand){.slot = number};
}

/* ---- expressions ---- */

typedef struct {
    slot_table *table;
    family_id family;
    class_id class_id, widest;
    pk_str schema;                /* of the field being read */
    const char *problem;
} slot_reader;

static slot_expr *new_expr(slot_reader *r, map_kind kind)
{
    slot_expr *e = ARENA_NEW(r->table->arena, slot_expr);
    e->kind = kind;
    return e;
}

static slot_expr *constant_expr(slot_reader *r, value v)
{
    slot_expr *e = new_expr(r, v.type == VALUE_MISSING ? MAP_MISSING : MAP_CONSTANT);
    e->constant = v;
    return e;
}

static bool is_known(const slot_expr *e) { return e->kind == MAP_CONSTANT || e->kind == MAP_MISSING; }

value slot_call(const slot_expr *e, const value *args, ir_calls *calls, arena *a)
{
    return e->of_rule ? ir_function_call_in(calls, e->function, args, e->count, a) : schema_call(e->function, args, e->count, a);
}

/* A function whose arguments are all known is computed now. */
static slot_expr *fold_call(slot_reader *r, slot_expr *e)
{
    arena *a = r->table->arena;
    value *args = ARENA_ARRAY(a, value, e->count);
    for (size_t i = 0; i < e->count; i++) {
        if (!is_known(e->args[i])) return e;
        args[i] = e->args[i]->constant;
    }
    return constant_expr(r, slot_call(e, args, NULL, a));
}

/* Alternatives that are always missing go; those behind one that is always there can never be reached. */
static slot_expr *fold_first(slot_reader *r, slot_expr *e)
{
    size_t kept = 0;
    for (size_t i = 0; i < e->count; i++) {
        if (e->args[i]->kind == MAP_MISSING) continue;
        e->args[kept++] = e->args[i];
        if (e->args[i]->kind == MAP_CONSTANT) break;
    }
    e->count = kept;
    if (kept == 0) return constant_expr(r, (value){.type = VALUE_MISSING});
    return kept == 1 ? e->args[0] : e;
}

static slot_expr *expr_of_map(slot_reader *r, const field_map *m, unsigned depth)
{
    if (depth == 0) return constant_expr(r, (value){.type = VALUE_MISSING});
    if (m->kind == MAP_MISSING) return constant_expr(r, (value){.type = VALUE_MISSING});
    if (m->kind == MAP_CONSTANT) return constant_expr(r, value_copy(r->table->arena, &m->constant));
    slot_expr *e = new_expr(r, m->kind == MAP_RECORD ? MAP_FIELD : m->kind);
    if (m->kind == MAP_RECORD) {
        e->slot = record_slot(r->table, r->class_id, r->schema, m->text);
        return e;
    }
    if (m->kind == MAP_FIELD) {
        e->slot = field_slot(r->table, r->family, m->text);
        return e;
    }
    e->function = m->text;
    e->count = m->count;
    e->args = ARENA_ARRAY(r->table->arena, slot_expr *, m->count);
    for (size_t i = 0; i < m->count; i++) e->args[i] = expr_of_map(r, m->args[i], depth - 1);
    return m->kind == MAP_FIRST ? fold_first(r, e) : fold_call(r, e);
}

static slot_expr *expr_of_field(slot_reader *r, const ir_field *f)
{
    slot_table *t = r->table;
    slot_expr *e;
    if (f->kind == FIELD_OUTER) {
        r->problem = "a field of an outer row";
        return constant_expr(r, (value){.type = VALUE_MISSING});
    }
    if (f->kind != FIELD_PATH) {
        e = new_expr(r, MAP_FIELD);
        bool raw = f->kind == FIELD_RAW, fresh;
        e->slot = intern_slot(t, raw ? SLOT_RAW : SLOT_ANY_VALUE, r->widest, raw ? STR("raw") : STR("any value"), &fresh);
        return e;
    }
    r->schema = f->schema;
    if (r->class_id != CLASS_NONE) /* the open class has no mapping: fields are raw paths */
        return expr_of_map(r, schema_field(t->schema, r->class_id, f->schema, f->path, t->arena), EXPR_DEPTH);
    e = new_expr(r, MAP_FIELD);
    e->slot = field_slot(t, r->family, f->path);
    return e;
}

static slot_expr *expr_of_rule(slot_reader *r, const expr *x, unsigned depth)
{
    if (x->kind == EXPR_FIELD) return expr_of_field(r, &x->as.field);
    if (x->kind == EXPR_CONSTANT) return constant_expr(r, x->as.constant);
    const ir_function *f = x->kind == EXPR_CALL ? ir_function_find(x->as.call.name) : NULL;
    if (!f || f->varies || depth == 0) {
        r->problem = f && f->varies          ? "a function that has a value only behind match stages"
                     : x->kind == EXPR_CALL ? "a function that the engine does not know"
                                            : "an expression that is no field";
        return constant_expr(r, (value){.type = VALUE_MISSING});
    }
    slot_expr *e = new_expr(r, MAP_CALL);
    e->function = x->as.call.name;
    e->of_rule = true;
    e->count = x->count;
    e->args = ARENA_ARRAY(r->table->arena, slot_expr *, x->count);
    for (size_t i = 0; i < x->count; i++) e->args[i] = expr_of_rule(r, x->args[i], depth - 1);
    return fold_call(r, e);
}

/* ---- computed slots ---- */

static void write_expr(const slot_table *t, const slot_expr *e, text *out)
{
    switch (e->kind) {
    case MAP_MISSING:
    case MAP_RECORD: /* is a field here */
        text_put_cstring(out, "missing");
        return;
    case MAP_CONSTANT:
        value_write_json(out, &e->constant);
        return;
    case MAP_FIELD: /* the number tells fields of two families apart */
        text_printf(out, STR_FMT "#%u", STR_ARG(t->all.at[e->slot].name), e->slot);
        return;
    case MAP_CALL:
    case MAP_FIRST:
        if (e->kind == MAP_FIRST) text_put_cstring(out, "first");
        else text_put(out, e->function);
        if (e->of_rule) text_put_char(out, ' '); /* a mapping's function of the same name is another */
        for (size_t i = 0; i < e->count; i++) {
            text_put_char(out, i ? ',' : '(');
            write_expr(t, e->args[i], out);
        }
        text_put_char(out, ')');
        return;
    }
}

static void collect_inputs(slot_table *t, event_slot *s, const slot_expr *e)
{
    if (e->kind == MAP_FIELD) {
        for (size_t i = 0; i < s->inputs.len; i++)
            if (s->inputs.at[i] == e->slot) return;
        vec_push_in(t->arena, &s->inputs, e->slot);
    }
    for (size_t i = 0; i < e->count; i++) collect_inputs(t, s, e->args[i]);
}

/* The value with every field missing: VALUE_MISSING unless some function or constant makes up for it. */
static value value_without_fields(slot_table *t, const slot_expr *e)
{
    value missing = {.type = VALUE_MISSING};
    if (e->kind == MAP_CONSTANT) return e->constant;
    if (e->kind == MAP_FIRST) {
        for (size_t i = 0; i < e->count; i++) {
            value v = value_without_fields(t, e->args[i]);
            if (v.type != VALUE_MISSING) return v;
        }
        return missing;
    }
    if (e->kind != MAP_CALL) return missing;
    value *args = ARENA_ARRAY(t->arena, value, e->count);
    for (size_t i = 0; i < e->count; i++) args[i] = value_without_fields(t, e->args[i]);
    return slot_call(e, args, NULL, t->arena);
}

static uint32_t computed_slot(slot_table *t, slot_expr *e)
{
    text name = {0};
    bool fresh;
    write_expr(t, e, &name);
    uint32_t number = intern_slot(t, SLOT_COMPUTED, FAMILY_NONE, text_view(&name), &fresh);
    text_free(&name);
    if (!fresh) return number;
    event_slot *s = &t->all.at[number];
    s->expr = e;
    collect_inputs(t, s, e);
    s->standing = value_without_fields(t, e).type != VALUE_MISSING;
    return number;
}

static operand read_operand(slot_table *t, class_id c, class_id widest, const expr *e, const char **problem)
{
    slot_reader r = {.table = t, .class_id = c, .widest = widest, .family = FAMILY_NONE};
    if (c != CLASS_NONE) r.family = schema_class(t->schema, c)->family;
    slot_expr *x = expr_of_rule(&r, e, EXPR_DEPTH);
    *problem = r.problem;
    if (is_known(x)) return (operand){.known = true, .value = x->constant};
    if (x->kind == MAP_FIELD) return (operand){.slot = x->slot};
    return (operand){.slot = computed_slot(t, x)};
}

/* A field of a class is the same operand in all rules. */
static pk_str field_key(text *key, class_id c, const ir_field *f)
{
    text_put(key, (pk_str){(const char *)&c, sizeof c});
    text_put(key, (pk_str){(const char *)&f->schema.len, sizeof f->schema.len});
    text_put(key, f->schema);
    text_put(key, f->path);
    return text_view(key);
}

operand slot_operand(slot_table *t, class_id c, class_id widest, const expr *e, const char **problem)
{
    if (e->kind != EXPR_FIELD || e->as.field.kind != FIELD_PATH) return read_operand(t, c, widest, e, problem);
    text bytes = {0};
    pk_str key = field_key(&bytes, c, &e->as.field);
    uint32_t number = table_get(&t->fields, key);
    *problem = NULL;
    if (number == TABLE_NONE) {
        operand o = read_operand(t, c, widest, e, problem);
        number = (uint32_t)t->operands.len;
        vec_push(&t->operands, o);
        table_put(&t->fields, arena_str(t->arena, key), number);
    }
    text_free(&bytes);
    return t->operands.at[number];
}
