/*
 * Names: every placeholder is bound, all variables are joined, and the condition asks for them. Variables are few
 * (YARAL_MAX_VARIABLES), so that sets of them are bits.
 */
#include "languages/yaral/check.h"

/* ---- names that mean nothing ---- */

static pk_str nearest_name(checker *k, pk_str name)
{
    const yaral_rule *r = k->ast;
    VEC(pk_str) names = {0};
    for (size_t i = 0; i < r->variable_count; i++) vec_push_in(k->arena, &names, r->variables[i].name);
    for (size_t i = 0; i < r->placeholder_count && i < 200; i++)
        if (r->placeholders[i].count) vec_push_in(k->arena, &names, r->placeholders[i].name);
    for (size_t i = 0; i < r->outcome_count && i < 200; i++) vec_push_in(k->arena, &names, r->outcomes[i].name);
    if (name.len > 200) return STR("");
    pk_str near = str_nearest(name, names.at, names.len);
    return near.len && !str_equal(near, name) ? arena_printf(k->arena, "did you mean '$" STR_FMT "'?", STR_ARG(near)) : STR("");
}

static bool check_name(yaral_node *n, void *user)
{
    checker *k = user;
    if ((n->kind != YARAL_VARIABLE && n->kind != YARAL_COUNT) || n->as.variable.role != YARAL_UNBOUND) return true;
    check_report(k, PK_ERROR, "yaral-name", n->span, arena_cstring(k->arena, nearest_name(k, n->as.variable.name)),
                 "nothing in this rule is called '%c" STR_FMT "'", n->kind == YARAL_COUNT ? '#' : '$', STR_ARG(n->as.variable.name));
    return true;
}

static void check_placeholders(checker *k)
{
    const yaral_rule *r = k->ast;
    for (size_t i = 0; i < r->placeholder_count; i++) {
        const yaral_placeholder *p = &r->placeholders[i];
        if (p->count) continue;
        pk_str hint = nearest_name(k, p->name);
        check_report(k, PK_ERROR, "yaral-placeholder", p->span,
                     hint.len ? arena_cstring(k->arena, hint) : "bind it to a field, as in $e.principal.hostname = $host",
                     "the placeholder '$" STR_FMT "' is bound to no field", STR_ARG(p->name));
    }
}

/* ---- variables ---- */

/* In events a variable of events stands for nothing without a field. */
static bool check_bare_variable(yaral_node *n, void *user)
{
    checker *k = user;
    if (n->kind == YARAL_COUNT) {
        check_report(k, PK_ERROR, "yaral-name", n->span, "counts stand in the condition", "a count has no meaning in events");
        return false;
    }
    if (n->kind != YARAL_VARIABLE || n->as.variable.role != YARAL_OF_VARIABLE) return true;
    check_report(k, PK_ERROR, "yaral-name", n->span, "name one of its fields", "'$" STR_FMT "' is a variable of events, and stands here without a field",
                 STR_ARG(n->as.variable.name));
    return true;
}

/* What stands in front of its name; names of tables hold it. */
static const char *sign_of(const yaral_variable *v)
{
    return v->source == YARAL_TABLES ? "" : v->name.len ? "$" : "fields without variable";
}

static void check_used_in_events(checker *k)
{
    const yaral_rule *r = k->ast;
    span outcome = r->sections[YARAL_OUTCOME];
    for (size_t i = 0; i < r->variable_count; i++) {
        span at = r->variables[i].span;
        if (outcome.line && at.start >= outcome.start && at.start < outcome.end)
            check_report(k, PK_ERROR, "yaral-name", at, arena_cstring(k->arena, nearest_name(k, r->variables[i].name)),
                         "'%s" STR_FMT "' does not stand in events", sign_of(&r->variables[i]), STR_ARG(r->variables[i].name));
    }
}

/* ---- joins ---- */

typedef struct { checker *checker; uint64_t groups[YARAL_MAX_VARIABLES]; } join_search;

static void join(join_search *s, uint64_t variables)
{
    uint64_t all = variables;
    for (size_t i = 0; i < YARAL_MAX_VARIABLES; i++)
        if (s->groups[i] & variables) all |= s->groups[i];
    for (size_t i = 0; i < YARAL_MAX_VARIABLES; i++)
        if (all >> i & 1) s->groups[i] = all;
}

/* A placeholder that is a value of one variable or of another, bound in parts of an `or` only, joins nothing. */
static uint64_t joined_by(const yaral_placeholder *p)
{
    bool bound = !(p->variables & (p->variables - 1));
    for (size_t i = 0; i < p->count; i++) bound |= p->bindings[i].statement;
    return bound ? p->variables : 0;
}

/* Variables whose fields stand in a value; placeholders are looked through, arithmetic joins nothing. */
static uint64_t variables_of(checker *k, const yaral_node *n)
{
    uint32_t own = yaral_variable_read(n);
    if (own != YARAL_NONE) return own < YARAL_MAX_VARIABLES ? UINT64_C(1) << own : 0;
    if (n->kind == YARAL_VARIABLE && n->as.variable.role == YARAL_OF_PLACEHOLDER) return joined_by(&k->ast->placeholders[n->as.variable.index]);
    if (n->kind == YARAL_ARITHMETIC || n->kind == YARAL_NEGATE) return 0;
    uint64_t all = 0;
    for (size_t i = 0; i < n->count; i++) all |= variables_of(k, n->args[i]);
    return all;
}

