/*
 * Inputs: what is found behind arguments, in which order, under which names, and what is said about what is damaged.
 * Files are made by the tests, archives by libarchive.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include <archive.h>
#include <archive_entry.h>
#include <cmocka.h>

#include "formats/input.h"

#define LOG "{\"a\":1}\n{\"b\":2}\n"
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ---- a folder of its own for each test ---- */

static int enter_folder(void **state)
{
    char name[] = "/tmp/picket-input-XXXXXX";
    if (!mkdtemp(name) || chdir(name) != 0) return -1;
    *state = strdup(name);
    return 0;
}

static int leave_folder(void **state)
{
    char command[200];
    snprintf(command, sizeof command, "chmod -R u+rwx %s; rm -rf %s", (char *)*state, (char *)*state);
    if (chdir("/") != 0 || system(command) != 0) return -1;
    free(*state);
    return 0;
}

static void write_file(const char *path, const void *bytes, size_t len)
{
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(bytes, 1, len, f), len);
    assert_int_equal(fclose(f), 0);
}

static void write_text(const char *path, const char *content) { write_file(path, content, strlen(content)); }

/* ---- archives ---- */

typedef struct {
    const char *path, *content;
    size_t len; /* 0: of a text */
} member;

typedef struct {
    uint8_t *bytes;
    size_t len;
} packed;

typedef int (*archive_setup)(struct archive *);

static packed pack_as(archive_setup form, archive_setup filter, const char *options, const member *members, size_t count)
{
    size_t room = 1 << 20;
    for (size_t i = 0; i < count; i++) room += 2 * members[i].len;
    packed p = {malloc(room), 0};
    struct archive *a = archive_write_new();
    assert_int_equal(form(a), ARCHIVE_OK);
    if (filter) filter(a);
    if (options) assert_int_equal(archive_write_set_options(a, options), ARCHIVE_OK);
    if (options) assert_int_equal(archive_write_set_passphrase(a, "secret"), ARCHIVE_OK);
    assert_int_equal(archive_write_open_memory(a, p.bytes, room, &p.len), ARCHIVE_OK);
    for (size_t i = 0; i < count; i++) {
        size_t len = members[i].len ? members[i].len : strlen(members[i].content);
        struct archive_entry *e = archive_entry_new();
        archive_entry_set_pathname(e, members[i].path);
        archive_entry_set_size(e, (la_int64_t)len);
        archive_entry_set_filetype(e, AE_IFREG);
        archive_entry_set_perm(e, 0644);
        assert_int_equal(archive_write_header(a, e), ARCHIVE_OK);
        assert_int_equal(archive_write_data(a, members[i].content, len), (la_ssize_t)len);
        archive_entry_free(e);
    }
    assert_int_equal(archive_write_close(a), ARCHIVE_OK);
    archive_write_free(a);
    return p;
}

static packed pack(archive_setup form, archive_setup filter, const member *members, size_t count)
{
    return pack_as(form, filter, NULL, members, count);
}

static packed compress_with(archive_setup filter, const char *content, size_t len)
{
    member one = {"data", content, len};
    return pack(archive_write_set_format_raw, filter, &one, 1);
}

static void write_packed(const char *path, packed p)
{
    write_file(path, p.bytes, p.len);
    free(p.bytes);
}

/* ---- what comes out ---- */

typedef struct {
    text found; /* a line for each stream: name, format or "skipped", bytes, "named" */
    diag_list *diags;
    uint64_t total, read;
} outcome;

