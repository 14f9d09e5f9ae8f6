/*
 * Programs kept on disk: what comes from the cache is what reading and compiling would make, byte for byte; whatever changes
 * that rules are made of is seen; whatever is wrong with the cache only means that there is none.
 */
#define _GNU_SOURCE
#include "../base/check.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "api/api.h"

static char root[] = "/tmp/picket-cache-XXXXXX"; /* rules/ lists.yml share -> the tree's or a copy; cache/ */

/* ---- files ---- */

static char *in_root(const char *name)
{
    static char paths[8][512];
    static int next;
    char *out = paths[next++ % 8];
    snprintf(out, sizeof paths[0], "%s/%s", root, name);
    return out;
}

static void put_file(const char *name, const char *content)
{
    FILE *f = fopen(in_root(name), "w");
    assert_non_null(f);
    fputs(content, f);
    assert_int_equal(fclose(f), 0);
}

static void run(const char *command)
{
    char line[1024];
    snprintf(line, sizeof line, "cd %s && %s", root, command);
    assert_int_equal(system(line), 0);
}

static void put_rule(int i)
{
    char name[64], content[2048];
    static char padding[900];
    memset(padding, 'p', sizeof padding - 1);
    snprintf(name, sizeof name, "rules/%03d.yml", i);
    snprintf(content, sizeof content,
             "title: rule %d\nname: rule_%d\nid: 00000000-0000-4000-8000-%012d\nlevel: high\nstatus: test\ntags: [attack.t1059.001]\n# %s\n"
             "logsource: {category: process_creation, product: windows}\ndetection:\n"
             "  a: {Image|endswith: ['\\cmd.exe', '\\tool%d.exe'], CommandLine|re: 'o.?n%d|whoami'}\n"
             "  b: {CommandLine|contains|windash: ' -enc%d', ParentImage|startswith: 'C:\\'}\n"
             "  c: {CommandLine|cidr: 10.%d.0.0/16}\n  d: {ProcessId|gt: %d}\n  e: ['keyword %d', 'whoami']\n"
             "  condition: 1 of them\n", i, i, i, padding, i, i, i, i, i * 10, i);
    put_file(name, content);
}

static int make_files(void **state)
{
    (void)state;
    if (!mkdtemp(root)) return -1;
    if (getenv("KEEP")) puts(root);
    run("mkdir rules");
    for (int i = 0; i < 60; i++) put_rule(i);
    put_file("rules/broken.yml", "title: broken\nlogsource: {category: x}\ndetection:\n  a: {Image|endswit: x}\n  condition: a\n");
    put_file("rules/other.yml", "no: rule\n");
    put_file("rules/placeholder.yml", "title: users\nlogsource: {category: process_creation, product: windows}\n"
                                      "detection:\n  a: {User|expand: '%users%'}\n  condition: a\n");
    put_file("rules/many.yml", "title: many\ncorrelation: {type: event_count, rules: [rule_1, rule_2], group-by: [User], timespan: 5m, condition: {gte: 2}}\n");
    put_file("rules/ordered.yml", "title: ordered\ncorrelation: {type: temporal_ordered, rules: [rule_3, rule_4], group-by: [Computer], timespan: 5m}\n");
    put_file("rules/filter.yml", "title: not there\nlogsource: {category: process_creation, product: windows}\n"
                                 "filter:\n  rules: [rule_5]\n  f: {User: nobody}\n  condition: not f\n");
    put_file("lists.yml", "users: [alice, 'ACME\\bob']\n");
    FILE *f = fopen(in_root("log.jsonl"), "w");
    for (int i = 0; f && i < 64; i++) /* two events in eight are taken by nearly all rules, the others by few: the log is scanned hundreds of times */
        fprintf(f, "{\"EventID\":1,\"Channel\":\"Microsoft-Windows-Sysmon/Operational\",\"Provider_Name\":\"Microsoft-Windows-Sysmon\",\"@timestamp\":\"2026-01-0%dT10:%02d:%02dZ\","
                   "\"Image\":\"C:\\\\x\\\\%s.exe\",\"CommandLine\":\"%s.exe /enc%d oxn%d 10.%d.3.4\",\"User\":\"%s\",\"ProcessId\":%d,\"Computer\":\"HOST%d\",\"ParentImage\":\"C:\\\\p.exe\"}\n",
                i % 3 + 1, i % 60, i % 59, i % 3 ? "tool7" : "cmd", i % 8 % 5 ? "tool" : "whoami", i, i % 70, i % 7, i % 4 ? "alice" : "nobody", i % 8 ? 0 : i * 10, i % 3);
    return f ? fclose(f) : -1;
}

