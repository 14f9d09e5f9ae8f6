/* The outcome section: what is read of many rows stands in an aggregate, and names are defined before they are used. */
#include "languages/yaral/check.h"

enum { MAX_OUTCOMES = 20 };            /* of Google */

typedef struct { checker *checker; size_t at; } outcome_place;

static void check_part(outcome_place *o, const yaral_node *n, const yaral_node *aggregate);

static void check_field(outcome_place *o, const yaral_node *n)
{
    checker *k = o->checker;
    if (k->ast->key_count) {
        check_report(k, PK_ERROR, "yaral-aggregate", n->span, "array_distinct(...) keeps all its values, max(...) one of them",
                     "with match a field has many values, and must stand in an aggregate");
    } else if (check_value_of(k, n).repeated && n->as.field.quantifier == YARAL_PLAIN) {
        check_report(k, PK_WARNING, "yaral-aggregate", n->span, "array_distinct(...) keeps all its values",
                     "this field may have many values; Google's compiler asks for an aggregate");
    }
}

static void check_name(outcome_place *o, const yaral_node *n, const yaral_node *aggregate)
{
    checker *k = o->checker;
    const yaral_rule *r = k->ast;
    switch (n->as.variable.role) {
    case YARAL_OF_PLACEHOLDER:
        if (!aggregate && r->key_count && !r->placeholders[n->as.variable.index].match_key)
            check_report(k, PK_ERROR, "yaral-aggregate", n->span, "array_distinct(...) keeps all its values, max(...) one of them",
                         "with match the placeholder '$" STR_FMT "' has many values, and must stand in an aggregate", STR_ARG(n->as.variable.name));
        break;
    case YARAL_OF_OUTCOME:
        if (n->as.variable.index >= o->at)
            check_report(k, PK_ERROR, "yaral-outcome", n->span, "define it above", "'$" STR_FMT "' is not defined yet", STR_ARG(n->as.variable.name));
        else if (aggregate)
            check_report(k, PK_ERROR, "yaral-aggregate", n->span, NULL, "the outcome '$" STR_FMT "' is one value, and can't be aggregated by '" STR_FMT "'",
                         STR_ARG(n->as.variable.name), STR_ARG(aggregate->as.call.name));
        break;
    case YARAL_OF_VARIABLE:
        check_report(k, PK_ERROR, "yaral-name", n->span, "name one of its fields", "'$" STR_FMT "' is a variable of events, and stands here without a field",
                     STR_ARG(n->as.variable.name));
        break;
    case YARAL_OF_WINDOW:
        if (r->window.kind == YARAL_WINDOW_NONE)
            check_report(k, PK_ERROR, "yaral-window", n->span, "add match with a window", "'$" STR_FMT "' needs a window", STR_ARG(n->as.variable.name));
        break;
    case YARAL_UNBOUND: break; /* told already */
    }
}

static void check_column(outcome_place *o, const yaral_node *n)
{
    if (o->checker->ast->key_count)
        check_report(o->checker, PK_ERROR, "yaral-aggregate", n->span, "array_distinct(...) keeps all its values, max(...) one of them",
                     "with match the column '%%" STR_FMT "." STR_FMT "' has many values, and must stand in an aggregate", STR_ARG(n->as.list.name),
                     STR_ARG(n->as.list.column));
}

/* The branches of if: of one type, and the second may be left out for numbers only. */
static void check_branches(checker *k, const yaral_node *n)
{
    if (n->count < 2) return;
    check_type yes = check_value_of(k, n->args[1]).type;
    if (n->count == 2) {
        if (yes == CHECK_TEXT || yes == CHECK_ENUM || yes == CHECK_BOOL)
            check_report(k, PK_WARNING, "yaral-if", n->span, "add it, as in if(..., \"a\", \"\")", "Google's compiler asks for the third argument, unless the second is a number");
        return;
    }
    check_type no = check_value_of(k, n->args[2]).type;
    bool numbers = (yes == CHECK_INT || yes == CHECK_FLOAT) && (no == CHECK_INT || no == CHECK_FLOAT);
    bool texts = (yes == CHECK_TEXT || yes == CHECK_ENUM) && (no == CHECK_TEXT || no == CHECK_ENUM);
    if (yes != no && !numbers && !texts && yes != CHECK_ANY && no != CHECK_ANY)
        check_report(k, PK_WARNING, "yaral-if", n->span, NULL, "the two values of this 'if' are of different types");
}

