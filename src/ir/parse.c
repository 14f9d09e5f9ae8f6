/*
 * Plans of the text form: definitions, stages, the alert. A statement begins with `name =` or `alert`; a stage names
 * only stages above it. The grammar is in docs/ir.md; a function here is one of its productions.
 */
#include "ir/parse.h"

static const char unsettled_schema[] = "?"; /* of fields in definitions, until the first match stage is known */

static pk_str empty(void) { return (pk_str){"", 0}; }

/* ---- statements ---- */

static int at_stage_kind(const parser *p)
{
    if (p->at.kind != TOKEN_NAME || p->at.quoted) return -1;
    for (int i = 0; i < STAGE_KINDS; i++)
        if (str_equal(p->at.text, str_from(stage_kind_table[i].text))) return i;
    return -1;
}

static void parse_stage(parser *p, const token *name, stage_kind kind)
{
    if (find_stage(p->plan, name->text)) {
        parse_error(p, name, NULL, "a second stage '" STR_FMT "'", STR_ARG(name->text));
        return;
    }
    stage *s = ARENA_NEW(p->arena, stage);
    s->kind = kind;
    s->name = name->text;
    s->span = name->span;
    advance(p);
    p->scope = (name_scope){.plan = p->plan, .stage_count = p->plan->stage_count, .schema = empty()};
    parse_body(p, s);
    s->span.end = p->at.span.start;
    stage *added = ir_add_stage(p->arena, p->plan, kind, s->name, s->inputs, s->input_count);
    *added = *s;
}

static void parse_definition(parser *p, const token *name)
{
    plan *pl = p->plan;
    for (size_t i = 0; i < pl->definition_count; i++)
        if (str_equal(pl->definitions[i].name, name->text))
            parse_error(p, name, NULL, "a second definition '" STR_FMT "'", STR_ARG(name->text));
    p->scope = (name_scope){.plan = pl, .schema = {unsettled_schema, 1}};
    expr_weight weight;
    ir_definition d = {.name = name->text, .span = name->span};
    d.value = parse_weighed(p, &weight);
    d.span.end = p->at.span.start;

    ir_definition *all = ARENA_ARRAY(p->arena, ir_definition, pl->definition_count + 1);
    for (size_t i = 0; i < pl->definition_count; i++) all[i] = pl->definitions[i];
    all[pl->definition_count++] = d;
    pl->definitions = all;
    vec_push_in(p->arena, &p->weights, weight);
}

/* 'alert' ['each' 'row' 'of'] stage ['quiet' ('while' 'having' 'holds' | duration)] ['by' keys] ['risk' expr] */
static void parse_alert(parser *p)
{
    plan *pl = p->plan;
    token start = p->at;
    advance(p);
    if (pl->alert) parse_error(p, &start, NULL, "a second alert");
    if (accept_word(p, "each")) {
        expect_word(p, "row");
        expect_word(p, "of");
    }
    pl->alert = parse_stage_ref(p);
    p->scope = (name_scope){.plan = pl, .stage_count = pl->stage_count, .schema = empty()};
    if (accept_word(p, "quiet")) {
        if (accept_word(p, "while")) {
            expect_word(p, "having");
            expect_word(p, "holds");
            pl->quiet = QUIET_WHILE_HAVING;
        } else {
            pl->quiet = QUIET_FOR;
            pl->quiet_for = parse_duration(p);
        }
    }
    if (accept_word(p, "by")) parse_keys(p, &pl->quiet_keys, &pl->quiet_key_count);
    if (accept_word(p, "risk")) pl->risk = parse_expr(p);
}

/* Fields of definitions take the schema of the first match stage. */
static bool settle(const expr *e, bool negated, void *user)
{
    (void)negated;
    ir_field *f = e->kind == EXPR_FIELD  ? &((expr *)e)->as.field
                  : e->kind == EXPR_SOME ? &((expr *)e)->as.some.list
                                         : NULL;
    if (f && f->schema.ptr == unsettled_schema) f->schema = *(const pk_str *)user;
    return true;
}

static void settle_definitions(plan *pl)
{
    pk_str schema = plan_schema(pl);
    for (size_t i = 0; i < pl->definition_count; i++) ir_walk_expr(NULL, pl->definitions[i].value, settle, &schema);
}

static void parse_statement(parser *p)
{
    if (at_word(p, "alert")) {
        parse_alert(p);
        return;
    }
    token name = p->at;
    pk_str ignored;
    if (!accept_name_equals(p, &ignored)) {
        parse_expected(p, "`name = ...` or `alert`");
        return;
    }
    int kind = at_stage_kind(p);
    if (kind >= 0) parse_stage(p, &name, (stage_kind)kind);
    else parse_definition(p, &name);
}

void parse_statements(parser *p, bool body)
{
    while (!p->failed && p->at.kind != TOKEN_END && !(body && at_punct(p, "}"))) {
        parse_statement(p);
        while (accept_punct(p, ";")) {}
    }
    if (!p->failed) settle_definitions(p->plan);
}

plan *ir_parse_plan(ir_catalog *c, pk_str source, pk_str file, diag_list *d)
{
    arena *a = ir_arena(c);
    parser p = {.catalog = c, .arena = a, .diags = d, .file = file, .lexer = {.source = source, .line = 1, .arena = a}};
    if (source.len >= UINT32_MAX) {
        diag_add(d, PK_ERROR, "ir-size", (diag_place){.file = file}, empty(), NULL, "a plan of 4 GB or more");
        return NULL;
    }
    p.plan = ARENA_NEW(a, plan);
    p.next = lex_next(&p.lexer);
    advance(&p);
    parse_statements(&p, false);
    return p.failed ? NULL : p.plan;
}
