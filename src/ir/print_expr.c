/*
 * Expressions in the text form. Brackets stand exactly where the tree and the precedence differ, so that parsing gives
 * the same tree; a name is written short only where it reads back as the same field.
 */
#include "ir/print.h"
#include "base/unicode.h"

#include <math.h>

/* ---- literals and names ---- */

static bool needs_escapes(pk_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if ((unsigned char)s.ptr[i] < 0x20 || s.ptr[i] == 0x7f) return true;
    return !utf8_valid(s);
}

static void print_escaped(text *out, pk_str s)
{
    bool valid = utf8_valid(s);
    text_put_cstring(out, "e'");
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (c == '\\') text_put_cstring(out, "\\\\");
        else if (c == '\'') text_put_cstring(out, "''");
        else if (c == '\n') text_put_cstring(out, "\\n");
        else if (c == '\r') text_put_cstring(out, "\\r");
        else if (c == '\t') text_put_cstring(out, "\\t");
        else if (c < 0x20 || c == 0x7f || (c >= 0x80 && !valid)) text_printf(out, "\\x%02x", c);
        else text_put_char(out, (char)c);
    }
    text_put_char(out, '\'');
}

void print_string(text *out, pk_str s)
{
    if (needs_escapes(s)) {
        print_escaped(out, s);
        return;
    }
    text_put_char(out, '\'');
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\'') text_put_char(out, '\'');
        text_put_char(out, s.ptr[i]);
    }
    text_put_char(out, '\'');
}

static void print_quoted_name(text *out, pk_str s)
{
    text_put_char(out, '"');
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '"') text_put_char(out, '"');
        text_put_char(out, s.ptr[i]);
    }
    text_put_char(out, '"');
}

static bool is_bare(pk_str s) { return s.len && bare_name_length(s) == s.len && !word_is_reserved(s); }

void print_name(text *out, pk_str s)
{
    if (is_bare(s)) text_put(out, s);
    else print_quoted_name(out, s);
}

void print_duration(text *out, int64_t n)
{
    static const struct { int64_t length; const char *unit; } units[] = {
        {86400 * SECOND, "d"}, {3600 * SECOND, "h"}, {60 * SECOND, "m"}, {SECOND, "s"}, {1000000, "ms"}, {1, "ns"},
    };
    size_t i = 0;
    while (n % units[i].length) i++;
    text_put_int(out, n / units[i].length);
    text_put_cstring(out, n ? units[i].unit : "s");
}

static void print_real(text *out, double d)
{
    size_t start = out->len;
    if (isnan(d)) text_put_cstring(out, "nan");
    else if (isinf(d)) text_put_cstring(out, d < 0 ? "-infinity" : "infinity");
    else if (d == 0) text_put_cstring(out, signbit(d) ? "-0.0" : "0.0");
    else {
        text_put_double(out, d);
        pk_str made = str_slice(text_view(out), start, out->len);
        bool marked = false;
        for (size_t i = 0; i < made.len; i++) marked |= made.ptr[i] == '.' || made.ptr[i] == 'e';
        if (!marked) text_put_cstring(out, ".0");
    }
}

static void print_time(text *out, timestamp t)
{
    arena *a = arena_new();
    text_put_cstring(out, "time'");
    text_put(out, timestamp_text(a, t));
    text_put_char(out, '\'');
    arena_free(a);
}

static void print_members(text *out, const value *v)
{
    bool record = v->type == VALUE_RECORD;
    size_t count = record ? v->as.record.count : v->as.list.count;
    text_put_char(out, record ? '{' : '[');
    for (size_t i = 0; i < count; i++) {
        if (i) text_put_cstring(out, ", ");
        if (record) {
            print_string(out, v->as.record.fields[i].name);
            text_put_cstring(out, ": ");
        }
        print_literal(out, record ? &v->as.record.fields[i].value : &v->as.list.items[i]);
    }
    text_put_char(out, record ? '}' : ']');
}

void print_literal(text *out, const value *v)
{
    switch (v->type) {
    case VALUE_MISSING: text_put_cstring(out, "nothing"); break;
    case VALUE_NULL: text_put_cstring(out, "null"); break;
    case VALUE_BLANK: text_put_cstring(out, "blank"); break;
    case VALUE_BOOL: text_put_cstring(out, v->as.boolean ? "true" : "false"); break;
    case VALUE_INT: text_put_int(out, v->as.integer); break;
    case VALUE_UINT: text_printf(out, "%llu", (unsigned long long)v->as.unsigned_integer); break;
    case VALUE_FLOAT: print_real(out, v->as.real); break;
    case VALUE_STRING: print_string(out, v->as.string); break;
    case VALUE_TIME: print_time(out, v->as.time); break;
    case VALUE_LIST: case VALUE_RECORD: print_members(out, v); break;
    }
}

