/* Comparisons and calls: do the two sides go together, is there such a function, do its arguments fit. */
#include "languages/yaral/check.h"
#include "languages/yaral/metrics.h"

/* ---- sides of comparisons ---- */

static bool is_literal(const yaral_node *n)
{
    return n->kind == YARAL_NUMBER || n->kind == YARAL_STRING || n->kind == YARAL_BOOL || n->kind == YARAL_NULL || n->kind == YARAL_REGEX;
}

static bool is_number(check_type t) { return t == CHECK_INT || t == CHECK_FLOAT; }

static const char *type_name(check_type t)
{
    static const char *const names[] = {
        [CHECK_ANY] = "a value", [CHECK_TEXT] = "a text", [CHECK_INT] = "a whole number", [CHECK_FLOAT] = "a number", [CHECK_BOOL] = "a truth",
        [CHECK_ENUM] = "the name of an enumeration", [CHECK_TIME] = "a time", [CHECK_LIST] = "a list", [CHECK_MESSAGE] = "a message",
    };
    return names[t];
}

static void check_enum(checker *k, const yaral_node *n, const yaral_node *literal, const checked_value *field)
{
    pk_str name = literal->as.string.text, type = udm_enum_type(field->enumeration);
    if (n->nocase) check_report(k, PK_WARNING, "yaral-enum", n->span, "leave nocase out", "names of " STR_FMT " are compared exactly", STR_ARG(type));
    int64_t number;
    if (!name.len || udm_enum_number(field->enumeration, name, &number)) return;
    pk_str near = name.len < 100 ? udm_enum_nearest(field->enumeration, name) : STR("");
    const char *hint = near.len ? arena_cstring(k->arena, arena_printf(k->arena, "did you mean '" STR_FMT "'?", STR_ARG(near))) : NULL;
    check_report(k, PK_WARNING, "yaral-enum", literal->span, hint, "'" STR_FMT "' is no name of " STR_FMT "; the comparison is %s true",
                 STR_ARG(str_slice(name, 0, 100)), STR_ARG(type), n->as.compare == YARAL_NE ? "always" : "never");
}

/* A field, or what comes of fields, against a literal. */
static void check_literal(checker *k, const yaral_node *n, const checked_value *v, const yaral_node *literal)
{
    if (literal->kind == YARAL_STRING && v->type == CHECK_ENUM) {
        check_enum(k, n, literal, v);
        return;
    }
    bool quoted = literal->kind == YARAL_STRING, number = literal->kind == YARAL_NUMBER;
    bool mixed = (quoted && (is_number(v->type) || v->type == CHECK_BOOL)) || (number && (v->type == CHECK_TEXT || v->type == CHECK_BOOL))
              || (literal->kind == YARAL_BOOL && (v->type == CHECK_TEXT || v->type == CHECK_ENUM));
    if (mixed)
        check_report(k, PK_WARNING, "yaral-type", n->span, quoted ? "write the number without quotes, or use cast.as_string" : NULL,
                     "%s is compared with %s", type_name(v->type), quoted ? "a text" : number ? "a number" : "a truth");
    if (literal->kind == YARAL_REGEX && is_number(v->type))
        check_report(k, PK_WARNING, "yaral-type", n->span, "use cast.as_string", "%s is compared with a regular expression", type_name(v->type));
    if (n->nocase && (number || literal->kind == YARAL_BOOL || literal->kind == YARAL_NULL))
        check_report(k, PK_WARNING, "yaral-type", n->span, "leave nocase out", "nocase has no meaning for what is no text");
}

static bool check_message(checker *k, const yaral_node *n)
{
    checked_value v = check_value_of(k, n);
    if (v.type != CHECK_MESSAGE) return true;
    check_report(k, PK_ERROR, "yaral-type", n->span, "name one of its fields", "'" STR_FMT "' has fields of its own and can't be compared",
                 STR_ARG(v.path));
    return false;
}

static bool quantified(const yaral_node *n) { return n->kind == YARAL_FIELD && n->as.field.quantifier != YARAL_PLAIN; }

static void check_list_side(checker *k, const yaral_node *n, const yaral_node *list)
{
    if (list->kind == YARAL_LIST && !list->as.list.column.len)
        check_report(k, PK_ERROR, "yaral-list", n->span, "write 'in %name'", "a list can't be compared with");
    if (list->kind == YARAL_DURATION || list->kind == YARAL_WORD || list->kind == YARAL_STAR)
        check_report(k, PK_ERROR, "yaral-type", list->span, NULL, "this has no meaning in a comparison");
}

