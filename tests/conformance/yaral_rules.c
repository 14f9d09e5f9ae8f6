/*
 * The published YARA-L rules: every file loads, is printed and parses back to the same tree; which can be run, and why the
 * others can't; every path of the data model that they read is known.
 */
#include "../tools/corpora.h"
#include "base/folder.h"
#include "figure.h"
#include "languages/language.h"
#include "languages/yaral/ast.h"

enum { FILES = 716 };                  /* in the shared corpora; rules/chronicle, one rule each */

typedef struct {
    ir_catalog *catalog;
    const language *language;
    arena *texts;
    size_t files, rules, same, fields;
} census;

static pk_str read_file(arena *a, const char *path)
{
    FILE *f = fopen(path, "rb");
    text t = {0};
    char buffer[65536];
    if (!f) return STR("");
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, f)) > 0;) text_put(&t, (pk_str){buffer, n});
    fclose(f);
    pk_str s = arena_str(a, text_view(&t));
    text_free(&t);
    return s;
}

/* ---- print and parse back ---- */

static bool comes_back(arena *a, const yaral_rule *r)
{
    text printed = {0};
    diag_list *d = diag_list_new();
    yaral_print(&printed, r);
    yaral_file again = yaral_parse(a, a, STR("printed"), text_view(&printed), d);
    bool same = !r->broken && again.count == 1 && yaral_equal(r, again.rules[0]);
    text_free(&printed);
    diag_list_free(d);
    return same;
}

static bool count_field(yaral_node *n, void *user)
{
    census *c = user;
    c->fields += n->kind == YARAL_FIELD;
    return true;
}

static void read_rules(census *c, const char *path, pk_str source)
{
    arena *a = arena_new();
    diag_list *d = diag_list_new();
    yaral_file file = yaral_parse(a, a, str_from(path), source, d);
    for (size_t i = 0; i < file.count; i++) {
        yaral_rule *r = file.rules[i];
        bool same = comes_back(a, r);
        c->rules++;
        c->same += same;
        if (!same) printf("%s: not the same tree\n", path);
        for (size_t k = 0; k < r->event_count; k++) yaral_walk(r->events[k], count_field, c);
        for (size_t k = 0; k < r->outcome_count; k++) yaral_walk(r->outcomes[k].value, count_field, c);
    }
    diag_list_free(d);
    arena_free(a);
}

/* ---- all files ---- */

static bool is_rule_file(pk_str name) { return str_ends_with(name, STR(".yaral")); }

static void add_file(const char *path, const struct stat *info, void *user)
{
    census *c = user;
    static const language_options nothing_given;
    (void)info;
    rule_file file = {.path = arena_str(c->texts, str_from(path)), .text = read_file(c->texts, path)};
    c->files++;
    read_rules(c, file.path.ptr, file.text);
    c->language->load(c->catalog, &file, &nothing_given);
}

static void cannot_read(const char *folder, int error, void *user)
{
    (void)user;
    printf("%s: %s\n", folder, strerror(error));
}

static pk_str after_rules(pk_str path)
{
    size_t at = str_find(path, STR("/rules/chronicle/"));
    return at == STR_NPOS ? path : str_slice(path, at + 17, STR_NPOS);
}

/* ---- figures ---- */

/* Every rule that can't be run, with its reason. */
static bool count_states(const census *c)
{
    size_t states[RULE_STATES] = {0};
    for (size_t i = 0; i < ir_rule_count(c->catalog); i++) {
        const rule *r = ir_rule(c->catalog, i);
        pk_str path = after_rules(r->path);
        states[r->state]++;
        if (r->state != RULE_RUNNABLE) printf(STR_FMT ": " STR_FMT "\n", STR_ARG(path), STR_ARG(r->reason));
        if (r->state != RULE_RUNNABLE && !r->reason.len) return false;
    }
    figure("YARA-L rules that are runnable", "%zu of %zu (%zu need lists, %zu unsupported, %zu errors)", states[RULE_RUNNABLE], ir_rule_count(c->catalog),
           states[RULE_NEEDS_LIST], states[RULE_UNSUPPORTED], states[RULE_ERROR]);
    return states[RULE_ERROR] == 0 && states[RULE_UNSUPPORTED] == 0;
}

static bool count_paths(const census *c)
{
    size_t unknown = 0;
    for (size_t i = 0; i < diag_count(ir_diags(c->catalog)); i++) {
        const pk_diagnostic *d = diag_at(ir_diags(c->catalog), i);
        if (strcmp(d->code, "yaral-field") != 0) continue;
        unknown++;
        printf(STR_FMT ":%u:%u: " STR_FMT "\n", STR_ARG(after_rules(d->file)), d->line, d->column, STR_ARG(d->message));
    }
    figure("paths of the data model in YARA-L rules that are known", "%zu of %zu uses", c->fields - unknown, c->fields);
    return unknown == 0 && c->fields > 0;
}

int main(void)
{
    const char *corpora = corpora_or_skip(FILES);
    char folder[4096];
    struct stat info;
    census c = {.catalog = ir_catalog_new(), .language = language_find(STR("yara-l")), .texts = arena_new()};
    folder_visit visit = {.wanted = is_rule_file, .file = add_file, .unreadable = cannot_read, .user = &c};
    snprintf(folder, sizeof folder, "%s/rules/chronicle", corpora);
    if (stat(folder, &info) == 0) folder_walk(folder, &info, &visit);
    figure("YARA-L rules that load; that print and parse back to the same tree", "%zu of %d; %zu of %zu", c.files, FILES, c.same, c.rules);
    bool ok = c.files == FILES && c.rules == FILES && c.same == c.rules;
    ok &= count_states(&c);
    ok &= count_paths(&c);
    ir_catalog_free(c.catalog);
    arena_free(c.texts);
    return ok ? 0 : 1;
}
