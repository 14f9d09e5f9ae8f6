/*
 * Many literals in one pass: which of them stand somewhere in a text.
 *
 * Each literal hangs on one of its grams, four bytes that few others hold (a shorter literal is its own gram). The pass asks
 * a small bit set about the gram at every place of the text; what it lets through is looked up and compared. On texts of logs (short, with few matches) and
 * thousands of literals this measures ten times faster than a Hyperscan literal database, and is built in no time.
 */
#ifndef PICKET_COMPILE_LITERAL_SCAN_H
#define PICKET_COMPILE_LITERAL_SCAN_H

#include "base/mem.h"
#include "compile/literal_trie.h" /* number_list */

typedef struct {
    uint32_t literal, offset;     /* of the gram within it */
} gram_use;

typedef struct {
    uint32_t gram;
    uint32_t first, count;        /* in uses; count 0: free */
} gram_cell;

/* The grams of one length. */
typedef struct {
    uint64_t *filter;             /* bit set over hashes; never NULL, so that the pass need not ask */
    gram_cell *cells;             /* open addressing */
    gram_use *uses;
    uint32_t filter_shift, cell_mask;
    size_t size;                  /* of its grams in bytes */
    size_t count;
} gram_index;

typedef struct {
    const pk_str *literals;       /* borrowed */
    gram_index by_size[3];        /* literals of 4 bytes and more, of 3, of 2 */
    uint32_t *single;             /* literals of one byte */
    size_t single_count;
} literal_scan;

#define SCAN_PADDING 8            /* readable bytes that must follow a text that is scanned */

void literal_scan_build(literal_scan *s, const pk_str *literals, size_t count); /* none empty */
void literal_scan_free(literal_scan *s);

/*
 * Appends the literals that stand in `content`, each once: `stamps` (one for each literal) says which were found already
 * under this `epoch`.
 */
void literal_scan_run(const literal_scan *s, pk_str content, uint32_t *stamps, uint32_t epoch, number_list *out);

#endif
