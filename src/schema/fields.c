/*
 * Where a rule's field comes from in events of a class: the class's own mapping, else that of its nearest ancestor,
 * else the canonical field of the same name.
 *
 * The language in which the files write mappings:
 *     first := term ('|' term)*            the first that is present
 *     term  := 'missing' | quoted | name '(' first (',' first)* ')' | name
 *     quoted := ' ... '                    a constant; '' stands for a quote
 *     name  := anything but blank ' " ( ) , | ; or " ... ", in which only a quote cannot stand
 */
#include "schema/model.h"

#define NESTING 8

/*
 * Mappings of any field of a form: "labels['requestParameters.$']: requestParameters.$". What stands for the '$' in the field
 * that is asked for stands for it in the fields that the map names.
 */
static const field_map *map_filled(const field_map *m, pk_str name, arena *a)
{
    field_map *out = ARENA_NEW(a, field_map);
    *out = *m;
    size_t at = m->kind == MAP_FIELD ? str_find_char(m->text, '$') : STR_NPOS;
    if (at != STR_NPOS)
        out->text = arena_printf(a, STR_FMT STR_FMT STR_FMT, STR_ARG(str_slice(m->text, 0, at)), STR_ARG(name),
                                 STR_ARG(str_slice(m->text, at + 1, STR_NPOS)));
    if (m->count) out->args = ARENA_ARRAY(a, field_map *, m->count);
    for (size_t i = 0; i < m->count; i++) out->args[i] = (field_map *)map_filled(m->args[i], name, a);
    return out;
}

static const field_map *form_map(const class_row *row, pk_str schema_name, pk_str field, arena *a)
{
    if (!str_ends_with(field, STR("']"))) return NULL; /* keys of maps alone are without number */
    for (size_t i = 0; i < row->mappings.len; i++) {
        const mapping *m = &row->mappings.at[i];
        size_t at = str_find_char(m->field, '$');
        if (at == STR_NPOS || !str_equal(m->schema, schema_name) || field.len < m->field.len) continue;
        pk_str before = str_slice(m->field, 0, at), behind = str_slice(m->field, at + 1, STR_NPOS);
        if (str_starts_with(field, before) && str_ends_with(field, behind))
            return map_filled(m->map, str_slice(field, at, field.len - before.len - behind.len), a);
    }
    return NULL;
}

const field_map *schema_own_mapping(const schema *s, class_id c, pk_str schema_name, pk_str field, arena *a)
{
    char buffer[256];
    size_t len = schema_name.len + 1 + field.len;
    if (len > sizeof buffer) return NULL;
    memcpy(buffer, schema_name.ptr, schema_name.len);
    buffer[schema_name.len] = 0;
    memcpy(buffer + schema_name.len + 1, field.ptr, field.len);
    for (; c != CLASS_NONE; c = s->classes.at[c]->shown.parent) {
        const class_row *row = s->classes.at[c];
        uint32_t found = row->mappings.len ? table_get(&row->mapping_index, (pk_str){buffer, len}) : TABLE_NONE;
        if (found != TABLE_NONE) return row->mappings.at[found].map;
        const field_map *form = form_map(row, schema_name, field, a);
        if (form) return form;
    }
    return NULL;
}

const field_map *schema_field(const schema *s, class_id c, pk_str schema_name, pk_str field, arena *a)
{
    if (schema_has_records(schema_name)) return schema_nested_field(s, c, schema_name, field, a);
    const field_map *own = schema_own_mapping(s, c, schema_name, field, a);
    if (own) return own;
    field_map *same = ARENA_NEW(a, field_map);
    *same = (field_map){.kind = MAP_FIELD, .text = arena_str(a, field)};
    return same;
}

const field_mapping *schema_class_mappings(const schema *s, class_id c, size_t *count)
{
    *count = s->classes.at[c]->mappings.len;
    return s->classes.at[c]->mappings.at;
}

/* ---- writing ---- */

static void print_constant(const field_map *m, text *out)
{
    pk_str s = m->constant.type == VALUE_STRING ? m->constant.as.string : STR("");
    text_put_char(out, '\'');
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\'') text_put_char(out, '\'');
        text_put_char(out, s.ptr[i]);
    }
    text_put_char(out, '\'');
}

static void print_args(const field_map *m, const char *between, text *out)
{
    for (size_t i = 0; i < m->count; i++) {
        if (i) text_put_cstring(out, between);
        field_map_print(m->args[i], out);
    }
}

void field_map_print(const field_map *m, text *out)
{
    switch (m->kind) {
    case MAP_FIELD: text_put(out, m->text); break;
    case MAP_CONSTANT: print_constant(m, out); break;
    case MAP_CALL:
        text_put(out, m->text);
        text_put_char(out, '(');
        print_args(m, ", ", out);
        text_put_char(out, ')');
        break;
    case MAP_FIRST: print_args(m, " | ", out); break;
    case MAP_MISSING: text_put_cstring(out, "missing"); break;
    case MAP_RECORD: text_printf(out, "record(" STR_FMT ")", STR_ARG(m->text)); break;
    }
}

