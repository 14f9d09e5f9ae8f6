/*
 * A trie over the beginnings or, read backwards, the ends of texts: one walk finds every literal that the text begins
 * (ends) with. Thousands of "ends_with \x.exe" cost a dozen steps, however many they are.
 */
#ifndef PICKET_COMPILE_LITERAL_TRIE_H
#define PICKET_COMPILE_LITERAL_TRIE_H

#include "base/image.h"

typedef struct {
    uint64_t key;                 /* node << 8 | byte, plus 1; 0: free */
    uint32_t child;               /* node, or TRIE_LEAF | literal */
} trie_edge;

typedef struct {
    bool backwards;
    const pk_str *literals;       /* by number; borrowed */
    trie_edge *edges;             /* open addressing */
    size_t edge_count, mask;
    VEC(uint32_t) ends;           /* by node: literal that ends there, or TRIE_NONE */
} literal_trie;

#define TRIE_LEAF (UINT32_C(1) << 31)
#define TRIE_NONE UINT32_MAX

void trie_init(literal_trie *t, const pk_str *literals, bool backwards);
void trie_add(literal_trie *t, uint32_t literal);     /* no literal twice, none empty */
void trie_free(literal_trie *t);

/* Copies what the trie at `field` holds; `literals`: where its literals stand in the image. */
void trie_image(const literal_trie *t, image_writer *w, size_t field, size_t literals);

typedef VEC(uint32_t) number_list;

/* Appends the literals that stand at the beginning (end) of `text`, shortest first. */
void trie_find(const literal_trie *t, pk_str text, number_list *out);

#endif
