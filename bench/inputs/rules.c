/* Rule sets: nested random samples, copies with other literals, and rules that are meant to be hard. */
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"
#include "base/yaml.h"
#include "inputs.h"

static pk_str text_of(const yaml_node *root, const char *key)
{
    const yaml_node *n = yaml_get(root, str_from(key));
    return n && n->kind == YAML_SCALAR ? n->text : STR("");
}

/* ---- sample-rules OUT SEED PRODUCT N... FROM   folders OUT/N of so many rules, each within the next; OUT/all is all of them ---- */

static bool is_wanted(const yaml_node *root, pk_str product)
{
    pk_str status = text_of(root, "status");
    if (!yaml_get(root, STR("detection")) || str_equal(status, STR("deprecated")) || str_equal(status, STR("unsupported"))) return false;
    return str_equal(product, STR("any")) || str_equal_ascii_fold(text_of(yaml_get(root, STR("logsource")), "product"), product);
}

int sample_rules(int argc, char **argv)
{
    int64_t seed;
    if (argc < 5 || !str_to_int(str_from(argv[2]), true, &seed)) return 3;
    arena *a = arena_new(), *tree = arena_new();
    file_names files = find_files(a, argv[argc - 1], ".yml");
    VEC(pk_str) rules = {0};
    for (size_t i = 0; i < files.paths.len; i++) {
        arena_reset(tree);
        pk_str source = read_whole(a, files.paths.at[i]);
        yaml_file f = yaml_read(tree, source);
        if (f.count == 1 && f.documents[0].root && is_wanted(f.documents[0].root, str_from(argv[3]))) vec_push(&rules, source);
    }
    dice d = {(uint64_t)seed};
    for (size_t i = rules.len; i > 1; i--) {
        size_t k = roll(&d) % i;
        pk_str moved = rules.at[i - 1];
        rules.at[i - 1] = rules.at[k];
        rules.at[k] = moved;
    }
    for (int i = 4; i < argc; i++) {
        bool all = i == argc - 1;
        size_t n = all ? rules.len : strtoul(argv[i], NULL, 10);
        const char *folder = arena_printf(a, "%s/%s", argv[1], all ? "all" : argv[i]).ptr;
        make_folder(folder);
        for (size_t k = 0; k < n && k < rules.len; k++) write_whole(arena_printf(a, "%s/%05zu.yml", folder, k).ptr, rules.at[k]);
    }
    printf("%s: %zu rules\n", argv[1], rules.len);
    vec_free(&rules);
    vec_free(&files.paths);
    arena_free(tree);
    arena_free(a);
    return 0;
}

/* ---- vary-rules OUT COPIES FROM   OUT/0 is FROM, in OUT/1 ... each literal is another, the same one for the same literal ---- */

typedef struct {
    pk_str source;
    unsigned copy;
    VEC(uint32_t) at;             /* places in the source where letters are put in, ascending */
    VEC(uint32_t) digits;         /* ends of digests: the four digits before them change */
} alteration;

static bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
static bool is_hex(char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F'); }

/* Of a literal: amid it, between two letters that no escape binds (\d, \x, (?i). The place follows from the text alone. */
static void alter_literal(alteration *x, const yaml_node *n)
{
    pk_str s = str_slice(x->source, n->span.start, n->span.end - n->span.start);
    size_t digits = 0, end = s.len;
    if (n->type != YAML_TEXT || n->style == YAML_BLOCK) return;
    while (end && (s.ptr[end - 1] == '\'' || s.ptr[end - 1] == '"')) end--;
    while (digits < end && is_hex(s.ptr[end - 1 - digits])) digits++;
    if (digits >= 32) {
        vec_push(&x->digits, n->span.start + (uint32_t)end);
        return;
    }
    size_t best = 0, distance = SIZE_MAX;
    for (size_t i = 2; i + 1 < s.len; i++) {
        if (!is_letter(s.ptr[i - 1]) || !is_letter(s.ptr[i]) || s.ptr[i - 2] == '\\' || s.ptr[i - 2] == '?') continue;
        size_t off = i > s.len / 2 ? i - s.len / 2 : s.len / 2 - i;
        if (off < distance) best = i, distance = off;
    }
    if (best) vec_push(&x->at, n->span.start + (uint32_t)best);
}

static void alter_values(alteration *x, const yaml_node *n)
{
    if (n->kind == YAML_SCALAR) alter_literal(x, n);
    for (size_t i = 0; n->kind == YAML_LIST && i < n->count; i++) alter_values(x, n->items[i]);
    for (size_t i = 0; n->kind == YAML_MAP && i < n->count; i++) {
        static const char *const others[] = {"|cidr", "|fieldref", "|expand", "|exists"};
        bool literal = true;
        for (size_t k = 0; k < sizeof others / sizeof *others; k++) literal &= str_find(n->entries[i].key, str_from(others[k])) == STR_NPOS;
        if (literal) alter_values(x, n->entries[i].value);
    }
}

/* Ids and names of a copy are its own. */
static void alter_names(alteration *x, const yaml_node *root)
{
    const yaml_node *id = yaml_get(root, STR("id")), *name = yaml_get(root, STR("name"));
    if (id && id->kind == YAML_SCALAR) vec_push(&x->digits, id->span.end - (id->style != YAML_PLAIN));
    if (name && name->kind == YAML_SCALAR) vec_push(&x->at, name->span.start + 1);
}

static int ascending(const void *x, const void *y)
{
    uint32_t a = *(const uint32_t *)x, b = *(const uint32_t *)y;
    return a < b ? -1 : a > b;
}

static void write_altered(alteration *x, text *out)
{
    static const char hex[] = "0123456789abcdef";
    qsort(x->at.at, x->at.len, sizeof *x->at.at, ascending);
    qsort(x->digits.at, x->digits.len, sizeof *x->digits.at, ascending);
    size_t insertion = 0, digest = 0;
    for (uint32_t i = 0; i < x->source.len; i++) {
        while (insertion < x->at.len && x->at.at[insertion] == i) {
            text_put_char(out, 'q');
            text_put_char(out, (char)('a' + x->copy % 26));
            insertion++;
        }
        while (digest < x->digits.len && x->digits.at[digest] <= i) digest++;
        char c = x->source.ptr[i];
        bool changes = digest < x->digits.len && i + 4 >= x->digits.at[digest] && is_hex(c);
        if (changes) c = hex[((unsigned)(strchr(hex, c | 0x20) - hex) + x->copy) % 16];
        text_put_char(out, c);
    }
}

int vary_rules(int argc, char **argv)
{
    int64_t copies;
    if (argc != 4 || !str_to_int(str_from(argv[2]), true, &copies)) return 3;
    arena *a = arena_new(), *tree = arena_new();
    file_names files = find_files(a, argv[3], ".yml");
    size_t changed = 0;
    text out = {0};
    for (int64_t c = 0; c < copies; c++) {
        const char *folder = arena_printf(a, "%s/%d", argv[1], (int)c).ptr;
        make_folder(folder);
        for (size_t i = 0; i < files.paths.len; i++) {
            arena_reset(tree);
            alteration x = {.source = read_whole(tree, files.paths.at[i]), .copy = (unsigned)c};
            yaml_file f = yaml_read(tree, x.source);
            yaml_node *detection = f.count == 1 ? yaml_get(f.documents[0].root, STR("detection")) : NULL;
            if (c && !detection) continue; /* correlations name rules */
            for (size_t k = 0; c && k < detection->count; k++)
                if (!str_equal(detection->entries[k].key, STR("condition"))) alter_values(&x, detection->entries[k].value);
            if (c) alter_names(&x, f.documents[0].root);
            text_clear(&out);
            write_altered(&x, &out);
            changed += x.at.len + x.digits.len;
            write_whole(arena_printf(a, "%s/%05zu.yml", folder, i).ptr, text_view(&out));
            vec_free(&x.at);
            vec_free(&x.digits);
        }
    }
    printf("%s: %zu rules, %lld times, %zu literals changed\n", argv[1], files.paths.len, (long long)copies, changed);
    text_free(&out);
    vec_free(&files.paths);
    arena_free(tree);
    arena_free(a);
    return 0;
}

/* ---- hard-rules OUT   rules that are meant to be hard: hard/, and twenty/ of which every event matches each ---- */

static void rule_head(text *out, unsigned number, const char *source)
{
    text_clear(out);
    text_printf(out, "title: Bench %u\nid: 00000000-0000-4000-8000-%012u\nstatus: test\nlevel: low\nlogsource: {%s}\ndetection:\n", number, number, source);
}

static void long_list(const char *folder, unsigned number, const char *key, const char *before, const char *after)
{
    text out = {0};
    char path[4096];
    dice d = {number};
    rule_head(&out, number, "product: windows, category: process_creation");
    text_printf(&out, "    selection:\n        %s:\n", key);
    for (int i = 0; i < 10000; i++)
        text_printf(&out, "            - '%s%06llx%s'\n", before, (unsigned long long)(roll(&d) & 0xffffff), after);
    text_put_cstring(&out, "    condition: selection\n");
    snprintf(path, sizeof path, "%s/%03u.yml", folder, number);
    write_whole(path, text_view(&out));
    text_free(&out);
}

int hard_rules(int argc, char **argv)
{
    static const char *const regexes[] = {"a.{0,1000}b.{0,1000}c", "(a+)+$", "[a-z0-9]{200,400}=", "(?:[^\"]{1,500}\"){2,20}", "(.*)(.*)(.*)x{50}",
                                          "\\d{1,300}(?:,\\d{1,300}){5,50};", "(x+x+)+y", "^(?:[^-]{0,800}-){3}zz"};
    arena *a = arena_new();
    text out = {0};
    if (argc != 2) return 3;
    const char *hard = arena_printf(a, "%s/hard", argv[1]).ptr, *twenty = arena_printf(a, "%s/twenty", argv[1]).ptr;
    make_folder(hard);
    make_folder(twenty);
    long_list(hard, 1, "CommandLine|contains", "tool-", " -");
    long_list(hard, 2, "Image|endswith", "\\x", ".exe");
    long_list(hard, 3, "Hashes|contains", "SHA256=", "0123456789abcdef0123456789abcdef0123456789abcdef0123456789");
    long_list(hard, 4, "OriginalFileName", "o", ".dll");
    for (unsigned i = 0; i < sizeof regexes / sizeof *regexes; i++) {
        rule_head(&out, 100 + i, "product: windows, category: process_creation");
        text_printf(&out, "    selection:\n        CommandLine|re: '%s'\n    condition: selection\n", regexes[i]);
        write_whole(arena_printf(a, "%s/%03u.yml", hard, 100 + i).ptr, text_view(&out));
    }
    for (unsigned i = 0; i < 20; i++) { /* every Windows event has a channel and an event id */
        rule_head(&out, 200 + i, "product: windows");
        text_printf(&out, "    selection:\n        Channel|re: '^.{%u,}'\n        EventID|gte: %u\n    condition: selection\n", i % 5, i / 20);
        write_whole(arena_printf(a, "%s/%03u.yml", twenty, 200 + i).ptr, text_view(&out));
    }
    text_free(&out);
    arena_free(a);
    return 0;
}
