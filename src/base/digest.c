/*
 * 64 bytes a step in four lanes of 128-bit products, so that memory is what limits it. All constants come from the key: no
 * bytes are known beforehand that would make a product zero and the lane forget.
 */
#include "base/digest.h"

#include "base/bytes.h"
#include "base/hash.h"

enum { LANES = 4, STEP = 16 * LANES };

static inline void take(uint64_t lane[LANES], const uint64_t secret[LANES], const uint8_t *p)
{
    for (size_t k = 0; k < LANES; k++) {
        uint64_t low = bytes_8(p + k * 16), high = bytes_8(p + k * 16 + 8);
        lane[k] = hash_product(low ^ secret[k], high ^ lane[k]) + (low ^ high >> 32 ^ high << 32); /* the sum keeps what a product loses */
    }
}

digest digest_of(const void *bytes, size_t len, digest key)
{
    const uint8_t *p = bytes;
    uint64_t lane[LANES], secret[LANES];
    uint8_t last[STEP] = {0};
    size_t left = len;
    for (size_t k = 0; k < LANES; k++) {
        secret[k] = hash_mix(key.at[0] + k, key.at[1] ^ UINT64_C(0x9e3779b97f4a7c15) * (k + 1)) | 1;
        lane[k] = hash_mix(key.at[1] - k, secret[k]);
    }
    for (; left >= STEP; left -= STEP, p += STEP) take(lane, secret, p);
    if (left) memcpy(last, p, left);
    take(lane, secret, last);
    digest out;
    out.at[0] = hash_mix(hash_mix(lane[0] ^ len, lane[1]), hash_mix(lane[2], lane[3]) ^ key.at[0]);
    out.at[1] = hash_mix(hash_mix(lane[3], lane[1] ^ key.at[1]), hash_mix(lane[0], lane[2]) + len);
    return out;
}
