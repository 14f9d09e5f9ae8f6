/* Hashes of texts, and of bytes that are written as base64. */
#include <nettle/sha2.h>

#include "base/unicode.h"
#include "ir/fingerprint.h"
#include "ir/functions_private.h"

/* The bytes that a text stands for: its own, or where argument `how` is 'base64' those that it writes, if it does. */
static pk_str bytes_of(const ir_call_args *c, pk_str s, size_t how)
{
    pk_str bytes;
    return str_equal(text_arg(c, how), STR("base64")) && base64_decode(c->arena, s, &bytes) ? bytes : s;
}

static value sha256_of(const ir_call_args *c, pk_str s)
{
    static const char digits[] = "0123456789abcdef";
    struct sha256_ctx hash;
    uint8_t bytes[SHA256_DIGEST_SIZE];
    s = bytes_of(c, s, 1);
    sha256_init(&hash);
    sha256_update(&hash, s.len, (const uint8_t *)s.ptr);
    sha256_digest(&hash, sizeof bytes, bytes);
    char *out = arena_alloc(c->arena, 2 * sizeof bytes);
    for (size_t i = 0; i < sizeof bytes; i++) {
        out[2 * i] = digits[bytes[i] >> 4];
        out[2 * i + 1] = digits[bytes[i] & 15];
    }
    return value_string((pk_str){out, 2 * sizeof bytes});
}
value call_sha256(const ir_call_args *c) { return each_text(c, sha256_of); }

static value fingerprint_of(const ir_call_args *c, pk_str s) { return value_unsigned(fingerprint_2011(bytes_of(c, s, 1))); }
value call_fingerprint(const ir_call_args *c) { return each_text(c, fingerprint_of); }

static bool in_sample(const ir_call_args *c, pk_str s)
{
    int64_t n = int_arg(c, 1), d = int_arg(c, 2);
    return n > 0 && d > 0 && fingerprint_2011(bytes_of(c, s, 3)) % (uint64_t)d < (uint64_t)n;
}
value call_is_sampled(const ir_call_args *c) { return some_text(c, in_sample); }
