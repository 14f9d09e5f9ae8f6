/* Runs cases of .test files: rules and logs go through the whole of picket, and what comes out is compared as text. */
#include <errno.h>
#include <stdio.h>

#include "api/api.h"
#include "api/lists.h"
#include "api/testfile.h"

enum { TEST_FILE_LIMIT = 64 << 20 };

/* A run of one case. */
typedef struct {
    const test_case *test;
    arena *arena;
    pk_catalog *catalog;
    pk_program *program;
    VEC(pk_log_source) sources;  /* of each block */
    text found[BLOCK_KINDS];     /* for each expected block, what was found */
    const test_block *expected[BLOCK_KINDS];
    VEC(pk_str) ids;             /* of alerts, beside the titles in found */
    text trouble;                /* why the case could not be run at all */
} case_run;

/* ---- given ---- */

static void trouble(case_run *r, const test_block *b, pk_str what)
{
    text_printf(&r->trouble, "  line %u: " STR_FMT "\n", b->line, STR_ARG(what));
}

static void load_rules(case_run *r, const test_block *b)
{
    const language *l = language_find(b->words);
    if (!l) {
        trouble(r, b, arena_printf(r->arena, "there is no rule language '" STR_FMT "'", STR_ARG(b->words)));
        return;
    }
    rule_file f = {.path = STR("rule"), .text = b->body};
    language_options options = catalog_language_options(r->catalog);
    l->load(r->catalog->ir, &f, &options);
}

/* The class that stands for a log source: the first that provides it; CLASS_NONE: none does. */
static class_id class_of_source(case_run *r, const log_source *source)
{
    size_t n = 0;
    const class_id *classes = schema_classes_of(r->catalog->schema, source, r->arena, &n);
    return n ? classes[0] : CLASS_NONE;
}

static bool names_source(const log_source *of, pk_str product, pk_str rest)
{
    if (product.len && !str_equal_ascii_fold(of->product, product)) return false;
    return str_equal_ascii_fold(of->category, rest) || str_equal_ascii_fold(of->service, rest) || str_equal_ascii_fold(of->product, rest);
}

/* "windows/process_creation", "process_creation", "linux/auth": the log source of a rule of the case that these words name,
 * else whichever attributes some log provides. */
static class_id class_of_short(case_run *r, pk_str word)
{
    size_t slash = str_find_char(word, '/');
    pk_str product = slash == STR_NPOS ? STR("") : str_slice(word, 0, slash);
    pk_str rest = slash == STR_NPOS ? word : str_slice(word, slash + 1, word.len);
    for (size_t i = 0; i < ir_rule_count(r->catalog->ir); i++) {
        const log_source *of = &ir_rule(r->catalog->ir, i)->logsource;
        class_id found = names_source(of, product, rest) ? class_of_source(r, of) : CLASS_NONE;
        if (found != CLASS_NONE) return found;
    }
    const log_source tries[] = {{.product = product, .category = rest}, {.product = product, .service = rest}, {.product = rest}};
    for (size_t i = 0; i < 3; i++) {
        class_id found = class_of_source(r, &tries[i]);
        if (found != CLASS_NONE) return found;
    }
    return CLASS_NONE;
}

/* What a block says about where its events are from. */
static pk_log_source source_of(case_run *r, const test_block *b, pk_str word)
{
    pk_catalog *c = r->catalog;
    log_source source;
    if (!word.len) return PK_LOG_SOURCE_BY_CONTENT;
    class_id found = schema_find_class(c->schema, word);
    if (found == CLASS_NONE && parse_log_source(word, &source)) {
        found = class_of_source(r, &source);
        if (found == CLASS_NONE) found = schema_user_class(c->schema, &source);
    } else if (found == CLASS_NONE) {
        found = class_of_short(r, word);
    }
    if (found == CLASS_NONE) trouble(r, b, arena_printf(r->arena, "'" STR_FMT "' is no event class and no log source", STR_ARG(word)));
    vec_push(&c->stated, ((log_source){0}));
    vec_push(&c->stated_classes, found);
    return (pk_log_source)(c->stated_classes.len - 1);
}

