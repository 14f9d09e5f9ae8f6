/* Growing output text, and the one place for each kind of escaping. */
#ifndef PICKET_BASE_TEXT_H
#define PICKET_BASE_TEXT_H

#include "base/mem.h"

typedef struct {
    char *ptr;
    size_t len, cap;
} text;

void text_free(text *t);
static inline void text_clear(text *t) { t->len = 0; }
static inline pk_str text_view(const text *t) { return (pk_str){t->ptr ? t->ptr : "", t->len}; }

/* Room for `more` bytes; the caller writes there and adds what it wrote to t->len. */
static inline char *text_reserve(text *t, size_t more)
{
    if (t->cap - t->len < more) t->ptr = (char *)vec_grow(t->ptr, &t->cap, t->len + more, 1);
    return t->ptr + t->len;
}

static inline void text_put(text *t, pk_str s)
{
    if (s.len == 0) return;
    memcpy(text_reserve(t, s.len), s.ptr, s.len);
    t->len += s.len;
}

/* The same of text behind which TEXT_PADDING more bytes can be read: short pieces are copied without a call. */
enum { TEXT_PADDING = 32 };
static inline void text_put_padded(text *t, const char *from, size_t len)
{
    char *to = text_reserve(t, len + TEXT_PADDING);
    if (len <= TEXT_PADDING) memcpy(to, from, TEXT_PADDING);
    else memcpy(to, from, len);
    t->len += len;
}

static inline void text_put_char(text *t, char c)
{
    *text_reserve(t, 1) = c;
    t->len++;
}

static inline void text_put_cstring(text *t, const char *s) { text_put(t, str_from(s)); }
void text_printf(text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));
void text_put_int(text *t, int64_t n);
void text_put_double(text *t, double d);              /* shortest form that reads back; 3 prints as 3 */
void text_put_grouped(text *t, uint64_t n);           /* 1,234,567 */
void text_put_count(text *t, uint64_t n, const char *one, const char *many); /* "1 file", "1,234 files" */

void text_put_json(text *t, pk_str s);                /* with quotes; invalid UTF-8 as U+FFFD; control characters as \uXXXX */
void text_put_json_inside(text *t, pk_str s);         /* the same without the quotes */
void text_put_csv(text *t, pk_str s);                 /* RFC 4180: quoted where needed; never starts a formula */
void text_put_html(text *t, pk_str s);                /* & < > " ' ; control characters made visible */
void text_put_terminal(text *t, pk_str s);            /* control characters and escapes as \x1b, \n, ...; bidi overrides too */

#endif
