/*
 * Calls. What asks one value for a constant is a test, shared with other languages; everything else calls the function of the
 * IR that lower_functions.c names.
 */
#include "base/ip.h"
#include "ir/functions.h"
#include "languages/yaral/lower_private.h"

static typed nothing(lowering *l, const yaral_node *n) { return lower_typed(lower_text(l, STR("")), TYPE_TEXT, n->span); }

static bool has_arguments(lowering *l, const yaral_node *n, size_t least, size_t most)
{
    if (n->count >= least && n->count <= most) return true;
    if (least == most)
        lower_fail(l, PK_ERROR, "yaral-arguments", n->span, STR_FMT " takes %zu argument%s, not %zu", STR_ARG(n->as.call.name), least,
                   least == 1 ? "" : "s", n->count);
    else
        lower_fail(l, PK_ERROR, "yaral-arguments", n->span, STR_FMT " takes %zu to %zu arguments, not %zu", STR_ARG(n->as.call.name), least,
                   most, n->count);
    return false;
}

static bool is_pattern(const yaral_node *n) { return n->kind == YARAL_STRING || n->kind == YARAL_REGEX; }

/* ---- questions ---- */

static expr *call_question(lowering *l, const yaral_node *n, const char *function)
{
    expr *args[2] = {lower_value(l, n->args[0]).value, lower_value(l, n->args[1]).value};
    for (size_t i = 0; n->nocase && i < 2; i++) args[i] = lower_call(l, "lower", &args[i], 1, args[i]->span);
    return lower_call(l, function, args, 2, n->span);
}

/* The pattern as an argument of a function of the IR. */
static expr *pattern_argument(lowering *l, const yaral_node *n, bool nocase, bool search, unsigned *groups)
{
    lowered_regex r = {.pattern = STR("")};
    *groups = 0;
    if (!is_pattern(n)) return lower_value(l, n).value;
    if (lower_pattern(l, n, search, &r)) *groups = r.groups;
    return lower_at(lower_text(l, nocase ? arena_concat(l->arena, STR("(?i)"), r.pattern) : r.pattern), n->span);
}

static expr *ask_regex(lowering *l, const yaral_node *n)
{
    const yaral_node *pattern = n->args[1];
    unsigned groups;
    if (!is_pattern(pattern) || l->scope == SCOPE_GROUP) {
        expr *args[2] = {lower_value(l, n->args[0]).value, pattern_argument(l, pattern, n->nocase, true, &groups)};
        return lower_call(l, "regex_found", args, 2, n->span);
    }
    lowered_regex r;
    typed operand = lower_value(l, n->args[0]);
    if (!lower_pattern(l, pattern, true, &r)) return lower_at(ir_false(l->arena), n->span);
    pk_str written = pattern->kind == YARAL_REGEX ? pattern->as.regex.pattern : pattern->as.string.text;
    expr *use = lower_text_use(l, operand, TEST_REGEX, n->nocase, r.pattern, written, n->span);
    return lower_quantified(l, operand, use, false, n->span);
}

static expr *ask_text(lowering *l, const yaral_node *n, test_kind kind, const char *function)
{
    if (n->args[1]->kind != YARAL_STRING || l->scope == SCOPE_GROUP) return call_question(l, n, function);
    pk_str constant = n->args[1]->as.string.text;
    bool nocase = n->nocase;
    typed operand = lower_operand(l, n->args[0], constant, &nocase);
    if (kind != TEST_MATCH && !constant.len) return lower_at(ir_false(l->arena), n->span);
    return lower_quantified(l, operand, lower_text_use(l, operand, kind, nocase, constant, constant, n->span), false, n->span);
}

static expr *ask_network(lowering *l, const yaral_node *n)
{
    ip_network network;
    bool host_bits;
    if (n->args[1]->kind != YARAL_STRING || l->scope == SCOPE_GROUP) return call_question(l, n, "ip_in_network");
    pk_str constant = n->args[1]->as.string.text;
    typed operand = lower_value(l, n->args[0]);
    if (!ip_network_parse(constant, &network, &host_bits)) {
        lower_fail(l, PK_ERROR, "yaral-cidr", n->args[1]->span, "'" STR_FMT "' is no IP network", STR_ARG(constant));
        return lower_at(ir_false(l->arena), n->span);
    }
    expr *use = lower_use(l, operand, TEST_CIDR, 0, COMPARE_EQ, value_string(constant), STR(""), n->span);
    return lower_quantified(l, operand, use, false, n->span);
}