static void split_words(pk_str words, pk_str *first, pk_str *rest)
{
    size_t blank = str_find_char(words, ' ');
    *first = str_slice(words, 0, blank);
    *rest = blank == STR_NPOS ? STR("") : str_trim(str_slice(words, blank, words.len));
}

static pk_str bytes_of_hex(case_run *r, const test_block *b)
{
    char *out = arena_alloc(r->arena, b->body.len / 2 + 1);
    size_t digits = 0;
    unsigned byte = 0;
    for (size_t i = 0; i < b->body.len; i++) {
        char c = b->body.ptr[i];
        int digit = c >= '0' && c <= '9' ? c - '0' : (c | 0x20) >= 'a' && (c | 0x20) <= 'f' ? (c | 0x20) - 'a' + 10 : -1;
        if (digit < 0) continue;
        byte = byte << 4 | (unsigned)digit;
        if (digits++ % 2) out[digits / 2 - 1] = (char)byte;
    }
    return (pk_str){out, digits / 2};
}

/* Lists first, since rules need them; rules before logs, since these may be named after a rule's log source. */
static void prepare(case_run *r)
{
    size_t n = r->test->blocks.len;
    const test_block *blocks = r->test->blocks.at;
    for (size_t i = 0; i < n; i++) {
        if (block_kind_table[blocks[i].kind].expected) r->expected[blocks[i].kind] = &blocks[i];
        if (blocks[i].kind == BLOCK_LISTS && parse_value_lists(r->catalog, blocks[i].body, STR("lists")) != PK_OK)
            trouble(r, &blocks[i], STR("the lists can't be read"));
        if (blocks[i].kind == BLOCK_LIST) parse_reference_list(r->catalog, blocks[i].words, blocks[i].body);
        if (blocks[i].kind == BLOCK_TABLE && parse_data_table(r->catalog, blocks[i].words, blocks[i].body, STR("table")) != PK_OK)
            trouble(r, &blocks[i], STR("the table can't be read"));
    }
    for (size_t i = 0; i < n; i++)
        if (blocks[i].kind == BLOCK_RULE) load_rules(r, &blocks[i]);
    catalog_complete(r->catalog);
    for (size_t i = 0; i < n; i++) {
        pk_str form, word = STR("");
        if (blocks[i].kind == BLOCK_EVENT) word = blocks[i].words;
        if (blocks[i].kind == BLOCK_LOG || blocks[i].kind == BLOCK_HEX) split_words(blocks[i].words, &form, &word);
        vec_push_in(r->arena, &r->sources, source_of(r, &blocks[i], word));
    }
}

static void add_inputs(case_run *r, pk_scanner *s)
{
    for (size_t i = 0; i < r->test->blocks.len; i++) {
        const test_block *b = &r->test->blocks.at[i];
        pk_str form = STR("json"), rest, bytes = b->body;
        if (b->kind == BLOCK_INDICATORS) pk_scanner_add_indicator_bytes(s, arena_cstring(r->arena, b->words), b->body.ptr, b->body.len);
        if (b->kind == BLOCK_CONTEXT) pk_scanner_add_context_bytes(s, arena_printf(r->arena, "line %u", b->line).ptr, b->body.ptr, b->body.len);
        if (b->kind != BLOCK_EVENT && b->kind != BLOCK_LOG && b->kind != BLOCK_HEX) continue;
        if (b->kind != BLOCK_EVENT) split_words(b->words, &form, &rest);
        if (b->kind == BLOCK_HEX) bytes = bytes_of_hex(r, b);
        pk_input how = {arena_cstring(r->arena, form), r->sources.at[i]};
        if (str_equal(form, STR("auto"))) how.format = NULL;
        pk_status status = pk_scanner_add_bytes(s, arena_printf(r->arena, "line %u", b->line).ptr, bytes.ptr, bytes.len, &how);
        if (status != PK_OK) trouble(r, b, arena_printf(r->arena, "there is no format '" STR_FMT "'", STR_ARG(form)));
    }
}

/* ---- found ---- */