static int remove_files(void **state)
{
    (void)state;
    if (getenv("KEEP")) return 0;
    char command[128];
    snprintf(command, sizeof command, "chmod -R u+rwx %s; rm -rf %s", root, root);
    return system(command);
}

/* ---- what a run amounts to, as text ---- */

typedef struct {
    const char *cache, *share, *source;
    pk_choice choice;
    bool no_lists, twice;         /* the folder named again as a file of it */
    bool hit;
} wanted;

static bool add_alert(const pk_alert *alert, void *user)
{
    text_put(user, alert->json);
    text_put_char(user, '\n');
    return true;
}

static void add_piece(pk_str piece, void *user) { text_put(user, piece); }

static void add_diagnostics(text *out, const pk_diagnostics *d)
{
    for (int s = 0; s < PK_SEVERITIES; s++) text_printf(out, "%zu ", pk_diagnostics_total(d, (pk_severity)s));
    for (size_t i = 0; i < pk_diagnostics_count(d); i++) {
        const pk_diagnostic *one = pk_diagnostics_at(d, i);
        text_printf(out, "%d %s " STR_FMT ":%u:%u+%u " STR_FMT " " STR_FMT " " STR_FMT "\n", one->severity, one->code, STR_ARG(one->file), one->line, one->column,
                    one->length, STR_ARG(one->rule), STR_ARG(one->message), STR_ARG(one->hint));
    }
}

static void add_rules(text *out, pk_catalog *c, const pk_program *p, bool explained)
{
    for (size_t i = 0; i < pk_catalog_rule_count(c); i++) {
        const pk_rule *r = pk_catalog_rule(c, i);
        text_printf(out, "%zu %d %d " STR_FMT " " STR_FMT " " STR_FMT ":%u " STR_FMT " " STR_FMT " %zu " STR_FMT "\n", r->index, r->state, pk_program_runs(p, r),
                    STR_ARG(r->title), STR_ARG(r->id), STR_ARG(r->path), r->line, STR_ARG(r->language), STR_ARG(r->level), r->tags.count, STR_ARG(r->text));
        if (explained && r->state == PK_RULE_RUNNABLE) (void)!pk_program_explain(p, r, add_piece, out);
        const rule *inside = ir_rule(c->ir, i);
        if (inside->plan && r->state == PK_RULE_RUNNABLE) ir_print_plan(out, inside->plan);
    }
    pk_strs without = pk_catalog_files_without_rules(c);
    for (size_t i = 0; i < without.count; i++) text_printf(out, "without: " STR_FMT "\n", STR_ARG(without.items[i]));
    text_printf(out, "%zu tests, %zu rules\n", ir_test_count(c->ir), pk_program_rule_count(p));
}

static void add_scan(text *out, const pk_program *p)
{
    pk_scanner *s;
    pk_scan_options options = {.threads = 2};
    assert_int_equal(pk_scanner_new(&s, p, &options), PK_OK);
    assert_int_equal(pk_scanner_add(s, in_root("log.jsonl"), NULL), PK_OK);
    assert_int_equal(pk_scanner_run(s, add_alert, out), PK_OK);
    add_diagnostics(out, pk_scanner_diagnostics(s));
    pk_scanner_free(s);
}

static pk_catalog *open_catalog(const wanted *w)
{
    pk_catalog *c;
    pk_log_source stated;
    assert_int_equal(pk_catalog_new(&c, w->share ? w->share : PICKET_SOURCE_DIR "/share"), PK_OK);
    if (w->cache) assert_int_equal(pk_catalog_use_cache(c, w->cache), PK_OK);
    if (!w->no_lists) assert_int_equal(pk_catalog_load_lists(c, in_root("lists.yml")), PK_OK);
    assert_int_equal(pk_catalog_load(c, in_root("rules")), PK_OK);
    if (w->twice) assert_int_equal(pk_catalog_load(c, in_root("rules/001.yml")), PK_OK);
    if (w->source) assert_int_equal(pk_catalog_state_source(c, w->source, &stated), PK_OK);
    return c;
}

