/* The checker: what all checks share, and the order in which they run. */
#include "languages/yaral/check.h"

#include <stdarg.h>
#include <stdio.h>

enum { MAX_MESSAGE = 1024 };

void check_report(checker *k, pk_severity severity, const char *code, span at, const char *hint, const char *format, ...)
{
    char words[MAX_MESSAGE];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(words, sizeof words, format, args);
    va_end(args);
    if (n < 0) words[0] = 0;
    yaral_report(k->catalog, k->rule, severity, code, at, str_from(hint), "%s", words);
}

/* ---- walks ---- */

void check_each_event_node(checker *k, yaral_node_fn fn)
{
    for (size_t i = 0; i < k->ast->event_count; i++) yaral_walk(k->ast->events[i], fn, k);
}

void check_each_node(checker *k, yaral_node_fn fn)
{
    check_each_event_node(k, fn);
    for (size_t i = 0; i < k->ast->key_count; i++) yaral_walk(k->ast->keys[i], fn, k);
    for (size_t i = 0; i < k->ast->outcome_count; i++) yaral_walk(k->ast->outcomes[i].value, fn, k);
    yaral_walk(k->ast->condition, fn, k);
}

/* ---- what a value is ---- */

udm_root check_root(yaral_source source)
{
    switch (source) {
    case YARAL_ENTITIES: return UDM_ENTITY;
    case YARAL_DETECTIONS: return UDM_DETECTION;
    case YARAL_EVENTS: case YARAL_TABLES: break;
    }
    return UDM_EVENT;
}

static check_type type_of_udm(udm_type t)
{
    switch (t) {
    case UDM_STRING: case UDM_BYTES: return CHECK_TEXT;
    case UDM_INT: return CHECK_INT;
    case UDM_FLOAT: return CHECK_FLOAT;
    case UDM_BOOL: return CHECK_BOOL;
    case UDM_ENUM: return CHECK_ENUM;
    case UDM_TIME: return CHECK_TIME;
    case UDM_MESSAGE: case UDM_MAP: return CHECK_MESSAGE;
    }
    return CHECK_ANY;
}

static checked_value value_of_field(checker *k, const yaral_node *n)
{
    udm_path path;
    if (!udm_resolve(check_root(n->as.field.source), yaral_path_text(k->arena, n), k->arena, &path, NULL)) return (checked_value){.type = CHECK_ANY};
    return (checked_value){.type = type_of_udm(path.type), .enumeration = path.enumeration, .repeated = path.repeated, .known = true, .path = path.path};
}

enum { MAX_CHAIN = 100 };              /* of outcomes that read outcomes, and calls within */

static checked_value value_at(checker *k, const yaral_node *n, unsigned depth);

static checked_value value_of_call(checker *k, const yaral_node *n, unsigned depth)
{
    const checked_function *f = check_function(n->as.call.name);
    if (!f) return (checked_value){.type = CHECK_ANY};
    if (f->result != CHECK_ANY || !n->count) return (checked_value){.type = f->result, .known = true};
    size_t from = str_equal(f->name, STR("if")) && n->count > 1 ? 1 : 0;
    checked_value v = value_at(k, n->args[from], depth + 1);
    v.path = STR("");
    return v;
}

static checked_value value_of_name(checker *k, const yaral_node *n, unsigned depth)
{
    const yaral_rule *r = k->ast;
    if (n->as.variable.role == YARAL_OF_WINDOW) return (checked_value){.type = CHECK_INT};
    if (n->as.variable.role == YARAL_OF_OUTCOME) return value_at(k, r->outcomes[n->as.variable.index].value, depth + 1);
    if (n->as.variable.role != YARAL_OF_PLACEHOLDER || !r->placeholders[n->as.variable.index].count) return (checked_value){.type = CHECK_ANY};
    checked_value v = value_at(k, r->placeholders[n->as.variable.index].bindings[0].value, depth + 1);
    v.repeated = false;
    return v;
}

static checked_value value_at(checker *k, const yaral_node *n, unsigned depth)
{
    if (depth > MAX_CHAIN) return (checked_value){.type = CHECK_ANY};
    switch (n->kind) {
    case YARAL_NUMBER: return (checked_value){.type = n->as.number.whole ? CHECK_INT : CHECK_FLOAT};
    case YARAL_STRING: return (checked_value){.type = CHECK_TEXT};
    case YARAL_BOOL: return (checked_value){.type = CHECK_BOOL};
    case YARAL_FIELD: return value_of_field(k, n);
    case YARAL_VARIABLE: return value_of_name(k, n, depth);
    case YARAL_COUNT: return (checked_value){.type = CHECK_INT};
    case YARAL_ARRAY: return (checked_value){.type = CHECK_LIST};
    case YARAL_CALL: return value_of_call(k, n, depth);
    case YARAL_NEGATE: case YARAL_ARITHMETIC: return (checked_value){.type = CHECK_FLOAT};
    default: return (checked_value){.type = CHECK_ANY};
    }
}

checked_value check_value_of(checker *k, const yaral_node *n) { return value_at(k, n, 0); }

/* ---- all ---- */

void yaral_check(ir_catalog *c, rule *r, const yaral_rule *ast)
{
    checker k = {.catalog = c, .rule = r, .ast = ast, .arena = arena_new()};
    check_fields(&k);
    check_names(&k);
    check_truths(&k);
    check_outcomes(&k);
    check_never(&k);
    arena_free(k.arena);
}
