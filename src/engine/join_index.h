/*
 * The rows that a join remembers: for each input a queue in the order in which they came, and indexes from the texts of some
 * keys to the rows that have them. The oldest row of an input is the first of its lists in all indexes, so that it leaves
 * them at no cost.
 */
#ifndef PICKET_ENGINE_JOIN_INDEX_H
#define PICKET_ENGINE_JOIN_INDEX_H

#include "engine/stages.h"

typedef struct join_entry join_entry;
typedef struct join_list join_list;

typedef struct {
    join_entry *next, *before;    /* of the same keys */
    join_list *list;
} join_link;

struct join_entry {
    row *row;
    join_entry *next;             /* of the input */
    bool matched;                 /* it was part of a combination */
    uint64_t number;              /* in the order in which rows came, over all inputs */
    join_link links[];            /* by index of the input */
};

struct join_list {
    join_list *next;              /* in its bucket */
    uint64_t hash;
    join_entry *first, *last;
    size_t key_len;
    char key[];
};

typedef struct {
    uint64_t keys;                /* bit set of the join's keys that make its text */
    join_list **buckets;
    size_t mask, count;
} join_index;

typedef struct {
    join_entry *first, *last;
    size_t count;
    VEC(join_index) indexes;
} join_input;

/* The text of several keys, of texts by key. They hold their own lengths (put_key_text), so that they can stand in a row. */
pk_str join_key_text(uint64_t keys, const pk_str *key_texts, arena *a);
size_t join_input_index(join_input *in, uint64_t keys);           /* the index of these keys; made if there is none */
/* Takes a row in; `key_texts` by key of the join. */
join_entry *join_input_add(stage_run *run, join_input *in, row *r, const pk_str *key_texts, arena *a);
void join_input_drop_first(stage_run *run, join_input *in);
void join_input_free(stage_run *run, join_input *in);
/* The rows with these texts of the index's keys, by their links; NULL: there are none. */
join_list *join_find(const join_input *in, size_t index, const pk_str *key_texts, arena *a);

#endif