static char *picture(wanted *w)
{
    pk_program *p;
    text out = {0};
    pk_catalog *c = open_catalog(w);
    assert_int_equal(pk_program_build(&p, c, &w->choice), PK_OK);
    w->hit = str_find(pk_catalog_cache_note(c), STR("came from it")) != STR_NPOS;
    add_rules(&out, c, p, true);
    add_scan(&out, p);
    add_diagnostics(&out, pk_catalog_diagnostics(c));
    add_diagnostics(&out, pk_program_diagnostics(p));
    pk_program_free(p);
    pk_catalog_free(c);
    char *all = mem_cstring(text_view(&out));
    text_free(&out);
    return all;
}

/* Runs it with the cache and without: both say the same. Returns whether the cache served. */
static bool served(wanted w)
{
    wanted plain = w;
    plain.cache = NULL;
    if (!w.cache) w.cache = in_root("cache");
    char *with = picture(&w), *without = picture(&plain);
    assert_string_equal(with, without);
    mem_free(with);
    mem_free(without);
    return w.hit;
}

static const wanted usual;

/* ---- tests ---- */

static void test_same(void **state)
{
    (void)state;
    run("rm -rf cache");
    wanted w = {.cache = in_root("cache")};
    char *all = picture(&w);
    assert_non_null(strstr(all, "\"title\":\"ordered\""));
    assert_non_null(strstr(all, "tool7.exe"));
    assert_non_null(strstr(all, "sigma-modifier"));
    assert_non_null(strstr(all, "without: "));
    mem_free(all);
    assert_false(w.hit);
    assert_true(served(usual));
    assert_true(served(usual));
}

static void test_changes(void **state)
{
    (void)state;
    static const pk_str high = {"high", 4}, test = {"test", 4};
    const char *const changes[] = {
        "sed -i 's/tool8/toox8/' rules/008.yml",                             /* of the same length */
        "cp -p rules/008.yml keep && sed -i 's/toox8/tool8/' rules/008.yml && touch -r keep rules/008.yml", /* and the same time */
        "cp rules/001.yml rules/zz.yml", "mv rules/zz.yml rules/zzz.yml", "rm rules/zzz.yml", "mkdir rules/sub && mv rules/010.yml rules/sub/",
        "mv rules/sub/010.yml rules/ && rmdir rules/sub", "mv rules/011.yml t && mv rules/012.yml rules/011.yml && mv t rules/012.yml", "rm rules/filter.yml",
        "echo 'users: [carol]' > lists.yml", "chmod 000 rules/020.yml; chmod 644 rules/020.yml; truncate -s 0 rules/020.yml", "ln -s ../lists.yml rules/link.yml",
    };
    for (size_t i = 0; i < sizeof changes / sizeof *changes; i++) {
        (void)served(usual); /* it is there before the change */
        assert_true(served(usual));
        run(changes[i]);
        if (served(usual)) fail_msg("not seen: %s", changes[i]);
    }
    assert_true(served(usual));
    assert_false(served((wanted){.choice = {.levels = {&high, 1}}}));
    assert_false(served((wanted){.choice = {.statuses = {&test, 1}}}));
    assert_false(served((wanted){.choice = {.tags = {&high, 1}}}));
    assert_true(served((wanted){.choice = {.levels = {&high, 1}}}));
    assert_false(served((wanted){.source = "product=linux,service=auth"}));
    assert_false(served((wanted){.source = "product=linux,service=zoo"}));
    assert_true(served((wanted){.source = "product=linux,service=auth"}));
    assert_false(served((wanted){.no_lists = true}));
    assert_false(served((wanted){.twice = true}));
    assert_true(served(usual));
}

