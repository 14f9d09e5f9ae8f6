/* Output text and escaping. What comes from logs and rules passes one of the escapers before it reaches anybody. */
#include "base/text.h"

#include <math.h>
#ifdef __SSE2__
#include <emmintrin.h>
#endif
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/bytes.h"
#include "base/digits.h"
#include "base/unicode.h"

void text_free(text *t)
{
    mem_free(t->ptr);
    *t = (text){0};
}

void text_printf(text *t, const char *format, ...)
{
    va_list args, again;
    va_start(args, format);
    va_copy(again, args);
    text_reserve(t, 64);
    int n = vsnprintf(t->ptr + t->len, t->cap - t->len, format, args);
    va_end(args);
    if (n > 0) {
        if ((size_t)n >= t->cap - t->len) {
            text_reserve(t, (size_t)n + 1);
            vsnprintf(t->ptr + t->len, t->cap - t->len, format, again);
        }
        t->len += (size_t)n;
    }
    va_end(again);
}

void text_put_int(text *t, int64_t n)
{
    char *out = text_reserve(t, DIGITS_MOST);
    t->len += (size_t)(digits_put_signed(out, n) - out);
}

void text_put_grouped(text *t, uint64_t n)
{
    char digits[32];
    size_t at = sizeof digits;
    for (size_t i = 0; i == 0 || n; i++, n /= 10) {
        if (i && i % 3 == 0) digits[--at] = ',';
        digits[--at] = (char)('0' + n % 10);
    }
    text_put(t, (pk_str){digits + at, sizeof digits - at});
}

void text_put_count(text *t, uint64_t n, const char *one, const char *many)
{
    text_put_grouped(t, n);
    text_put_char(t, ' ');
    text_put_cstring(t, n == 1 ? one : many);
}

void text_put_double(text *t, double d)
{
    char out[40];
    if (isnan(d) || isinf(d)) {
        text_put_cstring(t, isnan(d) ? "nan" : d < 0 ? "-inf" : "inf");
        return;
    }
    if (d == floor(d) && fabs(d) < 1e15) {
        text_put_int(t, (int64_t)d);
        return;
    }
    for (int precision = 15; precision <= 17; precision++) {
        snprintf(out, sizeof out, "%.*g", precision, d);
        if (strtod(out, NULL) == d) break;
    }
    for (char *p = out; *p; p++) /* the decimal point of the locale, whatever it is, is a point here */
        if (!strchr("0123456789+-eE", *p)) *p = '.';
    text_put_cstring(t, out);
}

/* ---- escaping ---- */

/* Puts the bytes from `from` to `to` as they are: everything between two characters that had to be escaped. */
static void put_run(text *t, pk_str s, size_t from, size_t to) { text_put(t, str_slice(s, from, to - from)); }

/* The letter behind the backslash; 0: there is none for it. */
static const char json_letters[256] = {
    ['"'] = '"', ['\\'] = '\\', ['\b'] = 'b', ['\f'] = 'f', ['\n'] = 'n', ['\r'] = 'r', ['\t'] = 't',
};

/*
 * What JSON takes as it is: ASCII but for controls, '"', '\\' and DEL. Copied while it is looked at, STEP bytes at a time; what stands
 * behind the byte that stopped it is overwritten by what follows.
 */
enum { STEP = 16, LONGEST_ESCAPE = 6 };

/* A bit for each byte that is not taken as it is. */
static inline uint32_t copy_step(char *to, const char *from)
{
#ifdef __SSE2__
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)from);
    _mm_storeu_si128((__m128i *)(void *)to, v);
    __m128i odd = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('"')), _mm_cmpeq_epi8(v, _mm_set1_epi8('\\')));
    /* Signed, so what is not ASCII is less than a blank, too, and DEL becomes the least of all. */
    odd = _mm_or_si128(odd, _mm_cmpgt_epi8(_mm_set1_epi8(0x21), _mm_add_epi8(v, _mm_set1_epi8(1))));
    return (uint32_t)_mm_movemask_epi8(odd);
#else
    uint32_t odd = 0;
    for (int i = 0; i < STEP; i++) {
        unsigned char c = (unsigned char)from[i];
        odd |= (uint32_t)(c < 0x20 || c >= 0x7f || c == '"' || c == '\\') << i;
    }
    memcpy(to, from, STEP);
    return odd;
#endif
}

/* The same for the less than STEP bytes that are left; nothing behind them is read: the first and the last overlap. */
static inline uint32_t copy_rest(char *to, const char *from, size_t len)
{
    char whole[STEP] = {0};
    if (len >= 8) {
        memcpy(whole, from, 8);
        memcpy(whole + len - 8, from + len - 8, 8);
    } else if (len >= 4) {
        memcpy(whole, from, 4);
        memcpy(whole + len - 4, from + len - 4, 4);
    } else if (len) {
        whole[0] = from[0];
        whole[len / 2] = from[len / 2];
        whole[len - 1] = from[len - 1];
    }
    return copy_step(to, whole) & ((1u << len) - 1);
}

