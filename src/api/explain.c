/* What a person wants to know of how a rule runs, from the IR and from what the compiler made of it. */
#include "api/api.h"

enum { CONSTANTS_SHOWN = 8 };

typedef struct {
    const pk_program *program;
    const rule *rule;
    text *out;
    arena *arena;
    table seen;                    /* predicates, by their text: each is shown once */
} explaining;

static const char *const index_names[] = {
    [INDEX_HASH] = "hash", [INDEX_LITERAL] = "literals", [INDEX_REGEX] = "regex", [INDEX_SORTED] = "sorted", [INDEX_NONE] = "on demand"};

static void put_field(text *out, const expr *operand)
{
    if (operand->kind == EXPR_FIELD && operand->as.field.kind == FIELD_ANY_VALUE) text_put_cstring(out, "(any value)");
    else if (operand->kind == EXPR_FIELD && operand->as.field.kind == FIELD_PATH) text_put(out, operand->as.field.path);
    else ir_print_expr(out, operand);
}

static void put_use(explaining *x, const ir_use *u, bool negated)
{
    text row = {0};
    text_put_cstring(&row, negated ? "    not " : "    ");
    put_field(&row, u->operand);
    for (size_t i = 0; i < u->count && i < CONSTANTS_SHOWN; i++) {
        text_put_cstring(&row, i == 0 ? " " : u->all ? " and " : " or ");
        ir_print_test(&row, u->constants[i].test);
    }
    if (u->count > CONSTANTS_SHOWN) text_printf(&row, " %s %zu more", u->all ? "and" : "or", u->count - CONSTANTS_SHOWN);
    const char *index = index_names[test_kind_table[u->constants[0].test->kind].index];
    text_printf(&row, "  [%s]\n", index);
    if (table_put(&x->seen, arena_str(x->arena, text_view(&row)), 0)) text_put(x->out, text_view(&row));
    text_free(&row);
}

static void put_predicate(const stage *s, const expr *e, bool negated, void *user)
{
    explaining *x = user;
    (void)s;
    if (e->kind == EXPR_USE && e->as.use.count) put_use(x, &e->as.use, negated);
}

static void put_names(text *out, const char *title, const str_list *names, const char *between)
{
    if (!names->items.len) return;
    text_printf(out, "        %s", title);
    for (size_t i = 0; i < names->items.len; i++) {
        if (i) text_put_cstring(out, between);
        text_put(out, names->items.at[i]);
    }
    text_put_char(out, '\n');
}

static void put_class(explaining *x, const rule_on_class *c)
{
    const schema *s = x->program->catalog->schema;
    text_put_cstring(x->out, "    ");
    if (c->class_id == CLASS_NONE) {
        text_put_cstring(x->out, "events of no known class");
    } else {
        const event_class *k = schema_class(s, c->class_id);
        text_put(x->out, k->name);
        if (k->title.len) text_printf(x->out, " (" STR_FMT ")", STR_ARG(k->title));
    }
    text_put_cstring(x->out, c->possible ? "\n" : ": never true here, not run\n");
    put_names(x->out, "fields without mapping: ", &c->missing_fields, ", ");
    if (!c->possible) return;
    put_names(x->out, "candidate by: ", &c->necessary, "\n                   or ");
    if (!c->necessary.items.len) text_put_cstring(x->out, "        candidate: every event of the class (nothing narrows it)\n");
}

static const char *cost_meaning(const char *cost)
{
    static const char *const meanings[][2] = {
        {"hash", "cheap: one lookup of whole values"},
        {"sorted", "cheap: one search in sorted numbers or networks"},
        {"literal", "moderate: literals found together with those of all rules"},
        {"regex", "dear: regular expressions"},
        {"broad", "dear: evaluated on every event of its classes"},
    };
    for (size_t i = 0; i < sizeof meanings / sizeof *meanings; i++)
        if (strcmp(meanings[i][0], cost) == 0) return meanings[i][1];
    return cost;
}