static outcome open_all(const input_options *o, const char *const *paths)
{
    outcome r = {.diags = diag_list_new()};
    input_list *l = input_list_new(o);
    for (; *paths; paths++) (void)!input_add(l, *paths, r.diags);
    input_item item;
    input_result result;
    uint64_t inputs = 0;
    while ((result = input_next(l, &item, r.diags)) != INPUT_END) {
        char buffer[1000];
        size_t total = 0;
        if (result == INPUT_OPENED) {
            assert_int_equal(item.input, inputs++);
            for (size_t n; (n = stream_read(item.stream, buffer, sizeof buffer));) total += n;
            assert_true(str_equal(stream_file(item.stream), item.name));
            text_printf(&r.found, STR_FMT " %s %zu%s\n", STR_ARG(item.name), item.format->name, total, item.named ? " named" : "");
        } else {
            text_printf(&r.found, STR_FMT " skipped%s\n", STR_ARG(item.name), item.named ? " named" : "");
        }
    }
    r.total = input_bytes_total(l);
    r.read = input_bytes_read(l);
    input_list_free(l);
    return r;
}

static void outcome_free(outcome *r)
{
    text_free(&r->found);
    diag_list_free(r->diags);
}

/* Codes of all diagnostics with their files, a line each. */
static pk_str problems(const outcome *r, text *out)
{
    for (size_t i = 0; i < diag_count(r->diags); i++)
        text_printf(out, "%s " STR_FMT "\n", diag_at(r->diags, i)->code, STR_ARG(diag_at(r->diags, i)->file));
    return text_view(out);
}

static void assert_lines(pk_str found, const char *expected)
{
    if (!str_equal(found, str_from(expected))) fail_msg("\n--- expected\n%s--- found\n" STR_FMT, expected, STR_ARG(found));
}

static void check_with(const input_options *o, const char *const *paths, const char *expected, const char *codes)
{
    outcome r = open_all(o, paths);
    text said = {0};
    assert_lines(text_view(&r.found), expected);
    assert_lines(problems(&r, &said), codes);
    assert_int_equal(r.read, r.total);
    text_free(&said);
    outcome_free(&r);
}

static void check(const char *path, const char *expected, const char *codes)
{
    check_with(NULL, (const char *const[]){path, NULL}, expected, codes);
}

/* ---- files and folders ---- */

static void make_tree(void)
{
    mkdir("d", 0755);
    mkdir("d/b", 0755);
    mkdir("d/b/deep", 0755);
    write_text("d/z.json", LOG);
    write_text("d/B.json", LOG);
    write_text("d/a.json", LOG);
    write_text("d/b.json", LOG);
    write_text("d/b/x.json", LOG);
    write_text("d/b/deep/y.log", LOG);
    write_text("d/readme.txt", "Just some words.\nNothing to read here\n");
}

static void test_folder(void **state)
{
    (void)state;
    make_tree();
    assert_int_equal(mkfifo("d/pipe", 0644), 0);
    static const char expected[] = "d/B.json json 16\nd/a.json json 16\nd/b/deep/y.log json 16\nd/b/x.json json 16\n"
                                   "d/b.json json 16\nd/readme.txt skipped\nd/z.json json 16\n";
    check("d", expected, "");
    write_text("d/readme.txt", "\x89PNG\r\n\x1a\n\0\0");
    check("d", expected, "");
}

static void test_named_unknown(void **state)
{
    (void)state;
    write_file("x.png", "\x89PNG\r\n\x1a\n\0\0\0\xff", 12);
    check("x.png", "x.png skipped named\n", "input-unknown x.png\n");
    check("absent.json", "", "input-io absent.json\n");
    check("no*.json", "", "input-io no*.json\n");
    input_options force = {.force = format_find(STR("JSON"))};
    assert_non_null(force.force);
    check_with(&force, (const char *const[]){"x.png", NULL}, "x.png json 12 named\n", "");
}

static void test_links(void **state)
{
    (void)state;
    make_tree();
    assert_int_equal(symlink("..", "d/b/deep/up"), 0);      /* a loop */
    assert_int_equal(symlink("nowhere", "d/b/dangling"), 0);
    assert_int_equal(symlink("../z.json", "d/b/link.json"), 0);
    check("d/b", "d/b/deep/y.log json 16\nd/b/link.json json 16\nd/b/x.json json 16\n",
          "input-io d/b/dangling\ninput-loop d/b/deep/up\n");
}

