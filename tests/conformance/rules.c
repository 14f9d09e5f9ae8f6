/*
 * The published rules: every file loads, every active rule runs (or needs a list, and runs with one).
 *
 *     rules [-v]      -v: also each rule that is unsupported, with the reason
 */
#include "../tools/corpora.h"
#include "figure.h"

typedef struct {
    size_t files, states[PK_RULE_STATES];
} census;

static bool same(pk_str a, pk_str b)
{
    return a.len == b.len && memcmp(a.ptr, b.ptr, a.len) == 0;
}

/* Rules of one file stand side by side. */
static census take_census(pk_catalog *c, pk_rule_state shown)
{
    static const pk_str all = {"all", 3};
    census n = {0};
    pk_program *p = NULL;
    if (pk_program_build(&p, c, &(pk_choice){.statuses = {&all, 1}}) != PK_OK) n.states[PK_RULE_ERROR]++;
    for (size_t i = 0; i < pk_catalog_rule_count(c); i++) {
        const pk_rule *r = pk_catalog_rule(c, i);
        n.files += i == 0 || !same(r->path, pk_catalog_rule(c, i - 1)->path);
        n.states[r->state]++;
        if (r->state >= shown && r->state != PK_RULE_RUNNABLE)
            printf("%.*s:%u: %s: %.*s\n", (int)r->path.len, r->path.ptr, r->line, pk_rule_state_text(r->state), (int)r->reason.len,
                   r->reason.ptr);
    }
    pk_program_free(p);
    return n;
}

static size_t rules_of(const census *n)
{
    size_t sum = 0;
    for (int i = 0; i < PK_RULE_STATES; i++) sum += n->states[i];
    return sum;
}

/* The files of a folder that look like rules and hold none; info.yml of the evidence is none of them. */
static size_t files_without_rules(pk_catalog *c)
{
    pk_strs files = pk_catalog_files_without_rules(c);
    size_t n = 0;
    for (size_t i = 0; i < files.count; i++)
        n += files.items[i].len < 9 || memcmp(files.items[i].ptr + files.items[i].len - 9, "/info.yml", 9) != 0;
    return n;
}

static bool check_all(const char *corpora, pk_rule_state shown)
{
    char path[4096];
    pk_catalog *c = NULL;
    snprintf(path, sizeof path, "%s/rules/sigma", corpora);
    bool ok = pk_catalog_new(&c, PICKET_SOURCE_DIR "/share") == PK_OK && pk_catalog_load(c, path) == PK_OK;
    if (ok) {
        census n = take_census(c, shown);
        size_t without = files_without_rules(c);
        figure("rule files that load", "%zu of %zu (%zu rules: %zu runnable, %zu need lists, %zu unsupported, %zu errors)", n.files,
               n.files + without, rules_of(&n), n.states[PK_RULE_RUNNABLE], n.states[PK_RULE_NEEDS_LIST],
               n.states[PK_RULE_UNSUPPORTED], n.states[PK_RULE_ERROR]);
        ok = n.files > 0 && without == 0 && n.states[PK_RULE_ERROR] == 0;
    }
    pk_catalog_free(c);
    return ok;
}

/* Active rules: all but some that need a list; with lists all. */
static bool check_active(const char *corpora, bool lists)
{
    pk_catalog *c = NULL;
    bool ok = pk_catalog_new(&c, PICKET_SOURCE_DIR "/share") == PK_OK &&
              (!lists || pk_catalog_load_lists(c, PICKET_SOURCE_DIR "/tests/conformance/lists.yml") == PK_OK) &&
              load_active_rules(c, corpora);
    if (ok) {
        census n = take_census(c, lists ? PK_RULE_NEEDS_LIST : PK_RULE_UNSUPPORTED);
        size_t runnable = n.states[PK_RULE_RUNNABLE], all = rules_of(&n);
        figure(lists ? "active rules that are runnable, with lists" : "active rules that are runnable", "%zu of %zu", runnable, all);
        ok = runnable > 0 && all == runnable + (lists ? 0 : n.states[PK_RULE_NEEDS_LIST]);
    }
    pk_catalog_free(c);
    return ok;
}

int main(int argc, char **argv)
{
    const char *corpora = corpora_or_skip(3246);
    bool verbose = argc > 1 && strcmp(argv[1], "-v") == 0;
    bool ok = check_all(corpora, verbose ? PK_RULE_UNSUPPORTED : PK_RULE_ERROR);
    ok &= check_active(corpora, false);
    ok &= check_active(corpora, true);
    return ok ? 0 : 1;
}
