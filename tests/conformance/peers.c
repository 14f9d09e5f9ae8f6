/*
 * What other engines find: rules of the corpora over the attack samples, against expected/sigma-attack-samples.tsv.
 *
 * A pair is (rule, file) with the number of matches. Where at least three of the four engines agree, picket must find the
 * same number. Pairs that none of them has must stand in peers_only_here.tsv beside this file, with a cause; a pair that
 * does not is a failure, so that nothing new goes unexplained.
 *
 *     peers [-v]      -v: also what is explained, and the pairs of one or two engines that picket has not
 */
#include "../tools/corpora.h"
#include "../tools/tsv.h"
#include "figure.h"

#include "base/hash.h"
#include "base/text.h"
#include "picket.h"

#include <inttypes.h>

typedef struct {
    pk_str key;               /* rule id, tab, file below the samples */
    int counts[4];            /* of the other engines; -1: empty */
    uint64_t ours;
    bool explained;
} pair;

typedef struct {
    arena *arena;
    table index;
    VEC(pair) pairs;
    size_t root_len;          /* of the samples' folder in the names of inputs */
} findings;

static pair *pair_of(findings *f, pk_str rule, pk_str file)
{
    pk_str key = arena_printf(f->arena, STR_FMT "\t" STR_FMT, STR_ARG(rule), STR_ARG(file));
    uint32_t i = table_get(&f->index, key);
    if (i != TABLE_NONE) return &f->pairs.at[i];
    pair p = {.key = key, .counts = {-1, -1, -1, -1}};
    table_put(&f->index, key, (uint32_t)f->pairs.len);
    vec_push(&f->pairs, p);
    return &f->pairs.at[f->pairs.len - 1];
}

static void expected_row(const pk_str *fields, size_t n, void *user)
{
    findings *f = user;
    pair *p = pair_of(f, fields[0], fields[1]);
    for (size_t i = 0; i < 4 && i + 2 < n; i++) {
        int64_t count;
        if (str_to_int(fields[i + 2], false, &count)) p->counts[i] = (int)count;
    }
}

static void explained_row(const pk_str *fields, size_t n, void *user)
{
    (void)n;
    pair_of(user, fields[0], fields[1])->explained = true;
}

static bool on_alert(const pk_alert *alert, void *user)
{
    findings *f = user;
    pk_str file = alert->events[0].place.file;
    pair_of(f, alert->rule->id, str_slice(file, f->root_len, file.len))->ours++;
    return true;
}

/* The number that at least three of the engines give; -1: there is none. */
static int agreed(const pair *p)
{
    for (int i = 0; i < 4; i++) {
        int same = 0;
        for (int k = 0; k < 4; k++) same += p->counts[k] >= 0 && p->counts[k] == p->counts[i];
        if (same >= 3) return p->counts[i];
    }
    return -1;
}

static int known(const pair *p)
{
    int n = 0;
    for (int i = 0; i < 4; i++) n += p->counts[i] >= 0;
    return n;
}

static void print_pair(const char *what, const pair *p)
{
    printf("%s\t" STR_FMT "\t", what, STR_ARG(p->key));
    for (int i = 0; i < 4; i++) p->counts[i] < 0 ? printf("- ") : printf("%d ", p->counts[i]);
    printf("picket %" PRIu64 "\n", p->ours);
}

static int report(const findings *f, bool verbose)
{
    size_t sure = 0, same = 0, alone = 0, unexplained = 0, weak_same = 0, weak_absent = 0;
    for (size_t i = 0; i < f->pairs.len; i++) {
        const pair *p = &f->pairs.at[i];
        int n = agreed(p);
        if (n >= 0) {
            sure++;
            if (p->ours == (uint64_t)n) same++;
            else print_pair("differs", p);
        } else if (known(p) == 0) {
            if (p->ours == 0) continue; /* explained once, gone now */
            alone++;
            if (!p->explained) {
                unexplained++;
                print_pair("only here, unexplained", p);
            } else if (verbose) {
                print_pair("only here", p);
            }
        } else {
            bool agrees = false;
            for (int k = 0; k < 4; k++) agrees |= p->counts[k] >= 0 && (uint64_t)p->counts[k] == p->ours;
            weak_same += agrees;
            weak_absent += !agrees;
            if (!agrees && verbose) print_pair("one or two engines", p);
        }
    }
    figure("pairs of rule and file on which three or four other engines agree", "%zu of %zu", same, sure);
    figure("pairs of one or two other engines", "%zu of %zu found as well", weak_same, weak_same + weak_absent);
    figure("pairs that no other engine has", "%zu, %zu of them unexplained", alone, unexplained);
    return same == sure && sure > 0 && unexplained == 0 ? 0 : 1;
}

static int scan(findings *f, const char *corpora)
{
    char samples[4096];
    snprintf(samples, sizeof samples, "%s/logs/evtx/attack-samples", corpora);
    f->root_len = strlen(samples) + 1;
    pk_catalog *c = NULL;
    pk_program *p = NULL;
    pk_scanner *s = NULL;
    int ok = pk_catalog_new(&c, PICKET_SOURCE_DIR "/share") == PK_OK && load_active_rules(c, corpora) && pk_program_build(&p, c, NULL) == PK_OK &&
             pk_scanner_new(&s, p, NULL) == PK_OK && pk_scanner_add(s, samples, NULL) == PK_OK &&
             pk_scanner_run(s, on_alert, f) == PK_OK;
    pk_scanner_free(s);
    pk_program_free(p);
    pk_catalog_free(c);
    return ok;
}

int main(int argc, char **argv)
{
    const char *corpora = corpora_or_skip(569);
    char expected[4096];
    snprintf(expected, sizeof expected, "%s/expected/sigma-attack-samples.tsv", corpora);
    findings f = {.arena = arena_new()};
    int result = 1;
    if (tsv_read(expected, expected_row, &f) && tsv_read(PICKET_SOURCE_DIR "/tests/conformance/peers_only_here.tsv", explained_row, &f) &&
        scan(&f, corpora))
        result = report(&f, argc > 1 && strcmp(argv[1], "-v") == 0);
    else
        fprintf(stderr, "the rules, the samples, what is expected or the explanations could not be read\n");
    table_free(&f.index);
    vec_free(&f.pairs);
    arena_free(f.arena);
    return result;
}