static void test_unreadable(void **state)
{
    (void)state;
    if (geteuid() == 0) skip(); /* root reads everything */
    make_tree();
    chmod("d/a.json", 0);
    chmod("d/b", 0);
    check("d", "d/B.json json 16\nd/b.json json 16\nd/readme.txt skipped\nd/z.json json 16\n",
          "input-io d/b\ninput-io d/a.json\n");
}

static void test_globs(void **state)
{
    (void)state;
    make_tree();
    check("d/*.json", "d/B.json json 16\nd/a.json json 16\nd/b.json json 16\nd/z.json json 16\n", "");
    check("d/[a-c].json", "d/a.json json 16\nd/b.json json 16\n", "");
    check("d/**/?.json", "d/B.json json 16\nd/a.json json 16\nd/b.json json 16\nd/z.json json 16\nd/b/x.json json 16\n", "");
    check("d/**/*.log", "d/b/deep/y.log json 16\n", "");
    check("d/b*", "d/b/deep/y.log json 16\nd/b/x.json json 16\nd/b.json json 16\n", "");
    check("d/**/**/y.log", "d/b/deep/y.log json 16\n", "");
    write_text("d/[a].json", LOG); /* a name that looks like a pattern is a name first */
    check("d/[a].json", "d/[a].json json 16 named\n", "");
}

static void test_several_arguments(void **state)
{
    (void)state;
    make_tree();
    check_with(NULL, (const char *const[]){"d/z.json", "absent", "d/a.json", "d/z.json", NULL},
               "d/z.json json 16 named\nd/a.json json 16 named\nd/z.json json 16 named\n", "input-io absent\n");
}

static void test_empty_files(void **state)
{
    (void)state;
    mkdir("d", 0755);
    write_text("d/empty.jsonl", "");
    write_text("d/empty", "");
    check("d", "d/empty skipped\nd/empty.jsonl json 0\n", "");
    check("d/empty", "d/empty json 0 named\n", "");
}

static void test_pipe(void **state)
{
    (void)state;
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], LOG, strlen(LOG)), (ssize_t)strlen(LOG));
    close(ends[1]);
    int kept = dup(STDIN_FILENO);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    outcome r = open_all(NULL, (const char *const[]){"-", NULL});
    assert_lines(text_view(&r.found), "- json 16 named\n");
    assert_int_equal(r.total, 0);
    outcome_free(&r);
    if (kept >= 0) dup2(kept, STDIN_FILENO);
    close(ends[0]);
}

/* ---- compressed streams and archives ---- */

static void test_compressed(void **state)
{
    (void)state;
    static const struct { const char *name; archive_setup filter; } filters[] = {
        {"x.jsonl.gz", archive_write_add_filter_gzip},   {"x.jsonl.zst", archive_write_add_filter_zstd},
        {"x.jsonl.bz2", archive_write_add_filter_bzip2}, {"x.jsonl.xz", archive_write_add_filter_xz},
        {"x.jsonl.lz4", archive_write_add_filter_lz4},
    };
    for (size_t i = 0; i < COUNT(filters); i++) {
        char expected[100];
        snprintf(expected, sizeof expected, "%s json 16 named\n", filters[i].name);
        write_packed(filters[i].name, compress_with(filters[i].filter, LOG, 0));
        check(filters[i].name, expected, "");
    }
}

/* Files that were compressed one by one and put together are one stream (RFC 1952, 2.2; RFC 8878, 3.1). */
static void test_concatenated(void **state)
{
    (void)state;
    archive_setup filters[] = {archive_write_add_filter_gzip, archive_write_add_filter_zstd};
    for (size_t i = 0; i < COUNT(filters); i++) {
        packed p = compress_with(filters[i], LOG, 0);
        uint8_t *twice = malloc(2 * p.len);
        memcpy(twice, p.bytes, p.len);
        memcpy(twice + p.len, p.bytes, p.len);
        write_file("x.jsonl.gz", twice, 2 * p.len);
        check("x.jsonl.gz", "x.jsonl.gz json 32 named\n", "");
        free(twice);
        free(p.bytes);
    }
}

