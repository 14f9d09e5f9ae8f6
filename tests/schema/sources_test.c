/*
 * Log sources of rules -> classes: the table of the digest (Windows log sources, built-in alternatives, other log sources), and
 * every log source that a rule of the corpora names. With an argument it prints the table of the corpora instead of testing.
 */
#include <dirent.h>
#include <setjmp.h>
#include <stdarg.h>
#include <sys/stat.h>
#include "../tools/corpora.h"
#include <cmocka.h>

#include "base/hash.h"
#include "schema/schema.h"

static void assert_view(pk_str found, const char *expected)
{
    if (!str_equal(found, str_from(expected))) fail_msg("expected '%s', found '%.*s'", expected, STR_ARG(found));
}

static schema *load(void)
{
    schema *s;
    diag_list *d = diag_list_new();
    pk_status status = schema_load(&s, PICKET_SOURCE_DIR "/share/schemas", d);
    for (size_t i = 0; i < diag_count(d); i++)
        print_error(STR_FMT ":%u:%u: " STR_FMT "\n", STR_ARG(diag_at(d, i)->file), diag_at(d, i)->line, diag_at(d, i)->column,
                    STR_ARG(diag_at(d, i)->message));
    assert_int_equal(status, PK_OK);
    diag_list_free(d);
    return s;
}

static pk_str names_of(const schema *s, const log_source *source, arena *a)
{
    size_t count;
    const class_id *ids = schema_classes_of(s, source, a, &count);
    pk_str out = STR("");
    for (size_t i = 0; i < count; i++)
        out = arena_printf(a, STR_FMT "%s" STR_FMT, STR_ARG(out), i ? " " : "", STR_ARG(schema_class(s, ids[i])->name));
    return out;
}

static log_source source_of(const char *product, const char *category, const char *service)
{
    return (log_source){.product = str_from(product), .category = str_from(category), .service = str_from(service)};
}

static const struct { const char *product, *category, *service, *classes; } expected[] = {
    {"windows", "process_creation", "", "windows/sysmon/1 windows/security/4688 windows/endpoint/process"},
    {"Windows", "PROCESS_CREATION", "", "windows/sysmon/1 windows/security/4688 windows/endpoint/process"},
    {"windows", "network_connection", "", "windows/sysmon/3 windows/security/5156 windows/endpoint/network"},
    {"windows", "registry_event", "", "windows/sysmon/12 windows/sysmon/13 windows/sysmon/14 windows/security/4657 windows/endpoint/registry"},
    {"windows", "registry_add", "", "windows/sysmon/12 windows/security/4657/add"},
    {"windows", "registry_delete", "", "windows/sysmon/12 windows/security/4657/delete"},
    {"windows", "registry_set", "", "windows/sysmon/13 windows/security/4657/set windows/endpoint/registry"},
    {"windows", "registry_rename", "", "windows/sysmon/14"},
    {"windows", "sysmon_status", "", "windows/sysmon/4 windows/sysmon/16"},
    {"windows", "pipe_created", "", "windows/sysmon/17 windows/sysmon/18"},
    {"windows", "wmi_event", "", "windows/sysmon/19 windows/sysmon/20 windows/sysmon/21 windows/wmi/5861"},
    {"windows", "clipboard_capture", "", "windows/sysmon/24"},
    {"windows", "clipboard_change", "", "windows/sysmon/24"},
    {"windows", "file_block", "", "windows/sysmon/27"},
    {"windows", "sysmon_error", "", "windows/sysmon/255"},
    {"windows", "ps_module", "", "windows/powershell/4103"},
    {"windows", "ps_script", "", "windows/powershell/4104"},
    {"windows", "ps_classic_start", "", "windows/powershell-classic/400"},
    {"windows", "ps_classic_provider_start", "", "windows/powershell-classic/600"},
    {"windows", "ps_classic_script", "", "windows/powershell-classic/800"},
    {"", "antivirus", "", "antivirus windows/windefend/detection"},
    {"windows", "file_access", "", ""},
    {"windows", "file_rename", "", ""},
    {"windows", "", "security", "windows/security"},
    {"windows", "", "sysmon", "windows/sysmon"},
    {"windows", "", "powershell", "windows/powershell"},
    {"windows", "", "windefend", "windows/windefend"},
    {"windows", "", "no-such-service", ""},
    {"linux", "process_creation", "", "linux/sysmon/1 linux/endpoint/process"},
    {"linux", "", "auditd", "linux/auditd"},
    {"linux", "", "sshd", "linux/syslog/auth/sshd"},
    {"linux", "", "auth", "linux/syslog/auth"},
    {"aws", "", "cloudtrail", "aws/cloudtrail"},
    {"kubernetes", "", "audit", "kubernetes"},
    {"kubernetes", "application", "audit", "kubernetes"},
    {"zeek", "", "dns", "zeek/dns"},
    {"", "", "nginx", "webserver/nginx nginx"},
};

