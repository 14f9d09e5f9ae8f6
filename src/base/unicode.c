/*
 * UTF-8, folding, UTF-16 and base64. Most text in logs is ASCII: every loop here skips ASCII 8 bytes at a time and only
 * then decodes.
 */
#include "base/unicode.h"

#include <utf8proc.h>

#define EACH_BYTE(b) (UINT64_C(0x0101010101010101) * (b))

static inline uint64_t load_8(const char *p)
{
    uint64_t n;
    memcpy(&n, p, 8);
    return n;
}

/* ---- UTF-8 (RFC 3629) ---- */

/* Length of the ASCII run at `at`. */
static size_t skip_ascii(pk_str s, size_t at)
{
    while (s.len - at >= 8 && !(load_8(s.ptr + at) & EACH_BYTE(0x80))) at += 8;
    while (at < s.len && !(s.ptr[at] & 0x80)) at++;
    return at;
}

static inline bool is_tail(uint8_t b) { return (b & 0xc0) == 0x80; }

/* Decodes a sequence that starts with a non-ASCII byte. Length, or 0 if it is not valid (overlong, surrogate, cut off). */
static size_t decode(const uint8_t *p, size_t left, uint32_t *out)
{
    uint8_t lead = p[0];
    if (lead >= 0xc2 && lead <= 0xdf) {
        if (left < 2 || !is_tail(p[1])) return 0;
        *out = (lead & 0x1fu) << 6 | (p[1] & 0x3fu);
        return 2;
    }
    if ((lead & 0xf0) == 0xe0) {
        if (left < 3 || !is_tail(p[1]) || !is_tail(p[2])) return 0;
        *out = (lead & 0x0fu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu);
        return *out < 0x800 || (*out >= 0xd800 && *out < 0xe000) ? 0 : 3;
    }
    if (lead >= 0xf0 && lead <= 0xf4) {
        if (left < 4 || !is_tail(p[1]) || !is_tail(p[2]) || !is_tail(p[3])) return 0;
        *out = (lead & 0x07u) << 18 | (p[1] & 0x3fu) << 12 | (p[2] & 0x3fu) << 6 | (p[3] & 0x3fu);
        return *out < 0x10000 || *out > 0x10ffff ? 0 : 4;
    }
    return 0;
}

size_t utf8_bad_at(pk_str s)
{
    for (size_t at = 0;;) {
        at = skip_ascii(s, at);
        if (at == s.len) return STR_NPOS;
        uint32_t c;
        size_t n = decode((const uint8_t *)s.ptr + at, s.len - at, &c);
        if (n == 0) return at;
        at += n;
    }
}

bool utf8_valid(pk_str s) { return utf8_bad_at(s) == STR_NPOS; }

uint32_t utf8_next(pk_str s, size_t *at)
{
    uint8_t lead = (uint8_t)s.ptr[*at];
    uint32_t c = lead;
    size_t n = lead < 0x80 ? 1 : decode((const uint8_t *)s.ptr + *at, s.len - *at, &c);
    *at += n ? n : 1;
    return n ? c : 0xfffd;
}

size_t utf8_put(char out[4], uint32_t c)
{
    if (c < 0x80) {
        out[0] = (char)c;
        return 1;
    }
    if (c < 0x800) {
        out[0] = (char)(0xc0 | c >> 6);
        out[1] = (char)(0x80 | (c & 0x3f));
        return 2;
    }
    if (c < 0x10000) {
        out[0] = (char)(0xe0 | c >> 12);
        out[1] = (char)(0x80 | (c >> 6 & 0x3f));
        out[2] = (char)(0x80 | (c & 0x3f));
        return 3;
    }
    out[0] = (char)(0xf0 | c >> 18);
    out[1] = (char)(0x80 | (c >> 12 & 0x3f));
    out[2] = (char)(0x80 | (c >> 6 & 0x3f));
    out[3] = (char)(0x80 | (c & 0x3f));
    return 4;
}

size_t utf8_length(pk_str s)
{
    size_t n = 0;
    for (size_t at = 0; at < s.len; n++) utf8_next(s, &at);
    return n;
}