static packed zip_of_logs(void)
{
    packed inner = compress_with(archive_write_add_filter_gzip, LOG, 0);
    member members[] = {{"a/x.jsonl", LOG, 0}, {"a/notes.txt", "Words only", 0}, {"c.jsonl.gz", (char *)inner.bytes, inner.len}};
    packed zip = pack(archive_write_set_format_zip, NULL, members, COUNT(members));
    free(inner.bytes);
    return zip;
}

static void test_archives(void **state)
{
    (void)state;
    write_packed("logs.zip", zip_of_logs());
    check("logs.zip", "logs.zip!/a/x.jsonl json 16\nlogs.zip!/a/notes.txt skipped\nlogs.zip!/c.jsonl.gz json 16\n", "");
    packed zip = zip_of_logs();
    member members[] = {{"in.zip", (char *)zip.bytes, zip.len}, {"last.json", LOG, 0}};
    write_packed("t.tar", pack(archive_write_set_format_pax_restricted, NULL, members, 2));
    check("t.tar", "t.tar!/in.zip!/a/x.jsonl json 16\nt.tar!/in.zip!/a/notes.txt skipped\nt.tar!/in.zip!/c.jsonl.gz json 16\n"
                   "t.tar!/last.json json 16\n", "");
    write_packed("t.tar.gz", pack(archive_write_set_format_pax_restricted, archive_write_add_filter_gzip, members, 2));
    check_with(&(input_options){.nesting_limit = 1}, (const char *const[]){"t.tar.gz", NULL},
               "t.tar.gz!/last.json json 16\n", "input-nesting t.tar.gz!/in.zip\n");
    free(zip.bytes);
}

static void test_encrypted(void **state)
{
    (void)state;
    member members[] = {{"x.jsonl", LOG, 0}};
    write_packed("e.zip", pack_as(archive_write_set_format_zip, NULL, "zip:encryption=zipcrypt", members, 1));
    check("e.zip", "", "input-encrypted e.zip\n");
}

/* ---- damage ---- */

static void test_cut_off(void **state)
{
    (void)state;
    text many = {0};
    for (int i = 0; i < 20000; i++) text_printf(&many, "{\"number\":%d,\"square\":%d}\n", i, i * i % 7919);
    packed gz = compress_with(archive_write_add_filter_gzip, many.ptr, many.len);
    write_file("cut.jsonl.gz", gz.bytes, gz.len / 2);
    outcome r = open_all(NULL, (const char *const[]){"cut.jsonl.gz", NULL});
    text said = {0};
    assert_lines(problems(&r, &said), "input-damaged cut.jsonl.gz\n");
    /* What came before the cut is read: about half. */
    int bytes = 0;
    assert_int_equal(sscanf(r.found.ptr, "cut.jsonl.gz json %d named", &bytes), 1);
    assert_true((size_t)bytes > many.len / 4 && (size_t)bytes < many.len);
    text_free(&said);
    outcome_free(&r);
    free(gz.bytes);
    text_free(&many);
}

static size_t find_bytes(packed p, const char *what)
{
    size_t at = str_find((pk_str){(char *)p.bytes, p.len}, str_from(what));
    assert_true(at != STR_NPOS);
    return at;
}