static void sources_are_routed(void **state)
{
    (void)state;
    schema *s = load();
    arena *a = arena_new();
    unsigned wrong = 0;
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        log_source source = source_of(expected[i].product, expected[i].category, expected[i].service);
        pk_str found = names_of(s, &source, a);
        if (str_equal(found, str_from(expected[i].classes))) continue;
        print_error("%s/%s/%s: expected '%s', found '" STR_FMT "'\n", expected[i].product, expected[i].category,
                    expected[i].service, expected[i].classes, STR_ARG(found));
        wrong++;
    }
    arena_free(a);
    schema_free(s);
    assert_int_equal(wrong, 0);
}

/* A rule on the product alone sees raw names and, where a class maps them, mapped ones. */
static void product_alone(void **state)
{
    (void)state;
    schema *s = load();
    arena *a = arena_new();
    log_source windows = source_of("windows", "", "");
    size_t count;
    const class_id *ids = schema_classes_of(s, &windows, a, &count);
    assert_true(count > 1);
    assert_view(schema_class(s, ids[0])->name, "windows");
    for (size_t i = 0; i < count; i++)
        assert_false(str_equal(schema_class(s, ids[i])->name, STR("windows/sysmon/1"))); /* windows/sysmon serves it */
    arena_free(a);
    schema_free(s);
}

static void why_there_is_no_log(void **state)
{
    (void)state;
    schema *s = load();
    log_source access_source = source_of("windows", "file_access", ""), other = source_of("windows", "nothing", "");
    assert_true(schema_no_log(s, &access_source).len > 0);
    assert_int_equal(schema_no_log(s, &other).len, 0);
    schema_free(s);
}

static void stated_classes(void **state)
{
    (void)state;
    schema *s = load();
    static const struct { const char *product, *category, *service, *name; } stated[] = {
        {"linux", "", "auth", "linux/syslog/auth"},        {"", "proxy", "", "proxy"},
        {"", "webserver", "", "webserver"},                {"", "dns", "", "dns"},
        {"", "firewall", "", "firewall"},                  {"windows", "process_creation", "", "windows/sysmon/1"},
        {"cisco", "", "aaa", "cisco-aaa"},                 {"acme", "", "thing", "stated/acme/-/thing"},
    };
    for (size_t i = 0; i < sizeof stated / sizeof *stated; i++) {
        log_source source = source_of(stated[i].product, stated[i].category, stated[i].service);
        class_id c = schema_user_class(s, &source);
        assert_view(schema_class(s, c)->name, stated[i].name);
        assert_int_equal(schema_user_class(s, &source), c);
    }
    arena *a = arena_new();
    log_source acme = source_of("acme", "", "");
    assert_view(names_of(s, &acme, a), "stated/acme/-/thing");
    arena_free(a);
    schema_free(s);
}

/* ---- the corpora ---- */

typedef struct { log_source source; unsigned rules; } source_count;
typedef struct { VEC(source_count) counts; table index; arena *arena; } source_counts;

static pk_str value_behind(pk_str line, const char *key)
{
    pk_str k = str_from(key), t = str_trim(line);
    if (!str_starts_with(t, k)) return (pk_str){0};
    t = str_trim(str_slice(t, k.len, STR_NPOS));
    size_t comment = str_find(t, STR(" #"));
    t = str_trim(str_slice(t, 0, comment));
    if (t.len > 1 && (t.ptr[0] == '\'' || t.ptr[0] == '"')) t = str_slice(t, 1, t.len - 2);
    return t;
}

static void count_source(source_counts *c, const log_source *found)
{
    pk_str key = arena_printf(c->arena, STR_FMT "/" STR_FMT "/" STR_FMT, STR_ARG(found->product), STR_ARG(found->category), STR_ARG(found->service));
    uint32_t at = table_get(&c->index, key);
    if (at == TABLE_NONE) {
        at = (uint32_t)c->counts.len;
        table_put(&c->index, key, at);
        vec_push(&c->counts, ((source_count){.source = *found}));
    }
    c->counts.at[at].rules++;
}

