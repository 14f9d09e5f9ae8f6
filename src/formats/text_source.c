/* Decoding while reading. UTF-16 grows by at most a half: two bytes become up to three. */
#include "formats/text_source.h"

#include "base/unicode.h"

text_encoding text_encoding_of(pk_str head, size_t *mark)
{
    const uint8_t *b = (const uint8_t *)head.ptr;
    *mark = 0;
    if (head.len >= 3 && b[0] == 0xef && b[1] == 0xbb && b[2] == 0xbf) *mark = 3;
    if (head.len < 2) return TEXT_UTF8;
    bool little = b[0] == 0xff && b[1] == 0xfe, big = b[0] == 0xfe && b[1] == 0xff;
    if (little || big) *mark = 2;
    /* XML 1.0 appendix F: '<' in two bytes needs no mark. */
    if (little || (head.len >= 4 && b[0] == '<' && !b[1] && b[2] && !b[3])) return TEXT_UTF16LE;
    if (big || (head.len >= 4 && !b[0] && b[1] == '<' && !b[2] && b[3])) return TEXT_UTF16BE;
    return TEXT_UTF8;
}

void text_source_init(text_source *s, log_stream *stream) { *s = (text_source){.stream = stream}; }

static void read_head(text_source *s)
{
    s->started = true;
    while (s->pending_count < sizeof s->pending) {
        size_t n = stream_read(s->stream, s->pending + s->pending_count, sizeof s->pending - s->pending_count);
        if (n == 0) break;
        s->pending_count += n;
    }
    size_t mark;
    s->encoding = text_encoding_of((pk_str){(const char *)s->pending, s->pending_count}, &mark);
    s->pending_count -= mark;
    memmove(s->pending, s->pending + mark, s->pending_count);
}

/* What is pending, then the stream. */
static size_t read_bytes_into(text_source *s, uint8_t *out, size_t n)
{
    if (s->pending_count == 0) return stream_read(s->stream, out, n);
    size_t taken = s->pending_count < n ? s->pending_count : n;
    memcpy(out, s->pending, taken);
    s->pending_count -= taken;
    memmove(s->pending, s->pending + taken, s->pending_count);
    return taken;
}

static uint32_t unit(const uint8_t *p, bool big) { return big ? (uint32_t)p[0] << 8 | p[1] : (uint32_t)p[1] << 8 | p[0]; }

/*
 * Converts bytes[0, len) and returns what it took of them: a half unit or a high surrogate at the end stays, unless
 * nothing follows any more.
 */
static size_t convert(const uint8_t *bytes, size_t len, bool big, bool last, uint8_t *out, size_t *out_len)
{
    size_t at = 0, n = 0;
    while (len - at >= 2) {
        uint32_t c = unit(bytes + at, big);
        if (c >= 0xd800 && c < 0xdc00) {
            if (len - at < 4 && !last) break;
            uint32_t low = len - at >= 4 ? unit(bytes + at + 2, big) : 0;
            if (low >= 0xdc00 && low < 0xe000) {
                c = 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
                at += 2;
            } else {
                c = 0xfffd;
            }
        } else if (c >= 0xdc00 && c < 0xe000) {
            c = 0xfffd;
        }
        n += utf8_put((char *)out + n, c);
        at += 2;
    }
    *out_len = n;
    return last ? len : at; /* an odd last byte is ignored */
}

static size_t read_utf16(text_source *s, uint8_t *out, size_t n)
{
    uint8_t raw[16384];
    size_t most = n / 3 * 2;
    if (most > sizeof raw) most = sizeof raw;
    bool big = s->encoding == TEXT_UTF16BE;
    for (size_t have = 0;;) {
        size_t got = read_bytes_into(s, raw + have, most - have);
        have += got;
        if (have == 0) return 0;
        size_t len, taken = convert(raw, have, big, got == 0, out, &len);
        if (got == 0) return len;
        if (len == 0) continue;
        s->pending_count = have - taken; /* three bytes at most: `most` is even and above 4 */
        memcpy(s->pending, raw + taken, s->pending_count);
        return len;
    }
}

size_t text_source_read(text_source *s, uint8_t *out, size_t n)
{
    if (!s->started) read_head(s);
    return s->encoding == TEXT_UTF8 ? read_bytes_into(s, out, n) : read_utf16(s, out, n);
}

pk_str text_of_head(arena *a, pk_str head)
{
    size_t mark;
    text_encoding encoding = text_encoding_of(head, &mark);
    pk_str rest = str_slice(head, mark, head.len);
    if (encoding == TEXT_UTF8) return rest;
    uint8_t *out = arena_alloc(a, rest.len / 2 * 3 + 4);
    size_t len;
    convert((const uint8_t *)rest.ptr, rest.len, encoding == TEXT_UTF16BE, true, out, &len);
    return (pk_str){(const char *)out, len};
}