static void check_compare(checker *k, const yaral_node *n)
{
    const yaral_node *left = n->args[0], *right = n->args[1];
    if (is_literal(left) && is_literal(right)) {
        check_report(k, PK_ERROR, "yaral-type", n->span, NULL, "both sides of this comparison are constants");
        return;
    }
    check_list_side(k, n, left);
    check_list_side(k, n, right);
    if (!check_message(k, left) || !check_message(k, right)) return;
    if ((quantified(left) && !is_literal(right)) || (quantified(right) && !is_literal(left)))
        check_report(k, PK_WARNING, "yaral-quantifier", n->span, NULL, "Google's compiler takes any and all only against constants");
    checked_value a = check_value_of(k, left), b = check_value_of(k, right);
    if (is_literal(right)) check_literal(k, n, &a, right);
    else if (is_literal(left)) check_literal(k, n, &b, left);
    else if ((is_number(a.type) && b.type == CHECK_TEXT) || (a.type == CHECK_TEXT && is_number(b.type)))
        check_report(k, PK_WARNING, "yaral-type", n->span, NULL, "%s is compared with %s", type_name(a.type), type_name(b.type));
}

static void check_in(checker *k, const yaral_node *n)
{
    check_message(k, n->args[0]);
    if (quantified(n->args[0])) check_report(k, PK_WARNING, "yaral-quantifier", n->span, NULL, "Google's compiler takes no any and all before 'in'");
    if (n->nocase && n->as.in.how == YARAL_IN_CIDR) check_report(k, PK_WARNING, "yaral-type", n->span, "leave nocase out", "nocase has no meaning for networks");
    if (n->args[1]->kind == YARAL_ARRAY) check_report(k, PK_WARNING, "yaral-list", n->args[1]->span, NULL, "Google's compiler takes only reference lists and data tables behind 'in'");
}

/* ---- calls ---- */

static bool is_truth(const yaral_node *n)
{
    switch (n->kind) {
    case YARAL_COMPARE: case YARAL_IN: case YARAL_IS_NULL: case YARAL_AND: case YARAL_OR: case YARAL_NOT: return true;
    default: return false;
    }
}

/* Stands where a truth is asked for. */
static void want_truth(checker *k, const yaral_node *n)
{
    if (is_truth(n) || n->kind == YARAL_BOOL) return;
    if (n->kind == YARAL_CALL) {
        const checked_function *f = check_function(n->as.call.name);
        if (f && f->result != CHECK_BOOL && f->result != CHECK_ANY)
            check_report(k, PK_ERROR, "yaral-type", n->span, "compare it with something", "'" STR_FMT "' gives %s, and a truth must stand here",
                         STR_ARG(n->as.call.name), type_name(f->result));
        return;
    }
    bool name = n->kind == YARAL_VARIABLE && (k->section == YARAL_CONDITION || n->as.variable.role == YARAL_OF_VARIABLE);
    if (!name) check_report(k, PK_ERROR, "yaral-type", n->span, "compare it with something", "a comparison must stand here, and this is a value");
}

static void check_argument(checker *k, const yaral_node *call, const yaral_node *n, size_t i, const checked_function *f)
{
    if (str_equal(f->name, STR("if")) && i == 0) {
        want_truth(k, n);
        return;
    }
    if (is_truth(n)) {
        check_report(k, PK_ERROR, "yaral-type", n->span, NULL, "an argument of '" STR_FMT "' must be a value, and this is a comparison", STR_ARG(call->as.call.name));
        return;
    }
    if (n->kind == YARAL_ARGUMENT)
        check_report(k, PK_ERROR, "yaral-call", n->span, NULL, "'" STR_FMT "' has no argument '" STR_FMT "'; only metrics take named ones",
                     STR_ARG(call->as.call.name), STR_ARG(n->as.argument.name));
    if (n->kind == YARAL_DURATION || n->kind == YARAL_STAR || n->kind == YARAL_WORD)
        check_report(k, PK_ERROR, "yaral-call", n->span, NULL, "this is no argument of '" STR_FMT "'", STR_ARG(call->as.call.name));
    bool any_message = str_equal(f->name, STR("count")) || str_equal(f->name, STR("count_distinct")) || str_starts_with(f->name, STR("arrays."));
    if (!any_message) check_message(k, n);
}

