/*
 * Windows events by channel and EventID provide exactly the log sources of windows_sources.tsv: for every row of that table, in
 * the case of the table and in others, and for every kind of event that the corpora hold.
 */
#include <setjmp.h>
#include <stdarg.h>
#include "../tools/corpora.h"
#include "../tools/whole_file.h"
#include <cmocka.h>

#include "schema/schema.h"
#include "tree.h"

typedef struct { pk_str channel, event, source; } row;

typedef struct {
    schema *schema;
    path_set *paths;
    classifier *classifier;
    arena *arena, *scratch;
    VEC(row) rows;
    unsigned wrong;
} fixture;

static bool next_line(pk_str *rest, pk_str columns[6], size_t *count)
{
    while (rest->len > 0) {
        size_t newline = str_find_char(*rest, '\n');
        pk_str line = str_slice(*rest, 0, newline);
        *rest = newline == STR_NPOS ? STR("") : str_slice(*rest, newline + 1, STR_NPOS);
        if (line.len == 0 || line.ptr[0] == '#') continue;
        *count = 0;
        for (size_t tab = 0; tab != STR_NPOS && *count < 6;) {
            tab = str_find_char(line, '\t');
            columns[(*count)++] = str_slice(line, 0, tab);
            line = tab == STR_NPOS ? STR("") : str_slice(line, tab + 1, STR_NPOS);
        }
        return true;
    }
    return false;
}

static int set_up(void **state)
{
    fixture *f = mem_zalloc(1, sizeof *f);
    diag_list *d = diag_list_new();
    f->arena = arena_new();
    f->scratch = arena_new();
    assert_int_equal(schema_load(&f->schema, PICKET_SOURCE_DIR "/share/schemas", d), PK_OK);
    diag_list_free(d);
    f->paths = path_set_new();
    schema_register(f->schema, f->paths);
    path_set_freeze(f->paths);
    f->classifier = classifier_new(f->schema, f->paths);
    pk_str rest = read_whole_file(f->arena, PICKET_SOURCE_DIR "/tests/schema/windows_sources.tsv"), columns[6];
    size_t count;
    while (next_line(&rest, columns, &count)) {
        assert_int_equal(count, 3);
        vec_push(&f->rows, ((row){columns[0], columns[1], columns[2]}));
    }
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;
    classifier_free(f->classifier);
    path_set_free(f->paths);
    schema_free(f->schema);
    vec_free(&f->rows);
    arena_free(f->arena);
    arena_free(f->scratch);
    mem_free(f);
    return 0;
}

static bool expected(const fixture *f, pk_str channel, pk_str number, pk_str source)
{
    for (size_t i = 0; i < f->rows.len; i++) {
        const row *r = &f->rows.at[i];
        if (str_equal_ascii_fold(r->channel, channel) && str_equal(r->source, source) &&
            (str_equal(r->event, STR("*")) || str_equal(r->event, number)))
            return true;
    }
    return false;
}

static pk_str source_text(arena *a, const log_source *s)
{
    pk_str c = s->category.len ? s->category : STR("-"), v = s->service.len ? s->service : STR("-");
    return arena_printf(a, STR_FMT "/" STR_FMT, STR_ARG(c), STR_ARG(v));
}

static bool provided(const fixture *f, const classification *k, pk_str source)
{
    for (size_t i = 0; i < k->class_count; i++) {
        const event_class *c = schema_class(f->schema, k->classes[i]);
        for (size_t n = 0; n < c->source_count; n++)
            if (str_equal(source_text(f->scratch, &c->sources[n]), source)) return true;
    }
    return false;
}

static void complain(fixture *f, pk_str channel, pk_str number, const char *what, pk_str source)
{
    print_error(STR_FMT " " STR_FMT ": %s " STR_FMT "\n", STR_ARG(channel), STR_ARG(number), what, STR_ARG(source));
    f->wrong++;
}

