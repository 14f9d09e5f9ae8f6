/*
 * Digests under a key: 128 bits over bytes, to tell damage and change. Whoever does not know the key cannot aim at one;
 * against somebody who does they are no protection.
 */
#ifndef PICKET_BASE_DIGEST_H
#define PICKET_BASE_DIGEST_H

#include "base/str.h"

typedef struct { uint64_t at[2]; } digest;

digest digest_of(const void *bytes, size_t len, digest key);
static inline bool digest_equal(digest a, digest b) { return a.at[0] == b.at[0] && a.at[1] == b.at[1]; }

#endif
