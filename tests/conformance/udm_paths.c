/*
 * What the mapping of Windows logs to the data model gives to rules: of the rules about Windows and of the old ones, those all of
 * whose predicates read fields that some Windows event has. Predicates are what decides on an event: match stages, tests on
 * copies, keys of joins; what is only shown (outcomes) is not asked.
 */
#include "../tools/corpora.h"
#include "api/api.h"
#include "figure.h"

enum { RULES = 504 };                  /* in the shared corpora: community/microsoft/windows 66, _deprecated 438 */

typedef struct {
    const schema *schema;
    const rule *rule;
    arena *arena;
    const stage *stage;
    table asked;                       /* path -> 1: supplied */
} reading;

static bool is_supplied(const schema *s, pk_str path, arena *a)
{
    class_id windows = schema_find_class(s, STR("windows"));
    for (class_id c = 0; c < schema_class_count(s); c++)
        if (schema_class(s, c)->family == schema_class(s, windows)->family && schema_field(s, c, STR("udm"), path, a)->kind != MAP_MISSING)
            return true;
    return false;
}

static void ask(reading *r, pk_str path)
{
    if (table_get(&r->asked, path) == TABLE_NONE) table_put(&r->asked, arena_str(r->arena, path), is_supplied(r->schema, path, r->arena));
}

static bool is_event(const reading *r, pk_str part)
{
    for (size_t i = 0; i < r->rule->plan->stage_count; i++) {
        const stage *s = r->rule->plan->stages[i];
        if (str_equal(s->name, part)) return s->kind == STAGE_MATCH;
    }
    return false;
}

/* Fields of events, and columns of their copies ("e.security_result.action"). */
static void ask_field(reading *r, const ir_field *f)
{
    if (f->kind != FIELD_PATH || f->path.len == 0) return;
    size_t dot = str_find_char(f->path, '.');
    if (f->schema.len) {
        if (str_equal(f->schema, STR("udm"))) ask(r, f->path);
    } else if (dot != STR_NPOS && is_event(r, str_slice(f->path, 0, dot))) {
        ask(r, str_slice(f->path, dot + 1, STR_NPOS));
    }
}

static void ask_expression(reading *r, const expr *e)
{
    if (e->kind == EXPR_FIELD) ask_field(r, &e->as.field);
    if (e->kind == EXPR_SOME) ask_field(r, &e->as.some.list);
    if (e->kind == EXPR_USE) ask_expression(r, e->as.use.operand);
    for (size_t i = 0; i < e->count; i++) ask_expression(r, e->args[i]);
}

static void ask_stage(reading *r, const stage *s)
{
    if (s->kind == STAGE_MATCH && s->as.match.where) ask_expression(r, s->as.match.where);
    if (s->kind == STAGE_WHERE) ask_expression(r, s->as.where.where);
    if (s->kind != STAGE_JOIN) return;
    if (s->as.join.where) ask_expression(r, s->as.join.where);
    for (size_t i = 0; i < s->as.join.key_count; i++)
        for (size_t k = 0; k < s->as.join.keys[i].count; k++) ask_expression(r, s->as.join.keys[i].sides[k]);
}

/* Are all of its paths supplied? Those that are not are printed. */
static bool check_rule(const schema *s, const rule *rule_)
{
    reading r = {.schema = s, .rule = rule_, .arena = arena_new()};
    bool all = true;
    for (size_t i = 0; i < rule_->plan->stage_count; i++) ask_stage(&r, rule_->plan->stages[i]);
    for (size_t i = 0; i < r.asked.entries.len; i++) {
        const table_entry *e = &r.asked.entries.at[i];
        if (e->value) continue;
        printf(STR_FMT ": " STR_FMT "\n", STR_ARG(rule_->title), STR_ARG(e->key));
        all = false;
    }
    table_free(&r.asked);
    arena_free(r.arena);
    return all;
}

int main(void)
{
    static const char *const folders[] = {"community/microsoft/windows", "_deprecated"};
    const char *corpora = corpora_or_skip(RULES);
    char path[4096];
    pk_catalog *c = NULL;
    if (pk_catalog_new(&c, PICKET_SOURCE_DIR "/share") != PK_OK) return 1;
    for (size_t i = 0; i < 2; i++) {
        snprintf(path, sizeof path, "%s/rules/chronicle/rules/%s", corpora, folders[i]);
        if (pk_catalog_load(c, path) != PK_OK) printf("%s: not all of it could be read\n", path);
    }
    catalog_complete(c);
    size_t rules = 0, supplied = 0;
    for (size_t i = 0; i < ir_rule_count(c->ir); i++) {
        const rule *r = ir_rule(c->ir, (uint32_t)i);
        if (!r->plan) continue;
        rules++;
        supplied += check_rule(c->schema, r);
    }
    figure("rules about Windows all of whose predicate paths the mapping supplies", "%zu of %zu (%.1f %%; goal 97)", supplied, rules,
           rules ? 100.0 * (double)supplied / (double)rules : 0.0);
    pk_catalog_free(c);
    return rules == RULES && supplied * 100 >= rules * 97 ? 0 : 1;
}