static void put_reason(text *out, const pk_reason *why)
{
    text_put(out, why->field.len ? why->field : STR("keyword"));
    text_put_char(out, ' ');
    if (str_equal(why->kind, STR("group")) || str_equal(why->kind, STR("column"))) {
        text_put_cstring(out, "= ");
        text_put(out, why->value);
        return;
    }
    text_put(out, why->kind);
    if (why->constant.ptr) {
        text_put_cstring(out, " '");
        text_put(out, why->constant);
        text_put_char(out, '\'');
    }
    if (why->at >= 0) text_printf(out, " at %lld", (long long)why->at);
}

/* One line, whatever the texts hold. */
static void put_line(text *out, pk_str line)
{
    for (size_t i = 0; i < line.len; i++) {
        if (line.ptr[i] == '\n') text_put_cstring(out, "\\n");
        else if (line.ptr[i] == '\r') text_put_cstring(out, "\\r");
        else text_put_char(out, line.ptr[i]);
    }
    text_put_char(out, '\n');
}

static bool on_alert(const pk_alert *alert, void *user)
{
    case_run *r = user;
    text line = {0};
    text_put(&line, alert->rule->title.len ? alert->rule->title : alert->rule->id);
    for (size_t i = 0; i < alert->why_count; i++) {
        text_put_cstring(&line, i ? "; " : ": ");
        put_reason(&line, &alert->why[i]);
    }
    if (alert->correlation) text_printf(&line, "%s%llu event%s", alert->why_count ? "; " : ": ",
                                        (unsigned long long)alert->event_total, alert->event_total == 1 ? "" : "s");
    put_line(&r->found[BLOCK_ALERTS], text_view(&line));
    vec_push_in(r->arena, &r->ids, arena_str(r->arena, alert->rule->id));
    text_free(&line);
    return true;
}

static bool on_event(const pk_event *e, void *user)
{
    case_run *r = user;
    put_line(&r->found[BLOCK_EVENTS], e->json);
    return true;
}

static void put_diagnostics(text *out, const pk_diagnostics *d, pk_severity least, pk_severity most)
{
    text line = {0};
    for (size_t i = 0; i < pk_diagnostics_count(d); i++) {
        const pk_diagnostic *item = pk_diagnostics_at(d, i);
        if (item->severity < least || item->severity > most) continue;
        text_clear(&line);
        if (item->line) text_printf(&line, "%u:%u: ", item->line, item->column);
        text_put(&line, item->message);
        if (item->hint.len) text_printf(&line, "; " STR_FMT, STR_ARG(item->hint));
        put_line(out, text_view(&line));
    }
    text_free(&line);
}

static void put_plans(case_run *r)
{
    for (size_t i = 0; i < ir_rule_count(r->catalog->ir); i++) {
        const rule *one = ir_rule(r->catalog->ir, i);
        if (!one->plan) continue;
        if (ir_rule_count(r->catalog->ir) > 1) text_printf(&r->found[BLOCK_IR], "# " STR_FMT "\n", STR_ARG(one->title));
        ir_print_plan(&r->found[BLOCK_IR], one->plan);
        pk_str all = text_view(&r->found[BLOCK_IR]);
        if (all.len && all.ptr[all.len - 1] != '\n') text_put_char(&r->found[BLOCK_IR], '\n');
    }
}

static void scan_once(case_run *r, bool dump)
{
    pk_scanner *s = NULL;
    pk_scan_options options = {.threads = 1, .since = PK_NO_TIME, .until = PK_NO_TIME};
    if (pk_scanner_new(&s, r->program, &options) != PK_OK) return;
    add_inputs(r, s);
    pk_status status = dump ? pk_scanner_dump(s, false, on_event, r) : pk_scanner_run(s, on_alert, r);
    if (status != PK_OK) text_put_cstring(&r->trouble, "  the scan failed\n");
    if (!dump) put_diagnostics(&r->found[BLOCK_LOG_ERROR], pk_scanner_diagnostics(s), PK_WARNING, PK_ERROR);
    pk_scanner_free(s);
}

