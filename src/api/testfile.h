/*
 * .test files: cases of given and expected blocks (grammar: docs/test-format.md). This is only the syntax; test_case.c runs
 * them.
 */
#ifndef PICKET_API_TESTFILE_H
#define PICKET_API_TESTFILE_H

#include "base/diag.h"
#include "base/text.h"

/* BLOCK(id, text, expected, words): words: 0 none, 1 may have some, 2 must have some */
#define TEST_BLOCKS(BLOCK)                                                                                                \
    BLOCK(RULE, "rule", false, 2)                                                                                         \
    BLOCK(LISTS, "lists", false, 0)                                                                                       \
    BLOCK(LIST, "list", false, 2)                                                                                         \
    BLOCK(TABLE, "table", false, 2)                                                                                       \
    BLOCK(CONTEXT, "context", false, 0)                                                                                   \
    BLOCK(INDICATORS, "indicators", false, 2)                                                                             \
    BLOCK(EVENT, "event", false, 1)                                                                                       \
    BLOCK(LOG, "log", false, 2)                                                                                           \
    BLOCK(HEX, "hex", false, 2)                                                                                           \
    BLOCK(IR, "ir", true, 0)                                                                                              \
    BLOCK(ALERTS, "alerts", true, 0)                                                                                      \
    BLOCK(ERROR, "error", true, 0)                                                                                        \
    BLOCK(WARNING, "warning", true, 0)                                                                                    \
    BLOCK(EVENTS, "events", true, 0)                                                                                      \
    BLOCK(LOG_ERROR, "log-error", true, 0)

typedef enum {
#define BLOCK(id, text, expected, words) BLOCK_##id,
    TEST_BLOCKS(BLOCK)
#undef BLOCK
    BLOCK_KINDS
} block_kind;

typedef struct {
    const char *text;
    bool expected;
    int words;
} block_kind_row;
extern const block_kind_row block_kind_table[BLOCK_KINDS];

typedef struct {
    block_kind kind;
    pk_str words;            /* after the kind, on its line */
    pk_str body;             /* its lines, unescaped, without blank ones at the end */
    size_t start, end;       /* of the body in the source, without blank lines at the end */
    uint32_t line;           /* of the "---" line */
} test_block;

typedef struct {
    pk_str name;
    uint32_t line;
    VEC(test_block) blocks;
} test_case;

typedef struct {
    pk_str source;
    VEC(test_case) cases;
} test_file;

/* Everything lives in `a` or in `source`. Not PK_OK: what is wrong is in `d`, and the cases that could be read are there. */
pk_status testfile_parse(test_file *out, pk_str source, pk_str path, arena *a, diag_list *d);
/* A body as it stands in a file: lines that would begin a block are escaped, and it ends with a line end. */
void testfile_put_body(text *out, pk_str body);

#endif
