/*
 * Predicates of an expression, as they are shown and counted (docs/catalog.md, "How predicates are counted"): each value of a
 * list alone, the spellings of one written value together, escapes only where a wildcard is near.
 */
#include <nettle/sha2.h>

#include "base/unicode.h"
#include "catalog/extract.h"
#include "ir/walk.h"

/* ---- fields ---- */

static pk_str printed(const expr *e, arena *a)
{
    text t = {0};
    ir_print_expr(&t, e);
    pk_str s = arena_str(a, text_view(&t));
    text_free(&t);
    return s;
}

pk_str without_marks(pk_str path, arena *a)
{
    if (str_find(path, STR("[]")) == STR_NPOS) return path;
    char *out = arena_alloc(a, path.len);
    size_t len = 0;
    for (size_t i = 0; i < path.len; i++)
        if (path.ptr[i] == '[' && i + 1 < path.len && path.ptr[i + 1] == ']') i++;
        else out[len++] = path.ptr[i];
    return (pk_str){out, len};
}

/* The field of an event or record that `f` reads: itself, or what a column made by `expand` copies; NULL: a column that stages made. */
static const ir_field *source_of(const rule *r, const ir_field *f, arena *a)
{
    if (f->schema.len) return f;
    for (size_t i = 0; r->plan && !f->part.len && i < r->plan->stage_count; i++) {
        const stage *s = r->plan->stages[i];
        for (size_t k = 0; s->kind == STAGE_EXPAND && k < s->as.expand.count; k++) {
            const ir_field *list = &s->as.expand.lists[k];
            pk_str column = f->path, path = without_marks(list->path, a);
            if (list->part.len) {
                if (!str_starts_with(column, list->part) || column.len <= list->part.len || column.ptr[list->part.len] != '.') continue;
                column = str_slice(column, list->part.len + 1, STR_NPOS);
            }
            if (str_equal(column, path)) return list;
        }
    }
    return NULL;
}

/* As the rule writes it. */
static pk_str shown_field(const rule *r, const ir_field *f, arena *a)
{
    const ir_field *source = source_of(r, f, a);
    pk_str path = without_marks(source ? source->path : f->path, a);
    return source && r->language && r->language->field_name ? r->language->field_name(source->schema, path, a) : path;
}

static pk_str field_name(const rule *r, const expr *operand, arena *a)
{
    if (operand->kind == EXPR_FIELD && operand->as.field.kind == FIELD_ANY_VALUE) return STR("");
    if (operand->kind == EXPR_FIELD && operand->as.field.kind == FIELD_PATH) return shown_field(r, &operand->as.field, a);
    return printed(operand, a);
}

static bool is_any_value(const expr *operand) { return operand->kind == EXPR_FIELD && operand->as.field.kind == FIELD_ANY_VALUE; }

/* ---- values ---- */

/* A pattern in the canonical form, a backslash doubled only where it would hide a wildcard or another backslash. */
static pk_str shown_pattern(pk_str p, arena *a)
{
    char *out = arena_alloc(a, 2 * p.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < p.len; i++) {
        bool escaped = p.ptr[i] == '\\' && i + 1 < p.len;
        char c = escaped ? p.ptr[++i] : p.ptr[i];
        if (escaped && c == '\\') {
            char next = i + 1 < p.len ? p.ptr[i + 1] : 0;
            if (next == '*' || next == '?' || next == '\\') out[len++] = '\\';
        } else if (escaped) {
            out[len++] = '\\';
        }
        out[len++] = c;
    }
    return (pk_str){out, len};
}

static pk_str inline_flags(uint16_t flags, pk_str pattern, arena *a)
{
    if (!(flags & (TEST_MULTILINE | TEST_DOTALL))) return pattern;
    return arena_printf(a, "(?%s%s)" STR_FMT, flags & TEST_MULTILINE ? "m" : "", flags & TEST_DOTALL ? "s" : "", STR_ARG(pattern));
}

static const char *const compare_signs[] = {"<", "<=", ">", ">=", "=", "!="};

static pk_str test_value(const ir_test *t, arena *a)
{
    pk_str s = STR("");
    value_text(a, &t->constant, &s);
    switch (t->kind) {
    case TEST_WILDCARD: return shown_pattern(s, a);
    case TEST_REGEX: return inline_flags(t->flags, s, a);
    case TEST_COMPARE: return arena_printf(a, "%s " STR_FMT, compare_signs[t->compare], STR_ARG(s));
    case TEST_EXISTS: return STR("true");
    case TEST_IS_NULL: return STR("null");
    case TEST_EQUALS: case TEST_STARTS_WITH: case TEST_ENDS_WITH: case TEST_MATCH: case TEST_PHRASE: case TEST_CIDR:
    case TEST_KINDS: break;
    }
    return s;
}

static bool has_case(test_kind kind)
{
    return kind == TEST_EQUALS || kind == TEST_STARTS_WITH || kind == TEST_ENDS_WITH || kind == TEST_MATCH || kind == TEST_WILDCARD ||
           kind == TEST_REGEX || kind == TEST_PHRASE;
}

