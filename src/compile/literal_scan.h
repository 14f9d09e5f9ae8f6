/*
 * Many literals in one pass: which of them stand somewhere in a text.
 *
 * Each literal hangs on one of its grams, four bytes that few others hold (a shorter literal is its own gram). The pass asks
 * a small bit set about the gram at every place of the text; what it lets through is looked up and compared. A literal of
 * seven bytes and more hangs on four neighbouring grams instead, and then every fourth place is enough. On texts of logs
 * (short, with few matches) and thousands of literals this measures several times faster than a Hyperscan literal database,
 * and is built in no time.
 */
#ifndef PICKET_COMPILE_LITERAL_SCAN_H
#define PICKET_COMPILE_LITERAL_SCAN_H

#include "compile/literal_sieve.h"
#include "compile/literal_trie.h" /* number_list */

typedef struct {
    uint32_t literal, offset;     /* of the gram within it */
    uint32_t beside;              /* four more bytes of the literal: most that have the gram in common with it are told apart by them */
    int32_t aside;                /* where they stand, from the gram on */
} gram_use;

typedef struct {
    uint32_t gram;
    uint32_t first, count;        /* in uses; count 0: free */
} gram_cell;

/* The literals of one range of lengths. */
typedef struct {
    uint64_t *filter;             /* bit set over hashes; NULL: the range is not asked */
    gram_cell *cells;             /* open addressing */
    gram_use *uses;
    uint32_t filter_shift, cell_shift; /* of hashes */
    size_t size;                  /* of its grams in bytes */
    size_t neighbours;            /* grams that each literal hangs on, and the step of the pass */
    size_t count;                 /* of grams */
} gram_index;

typedef enum { LITERALS_LONG, LITERALS_MIDDLE, LITERALS_OF_3, LITERALS_OF_2, LITERAL_RANGES } literal_range;

typedef struct {
    gram_index by_range[LITERAL_RANGES];
    uint32_t *single;             /* literals of one byte */
    size_t single_count;
} gram_search;

typedef struct {
    const pk_str *literals;       /* borrowed */
    size_t count;
    literal_sieve sieve;          /* of few literals: of all of them, or of all that are ASCII, and then these need no grams */
    literal_sieve shorts;         /* else of those of less than LITERALS_LONG, if they are not too many */
    gram_search ascii;
    gram_search beyond;           /* literals with other characters: not looked for in a text that is ASCII */
    bool some_beyond;
} literal_scan;

#define SCAN_PADDING 40           /* zeros that follow a text that is scanned: a gram with what is beside it, and a step of the sieve, which looks at 35 bytes */

void literal_scan_build(literal_scan *s, const pk_str *literals, size_t count); /* none empty */
void literal_scan_free(literal_scan *s);
/* Copies what the set at `field` holds; `literals`: where its literals stand in the image. */
void literal_scan_image(const literal_scan *s, image_writer *w, size_t field, size_t literals);
bool literal_scan_is_light(const literal_scan *s);    /* few literals: a look costs less than remembering results */
bool literal_scan_is_sieved(const literal_scan *s);   /* a look at all texts of a record costs less than taking them one by one */

/*
 * Appends the literals that stand in `content`, each once: `stamps` (one for each literal) says which were found already
 * under this `epoch`.
 */
void literal_scan_run(const literal_scan *s, pk_str content, uint32_t *stamps, uint32_t epoch, number_list *out);

#endif
