/*
 * A cached program as bytes: a header, a manifest that says what it was made of, an image (base/image.h).
 *
 *     header     magic, version of this form, key of the digests, where the parts are, their digests, its own digest
 *     manifest   what was asked for; the digests of what was read: schemas, lists, rule files with their prints
 *     front      of the image: the program, tests, rules without what they point to; the bit set of its pointers
 *     rest       of the image: texts and plans of rules; the bit set of its pointers; the digests of its pieces
 *
 * The manifest is read alone first: it tells whether the image is worth reading. Nothing is looked at before its digest has
 * been compared, and bytes that fit their digests are still read within bounds.
 */
#ifndef PICKET_API_CACHE_ENTRY_H
#define PICKET_API_CACHE_ENTRY_H

#include "base/cursor.h"
#include "base/digest.h"
#include "base/image.h"
#include "base/text.h"

/* What a file system says of a file, by which an unchanged one is known without being read. */
typedef struct {
    uint64_t device, inode, size, modified, changed; /* times in nanoseconds */
    uint64_t seen;                /* when this was asked */
} file_print;

/* A rule file as it was read. */
typedef struct {
    pk_str path;
    bool named;
    file_print print;
    digest content;
} read_file_note;

typedef struct {
    pk_str request;               /* rules, choice, log sources, version, processor: see cache.c */
    digest schema;                /* of what the schemas were loaded from */
    VEC(digest) lists;            /* of value lists, in order */
    VEC(read_file_note) files;
} cache_manifest;

enum { CACHE_HEADER_SIZE = 160 };

/* A part of the image, its bit set behind it. */
typedef struct {
    uint64_t at, len;             /* len: without the bit set */
    digest digest;                /* of the digests of its pieces, each of bytes and bits */
} cache_part;

/* The front is read whole, of the rest little where a rule's things stand. */
static inline size_t cache_piece_size(image_part p) { return (size_t)(p == IMAGE_FRONT ? 256 : 4) << 10; }

typedef struct {
    digest key, manifest;
    uint64_t manifest_at, manifest_len, root; /* root: place in the front */
    cache_part parts[IMAGE_PARTS];
} cache_header;

void cache_header_write(uint8_t out[CACHE_HEADER_SIZE], const cache_header *h);
/* false: not a header, of another version, damaged, or it speaks of more bytes than there are. */
bool cache_header_read(cache_header *h, const uint8_t *bytes, size_t len, size_t file_size);

void cache_manifest_write(text *out, const cache_manifest *m);
/* Everything is a view of `bytes` or in `a`. false: it makes no sense. */
bool cache_manifest_read(cache_manifest *m, pk_str bytes, arena *a);

/* May the file have been written again since, with the same times? */
bool print_is_fresh(const file_print *p);
bool print_equal(const file_print *a, const file_print *b); /* but for `seen` */

#endif
