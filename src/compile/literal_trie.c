/*
 * Edges lie in one hash table. A literal that shares its path with no other hangs as a leaf at the first edge where it is
 * alone, and is compared as a whole there: the trie stays about as large as the number of literals.
 */
#include "compile/literal_trie.h"

void trie_init(literal_trie *t, const pk_str *literals, bool backwards)
{
    *t = (literal_trie){.literals = literals, .backwards = backwards, .mask = 63};
    t->edges = mem_zalloc(t->mask + 1, sizeof *t->edges);
    vec_push(&t->ends, TRIE_NONE); /* the root */
}

void trie_free(literal_trie *t)
{
    mem_free(t->edges);
    vec_free(&t->ends);
    *t = (literal_trie){0};
}

static inline uint8_t byte_at(const literal_trie *t, pk_str s, size_t depth)
{
    return (uint8_t)(t->backwards ? s.ptr[s.len - 1 - depth] : s.ptr[depth]);
}

static inline trie_edge *find_edge(const literal_trie *t, uint32_t node, uint8_t byte)
{
    uint64_t key = ((uint64_t)node << 8 | byte) + 1;
    for (size_t i = (key * UINT64_C(0x9e3779b97f4a7c15)) >> 32 & t->mask;; i = (i + 1) & t->mask)
        if (t->edges[i].key == key || t->edges[i].key == 0) return &t->edges[i];
}

static void grow_edges(literal_trie *t)
{
    trie_edge *old = t->edges;
    size_t n = t->mask + 1;
    t->mask = n * 2 - 1;
    t->edges = mem_zalloc(n * 2, sizeof *t->edges);
    for (size_t i = 0; i < n; i++)
        if (old[i].key) *find_edge(t, (uint32_t)((old[i].key - 1) >> 8), (uint8_t)(old[i].key - 1)) = old[i];
    mem_free(old);
}

static void add_edge(literal_trie *t, uint32_t node, uint8_t byte, uint32_t child)
{
    if (++t->edge_count * 2 > t->mask) grow_edges(t);
    *find_edge(t, node, byte) = (trie_edge){((uint64_t)node << 8 | byte) + 1, child};
}

/* Hangs a literal, of which `depth` bytes lead to `node`, below that node, where nothing is in its way. */
static void hang(literal_trie *t, uint32_t node, uint32_t literal, size_t depth)
{
    pk_str s = t->literals[literal];
    if (depth == s.len) t->ends.at[node] = literal;
    else add_edge(t, node, byte_at(t, s, depth), TRIE_LEAF | literal);
}

void trie_add(literal_trie *t, uint32_t literal)
{
    pk_str s = t->literals[literal];
    uint32_t node = 0;
    for (size_t depth = 0; depth < s.len;) {
        trie_edge *e = find_edge(t, node, byte_at(t, s, depth));
        if (!e->key) break;
        depth++;
        if (e->child & TRIE_LEAF) { /* two on one edge: a node between them */
            uint32_t other = e->child & ~TRIE_LEAF, between = (uint32_t)t->ends.len;
            e->child = between;
            vec_push(&t->ends, TRIE_NONE);
            hang(t, between, other, depth);
            node = between;
        } else {
            node = e->child;
        }
        if (depth == s.len) {
            t->ends.at[node] = literal;
            return;
        }
        if (!find_edge(t, node, byte_at(t, s, depth))->key) {
            hang(t, node, literal, depth);
            return;
        }
    }
    hang(t, node, literal, 0); /* only reached at the root */
}

_Static_assert(sizeof(literal_trie) == 64, "a member of literal_trie came or went: trie_image copies each");

void trie_image(const literal_trie *t, image_writer *w, size_t field, size_t literals)
{
    image_point(w, field + offsetof(literal_trie, literals), t->literals ? literals : 0);
    image_array(w, field + offsetof(literal_trie, edges), t->edges, t->edges ? t->mask + 1 : 0, sizeof *t->edges);
    IMAGE_VECTOR(w, field + offsetof(literal_trie, ends), &t->ends);
}

static bool literal_fits(const literal_trie *t, pk_str literal, pk_str text)
{
    if (literal.len > text.len) return false;
    return memcmp(t->backwards ? text.ptr + text.len - literal.len : text.ptr, literal.ptr, literal.len) == 0;
}

void trie_find(const literal_trie *t, pk_str text, number_list *out)
{
    uint32_t node = 0;
    for (size_t depth = 0; depth < text.len; depth++) {
        const trie_edge *e = find_edge(t, node, byte_at(t, text, depth));
        if (!e->key) return;
        if (e->child & TRIE_LEAF) {
            uint32_t literal = e->child & ~TRIE_LEAF;
            if (literal_fits(t, t->literals[literal], text)) vec_push(out, literal);
            return;
        }
        node = e->child;
        if (t->ends.at[node] != TRIE_NONE) vec_push(out, t->ends.at[node]);
    }
}