/* Folding a regular expression would change what it means: \S is not \s. */
static pk_str folded_value(const found_predicate *p, test_kind kind, arena *a)
{
    if (p->cased || kind == TEST_REGEX) return p->value;
    return fold(a, utf8_repair(a, p->value));
}

/* ---- hashes ---- */

static const struct { const char *name; size_t digits; } algorithms[] = {
    {"MD5", 32}, {"SHA1", 40}, {"SHA224", 56}, {"SHA256", 64}, {"SHA384", 96}, {"SHA512", 128}, {"IMPHASH", 32}};
#define ALGORITHMS (sizeof algorithms / sizeof *algorithms)

static bool is_hex(pk_str s)
{
    for (size_t i = 0; i < s.len; i++)
        if (!strchr("0123456789abcdefABCDEF", s.ptr[i]) || !s.ptr[i]) return false;
    return s.len > 0;
}

static bool contains_word(pk_str s, const char *word)
{
    for (size_t i = 0; i < s.len; i++)
        if (str_equal_ascii_fold(str_slice(s, i, strlen(word)), str_from(word))) return true;
    return false;
}

/* "SHA1=0391...", as Sysmon writes hashes; or a bare one in a field that is named after hashes. */
static const char *algorithm_of(pk_str field, pk_str v)
{
    size_t equals = str_find_char(v, '=');
    for (size_t i = 0; i < ALGORITHMS && equals != STR_NPOS; i++)
        if (str_equal_ascii_fold(str_slice(v, 0, equals), str_from(algorithms[i].name)) && is_hex(str_slice(v, equals + 1, STR_NPOS)))
            return algorithms[i].name;
    if (!is_hex(v)) return NULL;
    for (size_t i = ALGORITHMS; i-- > 0;)
        if (v.len == algorithms[i].digits && contains_word(field, algorithms[i].name)) return algorithms[i].name;
    for (size_t i = 0; i < ALGORITHMS; i++)
        if (v.len == algorithms[i].digits && contains_word(field, "hash")) return algorithms[i].name;
    return NULL;
}

/* ---- uses ---- */

typedef struct {
    const rule *rule;
    arena *arena;
    found_predicates *out;
} extraction;

static bool is_placeholder(pk_str origin) { return str_starts_with(origin, STR("placeholder")); }

static pk_str form_of(const ir_constant *c)
{
    if (is_placeholder(c->origin)) return STR("placeholder");
    if (str_equal(c->origin, STR("windash"))) return c->test->flags & TEST_DASHES ? c->origin : STR("");
    return c->origin;
}

/* Constants from `i` on that are spellings of one written value. */
static size_t end_of_group(const ir_use *u, size_t i)
{
    size_t end = i + 1;
    while (end < u->count && u->constants[i].written.len && u->constants[end].group == u->constants[i].group &&
           str_equal(u->constants[end].written, u->constants[i].written))
        end++;
    return end;
}

static void add_constant(extraction *x, const ir_use *u, size_t i, size_t end, bool negated)
{
    const ir_constant *c = &u->constants[i];
    const ir_test *t = c->test;
    found_predicate p = {.field = field_name(x->rule, u->operand, x->arena), .kind = test_kind_table[t->kind].text, .form = form_of(c),
                         .cased = has_case(t->kind) && (t->flags & TEST_CASED), .negated = negated, .every = u->all && u->count > 1, .span = c->span};
    bool as_written = c->written.len && (end - i > 1 || p.form.len);
    p.value = as_written ? c->written : test_value(t, x->arena);
    if (is_any_value(u->operand) && t->kind == TEST_MATCH) p.kind = "keyword";
    p.folded = folded_value(&p, t->kind, x->arena);
    if (t->kind == TEST_EQUALS || t->kind == TEST_MATCH || t->kind == TEST_STARTS_WITH || t->kind == TEST_ENDS_WITH)
        p.algorithm = algorithm_of(p.field, p.value);
    vec_push_in(x->arena, &x->out->items, p);
}

static void add_use(extraction *x, const ir_use *u, bool negated)
{
    if (u->negated) negated = !negated;
    for (size_t i = 0, end; i < u->count; i = end) {
        end = end_of_group(u, i);
        add_constant(x, u, i, end, negated);
    }
}

static bool is_event_field(const rule *r, const expr *e, arena *a)
{
    return e->kind == EXPR_FIELD && e->as.field.kind == FIELD_PATH && source_of(r, &e->as.field, a);
}

