/*
 * Header lines within a stream ("#fields ...") that say how the lines behind them are to be read. The cutter hands each
 * block the ones that hold at its start (block.shared), so that blocks can be read side by side; the reader applies those
 * that stand in the block itself.
 */
#ifndef PICKET_FORMATS_PREAMBLE_H
#define PICKET_FORMATS_PREAMBLE_H

#include "formats/format.h"

enum { PREAMBLE_LINES = 8, PREAMBLE_LINE_LIMIT = 1 << 16 };

typedef struct {
    const char *names[PREAMBLE_LINES + 1];              /* "#fields"; ends with NULL. names[0] may start a new header: */
    bool first_starts_over;                             /* it clears the others */
} preamble_rule;

typedef struct {
    const preamble_rule *rule;
    text lines[PREAMBLE_LINES];                         /* what stands behind each name; empty: not given */
    uint64_t version;                                   /* grows when a line changes */
} preamble;

void preamble_init(preamble *p, const preamble_rule *rule);
void preamble_free(preamble *p);
/* Takes the line if it is one of the rule's; false: it is none of them. */
bool preamble_apply(preamble *p, pk_str line);
/* Sets all lines as a snapshot has them (NULL: none given). */
void preamble_load(preamble *p, const void *snapshot);
static inline pk_str preamble_line(const preamble *p, size_t i) { return text_view(&p->lines[i]); }

/* The cutter's side. */
typedef struct {
    preamble now;
    VEC(text *) given;                                  /* snapshots: constant once given out */
    size_t given_bytes;
    uint64_t given_version;
} preamble_history;

void preamble_history_init(preamble_history *h, const preamble_rule *rule);
void preamble_history_free(preamble_history *h);
/* Sets b->shared to what holds at its start, then applies the lines of the block. */
void preamble_pass(preamble_history *h, block *b);

#endif