/* ---- reading ---- */

typedef struct {
    pk_str text;
    size_t at;
    arena *arena;
    const char *error;
} map_parser;

static const field_map *parse_first(map_parser *p, unsigned depth);

static void skip_blanks(map_parser *p)
{
    while (p->at < p->text.len && (p->text.ptr[p->at] == ' ' || p->text.ptr[p->at] == '\n')) p->at++;
}

static bool accept(map_parser *p, char c)
{
    skip_blanks(p);
    if (p->at >= p->text.len || p->text.ptr[p->at] != c) return false;
    p->at++;
    return true;
}

static field_map *new_map(map_parser *p, map_kind kind)
{
    field_map *m = ARENA_NEW(p->arena, field_map);
    m->kind = kind;
    return m;
}

static const field_map *fail(map_parser *p, const char *error)
{
    if (p->error == NULL) p->error = error;
    return NULL;
}

/* Behind the opening quote. */
static const field_map *parse_quoted(map_parser *p)
{
    char *out = arena_alloc(p->arena, p->text.len + 1);
    size_t len = 0;
    for (; p->at < p->text.len; p->at++) {
        if (p->text.ptr[p->at] == '\'') {
            p->at++;
            if (p->at >= p->text.len || p->text.ptr[p->at] != '\'') {
                field_map *m = new_map(p, MAP_CONSTANT);
                m->constant = value_string((pk_str){out, len});
                return m;
            }
        }
        out[len++] = p->text.ptr[p->at];
    }
    return fail(p, "a constant has no closing quote");
}

static const field_map *parse_call(map_parser *p, pk_str name, unsigned depth)
{
    const field_map *args[MAP_ARGUMENTS];
    size_t count = 0;
    if (!map_function_of(name)) return fail(p, "no function of this name; map_functions.def lists them");
    do {
        if (count == MAP_ARGUMENTS) return fail(p, "a function has too many arguments");
        if ((args[count++] = parse_first(p, depth - 1)) == NULL) return NULL;
    } while (accept(p, ','));
    if (!accept(p, ')')) return fail(p, "expected ')'");
    field_map *m = new_map(p, MAP_CALL);
    m->text = name;
    m->count = count;
    m->args = arena_alloc(p->arena, count * sizeof *m->args);
    memcpy(m->args, args, count * sizeof *m->args);
    return m;
}

static pk_str parse_name(map_parser *p)
{
    size_t start = p->at;
    while (p->at < p->text.len && memchr(" '\"(),|\n", p->text.ptr[p->at], 8) == NULL) p->at++;
    return str_slice(p->text, start, p->at - start);
}

static const field_map *new_field(map_parser *p, pk_str name)
{
    field_map *m = new_map(p, MAP_FIELD);
    m->text = name;
    return m;
}

/* Behind the opening quote of "cs(User-Agent)". */
static const field_map *parse_quoted_name(map_parser *p)
{
    size_t len = str_find_char(str_slice(p->text, p->at, STR_NPOS), '"');
    if (len == STR_NPOS || len == 0) return fail(p, "a quoted name has no closing quote, or is empty");
    pk_str name = str_slice(p->text, p->at, len);
    p->at += len + 1;
    return new_field(p, name);
}

static const field_map *parse_term(map_parser *p, unsigned depth)
{
    if (depth == 0) return fail(p, "nested too deeply");
    if (accept(p, '\'')) return parse_quoted(p);
    if (accept(p, '"')) return parse_quoted_name(p);
    skip_blanks(p);
    pk_str name = parse_name(p);
    if (name.len == 0) return fail(p, "expected a field, a 'constant' or a function");
    if (accept(p, '(')) return parse_call(p, name, depth);
    if (str_equal(name, STR("missing"))) return new_map(p, MAP_MISSING);
    return new_field(p, name);
}

static const field_map *parse_first(map_parser *p, unsigned depth)
{
    const field_map *terms[MAP_ARGUMENTS];
    size_t count = 0;
    do {
        if (count == MAP_ARGUMENTS) return fail(p, "too many alternatives");
        if ((terms[count++] = parse_term(p, depth)) == NULL) return NULL;
    } while (accept(p, '|'));
    if (count == 1) return terms[0];
    field_map *m = new_map(p, MAP_FIRST);
    m->count = count;
    m->args = arena_alloc(p->arena, count * sizeof *m->args);
    memcpy(m->args, terms, count * sizeof *m->args);
    return m;
}

const field_map *field_map_parse(arena *a, pk_str source, const char **error)
{
    map_parser p = {.text = source, .arena = a};
    const field_map *m = parse_first(&p, NESTING);
    skip_blanks(&p);
    if (m && p.at < source.len) m = fail(&p, "expected the end of the mapping, ',' or '|'");
    *error = p.error;
    return m;
}