/* Columns are joined by what asks a pattern or a network, too. */
static void note_call(join_search *s, const yaral_node *n)
{
    bool joins = str_equal(n->as.call.name, STR("re.regex")) || str_equal(n->as.call.name, STR("net.ip_in_range_cidr"));
    if (!joins || n->count != 2 || n->args[1]->kind != YARAL_LIST) return;
    uint64_t asked = variables_of(s->checker, n->args[0]), column = variables_of(s->checker, n->args[1]);
    if (asked && column) join(s, asked | column);
}

static bool note_join(yaral_node *n, void *user)
{
    join_search *s = user;
    if (n->kind == YARAL_CALL) note_call(s, n);
    if (n->kind != YARAL_COMPARE || n->as.compare != YARAL_EQ) return true;
    uint64_t left = variables_of(s->checker, n->args[0]), right = variables_of(s->checker, n->args[1]);
    if (left && right) join(s, left | right);
    return true;
}

static void check_joins(checker *k)
{
    const yaral_rule *r = k->ast;
    join_search s = {.checker = k};
    for (size_t i = 0; i < r->variable_count; i++) s.groups[i] = UINT64_C(1) << i;
    for (size_t i = 0; i < r->event_count; i++) yaral_walk(r->events[i], note_join, &s);
    for (size_t i = 0; i < r->placeholder_count; i++) join(&s, joined_by(&r->placeholders[i]));
    for (size_t i = 1; i < r->variable_count; i++) {
        if (s.groups[i] & ((UINT64_C(1) << i) - 1)) continue; /* joined with an earlier one */
        const yaral_variable *v = &r->variables[i];
        if (v->source == YARAL_TABLES)
            check_report(k, PK_ERROR, "yaral-unjoined", v->span, "compare a column with a field by =, re.regex or net.ip_in_range_cidr; 'not ... in %table.column' "
                         "leaves out what stands in a column", "'" STR_FMT "' is not joined with events: every event would go with every row", STR_ARG(v->name));
        else
            check_report(k, PK_ERROR, "yaral-unjoined", v->span, "join them by a field that both have, as in $a.principal.hostname = $b.principal.hostname",
                         "'%s" STR_FMT "' is not joined with '%s" STR_FMT "': every event would go with every other", sign_of(v), STR_ARG(v->name),
                         sign_of(&r->variables[0]), STR_ARG(r->variables[0].name));
    }
}

/* ---- the condition ---- */

static void check_asked_for(checker *k)
{
    const yaral_rule *r = k->ast;
    bool some = false;
    for (size_t i = 0; i < r->variable_count; i++) {
        const yaral_variable *v = &r->variables[i];
        if (v->bounded && v->source != YARAL_ENTITIES && v->source != YARAL_TABLES && v->in_condition) some = true;
        if (!v->in_condition && v->name.len && v->source != YARAL_TABLES)
            check_report(k, PK_WARNING, "yaral-condition", v->span, "add it to the condition; Google's compiler asks for all of them",
                         "the condition does not ask for '$" STR_FMT "'; it is taken as needed", STR_ARG(v->name));
    }
    for (size_t i = 0; i < r->variable_count; i++) some |= !r->variables[i].in_condition && r->variables[i].source != YARAL_ENTITIES && r->variables[i].source != YARAL_TABLES;
    if (!some && r->variable_count)
        check_report(k, PK_ERROR, "yaral-condition", r->condition->span, "ask for at least one event, as in $e",
                     "the condition holds without any event");
}

static uint64_t event_variables(checker *k, const yaral_node *n)
{
    uint64_t all = 0;
    if (n->kind == YARAL_VARIABLE && n->as.variable.role == YARAL_OF_VARIABLE && n->as.variable.index < YARAL_MAX_VARIABLES)
        return k->ast->variables[n->as.variable.index].source == YARAL_ENTITIES ? 0 : UINT64_C(1) << n->as.variable.index;
    for (size_t i = 0; i < n->count; i++) all |= event_variables(k, n->args[i]);
    return all;
}

static bool check_condition_node(yaral_node *n, void *user)
{
    checker *k = user;
    if (n->kind == YARAL_NOT && !n->as.bang && n->args[0]->kind == YARAL_VARIABLE)
        check_report(k, PK_WARNING, "yaral-condition", n->span, "write !$name", "Google's compiler takes '!' for absence only");
    if (n->kind == YARAL_FIELD)
        check_report(k, PK_ERROR, "yaral-condition", n->span, "test it in events, or make it an outcome", "fields can't stand in the condition");
    uint64_t events = n->kind == YARAL_OR ? event_variables(k, n) : 0;
    if (events & (events - 1))
        check_report(k, PK_WARNING, "yaral-condition", n->span, NULL, "Google's compiler takes no 'or' between variables of events");
    if (n->kind == YARAL_VARIABLE && n->as.variable.role == YARAL_OF_PLACEHOLDER && k->ast->placeholders[n->as.variable.index].match_key)
        check_report(k, PK_WARNING, "yaral-condition", n->span, NULL, "Google's compiler takes no match key in the condition");
    return true;
}