static void test_share(void **state)
{
    (void)state;
    run("rm -rf share && mkdir share && cp -r " PICKET_SOURCE_DIR "/share/schemas share/");
    (void)served(usual);
    assert_true(served((wanted){.share = in_root("share")})); /* the same content */
    run("echo '# one more line' >> share/schemas/windows.yaml");
    assert_false(served((wanted){.share = in_root("share")}));
    assert_true(served((wanted){.share = in_root("share")}));
}

/* Times alone say nothing once the content was compared; and once they are old enough, it need not be. */
static void test_times(void **state)
{
    (void)state;
    (void)served(usual);
    run("touch rules/*");
    assert_true(served(usual));
    run("cp -r rules copy && rm -rf rules && mv copy rules"); /* other inodes, as after a fresh checkout */
    assert_true(served(usual));
    const struct timespec while_fresh = {2, 200000000};
    nanosleep(&while_fresh, NULL);
    assert_true(served(usual));
    assert_true(served(usual));
    run("printf x >> rules/030.yml");
    assert_false(served(usual));
}

static size_t read_entry(char **bytes, char name[300])
{
    DIR *d = opendir(in_root("cache"));
    assert_non_null(d);
    name[0] = 0;
    for (struct dirent *e; (e = readdir(d)) != NULL;)
        if (e->d_name[0] != '.') snprintf(name, 300, "cache/%s", e->d_name);
    closedir(d);
    assert_true(name[0]);
    FILE *f = fopen(in_root(name), "r");
    struct stat s;
    assert_non_null(f);
    assert_int_equal(fstat(fileno(f), &s), 0);
    *bytes = mem_alloc((size_t)s.st_size);
    assert_int_equal(fread(*bytes, 1, (size_t)s.st_size, f), (size_t)s.st_size);
    fclose(f);
    return (size_t)s.st_size;
}

static void write_entry(const char *name, const char *bytes, size_t len)
{
    FILE *f = fopen(in_root(name), "w");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

/* Only whether the cache serves; what is then built is tested elsewhere. */
static bool hits(void)
{
    pk_program *p;
    pk_catalog *c = open_catalog(&(wanted){.cache = in_root("cache")});
    assert_int_equal(pk_program_build(&p, c, NULL), PK_OK);
    bool hit = str_find(pk_catalog_cache_note(c), STR("came from it")) != STR_NPOS;
    assert_int_equal(pk_program_rule_count(p) > 50, 1);
    pk_program_free(p);
    pk_catalog_free(c);
    return hit;
}

static void test_damage(void **state)
{
    (void)state;
    char *bytes, name[300];
    run("rm -rf cache");
    assert_false(hits());
    assert_true(hits());
    size_t len = read_entry(&bytes, name);
    for (size_t i = 0; i < 40; i++) { /* bits of the header, of the manifest, all over the image */
        size_t at = i < 10 ? i * 16 : i < 20 ? 160 + i * 331 : (len - 1) * (i - 20) / 19;
        bytes[at] = (char)(bytes[at] ^ 1 << i % 8);
        write_entry(name, bytes, len);
        if (hits()) fail_msg("byte %zu of %zu is not missed", at, len);
        bytes[at] = (char)(bytes[at] ^ 1 << i % 8);
    }
    const size_t lengths[] = {0, 1, 100, 159, 160, 161, 5000, len / 2, len - 1};
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        write_entry(name, bytes, lengths[i]);
        assert_false(hits());
    }
    bytes[7]++; /* of a later version */
    write_entry(name, bytes, len);
    assert_false(hits());
    assert_true(hits()); /* rebuilt */
    mem_free(bytes);
}

/* Breaks what the cache holds of a rule's text. */
static void break_rule(const char *title)
{
    char *bytes, name[300];
    size_t len = read_entry(&bytes, name);
    char *at = memmem(bytes, len, title, strlen(title));
    assert_non_null(at);
    *at ^= 1;
    write_entry(name, bytes, len);
    mem_free(bytes);
}

/*
 * A scan with a program without stages, before anything else looks at its rules: diagnostics and alerts as text, then perhaps rules.
 * The rule of the title `late` breaks in the cache once the program has come from it.
 */