/* The logsource blocks of a rule file: enough of YAML for the files of one project. */
static void count_file(source_counts *c, const char *path)
{
    static char bytes[1 << 21];
    FILE *f = fopen(path, "rb");
    if (f == NULL) return;
    pk_str rest = {bytes, fread(bytes, 1, sizeof bytes, f)};
    fclose(f);
    log_source found = {0};
    bool inside = false, any = false;
    while (rest.len > 0) {
        size_t newline = str_find_char(rest, '\n');
        pk_str line = str_slice(rest, 0, newline), v;
        rest = newline == STR_NPOS ? STR("") : str_slice(rest, newline + 1, STR_NPOS);
        if (str_starts_with(line, STR("---"))) {
            if (any) count_source(c, &found);
            found = (log_source){0};
            inside = any = false;
        } else if (line.len && line.ptr[0] != ' ' && line.ptr[0] != '\t') {
            inside = str_starts_with(line, STR("logsource:"));
            any |= inside;
        } else if (inside) {
            if ((v = value_behind(line, "product:")).len) found.product = arena_str(c->arena, v);
            if ((v = value_behind(line, "category:")).len) found.category = arena_str(c->arena, v);
            if ((v = value_behind(line, "service:")).len) found.service = arena_str(c->arena, v);
        }
    }
    if (any) count_source(c, &found);
}

static void count_folder(source_counts *c, const char *path, unsigned depth)
{
    DIR *dir = opendir(path);
    if (dir == NULL || depth == 0) return;
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        if (e->d_name[0] == '.') continue;
        char *child = arena_cstring(c->arena, arena_printf(c->arena, "%s/%s", path, e->d_name));
        struct stat st;
        if (stat(child, &st) == 0 && S_ISDIR(st.st_mode)) count_folder(c, child, depth - 1);
        else if (str_ends_with(str_from(e->d_name), STR(".yml"))) count_file(c, child);
    }
    closedir(dir);
}

static const char *const folders[] = {"rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance",
                                      "rules-placeholder", "unsupported", "deprecated"};

static source_counts count_rules(const char *root)
{
    source_counts c = {.arena = arena_new()};
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++)
        count_folder(&c, arena_cstring(c.arena, arena_printf(c.arena, "%s/rules/sigma/%s", root, folders[i])), 16);
    return c;
}

static void every_source_of_the_corpora(void **state)
{
    (void)state;
    const char *root = corpora_root();
    if (*root == 0) {
        print_message("skipped 1 cases: corpora absent\n");
        skip();
    }
    schema *s = load();
    source_counts c = count_rules(root);
    unsigned unknown = 0, rules = 0;
    for (size_t i = 0; i < c.counts.len; i++) {
        const log_source *l = &c.counts.at[i].source;
        rules += c.counts.at[i].rules;
        if (names_of(s, l, c.arena).len || schema_no_log(s, l).len) continue;
        print_error("no class provides " STR_FMT "/" STR_FMT "/" STR_FMT " (%u rules)\n", STR_ARG(l->product), STR_ARG(l->category),
                    STR_ARG(l->service), c.counts.at[i].rules);
        unknown++;
    }
    print_message("%zu log sources of %u rules\n", c.counts.len, rules);
    assert_true(rules >= 3000);
    assert_int_equal(unknown, 0);
    table_free(&c.index);
    vec_free(&c.counts);
    arena_free(c.arena);
    schema_free(s);
}

static int print_table(void)
{
    schema *s = load();
    source_counts c = count_rules(corpora_root());
    for (size_t i = 0; i < c.counts.len; i++) {
        const log_source *l = &c.counts.at[i].source;
        pk_str names = names_of(s, l, c.arena), why = schema_no_log(s, l);
        printf("%u\t" STR_FMT "\t" STR_FMT "\t" STR_FMT "\t" STR_FMT "\n", c.counts.at[i].rules, STR_ARG(l->product),
               STR_ARG(l->category), STR_ARG(l->service), STR_ARG(names.len ? names : why.len ? why : STR("(nothing)")));
    }
    return 0;
}

int main(int argc, char **argv)
{
    (void)argv;
    if (argc > 1) return print_table();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sources_are_routed), cmocka_unit_test(product_alone), cmocka_unit_test(why_there_is_no_log),
        cmocka_unit_test(stated_classes), cmocka_unit_test(every_source_of_the_corpora),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