static void check_count(checker *k, const yaral_node *n, const checked_function *f)
{
    if (n->count >= f->least && n->count <= f->most) return;
    if (f->least == f->most)
        check_report(k, PK_ERROR, "yaral-call", n->span, NULL, "'" STR_FMT "' takes %u argument%s, and here are %zu", STR_ARG(f->name), f->least, f->least == 1 ? "" : "s", n->count);
    else if (n->count < f->least)
        check_report(k, PK_ERROR, "yaral-call", n->span, NULL, "'" STR_FMT "' takes at least %u arguments, and here are %zu", STR_ARG(f->name), f->least, n->count);
    else
        check_report(k, PK_ERROR, "yaral-call", n->span, NULL, "'" STR_FMT "' takes at most %u arguments, and here are %zu", STR_ARG(f->name), f->most, n->count);
}

/* nocase belongs behind functions that compare texts. */
static void check_nocase(checker *k, const yaral_node *n, const checked_function *f)
{
    if (n->nocase && f->result != CHECK_BOOL)
        check_report(k, PK_WARNING, "yaral-call", n->span, NULL, "nocase has no meaning behind '" STR_FMT "'", STR_ARG(f->name));
    else if (n->nocase && !str_equal(f->name, STR("re.regex")))
        check_report(k, PK_WARNING, "yaral-call", n->span, "write the text through strings.to_lower", "Google's compiler takes nocase behind re.regex only");
}

static void check_call(checker *k, const yaral_node *n)
{
    const checked_function *f = check_function(n->as.call.name);
    if (!f) {
        pk_str hint = check_nearest_function(k->arena, n->as.call.name);
        check_report(k, PK_ERROR, "yaral-function", n->span, arena_cstring(k->arena, hint), "there is no function '" STR_FMT "'", STR_ARG(str_slice(n->as.call.name, 0, 100)));
        return;
    }
    check_count(k, n, f);
    check_nocase(k, n, f);
    if (f->place == CALL_METRIC) check_metric(k, n);
    for (size_t i = 0; f->place != CALL_METRIC && i < n->count; i++) check_argument(k, n, n->args[i], i, f);
    if (f->place != CALL_ROW && k->section != YARAL_OUTCOME)
        check_report(k, PK_ERROR, "yaral-call", n->span, "make it an outcome", "'" STR_FMT "' stands in the outcome section only", STR_ARG(f->name));
}

/* ---- nodes ---- */

static void check_arithmetic(checker *k, const yaral_node *n)
{
    for (size_t i = 0; i < n->count; i++) {
        check_type t = check_value_of(k, n->args[i]).type;
        if (t == CHECK_TEXT || t == CHECK_ENUM || t == CHECK_BOOL || t == CHECK_LIST || t == CHECK_MESSAGE)
            check_report(k, PK_WARNING, "yaral-type", n->args[i]->span, t == CHECK_TEXT ? "texts are joined by strings.concat, and read as numbers by cast.as_int" : NULL,
                         "%s in arithmetic counts as 0 where it is no number", type_name(t));
    }
}

static bool check_node(yaral_node *n, void *user)
{
    checker *k = user;
    switch (n->kind) {
    case YARAL_COMPARE: check_compare(k, n); break;
    case YARAL_IN: check_in(k, n); break;
    case YARAL_CALL: check_call(k, n); return !metric_is_call(n); /* its arguments are no values of the language */
    case YARAL_ARITHMETIC: case YARAL_NEGATE: check_arithmetic(k, n); break;
    case YARAL_IS_NULL: check_message(k, n->args[0]); break;
    case YARAL_AND: case YARAL_OR: case YARAL_NOT:
        for (size_t i = 0; i < n->count; i++) want_truth(k, n->args[i]);
        break;
    default: break;
    }
    return true;
}

static void check_statement(checker *k, yaral_node *n)
{
    want_truth(k, n);
    yaral_walk(n, check_node, k);
}

void check_truths(checker *k)
{
    const yaral_rule *r = k->ast;
    k->section = YARAL_EVENTS_SECTION;
    for (size_t i = 0; i < r->event_count; i++) check_statement(k, r->events[i]);
    k->section = YARAL_OUTCOME;
    for (size_t i = 0; i < r->outcome_count; i++) yaral_walk(r->outcomes[i].value, check_node, k);
    k->section = YARAL_CONDITION;
    if (r->condition) check_statement(k, r->condition);
}