pk_str utf8_repair(arena *a, pk_str s)
{
    size_t bad = utf8_bad_at(s);
    if (bad == STR_NPOS) return s;
    char *out = arena_alloc(a, s.len * 3); /* a bad byte becomes the three of U+FFFD */
    memcpy(out, s.ptr, bad);
    size_t len = bad;
    for (size_t at = bad; at < s.len;) len += utf8_put(out + len, utf8_next(s, &at));
    return (pk_str){out, len};
}

/* ---- folding ---- */

/* In each byte of n, which is ASCII: 0x80 if it is 'A'..'Z'. */
static inline uint64_t upper_mask(uint64_t n)
{
    return (n + EACH_BYTE(0x80 - 'A')) & ~(n + EACH_BYTE(0x7f - 'Z')) & EACH_BYTE(0x80);
}

/* The first byte that folding may change: an ASCII capital or the start of something else than ASCII. */
static size_t skip_folded(pk_str s)
{
    size_t at = 0;
    for (; s.len - at >= 8; at += 8) {
        uint64_t n = load_8(s.ptr + at);
        if ((n & EACH_BYTE(0x80)) || upper_mask(n)) break;
    }
    while (at < s.len && !(s.ptr[at] & 0x80) && !(s.ptr[at] >= 'A' && s.ptr[at] <= 'Z')) at++;
    return at;
}

/* Folds the ASCII run at `at` into out; returns where it ends. */
static size_t fold_ascii(pk_str s, size_t at, char *out)
{
    for (; s.len - at >= 8; at += 8, out += 8) {
        uint64_t n = load_8(s.ptr + at);
        if (n & EACH_BYTE(0x80)) break;
        n |= upper_mask(n) >> 2; /* 0x20, the bit between the cases */
        memcpy(out, &n, 8);
    }
    for (; at < s.len && !(s.ptr[at] & 0x80); at++, out++) *out = (char)(s.ptr[at] >= 'A' && s.ptr[at] <= 'Z' ? s.ptr[at] | 0x20 : s.ptr[at]);
    return at;
}

uint32_t fold_code_point(uint32_t c)
{
    if (c < 0x80) return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    /* The dotted and the dotless i have no folding of status C or S: they only fold in Turkish, or to two characters. */
    if (c == 0x130 || c == 0x131) return c;
    return (uint32_t)utf8proc_tolower(utf8proc_toupper((utf8proc_int32_t)c));
}

static bool holds(pk_str s, const char *character)
{
    for (size_t n = strlen(character); s.len >= n;) {
        size_t at = str_find_char(s, character[0]);
        if (at == STR_NPOS) return false;
        if (s.len - at >= n && memcmp(s.ptr + at, character, n) == 0) return true;
        s = str_slice(s, at + 1, s.len);
    }
    return false;
}

/* The long s and the Kelvin sign are the only ones. */
bool folds_to_ascii(pk_str s) { return holds(s, "\xc5\xbf") || holds(s, "\xe2\x84\xaa"); }

pk_str fold(arena *a, pk_str s)
{
    size_t same = skip_folded(s);
    if (same == s.len) return s;
    /* Folding lengthens a character by one byte at most (U+023A, two bytes, becomes U+2C65, three). */
    char *out = arena_alloc(a, s.len + (s.len - same) / 2 + 4);
    memcpy(out, s.ptr, same);
    size_t len = same;
    bool changed = false;
    for (size_t at = same; at < s.len;) {
        size_t end = fold_ascii(s, at, out + len);
        len += end - at;
        at = end;
        if (at == s.len) break;
        uint32_t c = utf8_next(s, &at);
        len += utf8_put(out + len, fold_code_point(c));
    }
    changed = len != s.len || memcmp(out + same, s.ptr + same, len - same) != 0;
    return changed ? (pk_str){out, len} : s;
}

bool str_equal_fold(pk_str a, pk_str b)
{
    size_t i = 0, j = 0;
    while (i < a.len && j < b.len) {
        uint8_t x = (uint8_t)a.ptr[i], y = (uint8_t)b.ptr[j];
        if (x == y && x < 0x80) {
            i++, j++;
            continue;
        }
        if (fold_code_point(utf8_next(a, &i)) != fold_code_point(utf8_next(b, &j))) return false;
    }
    return i == a.len && j == b.len;
}

/* ---- UTF-16 (RFC 2781) ---- */

static inline uint32_t unit_at(const uint8_t *bytes, size_t i) { return (uint32_t)(bytes[2 * i] | bytes[2 * i + 1] << 8); }

