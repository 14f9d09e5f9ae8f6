/*
 * What tests of rules in files of cases share: the case, how what was found is compared with what it expects, its lists, and the
 * running of all `.cases` files of a folder.
 */
#ifndef PICKET_TESTS_LANGUAGES_RULE_CASES_H
#define PICKET_TESTS_LANGUAGES_RULE_CASES_H

#include <dirent.h>
#include <stdlib.h>

#include "../tools/case_file.h"
#include "languages/language.h"

typedef struct {
    const char *file;
    case_text text;
    arena *arena;
    ir_catalog *catalog;
    unsigned failures;
} test_case;

static inline void complain(test_case *c, const char *what, pk_str expected, pk_str found)
{
    fprintf(stderr, "%s: " STR_FMT ": %s:\n  expected: " STR_FMT "\n  found:    " STR_FMT "\n", c->file, STR_ARG(c->text.title), what,
            STR_ARG(expected), STR_ARG(found));
    c->failures++;
}

/* Blanks around both texts don't count. */
static inline void compare(test_case *c, const char *what, pk_str expected, pk_str found)
{
    expected = str_trim(expected);
    found = str_trim(found);
    if (!str_equal(expected, found)) complain(c, what, expected, found);
}

/* The block `lists`: "name: value, value". */
static inline value_lists read_lists(test_case *c)
{
    const case_block *b = find_block(&c->text, "lists");
    VEC(value_list) lists = {0};
    for (pk_str rest = b ? b->body : STR(""); rest.len;) {
        pk_str line = next_line(&rest);
        size_t colon = str_find_char(line, ':');
        if (colon == STR_NPOS) continue;
        value_list l = {.name = str_trim(str_slice(line, 0, colon))};
        for (pk_str values = str_slice(line, colon + 1, STR_NPOS); values.len;) {
            size_t comma = str_find_char(values, ',');
            vec_push_in(c->arena, &l.values.items, str_trim(str_slice(values, 0, comma)));
            values = comma == STR_NPOS ? STR("") : str_slice(values, comma + 1, STR_NPOS);
        }
        vec_push_in(c->arena, &lists, l);
    }
    return (value_lists){lists.at, lists.len};
}

typedef void case_runner(test_case *c);

static inline unsigned run_case_file(const char *path, case_runner *run, unsigned *cases)
{
    arena *a = arena_new();
    pk_str rest = read_whole_file(a, path);
    test_case c = {.file = path, .arena = a};
    uint32_t line = 0;
    while (next_case(&rest, &line, &c.text)) {
        run(&c);
        ++*cases;
    }
    unsigned failures = c.failures;
    vec_free(&c.text.blocks);
    arena_free(a);
    return failures;
}

static inline int case_files_by_name(const struct dirent **x, const struct dirent **y) { return strcmp((*x)->d_name, (*y)->d_name); }

/* Fails where a case does, or where there are `least` cases or fewer. */
static inline void run_case_folder(const char *folder, case_runner *run, unsigned least)
{
    struct dirent **entries;
    int count = scandir(folder, &entries, NULL, case_files_by_name);
    unsigned failures = 0, cases = 0;
    assert_true(count > 2);
    for (int i = 0; i < count; i++) {
        char path[4096];
        snprintf(path, sizeof path, "%s/%s", folder, entries[i]->d_name);
        if (str_ends_with(str_from(path), STR(".cases"))) failures += run_case_file(path, run, &cases);
        free(entries[i]);
    }
    free(entries);
    print_message("%u cases\n", cases);
    assert_true(cases > least);
    assert_int_equal(failures, 0);
}

#endif