/* The tree of `form`, a JSON text with %c for the channel and %e for the EventID. */
static void check_kind(fixture *f, const char *form, pk_str channel, pk_str number)
{
    arena_reset(f->scratch);
    text json = {0};
    for (const char *p = form; *p; p++) {
        if (p[0] == '%' && p[1] == 'c') text_put_json(&json, channel), p++;
        else if (p[0] == '%' && p[1] == 'e') text_put(&json, number), p++;
        else text_put_char(&json, *p);
    }
    value tree = tree_parse(f->scratch, text_view(&json));
    assert_int_equal(tree.type, VALUE_RECORD);
    event e = event_of_tree(f->scratch, f->paths, &tree);
    classification k = classify(f->classifier, &e, CLASS_NONE);
    text_free(&json);
    if (!provided(f, &k, STR("-/-"))) complain(f, channel, number, "no event of", STR("windows"));
    for (size_t i = 0; i < k.class_count; i++) {
        const event_class *c = schema_class(f->schema, k.classes[i]);
        for (size_t n = 0; n < c->source_count; n++) {
            pk_str source = source_text(f->scratch, &c->sources[n]);
            if (!str_equal(source, STR("-/-")) && !expected(f, channel, number, source)) complain(f, channel, number, "must not provide", source);
        }
    }
    for (size_t i = 0; i < f->rows.len; i++) {
        const row *r = &f->rows.at[i];
        if (!str_equal_ascii_fold(r->channel, channel) || (!str_equal(r->event, STR("*")) && !str_equal(r->event, number))) continue;
        if (!provided(f, &k, r->source)) complain(f, channel, number, "must provide", r->source);
    }
}

static const char *const forms[] = {
    "{\"Event\":{\"System\":{\"Channel\":%c,\"EventID\":%e}}}",
    "{\"Event\":{\"System\":{\"Channel\":%c,\"EventID\":{\"#attributes\":{\"Qualifiers\":0},\"#text\":\"%e\"}}}}",
    "{\"Channel\":%c,\"EventID\":%e,\"Hostname\":\"a\"}",
    "{\"winlog\":{\"channel\":%c,\"event_id\":\"%e\"}}",
};

static void check_forms(fixture *f, pk_str channel, pk_str number)
{
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) check_kind(f, forms[i], channel, number);
}

static pk_str upper(arena *a, pk_str s)
{
    char *out = arena_alloc(a, s.len + 1);
    for (size_t i = 0; i < s.len; i++) out[i] = (char)(s.ptr[i] >= 'a' && s.ptr[i] <= 'z' ? s.ptr[i] - 32 : s.ptr[i]);
    return (pk_str){out, s.len};
}

static void every_row_of_the_table(void **state)
{
    fixture *f = *state;
    f->wrong = 0;
    for (size_t i = 0; i < f->rows.len; i++) {
        pk_str number = str_equal(f->rows.at[i].event, STR("*")) ? STR("65000") : f->rows.at[i].event;
        check_forms(f, f->rows.at[i].channel, number);
        check_forms(f, upper(f->arena, f->rows.at[i].channel), number);
    }
    check_forms(f, STR("Microsoft-Windows-LiveId/Operational"), STR("1"));
    assert_int_equal(f->wrong, 0);
}

static void every_kind_of_the_corpora(void **state)
{
    fixture *f = *state;
    const char *root = corpora_root();
    if (*root == 0) {
        print_message("skipped 1 cases: corpora absent\n");
        skip();
    }
    pk_str rest = read_whole_file(f->arena, arena_cstring(f->arena, arena_printf(f->arena, "%s/EVENT-KINDS.tsv", root))), columns[6];
    size_t count;
    unsigned kinds = 0;
    int64_t number;
    f->wrong = 0;
    next_line(&rest, columns, &count); /* the header */
    while (next_line(&rest, columns, &count)) {
        bool windows = count >= 3 && str_to_int(columns[2], false, &number) && !str_equal(columns[1], STR("None"));
        if (!windows) continue; /* streams of Zeek, API calls */
        check_forms(f, columns[1], columns[2]);
        kinds++;
    }
    print_message("%u kinds\n", kinds);
    assert_true(kinds > 500);
    assert_int_equal(f->wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(every_row_of_the_table), cmocka_unit_test(every_kind_of_the_corpora)};
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