/* ---- match ---- */

#define MINUTE INT64_C(60000000000)

static void check_window(checker *k)
{
    const yaral_window *w = &k->ast->window;
    if (w->kind == YARAL_WINDOW_NONE) return;
    int64_t length = w->duration->as.duration.nanoseconds;
    if (length < MINUTE || length > 48 * 60 * MINUTE)
        check_report(k, PK_NOTE, "yaral-limit", w->duration->span, NULL, "Google's windows last from 1 minute to 48 hours");
    if (!w->pivot.len) return;
    if (w->pivot_index == YARAL_NONE) {
        check_report(k, PK_ERROR, "yaral-window", w->span, arena_cstring(k->arena, nearest_name(k, w->pivot)), "the window turns around '$" STR_FMT "', which is no variable of events",
                     STR_ARG(w->pivot));
        return;
    }
    const yaral_variable *v = &k->ast->variables[w->pivot_index];
    if (v->source == YARAL_ENTITIES) check_report(k, PK_ERROR, "yaral-window", w->span, NULL, "the window turns around '$" STR_FMT "', which is an entity and has no time", STR_ARG(w->pivot));
    else if (!v->bounded) check_report(k, PK_ERROR, "yaral-window", w->span, NULL, "the window turns around '$" STR_FMT "', which may be absent", STR_ARG(w->pivot));
}

static void check_keys(checker *k)
{
    const yaral_rule *r = k->ast;
    if (r->key_count && r->window.kind == YARAL_WINDOW_NONE)
        check_report(k, PK_WARNING, "yaral-window", r->sections[YARAL_MATCH], "add over 5m, or another duration", "match without a window groups all events of the input");
    for (size_t i = 0; i < r->key_count; i++) {
        const yaral_node *key = r->keys[i];
        if (key->kind == YARAL_VARIABLE && key->as.variable.role == YARAL_OF_VARIABLE)
            check_report(k, PK_ERROR, "yaral-match", key->span, "bind one of its fields to a placeholder", "'$" STR_FMT "' is a variable of events and can't be grouped by",
                         STR_ARG(key->as.variable.name));
        for (size_t other = 0; other < i && i < 50; other++)
            if (yaral_node_equal(r->keys[other], key)) check_report(k, PK_WARNING, "yaral-match", key->span, NULL, "this key stands twice");
    }
}

static bool is_shorter(const yaral_node *quiet, const yaral_node *window)
{
    return window && quiet->as.duration.nanoseconds <= window->as.duration.nanoseconds;
}

static void check_options(checker *k)
{
    static const pk_str known[] = {{"allow_zero_values", 17}, {"suppression_window", 18}};
    for (size_t i = 0; i < k->ast->option_count; i++) {
        const yaral_option *o = &k->ast->options[i];
        bool zero = str_equal_ascii_fold(o->name, known[0]), quiet = str_equal_ascii_fold(o->name, known[1]);
        if (!zero && !quiet)
            check_report(k, PK_WARNING, "yaral-option", o->span, arena_cstring(k->arena, yaral_did_you_mean(k->arena, o->name, known, 2)),
                         "there is no option '" STR_FMT "'; it changes nothing", STR_ARG(str_slice(o->name, 0, 100)));
        if (zero && o->value->kind != YARAL_BOOL) check_report(k, PK_ERROR, "yaral-option", o->span, NULL, "allow_zero_values is true or false");
        if (quiet && o->value->kind != YARAL_DURATION) check_report(k, PK_ERROR, "yaral-option", o->span, NULL, "suppression_window is a duration, as in 5m");
        else if (quiet && is_shorter(o->value, k->ast->window.duration))
            check_report(k, PK_WARNING, "yaral-option", o->span, NULL, "Google's compiler takes a suppression_window that is longer than the window of the match section");
    }
}

/* What is written to a table are outcomes, keys and placeholders; picket itself writes none. */
static void check_exports(checker *k)
{
    for (size_t i = 0; i < k->ast->export_count; i++) {
        yaral_walk(k->ast->exports[i], check_name, k);
        check_report(k, PK_NOTE, "yaral-table", k->ast->exports[i]->span, "read them from the alerts", "rows are not written to tables here");
    }
}

void check_names(checker *k)
{
    if (k->ast->variable_count > YARAL_MAX_VARIABLES) {
        check_report(k, PK_ERROR, "yaral-limit", k->ast->name_span, NULL, "the rule has more than %d variables of events", YARAL_MAX_VARIABLES);
        return;
    }
    check_each_node(k, check_name);
    check_placeholders(k);
    check_each_event_node(k, check_bare_variable);
    check_used_in_events(k);
    check_joins(k);
    check_asked_for(k);
    yaral_walk(k->ast->condition, check_condition_node, k);
    check_window(k);
    check_keys(k);
    check_options(k);
    check_exports(k);
}
