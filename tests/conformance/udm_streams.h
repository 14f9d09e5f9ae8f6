/*
 * Native UDM events and entities made at random from what rules ask for, so that their joins, copies and windows really fire.
 *
 * For a plan some incidents are made. In each, every variable of the plan (a match or context stage) gets a record in which
 * what the plan asks of it is tried to be true: constants are put at the paths that are tested, regular expressions are
 * answered by a text that fits them, sides of keys get the same value, keys of groups one of a few. Then events are repeated,
 * mutilated and put at random times around the incident. Whether a rule fires is not known: that the engine and the
 * evaluator say the same of it is what is tested.
 */
#ifndef PICKET_CONFORMANCE_UDM_STREAMS_H
#define PICKET_CONFORMANCE_UDM_STREAMS_H

#include "event/field_path.h"
#include "ir/ir.h"
#include "udm/udm.h"

typedef struct { uint64_t state; } random_source;

static uint64_t next_random(random_source *r)
{
    uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static unsigned below(random_source *r, unsigned n) { return n ? (unsigned)(next_random(r) % n) : 0; }
static bool one_in(random_source *r, unsigned n) { return below(r, n) == 0; }

/* ---- a text that fits a regular expression: the plain parts of the syntax; where that fails another text comes out ---- */

typedef struct {
    random_source *random;
    pk_str source;
    size_t at;
    text *out;
    int depth;
} regex_sampler;

static void sample_alternatives(regex_sampler *s, bool write);

static char regex_peek(const regex_sampler *s) { return s->at < s->source.len ? s->source.ptr[s->at] : '\0'; }

static char sample_escape(char c)
{
    switch (c) {
    case 'd': return '7';
    case 'w': return 'w';
    case 's': return ' ';
    case 'D': case 'S': case 'W': return '-';
    case 'n': return '\n';
    case 't': return '\t';
    case 'b': case 'B': case 'A': case 'z': case 'Z': case 'G': return '\0';
    }
    return c;
}

/* [...]: its first character; of a negated one something else */
static char sample_class(regex_sampler *s)
{
    char first = '\0';
    bool negated = regex_peek(s) == '^';
    if (negated) s->at++;
    for (bool begun = false; s->at < s->source.len && (regex_peek(s) != ']' || !begun); begun = true) {
        char c = s->source.ptr[s->at++];
        if (c == '[' && regex_peek(s) == ':') {
            while (s->at < s->source.len && regex_peek(s) != ']') s->at++;
            s->at++;
            c = 'a';
        } else if (c == '\\' && s->at < s->source.len) {
            c = sample_escape(s->source.ptr[s->at++]);
        }
        if (!first) first = c;
    }
    s->at++;
    return negated ? '~' : first;
}

static void sample_group(regex_sampler *s, bool write)
{
    bool look = false;
    if (regex_peek(s) == '?') {
        s->at++;
        look = regex_peek(s) == '!' || regex_peek(s) == '=' || regex_peek(s) == '<';
        while (s->at < s->source.len && regex_peek(s) != ':' && regex_peek(s) != '>' && regex_peek(s) != ')' && regex_peek(s) != '!' &&
               regex_peek(s) != '=')
            s->at++;
        if (regex_peek(s) == ')') { /* only flags */
            s->at++;
            return;
        }
        s->at++;
    }
    sample_alternatives(s, write && !look);
    if (regex_peek(s) == ')') s->at++;
}

/* How often what stands before is repeated: {n,m} * + ? */
static unsigned sample_repeats(regex_sampler *s)
{
    unsigned least = 1;
    char c = regex_peek(s);
    if (c == '*' || c == '?') least = one_in(s->random, 2), s->at++;
    else if (c == '+') s->at++;
    else if (c == '{' && s->at + 1 < s->source.len && s->source.ptr[s->at + 1] >= '0' && s->source.ptr[s->at + 1] <= '9') {
        least = 0;
        for (s->at++; regex_peek(s) >= '0' && regex_peek(s) <= '9' && least < 1000; s->at++) least = least * 10 + (unsigned)(regex_peek(s) - '0');
        while (s->at < s->source.len && regex_peek(s) != '}') s->at++;
        s->at++;
    } else {
        return 1;
    }
    if (regex_peek(s) == '?' || regex_peek(s) == '+') s->at++;
    return least > 50 ? 50 : least;
}

static void sample_one(regex_sampler *s, bool write)
{
    size_t start = s->out->len;
    char c = s->source.ptr[s->at++], put = '\0';
    if (c == '(') sample_group(s, write);
    else if (c == '[') put = sample_class(s);
    else if (c == '\\' && s->at < s->source.len) {
        char escaped = s->source.ptr[s->at++];
        if (escaped == 'Q')
            while (s->at < s->source.len && !str_starts_with(str_slice(s->source, s->at, s->source.len), STR("\\E"))) text_put_char(s->out, s->source.ptr[s->at++]);
        else if (escaped == 'E') put = '\0';
        else if (escaped == 'x') put = 'x', s->at += s->at + 1 < s->source.len ? 2 : 0;
        else put = sample_escape(escaped);
    } else if (c == '.') put = 'x';
    else if (c != '^' && c != '$') put = c;
    if (put && write) text_put_char(s->out, put);
    pk_str piece = str_slice(text_view(s->out), start, s->out->len);
    unsigned times = sample_repeats(s);
    if (!write) return;
    if (times == 0) s->out->len = start;
    text copy = {0};
    text_put(&copy, piece);
    for (unsigned i = 1; i < times; i++) text_put(s->out, text_view(&copy));
    text_free(&copy);
}

static void sample_alternatives(regex_sampler *s, bool write)
{
    size_t start = s->out->len;
    unsigned seen = 1;
    if (++s->depth > 50) s->at = s->source.len;
    while (s->at < s->source.len && regex_peek(s) != ')') {
        if (regex_peek(s) != '|') {
            sample_one(s, write);
            continue;
        }
        s->at++;
        if (one_in(s->random, ++seen) && write) s->out->len = start; /* this one instead */
        else if (write) {
            size_t kept = s->out->len;
            while (s->at < s->source.len && regex_peek(s) != ')' && regex_peek(s) != '|') sample_one(s, write);
            s->out->len = kept;
        }
    }
    s->depth--;
}

static pk_str sample_regex(random_source *r, pk_str source, arena *a)
{
    text t = {0};
    regex_sampler s = {.random = r, .source = source, .out = &t};
    while (s.at < source.len) {
        sample_alternatives(&s, true);
        s.at++;
    }
    pk_str made = arena_str(a, text_view(&t));
    text_free(&t);
    return made;
}

/* ---- records that grow ---- */

typedef struct tree_node tree_node;
struct tree_node {
    enum { NODE_SCALAR, NODE_RECORD, NODE_LIST } kind;
    value scalar;
    VEC(struct { pk_str name; tree_node *node; }) fields;
    VEC(tree_node *) items;
};

static value tree_value(arena *a, const tree_node *n)
{
    if (n->kind == NODE_SCALAR) return n->scalar;
    if (n->kind == NODE_LIST) {
        list_builder list = {0};
        for (size_t i = 0; i < n->items.len; i++) list_add(a, &list, tree_value(a, n->items.at[i]));
        return list_done(&list);
    }
    record_builder record = {0};
    for (size_t i = 0; i < n->fields.len; i++) record_add(a, &record, n->fields.at[i].name, tree_value(a, n->fields.at[i].node));
    return record_done(&record);
}

static tree_node *tree_field(arena *a, tree_node *n, pk_str name)
{
    n->kind = NODE_RECORD;
    for (size_t i = 0; i < n->fields.len; i++)
        if (str_equal(n->fields.at[i].name, name)) return n->fields.at[i].node;
    tree_node *made = ARENA_NEW(a, tree_node);
    vec_push_in(a, &n->fields, ((__typeof__(*n->fields.at)){name, made}));
    return made;
}

static tree_node *tree_item(arena *a, tree_node *n, size_t i)
{
    n->kind = NODE_LIST;
    while (n->items.len <= i && n->items.len < 20) vec_push_in(a, &n->items, ARENA_NEW(a, tree_node));
    return n->items.at[i < n->items.len ? i : n->items.len - 1];
}

static tree_node *tree_label(arena *a, tree_node *list, pk_str key)
{
    for (size_t i = 0; i < list->items.len; i++)
        for (size_t k = 0; k < list->items.at[i]->fields.len; k++)
            if (str_equal(list->items.at[i]->fields.at[k].name, STR("key")) &&
                str_equal(list->items.at[i]->fields.at[k].node->scalar.as.string, key))
                return tree_field(a, list->items.at[i], STR("value"));
    tree_node *entry = tree_item(a, list, list->items.len);
    tree_field(a, entry, STR("key"))->scalar = value_string(key);
    return tree_field(a, entry, STR("value"));
}

/* ---- an incident ---- */

typedef struct {
    pk_str name;
    const stage *stage;
    udm_root root;
    tree_node *tree;
} stream_variable;

typedef struct { pk_str element; pk_str path; pk_str variable; } bound_element;

typedef struct {
    random_source *random;
    arena *arena;
    const plan *plan;
    VEC(stream_variable) variables;
    VEC(bound_element) elements;
    unsigned pool;                /* values that keys take */
    int depth;
} incident;

static stream_variable *find_variable(incident *n, pk_str name)
{
    for (size_t i = 0; i < n->variables.len; i++)
        if (str_equal(n->variables.at[i].name, name)) return &n->variables.at[i];
    return NULL;
}

/* The place at a path of a variable, made; NULL: there is no such path. The path may lack its marks of lists. */
static tree_node *node_at(incident *n, stream_variable *v, pk_str written, udm_path *meaning)
{
    field_path path;
    if (!udm_resolve(v->root, written, n->arena, meaning, NULL) || !field_path_parse(meaning->path, n->arena, &path, NULL)) return NULL;
    if (str_starts_with(meaning->path, STR("metadata.event_timestamp"))) return NULL;
    tree_node *at = v->tree;
    for (size_t i = 0; i < path.count; i++) {
        const field_step *s = &path.steps[i];
        udm_path so_far;
        switch (s->kind) {
        case STEP_FIELD: at = tree_field(n->arena, at, s->name); break;
        case STEP_EACH: at = tree_item(n->arena, at, 0); break;
        case STEP_INDEX: at = tree_item(n->arena, at, s->index); break;
        case STEP_KEY:
            if (udm_resolve(v->root, str_slice(meaning->path, 0, s->at), n->arena, &so_far, NULL) && so_far.type == UDM_MAP)
                at = tree_field(n->arena, at, s->name);
            else at = tree_label(n->arena, at, s->name);
            break;
        }
        if (at->kind == NODE_SCALAR && at->scalar.type != VALUE_MISSING && i + 1 < path.count) return NULL;
    }
    return at->kind == NODE_SCALAR ? at : NULL;
}

static value typed(incident *n, const udm_path *p, pk_str s)
{
    int64_t i;
    double d;
    (void)n;
    if (p->type == UDM_INT && str_to_int(s, false, &i)) return value_int(i);
    if (p->type == UDM_INT) return value_int(below(n->random, 5));
    if (p->type == UDM_FLOAT && str_to_double(s, &d)) return value_real(d);
    if (p->type == UDM_BOOL) return value_bool(!str_equal(s, STR("false")));
    return value_string(s);
}

static pk_str pool_value(incident *n, const udm_path *p)
{
    static const char *const ends[] = {"a", "b"};
    const char *end = ends[below(n->random, n->pool)];
    if (p->type == UDM_ENUM && p->enumeration) {
        int64_t number;
        return udm_enum_at(p->enumeration, 1 % udm_enum_count(p->enumeration), &number);
    }
    if (str_ends_with(p->path, STR("ip")) || str_ends_with(p->path, STR("ip[]"))) return arena_printf(n->arena, "198.51.100.%d", end[0] - 'a' + 1);
    if (p->hash) return arena_printf(n->arena, "%s123456789abcdef0123456789abcdef", end);
    return arena_printf(n->arena, "v-%s", end);
}

/* Puts a text at a field; `force`: also where one is already. An empty pk_str with a NULL pointer: one of the pool. */
static void put_text(incident *n, stream_variable *v, pk_str path, pk_str s, bool force)
{
    udm_path meaning;
    tree_node *at = v ? node_at(n, v, path, &meaning) : NULL;
    if (!at || (at->scalar.type != VALUE_MISSING && !force)) return;
    at->scalar = typed(n, &meaning, s.ptr ? s : pool_value(n, &meaning));
}

/* Adds what is searched for to what stands there already: several tests may ask for a part of one text. */
static void add_text(incident *n, stream_variable *v, pk_str path, pk_str s, bool in_front)
{
    udm_path meaning;
    tree_node *at = v ? node_at(n, v, path, &meaning) : NULL;
    if (at && at->scalar.type == VALUE_STRING && s.ptr && str_find(at->scalar.as.string, s) == STR_NPOS)
        at->scalar = value_string(in_front ? arena_printf(n->arena, STR_FMT " " STR_FMT, STR_ARG(s), STR_ARG(at->scalar.as.string))
                                           : arena_printf(n->arena, STR_FMT " " STR_FMT, STR_ARG(at->scalar.as.string), STR_ARG(s)));
    else put_text(n, v, path, s, false);
}

/* ---- fields of expressions ---- */

typedef struct { stream_variable *variable; pk_str path; } place;

static const expr *column_value(const incident *n, pk_str name)
{
    for (size_t i = 0; i < n->plan->stage_count; i++) {
        const stage *s = n->plan->stages[i];
        for (size_t k = 0; s->kind == STAGE_DERIVE && k < s->as.derive.count; k++)
            if (str_equal(s->as.derive.columns[k].name, name)) return s->as.derive.columns[k].value;
        for (size_t k = 0; s->kind == STAGE_JOIN && k < s->as.join.key_count; k++)
            if (str_equal(s->as.join.keys[k].name, name) && s->as.join.keys[k].count) return s->as.join.keys[k].sides[0];
    }
    return NULL;
}

static place place_of(incident *n, const expr *e, stream_variable *own, int depth);

/* The first field below an expression. */
static place first_place(incident *n, const expr *e, stream_variable *own, int depth)
{
    place p = {0};
    if (depth > 20) return p;
    for (size_t i = 0; i < e->count && !p.variable; i++) p = place_of(n, e->args[i], own, depth + 1);
    return p;
}

static place place_of(incident *n, const expr *e, stream_variable *own, int depth)
{
    if (e->kind != EXPR_FIELD) return first_place(n, e, own, depth);
    const ir_field *f = &e->as.field;
    for (size_t i = n->elements.len; i-- > 0 && f->part.len;)
        if (str_equal(n->elements.at[i].element, f->part))
            return (place){find_variable(n, n->elements.at[i].variable),
                           arena_printf(n->arena, STR_FMT "%s" STR_FMT, STR_ARG(n->elements.at[i].path), f->path.len ? "." : "", STR_ARG(f->path))};
    if (f->part.len) return (place){find_variable(n, f->part), f->path};
    if (f->schema.len && own) return (place){own, f->path};
    for (size_t i = 0; i < n->variables.len; i++) { /* "VAR.path" */
        pk_str name = n->variables.at[i].name;
        if (f->path.len > name.len && str_starts_with(f->path, name) && f->path.ptr[name.len] == '.')
            return (place){&n->variables.at[i], str_slice(f->path, name.len + 1, f->path.len)};
    }
    const expr *made = column_value(n, f->path);
    return made && depth < 20 ? place_of(n, made, own, depth + 1) : (place){0};
}

/* ---- making expressions true ---- */

static void solve(incident *n, const expr *e, bool want, stream_variable *own);

static pk_str text_for(incident *n, const ir_test *t)
{
    pk_str s;
    double d;
    if (t->kind == TEST_COMPARE && value_number(&t->constant, &d)) {
        bool up = t->compare == COMPARE_GT || t->compare == COMPARE_NE, down = t->compare == COMPARE_LT;
        return arena_printf(n->arena, "%lld", (long long)d + (up ? 1 + (int)below(n->random, 3) : down ? -1 - (int)below(n->random, 2) : 0));
    }
    if (t->kind == TEST_EXISTS || !value_text(n->arena, &t->constant, &s)) return (pk_str){NULL, 0};
    switch (t->kind) {
    case TEST_STARTS_WITH: return arena_concat(n->arena, s, STR(" x"));
    case TEST_ENDS_WITH: return arena_concat(n->arena, STR("x "), s);
    case TEST_MATCH: return one_in(n->random, 2) ? s : arena_printf(n->arena, "a " STR_FMT " b", STR_ARG(s));
    case TEST_CIDR: {
        size_t slash = str_find_char(s, '/');
        return str_slice(s, 0, slash == STR_NPOS ? s.len : slash);
    }
    case TEST_REGEX: return sample_regex(n->random, s, n->arena);
    case TEST_WILDCARD: {
        text out = {0};
        for (size_t i = 0; i < s.len; i++)
            if (s.ptr[i] == '\\' && i + 1 < s.len) text_put_char(&out, s.ptr[++i]);
            else if (s.ptr[i] == '?') text_put_char(&out, 'x');
            else if (s.ptr[i] != '*') text_put_char(&out, s.ptr[i]);
        s = arena_str(n->arena, text_view(&out));
        text_free(&out);
        return s;
    }
    case TEST_EQUALS: case TEST_PHRASE: case TEST_COMPARE: case TEST_EXISTS: case TEST_IS_NULL: case TEST_KINDS: break;
    }
    return s;
}

static bool is_empty_constant(const ir_test *t)
{
    double d;
    if (t->kind == TEST_IS_NULL) return true;
    if (t->kind != TEST_EQUALS && t->kind != TEST_COMPARE) return false;
    if (t->constant.type == VALUE_STRING) return t->constant.as.string.len == 0;
    return value_number(&t->constant, &d) && d == 0 && (t->kind == TEST_EQUALS || t->compare == COMPARE_EQ);
}

static void solve_use(incident *n, const ir_use *u, bool want, stream_variable *own)
{
    place p = place_of(n, u->operand, own, 0);
    if (!p.variable || u->count == 0) return;
    const ir_test *t = u->constants[below(n->random, (unsigned)u->count)].test;
    bool true_of = want != u->negated;
    bool searched = t->kind == TEST_MATCH || t->kind == TEST_REGEX || t->kind == TEST_STARTS_WITH || t->kind == TEST_ENDS_WITH;
    if (true_of && searched) add_text(n, p.variable, p.path, text_for(n, t), t->kind == TEST_STARTS_WITH);
    else if (true_of && !is_empty_constant(t)) put_text(n, p.variable, p.path, text_for(n, t), false);
    if (!true_of && (is_empty_constant(t) || one_in(n->random, 3))) put_text(n, p.variable, p.path, (pk_str){NULL, 0}, false);
}

static void solve_compare(incident *n, const expr *e, bool want, stream_variable *own)
{
    bool equal = (e->as.compare.op == COMPARE_EQ || e->as.compare.op == COMPARE_LE || e->as.compare.op == COMPARE_GE) == want;
    pk_str s = {NULL, 0};
    for (size_t i = 0; i < 2; i++) {
        const expr *other = e->args[1 - i];
        place p = place_of(n, e->args[i], own, 0);
        if (!p.variable) continue;
        if (other->kind == EXPR_CONSTANT) {
            bool up = (e->as.compare.op == COMPARE_GT) == (i == 0);
            double d;
            if (!value_text(n->arena, &other->as.constant, &s)) continue;
            if (value_number(&other->as.constant, &d) && !equal) s = arena_printf(n->arena, "%lld", (long long)d + (up ? 1 : -1));
            else if (!equal) s = (pk_str){NULL, 0};
        } else if (equal && !s.ptr) {
            s = n->pool == 1 ? STR("v-a") : STR("v-b");
        }
        put_text(n, p.variable, p.path, s, false);
    }
}

/* Calls that are true or false: the constant argument goes into the field that they ask. */
static void solve_call(incident *n, const expr *e, bool want, stream_variable *own)
{
    place p = first_place(n, e, own, 0);
    pk_str s;
    if (!p.variable || !want || e->count < 2 || e->args[1]->kind != EXPR_CONSTANT || !value_text(n->arena, &e->args[1]->as.constant, &s)) return;
    size_t slash = str_find_char(s, '/');
    if (str_find(e->as.call.name, STR("regex")) != STR_NPOS) s = sample_regex(n->random, s, n->arena);
    else if (str_find(e->as.call.name, STR("cidr")) != STR_NPOS && slash != STR_NPOS) s = str_slice(s, 0, slash);
    if (slash == STR_NPOS || str_find(e->as.call.name, STR("cidr")) == STR_NPOS) add_text(n, p.variable, p.path, s, false);
    else put_text(n, p.variable, p.path, s, false);
}

static void solve_some(incident *n, const expr *e, bool want, stream_variable *own)
{
    expr list = {.kind = EXPR_FIELD, .as.field = e->as.some.list};
    place p = place_of(n, &list, own, 0);
    if (!p.variable || !want) return;
    vec_push_in(n->arena, &n->elements, ((bound_element){e->as.some.element, p.path, p.variable->name}));
    solve(n, e->args[0], want, own);
    n->elements.len--;
}

static void solve(incident *n, const expr *e, bool want, stream_variable *own)
{
    if (!e || ++n->depth > 300) return;
    switch (e->kind) {
    case EXPR_AND: case EXPR_OR:
        if ((e->kind == EXPR_AND) == want)
            for (size_t i = 0; i < e->count; i++) solve(n, e->args[i], want, own);
        else if (e->count) solve(n, e->args[below(n->random, (unsigned)e->count)], want, own);
        break;
    case EXPR_NOT: solve(n, e->args[0], !want, own); break;
    case EXPR_NAME:
        if (e->as.name.index < n->plan->definition_count) solve(n, n->plan->definitions[e->as.name.index].value, want, own);
        break;
    case EXPR_USE: solve_use(n, &e->as.use, want, own); break;
    case EXPR_COMPARE: solve_compare(n, e, want, own); break;
    case EXPR_CALL: solve_call(n, e, want, own); break;
    case EXPR_SOME: solve_some(n, e, want, own); break;
    case EXPR_CONSTANT: case EXPR_FIELD: case EXPR_IN: case EXPR_ARITHMETIC: break;
    }
    n->depth--;
}

/* All sides of a key get one value: that of a side that has one, or one of the pool. */
static void agree(incident *n, expr *const *sides, size_t count)
{
    pk_str s = {NULL, 0};
    udm_path meaning;
    for (size_t i = 0; i < count && !s.ptr; i++) {
        place p = place_of(n, sides[i], NULL, 0);
        tree_node *at = p.variable ? node_at(n, p.variable, p.path, &meaning) : NULL;
        if (at && at->scalar.type != VALUE_MISSING) value_text(n->arena, &at->scalar, &s);
        else if (at && i + 1 == count) s = pool_value(n, &meaning);
    }
    for (size_t i = 0; i < count && s.ptr; i++) {
        place p = place_of(n, sides[i], NULL, 0);
        if (p.variable) put_text(n, p.variable, p.path, s, !one_in(n->random, 20));
    }
}

static void satisfy(incident *n)
{
    const plan *p = n->plan;
    for (size_t i = 0; i < n->variables.len; i++) solve(n, n->variables.at[i].stage->as.match.where, true, &n->variables.at[i]);
    for (size_t i = 0; i < p->stage_count; i++) {
        if (p->stages[i]->kind == STAGE_WHERE) solve(n, p->stages[i]->as.where.where, true, NULL);
        if (p->stages[i]->kind == STAGE_JOIN) solve(n, p->stages[i]->as.join.where, true, NULL);
    }
    for (size_t i = 0; i < p->stage_count; i++) {
        const stage *s = p->stages[i];
        for (size_t k = 0; s->kind == STAGE_JOIN && k < s->as.join.key_count; k++) agree(n, s->as.join.keys[k].sides, s->as.join.keys[k].count);
        for (size_t k = 0; s->kind == STAGE_AGGREGATE && k < s->as.aggregate.key_count; k++) {
            place at = place_of(n, s->as.aggregate.keys[k].value, NULL, 0);
            if (at.variable) put_text(n, at.variable, at.path, (pk_str){NULL, 0}, false);
        }
    }
}

/* What is counted by its different values gets one of its own. */
static void make_different(incident *n, unsigned number)
{
    for (size_t i = 0; i < n->plan->stage_count; i++) {
        const stage *s = n->plan->stages[i];
        for (size_t k = 0; s->kind == STAGE_AGGREGATE && k < s->as.aggregate.function_count; k++) {
            const ir_aggregate_function *f = &s->as.aggregate.functions[k];
            udm_path meaning;
            if (!str_starts_with(f->function, STR("count_distinct")) || f->count == 0) continue;
            place p = place_of(n, f->args[0], NULL, 0);
            tree_node *at = p.variable ? node_at(n, p.variable, p.path, &meaning) : NULL;
            if (!at || at->scalar.type != VALUE_MISSING) continue;
            bool address = str_ends_with(meaning.path, STR("ip[]")) || str_ends_with(meaning.path, STR("ip"));
            at->scalar = address ? value_string(arena_printf(n->arena, "203.0.113.%u", number % 250)) : typed(n, &meaning, arena_printf(n->arena, "%u", number));
        }
    }
}

/* ---- noise ---- */

/* Something goes away, is said twice, or becomes another. */
static void disturb(incident *n, tree_node *t, int depth)
{
    if (depth > 10 || t->kind == NODE_SCALAR) {
        if (t->scalar.type == VALUE_STRING && one_in(n->random, 2)) t->scalar = value_string(one_in(n->random, 2) ? STR("other") : STR(""));
        return;
    }
    if (t->kind == NODE_LIST) {
        unsigned what = below(n->random, 4);
        if (what == 0) t->items.len = 0;
        else if (what < 3 && t->items.len && t->items.len < 4) {
            tree_node *copy = ARENA_NEW(n->arena, tree_node);
            tree_node *from = t->items.at[below(n->random, (unsigned)t->items.len)];
            *copy = *from;
            if (from->kind == NODE_RECORD && from->fields.len) { /* another element that has a part of it */
                copy->fields.at = ARENA_ARRAY(n->arena, __typeof__(*copy->fields.at), from->fields.len);
                memcpy(copy->fields.at, from->fields.at, from->fields.len * sizeof *from->fields.at);
                copy->fields.cap = copy->fields.len;
                copy->fields.len = 1 + below(n->random, (unsigned)from->fields.len);
            } else if (from->kind == NODE_SCALAR) copy->scalar = value_string(STR("another"));
            vec_push_in(n->arena, &t->items, copy);
        } else if (t->items.len) disturb(n, t->items.at[below(n->random, (unsigned)t->items.len)], depth + 1);
        return;
    }
    if (t->fields.len == 0) return;
    unsigned i = below(n->random, (unsigned)t->fields.len);
    if (depth > 1 && one_in(n->random, 4)) t->fields.at[i] = t->fields.at[--t->fields.len];
    else disturb(n, t->fields.at[i].node, depth + 1);
}

/* ---- a stream ---- */

typedef struct {
    random_source random;
    arena *arena;                 /* of all that is made */
    VEC(pk_str) lines;            /* events as JSON */
    VEC(value) entities;          /* as read from files, not normalised */
    uint64_t number;
    bool ties;                    /* several events may have one time; then their order in the input matters */
} udm_stream;

static int64_t length_of(const plan *p)
{
    int64_t longest = 60 * SECOND;
    for (size_t i = 0; i < p->stage_count; i++) {
        const stage *s = p->stages[i];
        int64_t own = s->kind == STAGE_JOIN ? s->as.join.within : s->kind == STAGE_AGGREGATE ? s->as.aggregate.window.span : 0;
        if (own > longest) longest = own;
    }
    return longest;
}

static void put_event(udm_stream *u, incident *n, const stream_variable *v, timestamp t)
{
    text out = {0};
    if (!u->ties) t += (int64_t)u->number % 100000 * 1000;
    tree_node *metadata = tree_field(n->arena, v->tree, STR("metadata"));
    tree_node *type = tree_field(n->arena, metadata, STR("event_type")), *id = tree_field(n->arena, metadata, STR("id"));
    if (type->scalar.type == VALUE_MISSING) type->scalar = value_string(STR("GENERIC_EVENT"));
    id->scalar = value_string(arena_printf(u->arena, "id%llu", (unsigned long long)u->number++));
    tree_field(n->arena, metadata, STR("event_timestamp"))->scalar = value_string(timestamp_text(n->arena, t));
    value made = tree_value(n->arena, v->tree);
    value_write_json(&out, &made);
    vec_push(&u->lines, arena_str(u->arena, text_view(&out)));
    text_free(&out);
}

static void make_incident(udm_stream *u, const plan *p, timestamp at)
{
    incident n = {.random = &u->random, .arena = arena_new(), .plan = p, .pool = 1 + below(&u->random, 2)};
    int64_t length = length_of(p);
    for (size_t i = 0; i < p->stage_count; i++) {
        const stage *s = p->stages[i];
        if (s->kind != STAGE_MATCH && s->kind != STAGE_CONTEXT) continue;
        vec_push_in(n.arena, &n.variables, ((stream_variable){s->name, s, s->kind == STAGE_CONTEXT ? UDM_ENTITY : UDM_EVENT, NULL}));
    }
    bool burst = one_in(&u->random, 4); /* for what counts to many */
    unsigned rounds = burst ? 8 + below(&u->random, 60) : 1 + below(&u->random, 6);
    if (burst) n.pool = 1;
    for (unsigned round = 0; round < rounds; round++) {
        for (size_t i = 0; i < n.variables.len; i++) n.variables.at[i].tree = ARENA_NEW(n.arena, tree_node);
        satisfy(&n);
        if (burst) make_different(&n, round);
        for (size_t i = 0; i < n.variables.len; i++) {
            stream_variable *v = &n.variables.at[i];
            if (one_in(n.random, burst ? 30 : 6)) disturb(&n, v->tree, 0);
            if (v->root == UDM_ENTITY) {
                if (round < 2) vec_push(&u->entities, value_copy(u->arena, &(value){0}));
                value made = tree_value(n.arena, v->tree);
                if (round < 2) u->entities.at[u->entities.len - 1] = value_copy(u->arena, &made);
                continue;
            }
            int64_t offset = (int64_t)(next_random(n.random) % (uint64_t)(length / SECOND * (burst ? 2 : 3) / 2 / (burst ? 2 : 1) + 1)) * SECOND;
            if (!one_in(n.random, 12)) put_event(u, &n, v, at + offset);
        }
    }
    arena_free(n.arena);
}

#endif