/* ---- fields ---- */

/* Would `f`, written without schema and quotes around its path, read back as f? */
static bool reads_back(const name_scope *s, const ir_field *f, bool quoted)
{
    pk_str schema = f->part.len ? (pk_str){"", 0} : s->schema;
    if (!str_equal(f->schema, schema)) return false;
    if (f->part.len) return false;
    name_meaning m = name_resolve(s, f->path, quoted);
    return !m.is_definition && !m.part.len;
}

static bool part_is_plain(const name_scope *s, const ir_field *f)
{
    pk_str part = f->part;
    for (size_t i = 0; i < part.len; i++)
        if (part.ptr[i] == '.' || part.ptr[i] == '[') return false;
    return is_bare(part) && str_equal(name_part(s, part), part);
}

static void print_schema(text *out, pk_str schema)
{
    text_put_char(out, '@');
    if (schema.len) print_name(out, schema);
}

/* part.path where both are plain and no definition has that name; else "part"."path". */
static void print_parted(printer *p, const ir_field *f)
{
    text joined = {0};
    text_put(&joined, f->part);
    if (f->path.len) {
        text_put_char(&joined, '.');
        text_put(&joined, f->path);
    }
    pk_str whole = text_view(&joined);
    if (part_is_plain(&p->scope, f) && is_bare(whole) && !name_resolve(&p->scope, whole, false).is_definition) {
        text_put(p->out, whole);
    } else {
        print_quoted_name(p->out, f->part);
        text_put_char(p->out, '.');
        print_quoted_name(p->out, f->path);
    }
    text_free(&joined);
    if (f->schema.len) print_schema(p->out, f->schema);
}

static void print_outer(printer *p, const ir_field *f)
{
    text_put_char(p->out, '$');
    print_quoted_name(p->out, f->part);
    text_put_char(p->out, '.');
    print_quoted_name(p->out, f->path);
    if (f->schema.len) print_schema(p->out, f->schema);
}

static void print_path(printer *p, const ir_field *f)
{
    if (f->part.len) print_parted(p, f);
    else if (str_equal(f->path, STR("*")) && reads_back(&p->scope, f, false)) text_put_char(p->out, '*');
    else if (is_bare(f->path) && reads_back(&p->scope, f, false)) text_put(p->out, f->path);
    else if (reads_back(&p->scope, f, true)) print_quoted_name(p->out, f->path);
    else {
        if (is_bare(f->path) && !name_part(&p->scope, f->path).len) text_put(p->out, f->path);
        else print_quoted_name(p->out, f->path);
        print_schema(p->out, f->schema);
    }
}

void print_field(printer *p, const ir_field *f)
{
    switch (f->kind) {
    case FIELD_PATH: print_path(p, f); return;
    case FIELD_OUTER: print_outer(p, f); return;
    case FIELD_ANY_VALUE: text_put_cstring(p->out, "any value"); break;
    case FIELD_RAW: text_put_cstring(p->out, "raw"); break;
    }
    if (!f->part.len) return;
    text_put_cstring(p->out, " of ");
    print_name(p->out, f->part);
}

/* ---- uses ---- */

static void print_test_head(text *out, const ir_test *t, bool name_fold)
{
    text_put_cstring(out, test_kind_table[t->kind].text);
    if (t->kind == TEST_COMPARE) text_printf(out, " %s", compare_words[t->compare]);
    if (t->flags & TEST_CASED) text_put_cstring(out, " exact");
    else if (name_fold && t->constant.type == VALUE_STRING && t->kind != TEST_CIDR) text_put_cstring(out, " fold");
    if (t->flags & TEST_DASHES) text_put_cstring(out, " dashes");
    if (t->flags & TEST_MULTILINE) text_put_cstring(out, " multiline");
    if (t->flags & TEST_DOTALL) text_put_cstring(out, " dotall");
    if (t->flags & TEST_WHOLE) text_put_cstring(out, " whole");
}

