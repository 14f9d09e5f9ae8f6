/*
 * The image of a cached program in memory. Its front is read at once, of its rest (texts and plans of rules) what somebody asks for:
 * a scan asks for the rules that it has alerts of. Both are read in pieces, each checked and settled while it is warm.
 */
#ifndef PICKET_API_CACHE_IMAGE_H
#define PICKET_API_CACHE_IMAGE_H

#include "api/cache_entry.h"

typedef struct cache_image cache_image;

/* Digests of the pieces of a part that is to be written, `len` bytes and their bit set, to be freed by mem_free; that of the part. */
digest *cache_part_digests(const void *bytes, const void *map, size_t len, image_part which, digest key, size_t *count);
digest cache_part_digest(const digest *pieces, size_t count, digest key);

/* Takes over the file, whose header is `h`. NULL: no memory for it, and the file is closed. */
cache_image *cache_image_new(int file, const cache_header *h);
void cache_image_free(cache_image *i);
/* Reads a part, by so many threads. false: it is not what was written, or it could not be read. Nobody else reads meanwhile. */
bool cache_image_read(cache_image *i, image_part p, unsigned threads);
/* Is the rest what was written? Looks at all of it and keeps nothing. */
bool cache_image_check_rest(cache_image *i, unsigned threads);
/* Reads `len` bytes of the rest from `at` on, if they have not been read yet; false as above. */
bool cache_image_read_some(cache_image *i, size_t at, size_t len);
/* Bytes of the front, which has been read. */
void *cache_image_front(const cache_image *i, size_t *len);
/* A part and its bit set as they stand in the file, in `a`; checked. NULL: they are not what was written. */
void *cache_image_copy(const cache_image *i, image_part p, arena *a);

#endif
