/*
 * The algorithm as the Guava library documents it (Hashing.fingerprint2011): Murmur for up to 32 bytes, two overlapping
 * rounds for up to 64, else chunks of 64 with 56 bytes of state; the first and last 8 bytes are mixed in at the end. All
 * arithmetic is modulo 2^64, all loads are little-endian.
 */
#include "ir/fingerprint.h"

#define K0 UINT64_C(0xa5b85c5e198ed849)
#define K1 UINT64_C(0x8d58ac26afe12e47)
#define K2 UINT64_C(0xc47b6e9e3a970ed3)
#define MURMUR UINT64_C(0xc6a4a7935bd1e995)

typedef struct { uint64_t first, second; } pair;

static uint64_t rotate(uint64_t n, unsigned by) { return n >> by | n << (64 - by); }
static uint64_t shift_mix(uint64_t n) { return n ^ n >> 47; }

static uint64_t load(const uint8_t *p, size_t bytes)
{
    uint64_t n = 0;
    for (size_t i = 0; i < bytes; i++) n |= (uint64_t)p[i] << (8 * i);
    return n;
}
static uint64_t load_8(const uint8_t *p) { return load(p, 8); }

static uint64_t mix_128(uint64_t high, uint64_t low)
{
    uint64_t a = shift_mix((low ^ high) * MURMUR);
    return shift_mix((high ^ a) * MURMUR) * MURMUR;
}

static uint64_t murmur(const uint8_t *p, size_t len, uint64_t seed)
{
    uint64_t hash = seed ^ len * MURMUR;
    size_t i = 0;
    for (; i + 8 <= len; i += 8) hash = (hash ^ shift_mix(load_8(p + i) * MURMUR) * MURMUR) * MURMUR;
    if (i < len) hash = (hash ^ load(p + i, len - i)) * MURMUR;
    return shift_mix(shift_mix(hash) * MURMUR);
}

/* 16 bytes and a third word, as both halves of the middle form use them. */
static pair round_of(uint64_t a, uint64_t second, uint64_t third, uint64_t z)
{
    uint64_t b = rotate(a + z, 52), c = rotate(a, 37);
    a += second;
    c += rotate(a, 7);
    a += third;
    return (pair){a + z, b + rotate(a, 31) + c};
}

static uint64_t middle(const uint8_t *p, size_t len)
{
    const uint8_t *end = p + len;
    pair v = round_of(load_8(p) + (len + load_8(end - 16)) * K0, load_8(p + 8), load_8(p + 16), load_8(p + 24));
    pair w = round_of(load_8(p + 16) + load_8(end - 32), load_8(end - 24), load_8(end - 16), load_8(end - 8));
    uint64_t r = shift_mix((v.first + w.second) * K2 + (w.first + v.second) * K0);
    return shift_mix(r * K0 + v.second) * K2;
}

static pair weak_32(const uint8_t *p, uint64_t a, uint64_t b)
{
    a += load_8(p);
    b = rotate(b + a + load_8(p + 24), 51);
    uint64_t c = a;
    a += load_8(p + 8);
    a += load_8(p + 16);
    b += rotate(a, 23);
    return (pair){a + load_8(p + 24), b + c};
}

static uint64_t full(const uint8_t *p, size_t len)
{
    const uint8_t *end = p + len;
    uint64_t x = load_8(p), y = load_8(end - 16) ^ K1, z = load_8(end - 56) ^ K0;
    pair v = weak_32(end - 64, len, y), w = weak_32(end - 32, len * K1, K0);
    z += shift_mix(v.second) * K1;
    x = rotate(z + x, 39) * K1;
    y = rotate(y, 33) * K1;
    for (size_t left = (len - 1) & ~(size_t)63; left; left -= 64, p += 64) {
        x = rotate(x + y + v.first + load_8(p + 16), 37) * K1;
        y = rotate(y + v.second + load_8(p + 48), 42) * K1;
        x ^= w.second;
        y ^= v.first;
        z = rotate(z ^ w.first, 33);
        v = weak_32(p, v.second * K1, x + w.first);
        w = weak_32(p + 32, z + w.second, y);
        uint64_t swap = z;
        z = x;
        x = swap;
    }
    return mix_128(mix_128(v.first, w.first) + shift_mix(y) * K1 + z, mix_128(v.second, w.second) + x);
}

uint64_t fingerprint_2011(pk_str bytes)
{
    const uint8_t *p = (const uint8_t *)bytes.ptr;
    size_t len = bytes.len;
    uint64_t hash = len <= 32 ? murmur(p, len, K0 ^ K1 ^ K2) : len <= 64 ? middle(p, len) : full(p, len);
    uint64_t u = len >= 8 ? load_8(p) : K0, v = len >= 9 ? load_8(p + len - 8) : K0;
    hash = mix_128(hash + v, u);
    return hash < 2 ? hash + ~UINT64_C(1) : hash;
}