static void run_case(case_run *r)
{
    static const pk_str all = {"all", 3};
    const pk_choice everything = {.statuses = {&all, 1}};
    prepare(r);
    if (pk_program_build(&r->program, r->catalog, &everything) != PK_OK) {
        text_put_cstring(&r->trouble, "  the rules could not be compiled\n");
        return;
    }
    put_plans(r);
    const pk_diagnostics *lists[] = {pk_catalog_diagnostics(r->catalog), pk_program_diagnostics(r->program)};
    for (size_t i = 0; i < 2; i++) {
        put_diagnostics(&r->found[BLOCK_ERROR], lists[i], PK_NEEDS_LIST, PK_ERROR);
        put_diagnostics(&r->found[BLOCK_WARNING], lists[i], PK_WARNING, PK_WARNING);
    }
    scan_once(r, false);
    if (r->expected[BLOCK_EVENTS]) scan_once(r, true);
}

/* ---- comparing ---- */

static bool take_line(pk_str *left, pk_str *line)
{
    if (!left->len) return false;
    size_t end = str_find_char(*left, '\n');
    *line = str_slice(*left, 0, end);
    *left = end == STR_NPOS ? STR("") : str_slice(*left, end + 1, left->len);
    return true;
}

static bool same_lines(pk_str x, pk_str y)
{
    pk_str p = STR(""), q = STR("");
    for (;;) {
        bool more = take_line(&x, &p), other = take_line(&y, &q);
        if (more != other) return false;
        if (!more) return true;
        while (p.len && (p.ptr[p.len - 1] == ' ' || p.ptr[p.len - 1] == '\r')) p.len--;
        while (q.len && q.ptr[q.len - 1] == ' ') q.len--;
        if (!str_equal(p, q)) return false;
    }
}

/* An alert line may name the rule by title or id, and may leave the reasons out. */
static bool alert_line_fits(pk_str expected, pk_str found, pk_str id)
{
    expected = str_trim(expected);
    if (str_equal(expected, found) || str_equal(expected, id)) return true;
    if (str_starts_with(found, expected) && str_starts_with(str_slice(found, expected.len, found.len), STR(": "))) return true;
    if (!id.len || !str_starts_with(expected, id)) return false;
    pk_str reasons = str_slice(expected, id.len, expected.len);
    return reasons.len && str_ends_with(found, reasons);
}

static bool alerts_fit(const case_run *r, pk_str expected)
{
    pk_str found = text_view(&r->found[BLOCK_ALERTS]), e, f;
    for (size_t i = 0; i < r->ids.len; i++)
        if (!take_line(&expected, &e) || !take_line(&found, &f) || !alert_line_fits(e, f, r->ids.at[i])) return false;
    return str_trim(expected).len == 0;
}

static bool block_fits(const case_run *r, block_kind kind)
{
    const test_block *b = r->expected[kind];
    pk_str found = text_view(&r->found[kind]);
    if (kind == BLOCK_ERROR && !b) return found.len == 0; /* an error that nobody expects is a failure */
    if (!b) return true;
    return kind == BLOCK_ALERTS ? alerts_fit(r, b->body) : same_lines(b->body, found);
}

static void put_indented(text *out, const char *mark, pk_str body)
{
    pk_str line;
    if (!body.len) text_printf(out, "    %s (nothing)\n", mark);
    while (take_line(&body, &line)) text_printf(out, "    %s " STR_FMT "\n", mark, STR_ARG(line));
}

/* True if it passed; else what differs is told. */
static bool judge(const case_run *r, const char *path, text *told)
{
    text_printf(told, "not ok %s:%u: " STR_FMT "\n", path, r->test->line, STR_ARG(r->test->name));
    bool good = r->trouble.len == 0;
    text_put(told, text_view(&r->trouble));
    for (int kind = 0; kind < BLOCK_KINDS; kind++) {
        if (!block_kind_table[kind].expected || block_fits(r, (block_kind)kind)) continue;
        good = false;
        text_printf(told, "  %s\n", block_kind_table[kind].text);
        put_indented(told, "expected:", r->expected[kind] ? r->expected[kind]->body : STR(""));
        put_indented(told, "found:   ", text_view(&r->found[kind]));
    }
    return good;
}

/* ---- updating ---- */