static void add_compare(extraction *x, const expr *e, bool negated)
{
    const expr *left = e->args[0], *right = e->args[1];
    compare_op op = e->as.compare.op;
    if (!is_event_field(x->rule, left, x->arena) && is_event_field(x->rule, right, x->arena) && left->kind == EXPR_CONSTANT) {
        static const compare_op turned[] = {COMPARE_GT, COMPARE_GE, COMPARE_LT, COMPARE_LE, COMPARE_EQ, COMPARE_NE};
        const expr *swap = left;
        left = right;
        right = swap;
        op = turned[op];
    }
    if (!is_event_field(x->rule, left, x->arena)) return;
    found_predicate p = {.field = shown_field(x->rule, &left->as.field, x->arena), .negated = negated, .span = e->span, .form = STR(""), .cased = e->as.compare.cased};
    bool equal = op == COMPARE_EQ || op == COMPARE_NE;
    if (op == COMPARE_NE) p.negated = !p.negated;
    if (is_event_field(x->rule, right, x->arena) && equal) {
        p.kind = "field_equals";
        p.value = shown_field(x->rule, &right->as.field, x->arena);
        if (e->as.compare.how != TEST_EQUALS) p.form = str_from(test_kind_table[e->as.compare.how].text);
        p.folded = p.value;
    } else if (right->kind == EXPR_CONSTANT) {
        pk_str s = STR("");
        value_text(x->arena, &right->as.constant, &s);
        p.kind = equal ? "equals" : "compare";
        p.value = equal ? s : arena_printf(x->arena, "%s " STR_FMT, compare_signs[op], STR_ARG(s));
        p.folded = p.cased ? p.value : fold(x->arena, utf8_repair(x->arena, p.value));
    } else {
        return;
    }
    vec_push_in(x->arena, &x->out->items, p);
}

/* field in (constants) */
static void add_in(extraction *x, const expr *e, bool negated)
{
    if (!e->count || !is_event_field(x->rule, e->args[0], x->arena)) return;
    for (size_t i = 1; i < e->count; i++) {
        pk_str s = STR("");
        if (e->args[i]->kind != EXPR_CONSTANT || !value_text(x->arena, &e->args[i]->as.constant, &s)) continue;
        found_predicate p = {.field = shown_field(x->rule, &e->args[0]->as.field, x->arena), .kind = "equals", .cased = true, .form = STR(""), .value = s, .folded = s,
                             .negated = negated, .span = e->args[i]->span};
        vec_push_in(x->arena, &x->out->items, p);
    }
}

static bool visit(const expr *e, bool negated, void *user)
{
    extraction *x = user;
    if (e->kind == EXPR_USE) {
        add_use(x, &e->as.use, negated);
        return false;
    }
    if (e->kind == EXPR_COMPARE && e->count == 2) add_compare(x, e, negated);
    if (e->kind == EXPR_IN) add_in(x, e, negated);
    return true;
}

void extract_predicates(const rule *r, const expr *e, arena *a, found_predicates *out)
{
    extraction x = {r, a, out};
    ir_walk_expr(NULL, e, visit, &x);
}

static void visit_root(const expr *e, void *user)
{
    extraction *x = user;
    if (e) ir_walk_expr(NULL, e, visit, x);
}

void extract_stage_predicates(const rule *r, const stage *s, arena *a, found_predicates *out)
{
    extraction x = {r, a, out};
    ir_each_stage_expr(s, visit_root, &x);
}

/* ---- keys ---- */

static void hash_part(struct sha256_ctx *h, pk_str s, bool last)
{
    sha256_update(h, s.len, (const uint8_t *)s.ptr);
    if (!last) sha256_update(h, 1, (const uint8_t *)"");
}

predicate_key key_of_predicate(pk_str family, const found_predicate *p)
{
    static const char digits[] = "0123456789abcdef";
    struct sha256_ctx h;
    uint8_t digest[8];
    predicate_key key = {{0}};
    sha256_init(&h);
    hash_part(&h, family, false);
    hash_part(&h, p->field, false);
    hash_part(&h, str_from(p->kind), false);
    hash_part(&h, p->cased ? STR("1") : STR("0"), false);
    hash_part(&h, p->form, false);
    hash_part(&h, p->folded, true);
    sha256_digest(&h, sizeof digest, digest);
    for (size_t i = 0; i < sizeof digest; i++) {
        key.text[2 * i] = digits[digest[i] >> 4];
        key.text[2 * i + 1] = digits[digest[i] & 15];
    }
    return key;
}

/* ---- fields ---- */

typedef struct {
    const rule *rule;
    arena *arena;
    str_list *out;
    table seen;
} field_search;

static void note_field(const stage *s, const expr *e, bool negated, void *user)
{
    field_search *f = user;
    (void)s;
    (void)negated;
    if (!is_event_field(f->rule, e, f->arena)) return;
    pk_str name = shown_field(f->rule, &e->as.field, f->arena);
    if (name.len && table_put(&f->seen, name, 0)) vec_push_in(f->arena, &f->out->items, name);
}

void extract_fields(const rule *r, arena *a, str_list *out)
{
    field_search f = {.rule = r, .arena = a, .out = out};
    if (r->plan) ir_walk_plan(r->plan, note_field, &f);
    table_free(&f.seen);
}