/* A byte that is not taken as it is, and what belongs to it; there is room for LONGEST_ESCAPE. Returns the number of bytes written. */
static size_t put_escaped(char *out, pk_str s, size_t *at)
{
    static const char digits[] = "0123456789abcdef";
    uint32_t code = (unsigned char)s.ptr[*at];
    if (code < 0x80) {
        ++*at;
    } else {
        code = utf8_next(s, at);
        if (code != 0x2028 && code != 0x2029) return utf8_put(out, code); /* these two are line ends to some readers of lines */
    }
    memcpy(out, "\\u", 2);
    for (int i = 0; i < 4; i++) out[2 + i] = digits[code >> (12 - 4 * i) & 15];
    return 6;
}

/* Room is made for text with few escapes at once; where there are many, again. There is always some for a quote behind it. */
static inline void put_json(text *t, pk_str s, bool quoted)
{
    char *out = text_reserve(t, s.len + s.len / 8 + STEP + LONGEST_ESCAPE + 1), *end = t->ptr + t->cap;
    if (quoted) *out++ = '"';
    for (size_t at = 0; at < s.len;) {
        size_t left = s.len - at;
        if ((size_t)(end - out) < left + STEP + LONGEST_ESCAPE) {
            t->len = (size_t)(out - t->ptr);
            out = text_reserve(t, left * 2 + STEP + LONGEST_ESCAPE);
            end = t->ptr + t->cap;
        }
        uint32_t odd = left >= STEP ? copy_step(out, s.ptr + at) : copy_rest(out, s.ptr + at, left);
        if (!odd) {
            size_t copied = left < STEP ? left : STEP;
            at += copied;
            out += copied;
            continue;
        }
        at += (size_t)__builtin_ctz(odd);
        out += __builtin_ctz(odd);
        char letter = json_letters[(unsigned char)s.ptr[at]];
        if (letter) {
            out[0] = '\\';
            out[1] = letter;
            out += 2;
            at++;
        } else {
            out += put_escaped(out, s, &at);
        }
    }
    if (quoted) *out++ = '"';
    t->len = (size_t)(out - t->ptr);
}

void text_put_json_inside(text *t, pk_str s) { put_json(t, s, false); }
void text_put_json(text *t, pk_str s) { put_json(t, s, true); }

void text_put_csv(text *t, pk_str s)
{
    double number;
    /* Spreadsheets run cells that begin like this; a quote in front makes them text (OWASP: CSV injection). */
    bool formula = s.len && strchr("=+-@\t\r", s.ptr[0]) && s.ptr[0] && !str_to_double(s, &number);
    bool quote = formula;
    for (size_t i = 0; i < s.len && !quote; i++)
        quote = s.ptr[i] == '"' || s.ptr[i] == ',' || s.ptr[i] == '\n' || s.ptr[i] == '\r' || s.ptr[i] == ' ' || s.ptr[i] == ';';
    if (!quote) {
        text_put(t, s);
        return;
    }
    text_put_char(t, '"');
    if (formula) text_put_char(t, '\'');
    size_t run = 0;
    for (size_t i = 0; i < s.len; i++)
        if (s.ptr[i] == '"') {
            put_run(t, s, run, i + 1);
            run = i;
        }
    put_run(t, s, run, s.len);
    text_put_char(t, '"');
}

/* Characters that steer a terminal or turn the order of text round: never shown as they are. */
static bool is_hazard(uint32_t c)
{
    return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x61c || c == 0x200e || c == 0x200f || (c >= 0x2028 && c <= 0x202e) ||
           (c >= 0x2066 && c <= 0x2069) || c == 0xfeff || (c >= 0xe0000 && c <= 0xe007f);
}

static void put_visible(text *t, uint32_t c)
{
    switch (c) {
    case '\n': text_put_cstring(t, "\\n"); return;
    case '\r': text_put_cstring(t, "\\r"); return;
    case '\t': text_put_cstring(t, "\\t"); return;
    default:
        if (c < 0x100) text_printf(t, "\\x%02x", c);
        else text_printf(t, "\\u{%x}", c);
    }
}

/* Copies `s`; hazards are made visible and, if `entity` is given, characters that it knows are replaced. */
static void put_safe(text *t, pk_str s, const char *(*entity)(uint32_t c))
{
    size_t run = 0;
    for (size_t at = 0; at < s.len;) {
        size_t start = at;
        bool ascii = (unsigned char)s.ptr[at] < 0x80;
        uint32_t c = utf8_next(s, &at);
        bool invalid = !ascii && c == 0xfffd && at == start + 1;
        const char *replacement = entity ? entity(c) : NULL;
        if (!invalid && !replacement && !is_hazard(c)) continue;
        put_run(t, s, run, start);
        run = at;
        if (replacement) text_put_cstring(t, replacement);
        else if (invalid) text_printf(t, "\\x%02x", (unsigned char)s.ptr[start]);
        else put_visible(t, c);
    }
    put_run(t, s, run, s.len);
}

static const char *html_entity(uint32_t c)
{
    switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    case '\'': return "&#39;";
    default: return NULL;
    }
}

void text_put_html(text *t, pk_str s) { put_safe(t, s, html_entity); }
void text_put_terminal(text *t, pk_str s) { put_safe(t, s, NULL); }