static char *scan_alone(bool *hit, const char *late, bool with_rules)
{
    pk_program *p;
    text out = {0};
    pk_str id = STR("rule_7");
    pk_catalog *c = open_catalog(&(wanted){.cache = in_root("cache")});
    assert_int_equal(pk_program_build(&p, c, &(pk_choice){.ids = {&id, 1}}), PK_OK);
    *hit = str_find(pk_catalog_cache_note(c), STR("came from it")) != STR_NPOS;
    if (late) break_rule(late);
    add_scan(&out, p);
    if (with_rules) add_rules(&out, c, p, true);
    pk_program_free(p);
    pk_catalog_free(c);
    char *all = mem_cstring(text_view(&out));
    text_free(&out);
    return all;
}

/* What a rule points to is read when an alert asks for it, and checked before: what is broken by then is read anew, and nothing is missing. */
static void test_rest(void **state)
{
    (void)state;
    char *all[5];
    bool hit[5];
    run("rm -rf cache");
    all[0] = scan_alone(&hit[0], NULL, true);
    all[1] = scan_alone(&hit[1], NULL, true);
    assert_true(!hit[0] && hit[1] && strstr(all[0], "tool7.exe"));
    break_rule("title: rule 7\n"); /* that is asked for */
    all[2] = scan_alone(&hit[2], NULL, true);
    assert_false(hit[2]);
    break_rule("title: rule 50\n"); /* and one that isn't */
    all[3] = scan_alone(&hit[3], NULL, true);
    assert_false(hit[3]);
    all[4] = scan_alone(&hit[4], NULL, true);
    assert_true(hit[4]);
    for (size_t i = 1; i < sizeof all / sizeof *all; i++) assert_string_equal(all[0], all[i]);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) mem_free(all[i]);
}

/* What breaks after it was checked is told, and made good by the next run; what other rules point to does not matter. */
static void test_late_damage(void **state)
{
    (void)state;
    char *all[6];
    bool hit[6];
    run("rm -rf cache");
    all[0] = scan_alone(&hit[0], NULL, true);
    all[1] = scan_alone(&hit[1], "title: rule 7\n", true);
    assert_true(hit[1] && strstr(all[1], "cache-read") && !strstr(all[1], "tool7.exe"));
    all[2] = scan_alone(&hit[2], NULL, true);
    assert_false(hit[2]);
    assert_string_equal(all[0], all[2]);
    all[3] = scan_alone(&hit[3], "title: rule 50\n", false);
    assert_true(hit[3] && !strstr(all[3], "cache-read"));
    assert_int_equal(strncmp(all[0], all[3], strlen(all[3])), 0);
    all[4] = scan_alone(&hit[4], NULL, true);
    assert_false(hit[4]);
    assert_string_equal(all[0], all[4]);
    all[5] = scan_alone(&hit[5], "title: rule 50\n", true); /* the alert is there, the list of rules is not what it should be */
    assert_true(hit[5] && strncmp(all[0], all[5], strlen(all[3])) == 0 && strcmp(all[0], all[5]) != 0);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++) mem_free(all[i]);
}

static void test_folder(void **state)
{
    (void)state;
    char *bytes, name[300];
    run("rm -rf cache");
    assert_false(hits());
    read_entry(&bytes, name);
    mem_free(bytes);
    assert_int_equal(chmod(in_root(name), 0622), 0); /* others may write: not trusted */
    assert_false(hits());
    assert_true(hits()); /* it was replaced */
    assert_int_equal(chmod(in_root("cache"), 0777), 0);
    assert_false(hits());
    assert_int_equal(chmod(in_root("cache"), 0700), 0);
    assert_true(hits());
    run("mv cache real && ln -s real cache");
    assert_false(hits());
    run("rm cache && mv real cache");
    char *entry = in_root(name);
    char moved[600];
    snprintf(moved, sizeof moved, "%s.kept", entry);
    assert_int_equal(rename(entry, moved), 0);
    assert_int_equal(symlink(moved, entry), 0);
    assert_false(hits()); /* and the link is replaced by an entry */
    assert_true(hits());
    assert_int_equal(unlink(entry), 0);
    assert_int_equal(mkfifo(entry, 0600), 0);
    assert_false(hits());
    assert_true(hits());
    run("rm -rf cache && echo > cache");
    assert_false(hits());
    run("rm cache && mkdir -m 0500 cache");
    assert_false(hits());
    run("rm -rf cache");
    assert_false(hits());
    assert_true(hits());
    struct stat s;
    assert_int_equal(stat(in_root("cache"), &s), 0);
    assert_int_equal(s.st_mode & 0777, 0700);
}