static void check_call(outcome_place *o, const yaral_node *n, const yaral_node *aggregate)
{
    checker *k = o->checker;
    const checked_function *f = check_function(n->as.call.name);
    bool grouped = f && f->place == CALL_GROUPED;
    if (grouped && aggregate)
        check_report(k, PK_ERROR, "yaral-aggregate", n->span, "make the inner one an outcome of its own", "'" STR_FMT "' within '" STR_FMT "': aggregates can't be nested",
                     STR_ARG(f->name), STR_ARG(aggregate->as.call.name));
    if (f && f->place == CALL_METRIC && !aggregate && k->ast->key_count)
        check_report(k, PK_WARNING, "yaral-aggregate", n->span, "write max(...) around it", "with match a metric must stand in an aggregate for Google's compiler");
    if (f && str_equal(f->name, STR("if"))) check_branches(k, n);
    for (size_t i = 0; i < n->count; i++) check_part(o, n->args[i], grouped ? n : aggregate);
}

static void check_part(outcome_place *o, const yaral_node *n, const yaral_node *aggregate)
{
    if (n->kind == YARAL_FIELD && !aggregate) check_field(o, n);
    else if (n->kind == YARAL_LIST && n->as.list.index != YARAL_NONE && !aggregate) check_column(o, n);
    else if (n->kind == YARAL_VARIABLE) check_name(o, n, aggregate);
    else if (n->kind == YARAL_CALL) check_call(o, n, aggregate);
    else
        for (size_t i = 0; i < n->count; i++) check_part(o, n->args[i], aggregate);
}

/* The score of the detection is a number. */
static void check_risk(checker *k, const yaral_outcome *o)
{
    check_type t = check_value_of(k, o->value).type;
    if (str_equal(o->name, STR("risk_score")) && (t == CHECK_TEXT || t == CHECK_BOOL || t == CHECK_LIST || t == CHECK_ENUM))
        check_report(k, PK_WARNING, "yaral-risk", o->span, "write a number", "risk_score is no number, so that the default 40 is used");
}

static void check_twice(checker *k)
{
    const yaral_rule *r = k->ast;
    table names = {0};
    for (size_t i = 0; i < r->outcome_count; i++) {
        if (!table_put(&names, r->outcomes[i].name, (uint32_t)i))
            check_report(k, PK_ERROR, "yaral-outcome", r->outcomes[i].span, NULL, "'$" STR_FMT "' is defined at line %u already", STR_ARG(r->outcomes[i].name),
                         r->outcomes[table_get(&names, r->outcomes[i].name)].span.line);
    }
    for (size_t i = 0; i < r->placeholder_count; i++) {
        uint32_t outcome = table_get(&names, r->placeholders[i].name);
        if (outcome != TABLE_NONE)
            check_report(k, PK_ERROR, "yaral-outcome", r->outcomes[outcome].span, "give it another name", "'$" STR_FMT "' is a placeholder of events already",
                         STR_ARG(r->placeholders[i].name));
    }
    for (size_t i = 0; i < r->variable_count; i++) {
        uint32_t outcome = table_get(&names, r->variables[i].name);
        if (outcome != TABLE_NONE)
            check_report(k, PK_ERROR, "yaral-outcome", r->outcomes[outcome].span, "give it another name", "'$" STR_FMT "' is a variable of events already",
                         STR_ARG(r->variables[i].name));
    }
    table_free(&names);
}

void check_outcomes(checker *k)
{
    const yaral_rule *r = k->ast;
    if (r->outcome_count > MAX_OUTCOMES)
        check_report(k, PK_NOTE, "yaral-limit", r->outcomes[MAX_OUTCOMES].span, NULL, "Google's compiler takes %d outcomes", MAX_OUTCOMES);
    check_twice(k);
    check_metrics(k);
    for (size_t i = 0; i < r->outcome_count; i++) {
        outcome_place o = {k, i};
        check_part(&o, r->outcomes[i].value, NULL);
        check_risk(k, &r->outcomes[i]);
    }
}