static void print_use_flags(text *out, const ir_use *u)
{
    if (u->missing == MISSING_ZERO || u->missing == MISSING_NULL) text_printf(out, " %s", missing_words[u->missing]);
    if (u->missing == MISSING_TRUE) text_put_cstring(out, " missing true");
    if (u->not_equal == NOT_EQUAL_SOME) text_put_cstring(out, " some_differs");
    if (u->numbers == NUMBERS_STRICT) text_put_cstring(out, " strict");
    if (u->numbers == NUMBERS_BY_TYPE) text_put_cstring(out, " by_type");
}

static bool same_head(const ir_test *a, const ir_test *b)
{
    return a->kind == b->kind && a->flags == b->flags && a->compare == b->compare &&
           (a->constant.type == VALUE_STRING) == (b->constant.type == VALUE_STRING);
}

static bool uniform(const ir_use *u)
{
    for (size_t i = 1; i < u->count; i++)
        if (!same_head(u->constants[0].test, u->constants[i].test)) return false;
    return u->count > 0;
}

/* `expected`: the group that a reader assumes, one more than that of the constant before. */
static void print_constant_notes(text *out, const ir_constant *c, uint32_t expected)
{
    if (c->written.len) {
        text_put_cstring(out, " written ");
        print_string(out, c->written);
    }
    if (c->origin.len) {
        text_put_cstring(out, " by ");
        print_string(out, c->origin);
    }
    if (c->group != expected) text_printf(out, " #%u", (unsigned)c->group);
}

static void print_constants(printer *p, const ir_use *u, bool heads)
{
    text_put_cstring(p->out, u->all ? " all(" : " any(");
    uint32_t expected = 0;
    for (size_t i = 0; i < u->count; i++) {
        const ir_constant *c = &u->constants[i];
        if (i) text_put_cstring(p->out, ", ");
        if (heads) print_test_head(p->out, c->test, true);
        bool bare = heads && c->test->constant.type == VALUE_MISSING;
        if (heads && !bare) text_put_char(p->out, ' ');
        if (!bare) print_literal(p->out, &c->test->constant);
        print_constant_notes(p->out, c, expected);
        expected = c->group + 1;
    }
    text_put_char(p->out, ')');
}

static void print_use(printer *p, const expr *e)
{
    const ir_use *u = &e->as.use;
    if (u->many != MANY_ANY) text_printf(p->out, "%s ", many_words[u->many]);
    print_operand(p, u->operand);
    if (u->negated) text_put_cstring(p->out, " not");
    if (!uniform(u)) {
        print_use_flags(p->out, u);
        print_constants(p, u, true);
        return;
    }
    const ir_test *t = u->constants[0].test;
    text_put_char(p->out, ' ');
    print_test_head(p->out, t, true);
    print_use_flags(p->out, u);
    if (u->count > 1 || u->all || t->constant.type == VALUE_NULL) {
        print_constants(p, u, false);
        return;
    }
    if (t->constant.type != VALUE_MISSING) {
        text_put_char(p->out, ' ');
        print_literal(p->out, &t->constant);
    }
    print_constant_notes(p->out, &u->constants[0], 0);
}

void ir_print_test(text *out, const ir_test *t)
{
    print_test_head(out, t, false);
    if (t->constant.type == VALUE_MISSING) return;
    text_put_char(out, ' ');
    print_literal(out, &t->constant);
}

/* ---- expressions ---- */

enum { PRECEDENCE_OR, PRECEDENCE_AND, PRECEDENCE_NOT, PRECEDENCE_PREDICATE, PRECEDENCE_ADD, PRECEDENCE_MULTIPLY,
       PRECEDENCE_PRIMARY };

static bool is_additive(const expr *e) { return e->as.arithmetic == '+' || e->as.arithmetic == '-'; }

static int precedence(const expr *e)
{
    switch (e->kind) {
    case EXPR_CONSTANT: case EXPR_FIELD: case EXPR_NAME: case EXPR_CALL: return PRECEDENCE_PRIMARY;
    case EXPR_AND: return e->count > 1 ? PRECEDENCE_AND : e->count ? precedence(e->args[0]) : PRECEDENCE_PRIMARY;
    case EXPR_OR: return e->count > 1 ? PRECEDENCE_OR : e->count ? precedence(e->args[0]) : PRECEDENCE_PRIMARY;
    case EXPR_NOT: return PRECEDENCE_NOT;
    case EXPR_USE: case EXPR_COMPARE: case EXPR_IN: case EXPR_SOME: return PRECEDENCE_PREDICATE;
    case EXPR_ARITHMETIC: return is_additive(e) ? PRECEDENCE_ADD : PRECEDENCE_MULTIPLY;
    }
    return PRECEDENCE_PRIMARY;
}