static expr *ask_list(lowering *l, const yaral_node *n)
{
    typed list = lower_whole(l, n->args[0]);
    if (n->args[1]->kind == YARAL_STRING && lower_read_of(list.value)) {
        pk_str constant = n->args[1]->as.string.text;
        expr *use = lower_text_use(l, list, TEST_EQUALS, n->nocase, constant, constant, n->span);
        use->as.use.missing = MISSING_FALSE;
        return use;
    }
    return lower_call(l, "list_contains", (expr *[]){list.value, lower_value(l, n->args[1]).value}, 2, n->span);
}

static expr *question(lowering *l, const yaral_node *n, const char *function)
{
    row_test row;
    if (!has_arguments(l, n, 2, 2)) return lower_at(ir_false(l->arena), n->span);
    if (lower_is_row_test(l, n, &row)) return lower_row_test(l, &row, n->span);
    if (!strcmp(function, "regex_found")) return ask_regex(l, n);
    if (!strcmp(function, "text_contains")) return ask_text(l, n, TEST_MATCH, function);
    if (!strcmp(function, "text_starts")) return ask_text(l, n, TEST_STARTS_WITH, function);
    if (!strcmp(function, "text_ends")) return ask_text(l, n, TEST_ENDS_WITH, function);
    if (!strcmp(function, "ip_in_network")) return ask_network(l, n);
    return ask_list(l, n);
}

/* ---- functions with patterns ---- */

static typed capture(lowering *l, const yaral_node *n, const lowered_function *f)
{
    unsigned groups;
    if (!has_arguments(l, n, 2, 2)) return nothing(l, n);
    expr *args[2] = {lower_value(l, n->args[0]).value, pattern_argument(l, n->args[1], false, false, &groups)};
    if (groups > 1)
        lower_fail(l, PK_ERROR, "yaral-regex", n->args[1]->span, STR_FMT " takes a pattern with one group, not %u; (?:...) groups "
                   "without capturing", STR_ARG(n->as.call.name), groups);
    return lower_typed(lower_call(l, f->name_in_ir, args, 2, n->span), f->result, n->span);
}

static typed replace(lowering *l, const yaral_node *n, const lowered_function *f)
{
    unsigned groups;
    if (!has_arguments(l, n, 3, 3)) return nothing(l, n);
    expr *args[3] = {lower_value(l, n->args[0]).value, pattern_argument(l, n->args[1], false, false, &groups),
                     lower_value(l, n->args[2]).value};
    return lower_typed(lower_call(l, f->name_in_ir, args, 3, n->span), f->result, n->span);
}

/* ---- the others that need more than a name ---- */

static typed choose(lowering *l, const yaral_node *n)
{
    if (!has_arguments(l, n, 2, 3)) return nothing(l, n);
    expr *args[3] = {lower_truth(l, n->args[0])};
    typed yes = lower_value(l, n->args[1]), no;
    args[1] = lower_zeroed(l, yes);
    if (n->count == 3) {
        no = lower_value(l, n->args[2]);
    } else {
        bool words = yes.type == TYPE_TEXT || yes.type == TYPE_ENUM;
        no = lower_typed(ir_constant_expr(l->arena, words ? value_string(STR("")) : value_int(0)), yes.type, n->span);
    }
    args[2] = lower_zeroed(l, no);
    lowered_type type = yes.type == no.type ? yes.type : yes.type == TYPE_ENUM ? TYPE_TEXT
                      : yes.type == TYPE_INT && no.type == TYPE_FLOAT ? TYPE_FLOAT : yes.type;
    return lower_typed(lower_call(l, "if", args, 3, n->span), type, n->span);
}

