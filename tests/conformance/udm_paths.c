/*
 * What the mappings of logs to the data model give to rules: of the rules about a source (for Windows the old ones, too), those
 * all of whose predicates read fields that some event of it has. Predicates are what decides on an event: match stages, tests on
 * copies, keys of joins; what is only shown (outcomes) is not asked.
 */
#include "../tools/corpora.h"
#include "api/api.h"
#include "figure.h"

enum { ALL_RULES = 684 };              /* rules in the shared corpora of these folders */

/* `least`: the others read what the log does not say: departments, networks of addresses, logs of Kubernetes nodes, of Gmail. */
static const struct {
    const char *name, *folders[2], *root;
    size_t rules, least;
} sources[] = {
    {"Windows",              {"community/microsoft/windows", "_deprecated"},           "windows", 504, 489},
    {"AWS",                  {"community/aws"},                                        "aws",     47,  47 },
    {"Google Cloud",         {"community/gcp"},                                        "gcp",     21,  19 },
    {"Google Workspace",     {"community/workspace"},                                  "gcp/workspace",     18,  18 },
    {"Okta",                 {"community/okta"},                                       "okta",    13,  13 },
    {"OneLogin",             {"community/onelogin"},                                   "onelogin", 7,   7  },
    {"GitHub",               {"community/github"},                                     "github",  21,  21 },
    {"Office 365",           {"community/microsoft/o365"},                             "m365",    24,  22 },
    {"Entra ID, Graph",      {"community/microsoft/entra_id", "community/microsoft/graph_activity"}, "azure", 29, 27},
};

typedef struct {
    const schema *schema;
    const char *root;
    const rule *rule;
    arena *arena;
    const stage *stage;
    table asked;                       /* path -> 1: supplied */
} reading;

static bool is_supplied(const reading *r, pk_str path)
{
    const schema *s = r->schema;
    for (class_id c = 0; c < schema_class_count(s); c++)
        if (str_starts_with(schema_class(s, c)->name, str_from(r->root)) && schema_field(s, c, STR("udm"), path, r->arena)->kind != MAP_MISSING)
            return true;
    return false;
}

static void ask(reading *r, pk_str path)
{
    if (table_get(&r->asked, path) == TABLE_NONE) table_put(&r->asked, arena_str(r->arena, path), is_supplied(r, path));
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
static bool check_rule(const schema *s, const char *root, const rule *rule_)
{
    reading r = {.schema = s, .root = root, .rule = rule_, .arena = arena_new()};
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

static bool check_source(const char *corpora, size_t n)
{
    char path[4096];
    pk_catalog *c = NULL;
    if (pk_catalog_new(&c, PICKET_SOURCE_DIR "/share") != PK_OK) return false;
    for (size_t i = 0; i < 2 && sources[n].folders[i]; i++) {
        snprintf(path, sizeof path, "%s/rules/chronicle/rules/%s", corpora, sources[n].folders[i]);
        if (pk_catalog_load(c, path) != PK_OK) printf("%s: not all of it could be read\n", path);
    }
    catalog_complete(c);
    size_t rules = 0, supplied = 0;
    for (size_t i = 0; i < ir_rule_count(c->ir); i++) {
        const rule *r = ir_rule(c->ir, (uint32_t)i);
        if (!r->plan) continue;
        rules++;
        supplied += check_rule(c->schema, sources[n].root, r);
    }
    figure("rules all of whose predicate paths the mapping supplies", "%s %zu of %zu (%.1f %%)", sources[n].name, supplied, rules,
           rules ? 100.0 * (double)supplied / (double)rules : 0.0);
    pk_catalog_free(c);
    return rules == sources[n].rules && supplied >= sources[n].least;
}

int main(void)
{
    const char *corpora = corpora_or_skip(ALL_RULES);
    bool good = true;
    for (size_t i = 0; i < sizeof sources / sizeof *sources; i++) good &= check_source(corpora, i);
    return good ? 0 : 1;
}