static void print_at(printer *p, const expr *e, int lowest)
{
    bool brackets = precedence(e) < lowest;
    if (brackets) text_put_char(p->out, '(');
    print_expr(p, e);
    if (brackets) text_put_char(p->out, ')');
}

void print_operand(printer *p, const expr *e) { print_at(p, e, PRECEDENCE_ADD); }

/* No arguments: true or false; one: itself. */
static void print_junction(printer *p, const expr *e)
{
    bool conjunction = e->kind == EXPR_AND;
    if (!e->count) text_put_cstring(p->out, conjunction ? "true" : "false");
    if (e->count == 1) print_expr(p, e->args[0]);
    for (size_t i = 0; e->count > 1 && i < e->count; i++) {
        if (i) text_put_cstring(p->out, conjunction ? " and " : " or ");
        print_at(p, e->args[i], conjunction ? PRECEDENCE_NOT : PRECEDENCE_AND);
    }
}

static void print_compare(printer *p, const expr *e)
{
    print_operand(p, e->args[0]);
    text_printf(p->out, " %s", compare_words[e->as.compare.op]);
    if (e->as.compare.cased) text_put_cstring(p->out, " exact");
    if (e->as.compare.missing) text_printf(p->out, " missing %s", missing_words[e->as.compare.missing]);
    if (e->as.compare.many) text_printf(p->out, " many %s", many_words[e->as.compare.many]);
    if (e->as.compare.how != TEST_EQUALS) text_printf(p->out, " %s", test_kind_table[e->as.compare.how].text);
    text_put_char(p->out, ' ');
    print_operand(p, e->args[1]);
}

static void print_list(printer *p, expr **args, size_t count)
{
    text_put_char(p->out, '(');
    for (size_t i = 0; i < count; i++) {
        if (i) text_put_cstring(p->out, ", ");
        print_expr(p, args[i]);
    }
    text_put_char(p->out, ')');
}

static void print_arithmetic(printer *p, const expr *e)
{
    int own = precedence(e);
    print_at(p, e->args[0], own);
    text_printf(p->out, " %c ", e->as.arithmetic);
    print_at(p, e->args[1], own + 1);
}

static void print_some(printer *p, const expr *e)
{
    text_put_cstring(p->out, "some ");
    print_name(p->out, e->as.some.element);
    text_put_cstring(p->out, " in ");
    print_field(p, &e->as.some.list);
    text_put_cstring(p->out, ": (");
    element_scope element = {e->as.some.element, p->scope.elements};
    p->scope.elements = &element;
    print_expr(p, e->args[0]);
    p->scope.elements = element.outer;
    text_put_char(p->out, ')');
}

void print_expr(printer *p, const expr *e)
{
    if (++p->depth > 2 * IR_MAX_DEPTH) {
        text_put_cstring(p->out, "...");
        p->depth--;
        return;
    }
    switch (e->kind) {
    case EXPR_CONSTANT: print_literal(p->out, &e->as.constant); break;
    case EXPR_FIELD: print_field(p, &e->as.field); break;
    case EXPR_USE: print_use(p, e); break;
    case EXPR_NAME: print_name(p->out, e->as.name.name); break;
    case EXPR_AND: case EXPR_OR: print_junction(p, e); break;
    case EXPR_NOT:
        text_put_cstring(p->out, "not ");
        print_at(p, e->args[0], PRECEDENCE_NOT);
        break;
    case EXPR_COMPARE: print_compare(p, e); break;
    case EXPR_IN:
        print_operand(p, e->args[0]);
        text_put_cstring(p->out, " in ");
        print_list(p, e->args + 1, e->count - 1);
        break;
    case EXPR_CALL:
        if (str_equal(e->as.call.name, STR("if"))) text_put_cstring(p->out, "if");
        else print_name(p->out, e->as.call.name);
        print_list(p, e->args, e->count);
        break;
    case EXPR_ARITHMETIC: print_arithmetic(p, e); break;
    case EXPR_SOME: print_some(p, e); break;
    }
    p->depth--;
}

void ir_print_expr(text *out, const expr *e)
{
    printer p = {.out = out};
    print_expr(&p, e);
}
