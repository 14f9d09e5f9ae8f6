/*
 * Techniques of the published Sigma rules: the catalogue's counts against a count of the tags as they stand in the files, line by
 * line, which shares no code with the reading of rules. And the page of T1090, whose number the specification of the pages states.
 */
#include <ctype.h>
#include <dirent.h>

#include "../tools/corpora.h"
#include "base/hash.h"
#include "catalog/catalog.h"
#include "figure.h"

enum { T1090_SIGMA = 33 };

/* ---- the tags ---- */

typedef struct {
    arena *arena;
    table index;
    VEC(size_t) counts;                /* files that name the technique or one of its sub-techniques */
    size_t files, only_t1090;
} tags;

static void count_one(tags *t, pk_str id)
{
    uint32_t at = table_get(&t->index, id);
    if (at == TABLE_NONE) {
        at = (uint32_t)t->counts.len;
        table_put(&t->index, arena_str(t->arena, id), at);
        vec_push(&t->counts, 0);
    }
    t->counts.at[at]++;
}

/* Ids of a file, each once, with those of parents. */
static void count_file(tags *t, pk_str content)
{
    table seen = {0};
    bool only = false, other = false;
    if (str_find(content, STR("\nstatus: deprecated")) != STR_NPOS) return; /* such rules cover nothing */
    for (pk_str left = content; left.len;) {
        size_t end = str_find_char(left, '\n');
        pk_str line = str_trim(str_slice(left, 0, end));
        left = end == STR_NPOS ? STR("") : str_slice(left, end + 1, left.len);
        size_t at = str_find(line, STR("attack.t"));
        if (!str_starts_with(line, STR("- ")) || at == STR_NPOS || at > 4) continue;
        char id[10] = "T";
        size_t n = 1;
        for (at += 8; at < line.len && n < 9 && (isdigit((unsigned char)line.ptr[at]) || line.ptr[at] == '.'); at++) id[n++] = line.ptr[at];
        if (n != 5 && n != 9) continue;
        table_put(&seen, arena_str(t->arena, (pk_str){id, n}), 0);
        table_put(&seen, arena_str(t->arena, (pk_str){id, 5}), 0);
        if (strncmp(id, "T1090", 5) == 0) only = true;
        else other = true;
    }
    for (size_t i = 0; i < seen.entries.len; i++) count_one(t, seen.entries.at[i].key);
    t->files += seen.entries.len > 0;
    t->only_t1090 += only && !other;
    table_free(&seen);
}

static void count_folder(tags *t, const char *path)
{
    DIR *folder = opendir(path);
    for (struct dirent *e; folder && (e = readdir(folder));) {
        char name[4096];
        if (e->d_name[0] == '.') continue;
        snprintf(name, sizeof name, "%s/%s", path, e->d_name);
        if (e->d_type == DT_DIR && strcmp(e->d_name, "regression_data") != 0) count_folder(t, name);
        size_t len = strlen(e->d_name);
        if (len < 5 || strcmp(e->d_name + len - 4, ".yml") != 0) continue;
        static char bytes[1 << 20];
        FILE *f = fopen(name, "r");
        size_t n = f ? fread(bytes, 1, sizeof bytes, f) : 0;
        if (f) fclose(f);
        count_file(t, (pk_str){bytes, n});
    }
    if (folder) closedir(folder);
}

/* ---- the catalogue ---- */

static value ask(store *s, const char *name, const char *parameter, const char *given, arena *a)
{
    query_argument items[] = {{str_from(parameter), str_from(given)}};
    query_error e;
    value v = query_run(s, query_find(str_from(name)), &(query_arguments){items, *parameter ? 1 : 0}, a, &e);
    if (v.type == VALUE_MISSING) printf("FAIL %s: " STR_FMT "\n", name, STR_ARG(e.message));
    return v;
}

static int64_t number(const value *v, const char *name)
{
    const value *n = value_get(v, str_from(name));
    return n && n->type == VALUE_INT ? n->as.integer : -1;
}

/* Ids that the rules write and that were replaced count for what they became; their own row is gone. */
static int compare_counts(const tags *t, const value *techniques, size_t *compared)
{
    int failures = 0;
    for (size_t i = 0; i < techniques->as.list.count; i++) {
        const value *one = &techniques->as.list.items[i];
        pk_str id = value_get(one, STR("id"))->as.string;
        uint32_t at = table_get(&t->index, id);
        int64_t written = at == TABLE_NONE ? 0 : (int64_t)t->counts.at[at], found = number(one, "rules");
        *compared += found > 0;
        if (found == written) continue;
        /* More than is written: rules that name a predecessor. Fewer: never. */
        printf("%s " STR_FMT ": %lld rules, %lld files name it\n", found > written ? "note" : "FAIL", STR_ARG(id), (long long)found, (long long)written);
        failures += found < written;
    }
    return failures;
}

static int check_page(store *s, const tags *t, arena *a)
{
    int failures = 0;
    value page = ask(s, "technique", "id", "T1090", a);
    const value *tabs = value_get(&page, STR("tabs")), *vendor = value_get(&page, STR("vendor"));
    for (size_t i = 0; tabs && i < tabs->as.list.count; i++) {
        const value *tab = &tabs->as.list.items[i];
        if (!str_equal(value_get(tab, STR("language"))->as.string, STR("sigma"))) continue;
        failures += number(tab, "count") != T1090_SIGMA || number(tab, "only") != (int64_t)t->only_t1090;
        figure("the page of T1090", "%lld rules of Sigma, %lld of them of nothing else; specified are %d, %zu files name nothing else", (long long)number(tab, "count"),
               (long long)number(tab, "only"), T1090_SIGMA, t->only_t1090);
    }
    const value *loaded = vendor ? value_get(vendor, STR("loaded")) : NULL;
    if (loaded && !loaded->as.boolean) failures += !value_get(vendor, STR("note"));
    return failures + !tabs + !loaded;
}

int main(void)
{
    const char *root = corpora_or_skip(2);
    arena *a = arena_new();
    tags t = {.arena = a};
    char rules[4096], path[] = "/tmp/picket-techniques-XXXXXX";
    diag_list *d = diag_list_new();
    store *s = NULL;
    snprintf(rules, sizeof rules, "%s/rules/sigma", root);
    count_folder(&t, rules);
    close(mkstemp(path));
    unlink(path); /* the build makes it */
    pk_str folder = str_from(rules);
    pk_store_report report;
    pk_store_options options = {.rules = {&folder, 1}, .share = PICKET_SOURCE_DIR "/share"};
    int failures = 1;
    size_t compared = 0;
    if (pk_store_build(path, &options, &report, NULL, NULL) == PK_OK && store_open(&s, path, NULL, d) == PK_OK) {
        value all = ask(s, "techniques", "", "", a);
        const value *techniques = value_get(&all, STR("techniques"));
        failures = techniques ? compare_counts(&t, techniques, &compared) + check_page(s, &t, a) : 1;
    }
    figure("techniques of published Sigma rules", "%zu with rules, as the tags of %zu files say; %d differ", compared, t.files, failures);
    store_close(s);
    unlink(path);
    table_free(&t.index);
    vec_free(&t.counts);
    diag_list_free(d);
    arena_free(a);
    return failures > 0;
}