static void test_race(void **state)
{
    (void)state;
    run("rm -rf cache");
    pid_t children[6];
    for (int i = 0; i < 6; i++) {
        children[i] = fork();
        if (children[i] == 0) {
            for (int k = 0; k < 5; k++) (void)hits();
            _exit(0);
        }
    }
    for (int i = 0; i < 6; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    assert_true(served(usual));
    run("test $(ls -A cache | wc -l) = 1");
}

static void test_bounds(void **state)
{
    (void)state;
    run("rm -rf cache");
    for (int i = 0; i < 20; i++) {
        char id[32];
        snprintf(id, sizeof id, "rule_%d", i);
        pk_str one = str_from(id);
        assert_false(served((wanted){.choice = {.ids = {&one, 1}}}));
    }
    run("test $(ls -A cache | wc -l) = 16");
    pk_str last = STR("rule_19"), first = STR("rule_0");
    assert_true(served((wanted){.choice = {.ids = {&last, 1}}}));
    assert_false(served((wanted){.choice = {.ids = {&first, 1}}}));
}

/* Another program of a catalogue that came from the cache. */
static void test_second_program(void **state)
{
    (void)state;
    pk_str low = STR("low+");
    char *pictures[2];
    (void)hits();
    for (int i = 0; i < 2; i++) {
        wanted w = {.cache = i ? in_root("cache") : NULL};
        pk_program *first, *second;
        text out = {0};
        pk_catalog *c = open_catalog(&w);
        assert_int_equal(pk_program_build(&first, c, NULL), PK_OK);
        assert_int_equal(pk_program_build(&second, c, &(pk_choice){.levels = {&low, 1}}), PK_OK);
        add_rules(&out, c, second, true);
        add_scan(&out, second);
        const ir_test *t = ir_intern_test(c->ir, TEST_EQUALS, 0, COMPARE_EQ, value_string(STR("nobody asked for this")));
        text_printf(&out, "%u %zu", t->id, ir_test_count(c->ir));
        pk_program_free(first);
        pk_program_free(second);
        pk_catalog_free(c);
        pictures[i] = mem_cstring(text_view(&out));
        text_free(&out);
    }
    assert_string_equal(pictures[0], pictures[1]);
    mem_free(pictures[0]);
    mem_free(pictures[1]);
}

/* No pointer of what is copied was forgotten. */
static void test_strays(void **state)
{
    (void)state;
    pk_program *p;
    pk_catalog *c = open_catalog(&usual);
    assert_int_equal(pk_program_build(&p, c, NULL), PK_OK);
    image_writer *w = image_writer_new();
    image_watch(w);
    struct { const ir_image *ir; void *program; const diag_list *diags; } top = {0};
    size_t at = image_copy(w, &top, sizeof top);
    ir_catalog_image(c->ir, w, at);
    program_image(p->compiled, w, at + 8);
    diag_image(p->diags, w, at + 16);
    assert_true(image_size(w, IMAGE_FRONT) > 60000 && image_size(w, IMAGE_REST) > 60000);
    assert_int_equal(image_strays(w), 0);
    image_writer_free(w);
    pk_program_free(p);
    pk_catalog_free(c);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_same), cmocka_unit_test(test_share), cmocka_unit_test(test_changes), cmocka_unit_test(test_times),
        cmocka_unit_test(test_damage), cmocka_unit_test(test_rest), cmocka_unit_test(test_late_damage),
        cmocka_unit_test(test_folder), cmocka_unit_test(test_race), cmocka_unit_test(test_bounds),
        cmocka_unit_test(test_second_program), cmocka_unit_test(test_strays),
    };
    return cmocka_run_group_tests_name("cache", tests, make_files, remove_files);
}
