/* Kinds made of key=value pairs: plain ones (Fortinet, iptables, logfmt), CEF, LEEF. */
#include "formats/text/line.h"

static bool is_key_byte(char c)
{
    return (c >= '0' && c <= '9') || ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == '.' || c == '-' || c == '@';
}

static bool is_key_start(char c) { return ((c | 0x20) >= 'a' && (c | 0x20) <= 'z') || c == '_' || c == '@'; }

/* Inside quotes a backslash takes away the meaning of a quote or a backslash; before anything else it stands for itself. */
static pk_str unquote(pk_str s, char quote, arena *a)
{
    if (str_find_char(s, '\\') == STR_NPOS) return s;
    char *out = arena_alloc(a, s.len);
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        if (s.ptr[i] == '\\' && i + 1 < s.len && (s.ptr[i + 1] == quote || s.ptr[i + 1] == '\\')) i++;
        out[n++] = s.ptr[i];
    }
    return (pk_str){out, n};
}

/* The end of a quoted value whose text begins at `at`: the place of the closing quote, or STR_NPOS. */
static size_t closing_quote(pk_str m, size_t at, char quote)
{
    for (; at < m.len; at++) {
        if (m.ptr[at] == '\\') at++;
        else if (m.ptr[at] == quote) return at;
    }
    return STR_NPOS;
}

/* An unquoted value ends at a blank, or at a comma or semicolon that separates pairs. */
static size_t plain_end(pk_str m, size_t at)
{
    for (; at < m.len; at++) {
        char c = m.ptr[at];
        if (c == ' ' || c == '\t' || c == '\x1d') break;
        if (c != ',' && c != ';' && c != '|') continue;
        size_t next = at + 1;
        while (next < m.len && m.ptr[next] == ' ') next++;
        size_t key = next;
        while (key < m.len && is_key_byte(m.ptr[key])) key++;
        if (next == m.len || next > at + 1 || (key > next && key < m.len && m.ptr[key] == '=')) break;
    }
    return at;
}

bool next_pair(pk_str m, size_t *from, pair *out, arena *a)
{
    for (size_t at = *from; at < m.len;) {
        const char *sign = memchr(m.ptr + at, '=', m.len - at);
        if (!sign) break;
        size_t equals = (size_t)(sign - m.ptr), start = equals;
        while (start > at && is_key_byte(m.ptr[start - 1])) start--;
        bool key = start < equals && is_key_start(m.ptr[start]) && (start == 0 || memchr(" \t,;|([{<\x1d'", m.ptr[start - 1], 11));
        if (!key || equals + 1 > m.len) {
            at = equals + 1;
            continue;
        }
        size_t first = equals + 1;
        char quote = first < m.len ? m.ptr[first] : 0;
        size_t close = quote == '"' || quote == '\'' ? closing_quote(m, first + 1, quote) : STR_NPOS;
        out->key = str_slice(m, start, equals - start);
        out->start = start;
        out->quoted = close != STR_NPOS;
        if (out->quoted) {
            out->value_text = unquote(str_slice(m, first + 1, close - first - 1), quote, a);
            *from = close + 1;
        } else {
            size_t end = plain_end(m, first);
            out->value_text = str_slice(m, first, end - first);
            *from = end;
        }
        return true;
    }
    *from = m.len;
    return false;
}

/* ---- plain pairs ---- */

bool pairs_detect(pk_str m) { return memchr(m.ptr, '=', m.len) != NULL; }

/* Three pairs at least, or two where the message begins with one: less is prose with an equals sign. */
bool pairs_parse(pk_str m, const w3c_columns *columns, field_sink *s)
{
    (void)columns;
    size_t count = 0, at = 0, first = 0;
    for (pair p; next_pair(m, &at, &p, s->arena); count++) {
        if (count == 0) first = p.start;
        put_text_or_blank(s, p.key, p.value_text);
    }
    return count >= 3 || (count == 2 && first == 0);
}

/* ---- CEF ---- */

/* The next field of the header, up to an unescaped '|'. */
static bool header_field(pk_str *rest, pk_str *out, arena *a)
{
    for (size_t i = 0; i < rest->len; i++) {
        if (rest->ptr[i] == '\\') {
            i++;
        } else if (rest->ptr[i] == '|') {
            *out = unquote(str_slice(*rest, 0, i), '|', a);
            *rest = str_slice(*rest, i + 1, rest->len);
            return true;
        }
    }
    return false;
}

