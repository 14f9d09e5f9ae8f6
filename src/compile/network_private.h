/* What network.c builds and network_run.c runs. */
#ifndef PICKET_COMPILE_NETWORK_PRIVATE_H
#define PICKET_COMPILE_NETWORK_PRIVATE_H

#include "base/hash.h"
#include "compile/literal_scan.h"
#include "compile/network.h"

/* A test that hangs on an anchor. */
typedef struct {
    uint32_t test;                /* local number */
    bool confirm;                 /* finding the anchor does not settle it */
} anchor_use;

/* The literals of one index and what hangs on each: uses[first[i] .. first[i + 1]). */
typedef struct {
    table numbers;                /* literal -> number */
    VEC(pk_str) texts;
    VEC(struct { uint32_t literal; anchor_use use; }) pending; /* while building */
    anchor_use *uses;
    uint32_t *first;
} anchor_set;

/* Between two neighbouring bounds the same networks hold. */
typedef struct {
    ip_address from;
    uint32_t first, count;        /* in network.range_tests */
} address_range;

typedef struct {
    double number;
    uint32_t test;
} threshold;

struct network {
    prepared_test *const *tests;
    uint32_t count, base;
    VEC(uint32_t) always;         /* true of every text */
    VEC(uint32_t) confirm_always; /* no anchor to be had */
    anchor_set whole, prefix, suffix, inside;
    literal_trie prefixes, suffixes;
    literal_scan literals;        /* of `inside` */
    uint32_t literal_base;        /* first number in network_scratch.literal_stamps */
    hs_database_t *regexes;       /* ids are local test numbers */
    VEC(address_range) ranges;    /* sorted */
    VEC(uint32_t) range_tests;
    VEC(threshold) above, below, others; /* > and >= ascending; < and <= descending; = and != */
};

#endif