static typed concat(lowering *l, const yaral_node *n)
{
    if (!has_arguments(l, n, 1, 99)) return nothing(l, n);
    expr **args = ARENA_ARRAY(l->scratch, expr *, n->count);
    for (size_t i = 0; i < n->count; i++) args[i] = lower_zeroed(l, lower_value(l, n->args[i]));
    return lower_typed(lower_call(l, "concat", args, n->count, n->span), TYPE_TEXT, n->span);
}

static typed element(lowering *l, const yaral_node *n, lowered_type type)
{
    if (!has_arguments(l, n, 2, 2)) return nothing(l, n);
    expr *args[2] = {lower_whole(l, n->args[0]).value, lower_value(l, n->args[1]).value};
    expr *e = lower_call(l, "list_at", args, 2, n->span);
    if (type == TYPE_TEXT) e = lower_zeroed(l, (typed){.value = e, .type = TYPE_TEXT});
    else e = lower_call(l, type == TYPE_INT ? "to_int" : "to_float", &e, 1, n->span);
    return lower_typed(e, type, n->span);
}

static typed as_string(lowering *l, const yaral_node *n)
{
    if (!has_arguments(l, n, 1, 2)) return nothing(l, n);
    typed v = lower_value(l, n->args[0]);
    v.value = n->count == 2 ? v.value : lower_zeroed(l, v);
    expr *args[2] = {lower_call(l, "to_text", &v.value, 1, n->span)};
    if (n->count < 2) return lower_typed(args[0], TYPE_TEXT, n->span);
    args[1] = lower_value(l, n->args[1]).value;
    return lower_typed(lower_call(l, "coalesce", args, 2, n->span), TYPE_TEXT, n->span);
}

/* "Floats maintain precision up to 7 decimal digits." */
static typed as_float(lowering *l, const yaral_node *n)
{
    enum { DIGITS = 7 };
    if (!has_arguments(l, n, 1, 2)) return nothing(l, n);
    expr *zero = lower_at(ir_constant_expr(l->arena, value_int(0)), n->span), *digits = lower_at(ir_constant_expr(l->arena, value_int(DIGITS)), n->span);
    expr *args[3] = {lower_value(l, n->args[0]).value, n->count > 1 ? lower_value(l, n->args[1]).value : zero, digits};
    return lower_typed(lower_call(l, "to_float", args, 3, n->span), TYPE_FLOAT, n->span);
}

static typed length(lowering *l, const yaral_node *n)
{
    if (!has_arguments(l, n, 1, 1)) return nothing(l, n);
    expr *v = lower_zeroed(l, lower_value(l, n->args[0]));
    return lower_typed(lower_call(l, "length", &v, 1, n->span), TYPE_INT, n->span);
}

static typed now(lowering *l, const yaral_node *n)
{
    if (!has_arguments(l, n, 0, 0)) return nothing(l, n);
    expr *e = lower_call(l, "now", NULL, 0, n->span);
    return lower_typed(lower_call(l, "time_seconds", &e, 1, n->span), TYPE_INT, n->span);
}

/* Chance that a rerun repeats: drawn from which events they are. */
static typed chance(lowering *l, const yaral_node *n)
{
    VEC(expr *) args = {0};
    if (!has_arguments(l, n, 0, 0)) return nothing(l, n);
    for (uint32_t v = 0; v < l->ast->variable_count; v++)
        if (l->ast->variables[v].source == YARAL_EVENTS && (l->scope != SCOPE_VARIABLE || l->variable == v))
            vec_push_in(l->scratch, &args, lower_known_field(l, v, "metadata.id"));
    return lower_typed(lower_call(l, "random", l->scope == SCOPE_GROUP ? NULL : args.at, l->scope == SCOPE_GROUP ? 0 : args.len, n->span),
                       TYPE_FLOAT, n->span);
}

