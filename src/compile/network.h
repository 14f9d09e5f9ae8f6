/*
 * The predicate network of one slot: all tests on its values, evaluated together for one text.
 *
 * Every text test hangs on one or more literals ("anchors"), each in the index where it is found fastest:
 *   whole    hash of the folded text                       equals
 *   prefix   trie                                          starts_with
 *   suffix   trie, backwards                               ends_with
 *   inside   one scan for all literals                     match, wildcards, phrases
 * Where finding the anchor does not settle the test (exact case, wildcards), it is confirmed by prepared_match().
 * Regexes: the literals that they need are anchors; those that need none have a database of their own over the unfolded
 * text; PCRE2 confirms either. Addresses and numbers: sorted.
 */
#ifndef PICKET_COMPILE_NETWORK_H
#define PICKET_COMPILE_NETWORK_H

#include <hs.h>

#include "compile/literal_sieve.h"
#include "compile/prepared.h"

typedef struct network network;

/* Scratch of one worker, for all networks of a program. */
typedef struct {
    hs_scratch_t *hs;
    regex_scratch regex;
    uint32_t *stamps;             /* by test number over all networks: tried for the current text */
    uint32_t *literal_stamps;     /* by literal over all networks: found in the current text */
    uint32_t epoch;
    size_t stamp_count, literal_stamp_count;
    number_list hits;             /* result: local numbers of the tests that are true, in no order */
    number_list found;            /* literals of a trie */
    VEC(char) fold_buffer;
    arena *arena;                 /* folding of what is not ASCII; reset by its owner */
    uint64_t failed_scans;
    _Atomic(const ir_test *) confirming; /* for profiles: read by another thread */
} network_scratch;

/*
 * `tests`: not EXISTS, not IS_NULL; must outlive the network. `base`: its first number in the stamps of network_scratch; the
 * first among the literals is set when those of the networks before it are counted.
 */
network *network_build(prepared_test *const *tests, size_t count, uint32_t base, arena *a);
void network_free(network *n);
/*
 * Copies a network to the pointer at `field`. Its database of regexes is copied as bytes, which *regexes tells (len 0: it has
 * none); network_restore makes it again. `tests` must have been copied before, by image_once.
 */
size_t network_image(const network *n, image_writer *w, size_t field, pk_str *regexes);
bool network_restore(network *n, pk_str regexes);      /* false: this Hyperscan does not take them */
void network_release(network *n);                      /* what network_restore made; the rest is the image's */
bool network_is_light(const network *n);              /* running it costs less than remembering its results */
bool network_is_sieved(const network *n);             /* as light, of the texts of a record all at once */
/* Of a light or sieved network: of its literals, one of which is in every text that fulfils a test. */
const literal_sieve *network_sieve(const network *n);
/* Is this so of one of the literals that are scanned for? */
bool network_some_literal(const network *n, bool (*is_so)(pk_str literal));
void network_set_literal_base(network *n, uint32_t base);
size_t network_literal_count(const network *n);       /* literals that are scanned for */
const pk_str *network_literals(const network *n, size_t *count);

/* How a test is found, for explain: "hash", "literal", "regex", "sorted". */
const char *network_index_of(const prepared_test *t);

void network_scratch_init(network_scratch *s, network *const *networks, size_t count);
void network_scratch_free(network_scratch *s);

/* Folds into the scratch: the view is valid until the next fold, and fit to be scanned. */
subject_text network_subject(network_scratch *s, pk_str text);
/* Leaves the tests that are true of `s` in scratch->hits. */
void network_run(const network *n, network_scratch *scratch, subject_text s);

#endif
