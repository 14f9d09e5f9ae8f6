/* What the language takes, and what can never be true or is hardly what its author meant. All of it warnings and notes. */
#include "languages/yaral/check.h"

/* ---- one field, two constants ---- */

typedef struct { const yaral_node *constant; bool nocase; } equality;

typedef struct {
    checker *checker;
    table fields;                  /* "e.metadata.event_type" -> index */
    VEC(equality) first;
} conjunction;

static bool is_constant(const yaral_node *n) { return n->kind == YARAL_STRING || n->kind == YARAL_NUMBER || n->kind == YARAL_BOOL; }

static bool same_constant(const yaral_node *a, const yaral_node *b, bool nocase)
{
    if (a->kind != b->kind) return true; /* told as a comparison of types */
    if (a->kind == YARAL_STRING) return nocase ? str_equal_ascii_fold(a->as.string.text, b->as.string.text) : str_equal(a->as.string.text, b->as.string.text);
    if (a->kind == YARAL_BOOL) return a->as.truth == b->as.truth;
    return a->as.number.whole && b->as.number.whole ? a->as.number.integer == b->as.number.integer : str_equal(a->as.number.written, b->as.number.written);
}

static void note_equality(conjunction *c, const yaral_node *n)
{
    checker *k = c->checker;
    bool swapped = is_constant(n->args[0]);
    const yaral_node *field = n->args[swapped ? 1 : 0], *constant = n->args[swapped ? 0 : 1];
    if (field->kind != YARAL_FIELD || field->as.field.quantifier != YARAL_PLAIN || !is_constant(constant)) return;
    checked_value v = check_value_of(k, field);
    if (!v.known || v.repeated) return;
    pk_str name = arena_printf(k->arena, STR_FMT "." STR_FMT, STR_ARG(field->as.field.variable), STR_ARG(v.path));
    uint32_t at = table_get(&c->fields, name);
    if (at == TABLE_NONE) {
        table_put(&c->fields, name, (uint32_t)c->first.len);
        vec_push_in(k->arena, &c->first, ((equality){constant, n->nocase}));
        return;
    }
    const equality *before = &c->first.at[at];
    if (!same_constant(before->constant, constant, before->nocase || n->nocase))
        check_report(k, PK_WARNING, "yaral-contradiction", n->span, "join them by 'or' if either is meant",
                     "this can never match: the same field must have another value at %u:%u", before->constant->span.line, before->constant->span.column);
}

static void collect(conjunction *c, const yaral_node *n)
{
    if (n->kind == YARAL_AND)
        for (size_t i = 0; i < n->count; i++) collect(c, n->args[i]);
    else if (n->kind == YARAL_COMPARE && n->as.compare == YARAL_EQ)
        note_equality(c, n);
}

static void check_conjunction(checker *k, yaral_node *const *parts, size_t count)
{
    conjunction c = {.checker = k};
    for (size_t i = 0; i < count; i++) collect(&c, parts[i]);
    table_free(&c.fields);
}

/* Below `or` and `not` each `and` is looked at alone. */
static bool check_inner_and(yaral_node *n, void *user)
{
    if (n->kind == YARAL_OR || n->kind == YARAL_NOT)
        for (size_t i = 0; i < n->count; i++)
            if (n->args[i]->kind == YARAL_AND) check_conjunction(user, n->args[i]->args, n->args[i]->count);
    return true;
}

/* ---- letters that are gone ---- */

static bool has_letters(pk_str s, char from, char to)
{
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] >= from && s.ptr[i] <= to) return true;
    return false;
}

/* `folded` is to_lower(...) or to_upper(...), compared with a constant that holds what it takes away. */
static void check_folded(checker *k, const yaral_node *n, const yaral_node *folded, const yaral_node *constant)
{
    if (folded->kind != YARAL_CALL || constant->kind != YARAL_STRING || n->nocase) return;
    bool lower = str_equal(folded->as.call.name, STR("strings.to_lower")), upper = str_equal(folded->as.call.name, STR("strings.to_upper"));
    if (!(lower && has_letters(constant->as.string.text, 'A', 'Z')) && !(upper && has_letters(constant->as.string.text, 'a', 'z'))) return;
    check_report(k, PK_WARNING, "yaral-never", constant->span, NULL, "this is never found: the text was made %s case", lower ? "lower" : "upper");
}

static bool is_text_search(pk_str name)
{
    return str_equal(name, STR("strings.contains")) || str_equal(name, STR("strings.starts_with")) || str_equal(name, STR("strings.ends_with"));
}

/* ---- parts of paths ---- */

/* full_path = "a.exe": a full path holds a separator. */
static void check_path(checker *k, const yaral_node *n)
{
    const yaral_node *field = n->args[0], *constant = n->args[1];
    if (field->kind != YARAL_FIELD || constant->kind != YARAL_STRING || !field->as.field.segment_count || n->as.compare > YARAL_NE) return;
    const yaral_segment *last = &field->as.field.segments[field->as.field.segment_count - 1];
    pk_str s = constant->as.string.text;
    if (last->kind != YARAL_SEGMENT_NAME || !str_equal(last->text, STR("full_path")) || !s.len || str_find_char(s, '\\') != STR_NPOS || str_find_char(s, '/') != STR_NPOS)
        return;
    check_report(k, PK_WARNING, "yaral-path", n->span, "did you mean strings.ends_with, or a regular expression that ends in $?",
                 "a full path never equals '" STR_FMT "'", STR_ARG(str_slice(s, 0, 100)));
}

/* ---- networks (whether it is one at all is looked at when the test is made) ---- */

static void check_network(checker *k, const yaral_node *n)
{
    static const struct { pk_str address; int64_t bits; } private_ranges[] = {{{"10.0.0.0", 8}, 8}, {{"172.16.0.0", 10}, 12}, {{"192.168.0.0", 11}, 16}};
    if (!str_equal(n->as.call.name, STR("net.ip_in_range_cidr")) || n->count != 2 || n->args[1]->kind != YARAL_STRING) return;
    pk_str s = n->args[1]->as.string.text;
    size_t slash = str_find_char(s, '/');
    int64_t bits = 0;
    if (slash == STR_NPOS || !str_to_int(str_slice(s, slash + 1, STR_NPOS), false, &bits)) return;
    for (size_t i = 0; i < sizeof private_ranges / sizeof *private_ranges; i++)
        if (str_equal(str_slice(s, 0, slash), private_ranges[i].address) && bits > private_ranges[i].bits)
            check_report(k, PK_NOTE, "yaral-network", n->args[1]->span, NULL, "the private range that begins here is /%d", (int)private_ranges[i].bits);
}

static bool check_node(yaral_node *n, void *user)
{
    checker *k = user;
    if (n->kind == YARAL_COMPARE) {
        check_folded(k, n, n->args[0], n->args[1]);
        check_folded(k, n, n->args[1], n->args[0]);
        check_path(k, n);
    } else if (n->kind == YARAL_CALL) {
        if (is_text_search(n->as.call.name) && n->count == 2) check_folded(k, n, n->args[0], n->args[1]);
        check_network(k, n);
    }
    return true;
}

void check_never(checker *k)
{
    check_conjunction(k, k->ast->events, k->ast->event_count);
    check_each_event_node(k, check_inner_and);
    check_each_node(k, check_node);
}