/* The case's part of the file from `at` on, with its expected blocks as found; returns where it goes on. */
static size_t put_updated(text *out, const case_run *r, pk_str source, size_t at)
{
    for (size_t i = 0; i < r->test->blocks.len; i++) {
        const test_block *b = &r->test->blocks.at[i];
        if (!block_kind_table[b->kind].expected || block_fits(r, b->kind)) continue;
        text_put(out, str_slice(source, at, b->start - at));
        if (out->len && out->ptr[out->len - 1] != '\n') text_put_char(out, '\n');
        testfile_put_body(out, text_view(&r->found[b->kind]));
        at = b->end;
    }
    return at;
}

static pk_status write_file(const char *path, pk_str content, pk_text_fn fn, void *user)
{
    FILE *f = fopen(path, "wbe");
    bool good = f && fwrite(content.ptr, 1, content.len, f) == content.len;
    if (f && fclose(f) != 0) good = false;
    if (good) return PK_OK;
    text t = {0};
    text_printf(&t, "not ok %s: can't be written: %s\n", path, strerror(errno));
    fn(text_view(&t), user);
    text_free(&t);
    return PK_ERROR_IO;
}

/* ---- a file ---- */

static void tell_diagnostics(const diag_list *d, pk_text_fn fn, void *user)
{
    text t = {0};
    for (size_t i = 0; i < diag_count(d); i++) {
        const pk_diagnostic *item = diag_at(d, i);
        text_printf(&t, "not ok " STR_FMT, STR_ARG(item->file));
        if (item->line) text_printf(&t, ":%u", item->line);
        text_printf(&t, ": " STR_FMT, STR_ARG(item->message));
        if (item->hint.len) text_printf(&t, "; " STR_FMT, STR_ARG(item->hint));
        text_put_char(&t, '\n');
    }
    fn(text_view(&t), user);
    text_free(&t);
}

static void case_free(case_run *r)
{
    pk_program_free(r->program);
    pk_catalog_free(r->catalog);
    for (int i = 0; i < BLOCK_KINDS; i++) text_free(&r->found[i]);
    text_free(&r->trouble);
    arena_free(r->arena);
}

typedef struct {
    const char *path;
    const pk_test_options *options;
    pk_text_fn fn;
    void *user;
    pk_test_counts *counts;
    text updated;
    size_t at;               /* of the source: copied into updated up to here */
    bool changed;
} file_run;

static bool run_one(file_run *f, const test_file *file, const test_case *test)
{
    case_run r = {.test = test, .arena = arena_new()};
    if (pk_catalog_new(&r.catalog, f->options->share) != PK_OK) {
        tell_diagnostics(pk_catalog_diagnostics(r.catalog), f->fn, f->user);
        case_free(&r);
        return false;
    }
    text told = {0};
    run_case(&r);
    bool good = judge(&r, f->path, &told);
    if (!good && f->options->update && !r.trouble.len) {
        f->at = put_updated(&f->updated, &r, file->source, f->at);
        f->changed = true;
        f->counts->updated++;
    } else if (good) {
        f->counts->passed++;
    } else {
        f->counts->failed++;
        f->fn(text_view(&told), f->user);
    }
    text_free(&told);
    case_free(&r);
    return true;
}

pk_status pk_test_file(const char *path, const pk_test_options *o, pk_text_fn fn, void *user, pk_test_counts *counts)
{
    static const pk_test_options usual = {0};
    arena *a = arena_new();
    diag_list *d = diag_list_new();
    test_file file;
    pk_str source;
    file_run f = {.path = path, .options = o ? o : &usual, .fn = fn, .user = user, .counts = counts};
    pk_status status = read_text_file(path, TEST_FILE_LIMIT, a, &source, d);
    if (status == PK_OK) status = testfile_parse(&file, source, str_from(path), a, d);
    if (diag_count(d)) tell_diagnostics(d, fn, user);
    if (status == PK_OK) {
        for (size_t i = 0; i < file.cases.len && status == PK_OK; i++)
            if (!run_one(&f, &file, &file.cases.at[i])) status = PK_ERROR_IO;
        if (f.changed && status == PK_OK) {
            text_put(&f.updated, str_slice(source, f.at, source.len));
            status = write_file(path, text_view(&f.updated), fn, user);
        }
    }
    text_free(&f.updated);
    diag_list_free(d);
    arena_free(a);
    return status;
}