/* In the extension "\=" "\\" "\n" "\r" are escapes. */
static pk_str extension_value(pk_str s, arena *a)
{
    if (str_find_char(s, '\\') == STR_NPOS) return s;
    char *out = arena_alloc(a, s.len);
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i], next = i + 1 < s.len ? s.ptr[i + 1] : 0;
        if (c == '\\' && next && strchr("=\\|nr", next)) {
            c = next == 'n' ? '\n' : next == 'r' ? '\r' : next;
            i++;
        }
        out[n++] = c;
    }
    return (pk_str){out, n};
}

/* The '=' of the next "key=" at or behind `from`, where the key begins behind a blank; *key_start is its beginning. */
static size_t extension_key(pk_str s, size_t from, size_t *key_start)
{
    for (size_t i = from; i < s.len; i++) {
        if (s.ptr[i] == '\\') {
            i++;
            continue;
        }
        if (s.ptr[i] != '=') continue;
        size_t start = i;
        while (start > from && (is_key_byte(s.ptr[start - 1]) || strchr("[]", s.ptr[start - 1]))) start--;
        if (start == i || (start > 0 && s.ptr[start - 1] != ' ')) continue;
        *key_start = start;
        return i;
    }
    return STR_NPOS;
}

/* "key=value with blanks key2=...": a value goes on up to the blank before the next key. */
static void put_extension(pk_str s, field_sink *sink)
{
    size_t start, equals = extension_key(s, 0, &start);
    while (equals != STR_NPOS) {
        pk_str key = str_slice(s, start, equals - start);
        size_t value_start = equals + 1;
        equals = extension_key(s, value_start, &start);
        pk_str v = str_slice(s, value_start, (equals == STR_NPOS ? s.len : start) - value_start);
        put_text_or_blank(sink, key, extension_value(str_trim(v), sink->arena));
    }
}

/* The names of the header fields as ArcSight's dictionary has them. */
static bool put_header(pk_str *rest, const char *const *names, field_sink *s)
{
    for (; *names; names++) {
        pk_str field;
        if (!header_field(rest, &field, s->arena)) return false;
        put_text_or_blank(s, str_from(*names), field);
    }
    return true;
}

/* Their headers stand at the start of the message or soon behind it, and the first field ends soon after. */
static bool starts_soon(pk_str m, pk_str mark)
{
    return str_find_char(str_slice(m, 0, 80), '|') != STR_NPOS && str_find(str_slice(m, 0, 64), mark) != STR_NPOS;
}

bool cef_detect(pk_str m) { return starts_soon(m, STR("CEF:")); }

bool cef_parse(pk_str m, const w3c_columns *columns, field_sink *s)
{
    (void)columns;
    static const char *const names[] = {"cefVersion", "deviceVendor",       "deviceProduct", "deviceVersion",
                                        "deviceEventClassId", "name", "cefSeverity",   NULL};
    pk_str rest = str_slice(m, str_find(m, STR("CEF:")) + 4, m.len);
    if (!rest.len || rest.ptr[0] < '0' || rest.ptr[0] > '9' || !put_header(&rest, names, s)) return false;
    put_extension(rest, s);
    return true;
}

/* ---- LEEF ---- */

bool leef_detect(pk_str m) { return starts_soon(m, STR("LEEF:")); }

/* "^", "x09", "0x09" */
static char delimiter(pk_str s)
{
    if (s.len == 1) return s.ptr[0];
    unsigned c = 0;
    size_t i = str_find_char(s, 'x');
    if (i == STR_NPOS) return '\t';
    for (i++; i < s.len; i++) {
        int digit = s.ptr[i] >= '0' && s.ptr[i] <= '9' ? s.ptr[i] - '0' : (s.ptr[i] | 0x20) - 'a' + 10;
        if (digit < 0 || digit > 15) return '\t';
        c = c << 4 | (unsigned)digit;
    }
    return c > 0 && c < 0x80 ? (char)c : '\t';
}

bool leef_parse(pk_str m, const w3c_columns *columns, field_sink *s)
{
    (void)columns;
    static const char *const names[] = {"leefVersion", "vendor", "product", "productVersion", "eventId", NULL};
    pk_str rest = str_slice(m, str_find(m, STR("LEEF:")) + 5, m.len);
    bool second = str_starts_with(rest, STR("2."));
    if (!put_header(&rest, names, s)) return false;
    char separator = '\t';
    pk_str field;
    if (second && header_field(&rest, &field, s->arena)) separator = delimiter(field);
    while (rest.len) {
        size_t end = str_find_char(rest, separator);
        pk_str item = str_slice(rest, 0, end);
        rest = end == STR_NPOS ? (pk_str){NULL, 0} : str_slice(rest, end + 1, rest.len);
        size_t equals = str_find_char(item, '=');
        if (equals == STR_NPOS || equals == 0) continue;
        put_text_or_blank(s, str_trim(str_slice(item, 0, equals)), str_slice(item, equals + 1, item.len));
    }
    return true;
}
