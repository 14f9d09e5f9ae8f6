/*
 * A rule as boxes: its events split by variable, what joins them, then match, outcome, condition, options, as they stand in the
 * text. Predicates go with the stages of the plan: those of a variable with its box, those of outcomes and condition with the
 * outcomes, or the condition if there are none. What metrics count is a box of its own.
 */
#include "languages/yaral/metrics.h"
#include "languages/yaral/yaral.h"

typedef struct {
    const rule *rule;
    arena *arena;
    rule_description *out;
    const yaral_rule *ast;
} describer;

/* ---- stages of the plan ---- */

typedef VEC(const stage *) stage_list;

/* One input, and rows in rows out: what goes on with what its input began. */
static bool goes_on(const stage *s)
{
    return s->input_count == 1 && (s->kind == STAGE_EXPAND || s->kind == STAGE_WHERE || s->kind == STAGE_DERIVE);
}

static const stage *beginning(const stage *s)
{
    while (goes_on(s)) s = s->inputs[0];
    return s;
}

typedef enum { OF_VARIABLE, OF_JOINS, OF_GROUPS, OF_HISTORY } described_part;

static described_part part_of(const plan *p, const stage *s)
{
    if (ir_is_only_observed(p, s)) return OF_HISTORY;
    switch (beginning(s)->kind) {
    case STAGE_HISTORY: return OF_HISTORY;
    case STAGE_MATCH: case STAGE_CONTEXT: case STAGE_ROWS: case STAGE_ALERTS: return OF_VARIABLE;
    case STAGE_AGGREGATE: return OF_GROUPS;
    default: return OF_JOINS;
    }
}

static void add_box(describer *d, pk_str title, pk_str words, span at, described_part part, pk_str variable)
{
    stage_list stages = {0};
    const plan *p = d->rule->plan;
    for (size_t i = 0; p && i < p->stage_count; i++)
        if (part_of(p, p->stages[i]) == part && (part != OF_VARIABLE || str_equal(beginning(p->stages[i])->name, variable))) vec_push_in(d->arena, &stages, p->stages[i]);
    described_stage box = {.title = title, .text = words, .span = at, .definition = DESCRIBED_NONE, .stage = stages.len ? stages.at[0] : NULL};
    if (stages.len > 1) box.further = stages.at + 1, box.further_count = stages.len - 1;
    vec_push_in(d->arena, &d->out->stages, box);
}

/* A box without predicates of its own. */
static void add_plain_box(describer *d, pk_str title, pk_str words, span at)
{
    described_stage box = {.title = title, .text = words, .span = at, .definition = DESCRIBED_NONE};
    vec_push_in(d->arena, &d->out->stages, box);
}

/* ---- events ---- */

static bool note_variable(yaral_node *n, void *user)
{
    uint64_t *variables = user;
    uint32_t own = yaral_variable_read(n);
    if (own < YARAL_MAX_VARIABLES) *variables |= UINT64_C(1) << own;
    return true;
}

/* Statements of one variable, or (`several`) those that join some. */
static void add_events(describer *d, pk_str title, uint64_t variable, bool several, pk_str name)
{
    text words = {0};
    span at = {0};
    for (size_t i = 0; i < d->ast->event_count; i++) {
        const yaral_node *n = d->ast->events[i];
        uint64_t used = 0;
        yaral_walk(d->ast->events[i], note_variable, &used);
        if (several ? !(used & (used - 1)) && used : used != variable) continue;
        if (words.len) text_put_char(&words, '\n');
        text_put(&words, described_lines(d->arena, d->rule->source, n->span));
        if (!at.line) at = n->span;
        else at.end = n->span.end, at.end_line = n->span.end_line;
    }
    if (words.len) add_box(d, title, arena_str(d->arena, text_view(&words)), at, several ? OF_JOINS : OF_VARIABLE, name);
    text_free(&words);
}

