/*
 * The regression evidence of the published rules: each rule detects its own log as often as stated, and in the JSON twin of
 * the log as often. Where the count stated is wrong, evidence_contradicted.tsv has the true one, and why.
 */
#include <inttypes.h>

#include "../tools/corpora.h"
#include "figure.h"

typedef struct {
    char id[40];
    long found;
    bool seen;
} contradiction;

typedef struct {
    contradiction known[32];
    size_t known_count, unknown;
} verdicts;

static bool read_contradictions(verdicts *v)
{
    FILE *f = fopen(PICKET_SOURCE_DIR "/tests/conformance/evidence_contradicted.tsv", "r");
    char line[1024];
    long stated;
    while (f && fgets(line, sizeof line, f)) {
        contradiction *k = &v->known[v->known_count];
        if (line[0] != '#' && v->known_count < 32 && sscanf(line, "%39[0-9a-f-]\t%ld\t%ld", k->id, &stated, &k->found) == 3) v->known_count++;
    }
    if (f) fclose(f);
    return f && v->known_count > 0;
}

static bool is_known(verdicts *v, const char *line)
{
    for (size_t i = 0; i < v->known_count; i++) {
        const char *found = strstr(line, "found ");
        if (!strstr(line, v->known[i].id) || !found || strtol(found + 6, NULL, 10) != v->known[i].found) continue;
        v->known[i].seen = true;
        return true;
    }
    return false;
}

/* One line an entry: "ok ..." or "not ok found 3, stated 1: FILE". */
static void on_line(pk_str text, void *user)
{
    verdicts *v = user;
    char line[8192];
    snprintf(line, sizeof line, "%.*s", (int)text.len, text.ptr);
    if (strncmp(line, "not ok", 6) != 0 || is_known(v, line)) return;
    v->unknown++;
    fputs(line, stdout);
}

static void ignore_line(pk_str text, void *user) { (void)text, (void)user; }

int main(void)
{
    const char *corpora = corpora_or_skip(170);
    char rules[4096], folder[4096 + 32];
    pk_catalog *c = NULL;
    verdicts v = {0};
    pk_test_counts exact = {0}, floor = {0};
    pk_test_options options = {.share = PICKET_SOURCE_DIR "/share", .exact = true, .twins = true}, usual = {.share = options.share};
    snprintf(rules, sizeof rules, "%s/rules/sigma", corpora);
    snprintf(folder, sizeof folder, "%s/regression_data", rules);
    bool ok = read_contradictions(&v) && pk_catalog_new(&c, options.share) == PK_OK && pk_catalog_load(c, rules) == PK_OK &&
              pk_test_evidence(c, folder, &usual, ignore_line, NULL, &floor) == PK_OK &&
              pk_test_evidence(c, folder, &options, on_line, &v, &exact) == PK_OK;
    size_t total = exact.passed + exact.failed, known = 0;
    for (size_t i = 0; i < v.known_count; i++) known += v.known[i].seen;
    figure("rules that detect their own evidence, at least as often as stated", "%zu of %zu", floor.passed, floor.passed + floor.failed);
    figure("the same with exactly the count stated, if one is, and the same from the JSON twin", "%zu of %zu; %zu contradicted, explained",
           exact.passed, total, known);
    pk_catalog_free(c);
    return ok && total > 0 && floor.failed == 0 && v.unknown == 0 ? 0 : 1;
}