static bool has_match(const struct plan *p)
{
    for (size_t i = 0; i < p->stage_count; i++)
        if (p->stages[i]->kind == STAGE_MATCH) return true;
    return false;
}

static void put_classes(explaining *x)
{
    rule_explanation e = program_explain(x->program->compiled, x->rule, x->arena);
    if (!has_match(x->rule->plan)) return; /* it reads the rows of other rules, which have classes of their own */
    text_put_cstring(x->out, "\nEvent classes\n");
    for (size_t i = 0; i < e.class_count; i++) put_class(x, &e.classes[i]);
    if (!e.class_count) {
        pk_str why = schema_no_log(x->program->catalog->schema, &x->rule->logsource);
        text_put_cstring(x->out, "    none: no known log provides its log source");
        if (why.len) text_printf(x->out, " (" STR_FMT ")", STR_ARG(why));
        text_put_char(x->out, '\n');
    }
    if (e.cost && e.class_count) text_printf(x->out, "\nCost: %s\n", cost_meaning(e.cost));
}

static void put_stages(explaining *x)
{
    text lines = {0};
    ir_print_plan(&lines, x->rule->plan);
    text_put_cstring(x->out, "\nStages\n");
    pk_str left = text_view(&lines);
    while (left.len) {
        size_t end = str_find_char(left, '\n');
        text_printf(x->out, "    " STR_FMT "\n", STR_ARG(str_slice(left, 0, end)));
        left = end == STR_NPOS ? STR("") : str_slice(left, end + 1, left.len);
    }
    text_free(&lines);
}

static void put_line(text *out, const char *title, pk_str s)
{
    if (!s.len) return;
    text_printf(out, "  %-12s", title);
    text_put(out, s);
    text_put_char(out, '\n');
}

static void put_head(text *out, const pk_rule *r, arena *a)
{
    text_put(out, r->title.len ? r->title : r->id);
    text_put_char(out, '\n');
    put_line(out, "id", r->id);
    put_line(out, "author", r->author);
    put_line(out, "level", r->level);
    put_line(out, "status", r->status);
    put_line(out, "language", r->language);
    put_line(out, "file", arena_printf(a, STR_FMT ":%u", STR_ARG(r->path), r->line));
    text source = {0};
    const struct { const char *name; pk_str value; } parts[] = {{"product", r->product}, {"category", r->category}, {"service", r->service}};
    for (size_t i = 0; i < 3; i++)
        if (parts[i].value.len) text_printf(&source, "%s%s=" STR_FMT, source.len ? "," : "", parts[i].name, STR_ARG(parts[i].value));
    put_line(out, "log source", text_view(&source));
    text_free(&source);
    put_line(out, "state", str_from(pk_rule_state_text(r->state)));
    put_line(out, "reason", r->reason);
}

/* Line by line through the escaper: what rules hold must not steer a terminal. */
static void hand_out(pk_str all, pk_text_fn fn, void *user)
{
    text safe = {0};
    while (all.len) {
        size_t end = str_find_char(all, '\n');
        text_put_terminal(&safe, str_slice(all, 0, end));
        text_put_char(&safe, '\n');
        all = end == STR_NPOS ? STR("") : str_slice(all, end + 1, all.len);
    }
    fn(text_view(&safe), user);
    text_free(&safe);
}

pk_status pk_program_explain(const pk_program *p, const pk_rule *shown, pk_text_fn fn, void *user)
{
    text out = {0};
    explaining x = {.program = p, .rule = ir_rule(p->catalog->ir, shown->index), .out = &out, .arena = arena_new()};
    put_head(&out, shown, x.arena);
    if (x.rule->plan) {
        text_put_cstring(&out, "\nPredicates\n");
        ir_walk_plan(x.rule->plan, put_predicate, &x);
        put_stages(&x);
    }
    if (x.rule->plan && pk_program_runs(p, shown)) put_classes(&x);
    text_put_char(&out, '\n');
    hand_out(text_view(&out), fn, user);
    text_free(&out);
    table_free(&x.seen);
    arena_free(x.arena);
    return PK_OK;
}