/* A damaged member is said, by name, and those after it are read. */
static void test_damaged_member(void **state)
{
    (void)state;
    member members[] = {{"1.jsonl", LOG, 0}, {"2.jsonl", LOG, 0}, {"3.jsonl", LOG, 0}};
    packed zip = pack_as(archive_write_set_format_zip, NULL, NULL, members, 3);
    size_t data = find_bytes(zip, "2.jsonl") + 7;
    for (size_t i = 20; i < 34; i++) zip.bytes[data + i] ^= 0x5a;
    write_packed("d.zip", zip);
    outcome r = open_all(NULL, (const char *const[]){"d.zip", NULL});
    text said = {0};
    assert_lines(problems(&r, &said), "input-damaged d.zip!/2.jsonl\n");
    assert_true(str_find(text_view(&r.found), STR("d.zip!/1.jsonl json 16\n")) != STR_NPOS);
    assert_true(str_find(text_view(&r.found), STR("d.zip!/3.jsonl json 16\n")) != STR_NPOS);
    text_free(&said);
    outcome_free(&r);
}

static void test_damaged_tar(void **state)
{
    (void)state;
    member members[] = {{"1.jsonl", LOG, 0}, {"2.jsonl", LOG, 0}, {"3.jsonl", LOG, 0}};
    packed tar = pack(archive_write_set_format_ustar, NULL, members, 3);
    tar.bytes[1024 + 3] ^= 0xff; /* in the header of the second member: its checksum is wrong */
    write_packed("d.tar", tar);
    outcome r = open_all(NULL, (const char *const[]){"d.tar", NULL});
    assert_true(diag_total(r.diags, PK_ERROR) > 0);
    assert_true(str_find(text_view(&r.found), STR("d.tar!/1.jsonl json 16\n")) != STR_NPOS);
    assert_true(str_find(text_view(&r.found), STR("d.tar!/3.jsonl json 16\n")) != STR_NPOS);
    outcome_free(&r);
}

/* ---- bombs ---- */

static void test_member_limit(void **state)
{
    (void)state;
    text many = {0};
    for (int i = 0; i < 100000; i++) text_put_cstring(&many, "{\"a\":1}\n");
    write_packed("big.jsonl.gz", compress_with(archive_write_add_filter_gzip, many.ptr, many.len));
    input_options o = {.expansion_limit = 300000};
    outcome r = open_all(&o, (const char *const[]){"big.jsonl.gz", NULL});
    text said = {0};
    assert_lines(problems(&r, &said), "input-expansion big.jsonl.gz\n");
    int bytes = 0;
    assert_int_equal(sscanf(r.found.ptr, "big.jsonl.gz json %d named", &bytes), 1);
    assert_true(bytes >= 200000 && bytes < 600000);
    text_free(&said);
    outcome_free(&r);
    text_free(&many);
}

/* Four gigabytes of nothing in a few kilobytes: given up at a multiple of the file's size. */
static void test_bomb(void **state)
{
    (void)state;
    size_t len = (size_t)64 << 20;
    char *blanks = malloc(len);
    memset(blanks, '\n', len);
    packed one = compress_with(archive_write_add_filter_zstd, blanks, len);
    free(blanks);
    text frames = {0};
    for (int i = 0; i < 64; i++) text_put(&frames, (pk_str){(char *)one.bytes, one.len});
    write_packed("bomb.zst.gz", compress_with(archive_write_add_filter_gzip, frames.ptr, frames.len));
    input_options o = {.force = format_find(STR("json"))};
    outcome r = open_all(&o, (const char *const[]){"bomb.zst.gz", NULL});
    text said = {0};
    assert_lines(problems(&r, &said), "input-expansion bomb.zst.gz\n");
    text_free(&said);
    outcome_free(&r);
    text_free(&frames);
    free(one.bytes);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, enter_folder, leave_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(test_folder),     TEST(test_named_unknown),     TEST(test_links),        TEST(test_unreadable),
        TEST(test_globs),      TEST(test_several_arguments), TEST(test_empty_files),  TEST(test_pipe),
        TEST(test_compressed), TEST(test_concatenated),      TEST(test_archives),     TEST(test_encrypted),
        TEST(test_cut_off),    TEST(test_damaged_member),    TEST(test_damaged_tar),  TEST(test_member_limit),
        TEST(test_bomb),
    };
    return cmocka_run_group_tests_name("input", tests, NULL, NULL);
}