pk_str utf16le_to_utf8(arena *a, const uint8_t *bytes, size_t len)
{
    size_t units = len / 2, room = 0;
    for (size_t i = 0; i < units; i++) {
        uint32_t c = unit_at(bytes, i);
        room += 1u + (c >= 0x80) + (c >= 0x800); /* a pair of surrogates is counted as 6 and needs 4 */
    }
    char *out = arena_alloc(a, room);
    if (room == units) { /* all ASCII */
        for (size_t i = 0; i < units; i++) out[i] = (char)bytes[2 * i];
        return (pk_str){out, room};
    }
    size_t n = 0;
    for (size_t i = 0; i < units; i++) {
        uint32_t c = unit_at(bytes, i);
        if (c >= 0xd800 && c < 0xe000) {
            uint32_t low = c < 0xdc00 && i + 1 < units ? unit_at(bytes, i + 1) : 0;
            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10 | (low - 0xdc00));
                i++;
            } else {
                c = 0xfffd;
            }
        }
        n += utf8_put(out + n, c);
    }
    return (pk_str){out, n};
}

static size_t put_unit(char *out, uint32_t unit, bool big_endian)
{
    out[big_endian] = (char)unit;
    out[!big_endian] = (char)(unit >> 8);
    return 2;
}

pk_str utf8_to_utf16(arena *a, pk_str s, bool big_endian, bool with_bom)
{
    char *out = arena_alloc(a, 2 + s.len * 2); /* no character takes more than twice its bytes */
    size_t n = with_bom ? put_unit(out, 0xfeff, big_endian) : 0;
    for (size_t at = 0; at < s.len;) {
        uint32_t c = utf8_next(s, &at);
        if (c >= 0x10000) {
            n += put_unit(out + n, 0xd800 + ((c - 0x10000) >> 10), big_endian);
            c = 0xdc00 + ((c - 0x10000) & 0x3ff);
        }
        n += put_unit(out + n, c, big_endian);
    }
    return (pk_str){out, n};
}

/* ---- base64 (RFC 4648 section 4) ---- */

pk_str base64_encode(arena *a, pk_str bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    size_t groups = bytes.len / 3 + (bytes.len % 3 != 0);
    char *out = arena_alloc(a, groups * 4 + 1), *p = out;
    for (size_t i = 0; i < bytes.len; i += 3) {
        size_t n = bytes.len - i < 3 ? bytes.len - i : 3;
        uint32_t bits = 0;
        for (size_t k = 0; k < 3; k++) bits = bits << 8 | (k < n ? (uint8_t)bytes.ptr[i + k] : 0u);
        *p++ = digits[bits >> 18];
        *p++ = digits[bits >> 12 & 63];
        *p++ = n > 1 ? digits[bits >> 6 & 63] : '=';
        *p++ = n > 2 ? digits[bits & 63] : '=';
    }
    *p = 0;
    return (pk_str){out, groups * 4};
}

static int digit_64(char c)
{
    if (c >= 'A' && c <= 'Z') return c - 'A';
    if (c >= 'a' && c <= 'z') return c - 'a' + 26;
    if (c >= '0' && c <= '9') return c - '0' + 52;
    return c == '+' ? 62 : c == '/' ? 63 : -1;
}

bool base64_decode(arena *a, pk_str s, pk_str *bytes)
{
    char *out = arena_alloc(a, s.len / 4 * 3 + 4), *p = out;
    uint32_t bits = 0;
    size_t digits = 0, padding = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == ' ' || (c >= '\t' && c <= '\r')) continue;
        if (c == '=' && ++padding <= 2) continue;
        int digit = digit_64(c);
        if (digit < 0 || padding) return false;
        bits = bits << 6 | (uint32_t)digit;
        if (++digits % 4) continue;
        *p++ = (char)(bits >> 16);
        *p++ = (char)(bits >> 8);
        *p++ = (char)bits;
    }
    size_t rest = digits % 4;
    if (rest == 1 || (padding && (rest == 0 || padding != 4 - rest))) return false;
    if (rest >= 2) *p++ = (char)(bits >> (rest == 2 ? 4 : 10));
    if (rest == 3) *p++ = (char)(bits >> 2);
    *bytes = (pk_str){out, (size_t)(p - out)};
    return true;
}