/* A form as strftime takes it, or the name of a unit, which time_format knows. */
static expr *time_form(lowering *l, const yaral_node *n)
{
    static const char *const units[][2] = {{"SECOND", "SECOND"}, {"MINUTE", "MINUTE"}, {"HOUR", "HOUR"},   {"DATE", "DATE"},
                                           {"DAY", "DATE"},      {"WEEK", "WEEK"},     {"MONTH", "MONTH"}, {"YEAR", "YEAR"}};
    pk_str word = n->kind == YARAL_WORD ? n->as.word : n->kind == YARAL_STRING ? n->as.string.text : STR("");
    for (size_t i = 0; i < sizeof units / sizeof *units; i++)
        if (str_equal_ascii_fold(word, str_from(units[i][0]))) return lower_at(lower_text(l, str_from(units[i][1])), n->span);
    return lower_value(l, n).value;
}

static typed time_text(lowering *l, const yaral_node *n)
{
    if (!has_arguments(l, n, 1, 3)) return nothing(l, n);
    expr *args[3] = {lower_value(l, n->args[0]).value};
    if (n->count > 1) args[1] = time_form(l, n->args[1]);
    if (n->count > 2) args[2] = lower_value(l, n->args[2]).value;
    return lower_typed(lower_call(l, "time_format", args, n->count, n->span), TYPE_TEXT, n->span);
}

static typed special(lowering *l, const yaral_node *n, const lowered_function *f)
{
    if (metric_is_call(n)) return lower_metric(l, n);
    if (str_starts_with(str_from(f->name_in_ir), STR("capture"))) return capture(l, n, f);
    if (!strcmp(f->name_in_ir, "regex_replace")) return replace(l, n, f);
    if (!strcmp(f->name_in_ir, "if")) return choose(l, n);
    if (!strcmp(f->name_in_ir, "concat")) return concat(l, n);
    if (!strcmp(f->name_in_ir, "list_at")) return element(l, n, f->result);
    if (!strcmp(f->name_in_ir, "to_text")) return as_string(l, n);
    if (!strcmp(f->name_in_ir, "length")) return length(l, n);
    if (!strcmp(f->name_in_ir, "to_float")) return as_float(l, n);
    if (!strcmp(f->name_in_ir, "now")) return now(l, n);
    if (!strcmp(f->name_in_ir, "random")) return chance(l, n);
    return time_text(l, n);
}

static typed plain(lowering *l, const yaral_node *n, const lowered_function *f)
{
    const ir_function *callee = ir_function_find(str_from(f->name_in_ir));
    if (callee && !has_arguments(l, n, callee->least, callee->most)) return nothing(l, n);
    expr **args = ARENA_ARRAY(l->scratch, expr *, n->count);
    for (size_t i = 0; i < n->count; i++)
        args[i] = f->kind == FUNCTION_LISTS ? lower_whole(l, n->args[i]).value : lower_value(l, n->args[i]).value;
    return lower_typed(lower_call(l, f->name_in_ir, args, n->count, n->span), f->result, n->span);
}

typed lower_function(lowering *l, const yaral_node *n)
{
    const lowered_function *f = lower_find_function(n->as.call.name);
    bool spreads = l->spreads;
    l->spreads = false;
    typed v = nothing(l, n);
    if (!f) {
        lower_fail(l, PK_UNSUPPORTED, "yaral-function", n->span, "unknown function " STR_FMT, STR_ARG(n->as.call.name));
    } else {
        switch (f->kind) {
        case FUNCTION_PLAIN: case FUNCTION_LISTS: v = plain(l, n, f); break;
        case FUNCTION_SPECIAL: v = special(l, n, f); break;
        case FUNCTION_QUESTION: v = lower_typed(question(l, n, f->name_in_ir), TYPE_BOOL, n->span); break;
        case FUNCTION_AGGREGATE:
            lower_fail(l, PK_ERROR, "yaral-aggregate", n->span, STR_FMT " is over the events of a detection: it stands in outcomes, not here",
                       STR_ARG(n->as.call.name));
            break;
        case FUNCTION_REFUSED:
            lower_fail(l, PK_UNSUPPORTED, "yaral-function", n->span, STR_FMT ": %s", STR_ARG(n->as.call.name), f->name_in_ir);
            break;
        }
    }
    l->spreads = spreads;
    return v;
}
