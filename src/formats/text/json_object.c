/* JSON in a line: the grammar is checked by the scanner of the JSON format first, so what is read here cannot be wrong. */
#include "base/unicode.h"
#include "formats/json/scan.h"
#include "formats/text/line.h"
#include "formats/text/times.h"

typedef struct {
    const char *at, *end;
    field_sink *sink;
} walk;

static uint32_t hex4(const char *p)
{
    uint32_t c = 0;
    for (int i = 0; i < 4; i++) {
        uint32_t digit = p[i] <= '9' ? (uint32_t)(p[i] - '0') : (uint32_t)((p[i] | 0x20) - 'a' + 10);
        c = c << 4 | (digit & 15);
    }
    return c;
}

/* The code point of "\uXXXX" behind its 'u', with the low surrogate that may follow. */
static uint32_t read_escape(const char **at, const char *end)
{
    const char *p = *at;
    uint32_t c = hex4(p);
    *at = p + 4;
    if (c < 0xd800 || c >= 0xe000) return c;
    if (c < 0xdc00 && end - p >= 10 && p[4] == '\\' && p[5] == 'u') {
        uint32_t low = hex4(p + 6);
        if (low >= 0xdc00 && low < 0xe000) {
            *at = p + 10;
            return 0x10000 + ((c - 0xd800) << 10) + (low - 0xdc00);
        }
    }
    return 0xfffd;
}

static pk_str unescape(arena *a, pk_str s)
{
    if (str_find_char(s, '\\') == STR_NPOS) return s;
    static const char letters[] = "\"\\/bfnrt", bytes[] = "\"\\/\b\f\n\r\t";
    char *out = arena_alloc(a, s.len);
    size_t n = 0;
    const char *end = s.ptr + s.len;
    for (const char *p = s.ptr; p < end;) {
        if (*p != '\\') {
            out[n++] = *p++;
            continue;
        }
        char c = p[1];
        p += 2;
        if (c == 'u') n += utf8_put(out + n, read_escape(&p, end));
        else out[n++] = bytes[strchr(letters, c) - letters];
    }
    return (pk_str){out, n};
}

/* The string whose opening quote is at w->at. */
static pk_str read_string(walk *w, bool keep)
{
    const char *close = scan_string(w->at, w->end);
    pk_str raw = {w->at + 1, (size_t)(close - w->at) - 2};
    w->at = close;
    return keep ? unescape(w->sink->arena, raw) : raw;
}

static value number(pk_str s)
{
    int64_t n;
    double d = 0;
    if (str_to_int(s, true, &n)) return value_int(n);
    bool whole = true;
    uint64_t u = 0;
    for (size_t i = 0; i < s.len && whole; i++)
        whole = s.ptr[i] >= '0' && s.ptr[i] <= '9' && !__builtin_mul_overflow(u, (uint64_t)10, &u) &&
                !__builtin_add_overflow(u, (uint64_t)(s.ptr[i] - '0'), &u);
    if (whole) return (value){.type = VALUE_UINT, .as.unsigned_integer = u};
    str_to_double(s, &d);
    return value_real(d);
}

static void put_value(walk *w, pk_str key);

/* An object or list from its bracket on; depth is bounded by the scanner. */
static void put_members(walk *w, bool is_list)
{
    const char close = is_list ? ']' : '}';
    w->at = scan_blanks(w->at + 1, w->end);
    while (*w->at != close) {
        pk_str key = {"", 0};
        if (!is_list) {
            key = read_string(w, true);
            w->at = scan_blanks(scan_blanks(w->at, w->end) + 1, w->end);
        }
        put_value(w, key);
        w->at = scan_blanks(w->at, w->end);
        if (*w->at == ',') w->at = scan_blanks(w->at + 1, w->end);
    }
    w->at++;
}

static void put_value(walk *w, pk_str key)
{
    char c = *w->at;
    if (c == '{' || c == '[') {
        take_name(w->sink, key);
        sink_enter(w->sink, key, c == '[');
        put_members(w, c == '[');
        sink_leave(w->sink);
    } else if (c == '"') {
        pk_str s = read_string(w, sink_wants(w->sink, key));
        put_text(w->sink, key, s);
    } else {
        const char *start = w->at;
        while (w->at < w->end && !memchr(",]} \t\r\n", *w->at, 7)) w->at++;
        pk_str word = {start, (size_t)(w->at - start)};
        put_field(w->sink, key,
                  c == 't'   ? value_bool(true)
                  : c == 'f' ? value_bool(false)
                  : c == 'n' ? value_null()
                             : number(word));
    }
}

bool json_put_object(field_sink *s, pk_str object)
{
    const char *end = object.ptr + object.len;
    if (object.len < 2 || object.ptr[0] != '{') return false;
    scan_report report = scan_value(object.ptr, end, true);
    if (report.result != SCAN_CLOSED || scan_blanks(report.at, end) != end) return false;
    walk w = {object.ptr, end, s};
    put_members(&w, false);
    return true;
}

/* ---- the kind of lines that are JSON, or end with it ---- */

/* Monolog writes its (mostly empty) extra list behind the context. */
static pk_str without_empty_list(pk_str m)
{
    m = str_trim(m);
    return str_ends_with(m, STR("} []")) ? str_slice(m, 0, m.len - 3) : m;
}

bool json_detect(pk_str m)
{
    m = without_empty_list(m);
    return m.len >= 2 && m.ptr[m.len - 1] == '}' && memchr(m.ptr, '{', m.len) != NULL;
}

/* "conn - {...}": the name of a Zeek stream stands before its JSON, as collectors write it. */
static pk_str stream_name(pk_str prefix)
{
    if (!str_ends_with(prefix, STR(" -"))) return (pk_str){NULL, 0};
    pk_str name = str_slice(prefix, 0, prefix.len - 2);
    for (size_t i = 0; i < name.len; i++)
        if (!(name.ptr[i] >= 'a' && name.ptr[i] <= 'z') && !(name.ptr[i] >= '0' && name.ptr[i] <= '9') && name.ptr[i] != '_')
            return (pk_str){NULL, 0};
    return name;
}

bool json_parse(pk_str m, const w3c_columns *columns, field_sink *s)
{
    (void)columns;
    enum { TRIES = 4 };
    m = str_trim(without_empty_list(m));
    size_t at = 0, open = STR_NPOS;
    for (int i = 0; i < TRIES; i++, at = open + 1) {
        size_t next = str_find_char(str_slice(m, at, m.len), '{');
        if (next == STR_NPOS) return false;
        open = at + next;
        if (json_put_object(s, str_slice(m, open, m.len))) break;
        if (i + 1 == TRIES) return false;
    }
    pk_str prefix = str_trim(str_slice(m, 0, open));
    if (prefix.len == 0) return true;
    pk_str stream = stream_name(prefix);
    if (stream.len) {
        sink_put_text(s, STR("_path"), stream);
        return true;
    }
    pk_str time = find_time(prefix, 64);
    if (time.len) put_unless_taken(s, "timestamp", time);
    put_unless_taken(s, "message", prefix);
    return true;
}
