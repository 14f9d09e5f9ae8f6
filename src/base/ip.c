/* Addresses as RFC 4291 section 2.2 and dotted quads write them; everything is compared in the IPv6 form. */
#include "base/ip.h"

static const uint8_t mapped_prefix[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/* Four decimal numbers; no leading zeros, since some read those as octal. */
static bool parse_quad(pk_str s, uint8_t out[4])
{
    size_t at = 0;
    for (int part = 0; part < 4; part++) {
        unsigned n = 0;
        size_t start = at;
        if (part && (at >= s.len || s.ptr[at++] != '.')) return false;
        if (part) start = at;
        for (; at < s.len && s.ptr[at] >= '0' && s.ptr[at] <= '9' && at - start < 4; at++) n = n * 10 + (unsigned)(s.ptr[at] - '0');
        if (at == start || n > 255 || (at - start > 1 && s.ptr[start] == '0')) return false;
        out[part] = (uint8_t)n;
    }
    return at == s.len;
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

/* Groups of hex digits; one "::" stands for as many zero groups as are missing; the last 32 bits may be a quad. */
static bool parse_v6(pk_str s, uint8_t out[16])
{
    uint8_t bytes[16];
    size_t filled = 0, gap = STR_NPOS, at = 0;
    if (s.len >= 2 && s.ptr[0] == ':' && s.ptr[1] == ':') {
        gap = 0;
        at = 2;
    }
    while (at < s.len) {
        unsigned n = 0;
        size_t start = at;
        for (; at < s.len && hex_digit(s.ptr[at]) >= 0 && at - start < 5; at++) n = n << 4 | (unsigned)hex_digit(s.ptr[at]);
        if (at < s.len && s.ptr[at] == '.') {
            if (filled > 12 || !parse_quad(str_slice(s, start, s.len), bytes + filled)) return false;
            filled += 4;
            at = s.len;
            break;
        }
        if (at == start || at - start > 4 || filled > 14) return false;
        bytes[filled++] = (uint8_t)(n >> 8);
        bytes[filled++] = (uint8_t)n;
        if (at == s.len) break;
        if (s.ptr[at++] != ':') return false;
        if (at < s.len && s.ptr[at] == ':') {
            if (gap != STR_NPOS) return false;
            gap = filled;
            at++;
        } else if (at == s.len) {
            return false; /* ends in a single ':' */
        }
    }
    if (gap == STR_NPOS ? filled != 16 : filled > 14) return false;
    memset(out, 0, 16);
    if (gap == STR_NPOS) gap = filled;
    memcpy(out, bytes, gap);
    memcpy(out + 16 - (filled - gap), bytes + gap, filled - gap);
    return true;
}

bool ip_parse(pk_str s, ip_address *out)
{
    if (s.len > 2 && s.ptr[0] == '[' && s.ptr[s.len - 1] == ']') s = str_slice(s, 1, s.len - 2);
    if (s.len < 2 || s.len > 128) return false;
    if (str_find_char(s, ':') == STR_NPOS) {
        memcpy(out->bytes, mapped_prefix, sizeof mapped_prefix);
        return parse_quad(s, out->bytes + 12);
    }
    size_t zone = str_find_char(s, '%');
    if (zone != STR_NPOS) {
        if (zone + 1 == s.len) return false;
        s = str_slice(s, 0, zone);
    }
    return parse_v6(s, out->bytes);
}

bool ip_is_v4(const ip_address *a) { return memcmp(a->bytes, mapped_prefix, sizeof mapped_prefix) == 0; }

bool ip_network_parse(pk_str s, ip_network *out, bool *host_bits)
{
    size_t slash = str_find_char(s, '/');
    int64_t bits = -1;
    pk_str address = str_slice(s, 0, slash);
    if (slash != STR_NPOS && (!str_to_int(str_slice(s, slash + 1, s.len), true, &bits) || bits < 0)) return false;
    if (!ip_parse(address, &out->base)) return false;
    out->v4 = str_find_char(address, ':') == STR_NPOS;
    int64_t most = out->v4 ? 32 : 128;
    if (bits < 0) bits = most;
    if (bits > most) return false;
    out->bits = (uint8_t)(out->v4 ? bits + 96 : bits);
    *host_bits = false;
    for (unsigned i = out->bits; i < 128; i++) {
        uint8_t bit = (uint8_t)(0x80 >> (i & 7));
        if (out->base.bytes[i >> 3] & bit) *host_bits = true;
        out->base.bytes[i >> 3] &= (uint8_t)~bit;
    }
    return true;
}

bool ip_network_contains(const ip_network *n, const ip_address *a)
{
    size_t whole = n->bits >> 3, rest = n->bits & 7;
    /* An IPv6 network wider than ::ffff:0:0/96 speaks of IPv6 addresses only: ::/0 doesn't contain 10.0.0.1. */
    if (!n->v4 && n->bits < 96 && ip_is_v4(a)) return false;
    if (memcmp(n->base.bytes, a->bytes, whole) != 0) return false;
    if (rest == 0) return true;
    uint8_t mask = (uint8_t)(0xff00 >> rest);
    return ((n->base.bytes[whole] ^ a->bytes[whole]) & mask) == 0;
}
