/*
 * The image of a cached program in memory. Its front is read at once, its rest (texts and plans of rules) when somebody asks for
 * it: a scan without alerts never does. Both are read in pieces, side by side, each checked and settled while it is warm.
 */
#ifndef PICKET_API_CACHE_IMAGE_H
#define PICKET_API_CACHE_IMAGE_H

#include "api/cache_entry.h"

typedef struct cache_image cache_image;

/* Digest of a part that is to be written: `len` bytes, then their bit set. */
digest cache_part_digest(const void *bytes, const void *map, size_t len, digest key);

/* Takes over the file, whose header is `h`. NULL: no memory for it, and the file is closed. */
cache_image *cache_image_new(int file, const cache_header *h);
void cache_image_free(cache_image *i);
/* Reads a part, by so many threads. false: it is not what was written, or it could not be read. */
bool cache_image_read(cache_image *i, image_part p, unsigned threads);
/* Bytes of the front, which has been read. */
void *cache_image_front(const cache_image *i, size_t *len);
/* A part and its bit set as they stand in the file, in `a`; checked. NULL: they are not what was written. */
void *cache_image_copy(const cache_image *i, image_part p, arena *a);

#endif