static void describe_events(describer *d)
{
    static const char *const sources[] = {"events", "entities", "detections", "rows of"};
    const yaral_rule *r = d->ast;
    for (size_t i = 0; i < r->variable_count && i < YARAL_MAX_VARIABLES; i++) {
        const yaral_variable *v = &r->variables[i];
        pk_str title = v->name.len ? arena_printf(d->arena, "%s %s" STR_FMT, sources[v->source], v->source == YARAL_TABLES ? "" : "$", STR_ARG(v->name)) : str_from(sources[v->source]);
        add_events(d, title, UINT64_C(1) << i, false, v->name.len ? v->name : STR("event"));
    }
    add_events(d, STR("joined"), 0, true, STR(""));
}

/* ---- metrics: what is counted before the window ---- */

typedef struct { arena *arena; text words; table told; span at; } metric_lines;

static bool add_metric(yaral_node *n, void *user)
{
    metric_lines *m = user;
    metric_call c;
    if (!metric_is_call(n)) return true;
    if (!metric_read(m->arena, n, &c, NULL, NULL)) return false;
    text line = {0};
    text_printf(&line, "%s, by ", c.definition->meaning);
    for (size_t i = 0; i < c.field_count; i++) text_printf(&line, "%s" STR_FMT, i ? ", " : "", STR_ARG(c.fields[i]->as.argument.name));
    text_put_cstring(&line, c.hourly ? ": each hour of the day, up to the window" : ": each of the 30 days before");
    if (table_put(&m->told, arena_str(m->arena, text_view(&line)), 1)) {
        if (m->words.len) text_put_char(&m->words, '\n');
        text_put(&m->words, text_view(&line));
    }
    text_free(&line);
    if (!m->at.line) m->at = n->span;
    return false;
}

static void describe_metrics(describer *d)
{
    metric_lines m = {.arena = d->arena};
    for (size_t i = 0; i < d->ast->outcome_count; i++) yaral_walk(d->ast->outcomes[i].value, add_metric, &m);
    if (m.words.len) add_box(d, STR("history"), arena_str(d->arena, text_view(&m.words)), m.at, OF_HISTORY, STR(""));
    text_free(&m.words);
    table_free(&m.told);
}

/* ---- other sections ---- */

static void describe_section(describer *d, yaral_section section, const char *title, bool groups)
{
    span at = d->ast->sections[section];
    if (!at.line) return;
    span inside = at; /* without "match:" */
    pk_str lines = str_slice(d->rule->source, at.start, at.end - at.start);
    size_t colon = str_find_char(lines, ':');
    size_t skip = colon == STR_NPOS ? 0 : colon + 1;
    while (skip < lines.len && strchr(" \t\r\n", lines.ptr[skip])) {
        if (lines.ptr[skip] == '\n') inside.line++;
        skip++;
    }
    inside.start += (uint32_t)skip;
    pk_str words = described_lines(d->arena, d->rule->source, inside);
    if (groups) add_box(d, str_from(title), words, at, OF_GROUPS, STR(""));
    else add_plain_box(d, str_from(title), words, at);
}

void yaral_describe(const rule *r, arena *a, rule_description *out)
{
    arena *nodes = arena_new();
    diag_list *told = diag_list_new();
    yaral_file file = yaral_parse(nodes, a, r->path, r->source, told); /* the tree was dropped when the rule was loaded */
    for (size_t i = 0; i < file.count; i++) {
        if (file.rules[i]->span.start != r->span.start || file.rules[i]->broken) continue;
        describer d = {.rule = r, .arena = a, .out = out, .ast = file.rules[i]};
        yaral_bind(nodes, file.rules[i]);
        describe_section(&d, YARAL_SETUP, "setup", false);
        describe_events(&d);
        describe_section(&d, YARAL_MATCH, "match", false);
        describe_metrics(&d);
        describe_section(&d, YARAL_OUTCOME, "outcome", true);
        describe_section(&d, YARAL_CONDITION, "condition", !file.rules[i]->outcome_count);
        describe_section(&d, YARAL_EXPORT, "export", false);
        describe_section(&d, YARAL_OPTIONS, "options", false);
        break;
    }
    diag_list_free(told);
    arena_free(nodes);
}
