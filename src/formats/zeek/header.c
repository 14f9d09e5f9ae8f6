/*
 * The form is that of Zeek's ASCII writer (Log::WRITER_ASCII): "#separator \x09" itself is followed by a blank, the other
 * header lines by the separator. In values the writer writes a backslash twice and separators as \xNN.
 */
#include "formats/zeek/header.h"

#include "base/unicode.h"

enum { LINE_SEPARATOR, LINE_SET_SEPARATOR, LINE_EMPTY, LINE_UNSET, LINE_PATH, LINE_FIELDS, LINE_TYPES };

const preamble_rule zeek_preamble = {
    {"#separator", "#set_separator", "#empty_field", "#unset_field", "#path", "#fields", "#types", NULL},
    .first_starts_over = true,
};

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    c |= 0x20;
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* "\\" and "\xNN" to the bytes that they stand for. */
static pk_str unescape_bytes(arena *a, pk_str s)
{
    char *out = arena_alloc(a, s.len);
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        int high, low;
        if (s.ptr[i] == '\\' && i + 1 < s.len && s.ptr[i + 1] == '\\') {
            i++;
        } else if (s.ptr[i] == '\\' && i + 3 < s.len && s.ptr[i + 1] == 'x' && (high = hex_digit(s.ptr[i + 2])) >= 0 &&
                   (low = hex_digit(s.ptr[i + 3])) >= 0) {
            out[n++] = (char)(high << 4 | low);
            i += 3;
            continue;
        }
        out[n++] = s.ptr[i];
    }
    return (pk_str){out, n};
}

/*
 * The text of a value as Zeek's JSON writer has it, so that rules find the same in both: what is text is unescaped; control
 * characters and bytes that are no UTF-8 stay "\xNN".
 */
static pk_str unescape(arena *a, pk_str s)
{
    static const char digits[] = "0123456789abcdef";
    if (str_find_char(s, '\\') == STR_NPOS) return s;
    s = unescape_bytes(a, s);
    char *out = arena_alloc(a, s.len * 4);
    size_t n = 0;
    for (size_t at = 0; at < s.len;) {
        size_t start = at;
        unsigned char first = (unsigned char)s.ptr[at];
        uint32_t c = utf8_next(s, &at);
        bool broken = c == 0xfffd && at == start + 1;
        if (c >= 0x20 && c != 0x7f && !broken) {
            memcpy(out + n, s.ptr + start, at - start);
            n += at - start;
        } else {
            memcpy(out + n, (char[]){'\\', 'x', digits[first >> 4], digits[first & 15]}, 4);
            n += 4;
        }
    }
    return (pk_str){out, n};
}

/* ---- the header ---- */

/* What stands behind the name of a header line, without the separator between them. */
static pk_str line_value(const preamble *p, size_t i, const char *otherwise)
{
    pk_str line = preamble_line(p, i);
    return line.len > 1 ? str_slice(line, 1, line.len) : str_from(otherwise);
}

static const struct {
    const char *name;
    zeek_kind kind;
} kinds[] = {
    {"bool", ZEEK_BOOL},   {"int", ZEEK_INT},   {"count", ZEEK_INT},     {"port", ZEEK_INT},
    {"double", ZEEK_REAL}, {"time", ZEEK_REAL}, {"interval", ZEEK_REAL},
};

/* "count", "set[addr]", "vector[string]"; what is none of the kinds above is text. */
static void read_type(zeek_column *c, pk_str type)
{
    size_t open = str_find_char(type, '[');
    c->many = open != STR_NPOS;
    if (c->many) type = str_slice(type, open + 1, type.len - open - 2);
    c->kind = ZEEK_TEXT;
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        if (str_equal(type, str_from(kinds[i].name))) c->kind = kinds[i].kind;
}

static pk_str next_cell(pk_str *rest, char separator)
{
    size_t end = str_find_char(*rest, separator);
    pk_str cell = str_slice(*rest, 0, end);
    *rest = end == STR_NPOS ? (pk_str){NULL, 0} : str_slice(*rest, end + 1, rest->len);
    return cell;
}

static bool is_wanted(const path_set *paths, pk_str name)
{
    return paths && path_child(paths, PATH_ROOT, name) != PATH_NONE;
}

static void read_columns(zeek_header *h, pk_str names, pk_str types, const path_set *paths, arena *a)
{
    size_t count = names.len > 0;
    for (size_t i = 0; i < names.len; i++) count += names.ptr[i] == h->separator;
    if (count > ZEEK_COLUMN_LIMIT) count = ZEEK_COLUMN_LIMIT;
    h->columns = ARENA_ARRAY(a, zeek_column, count);
    for (h->column_count = 0; h->column_count < count; h->column_count++) {
        zeek_column *c = &h->columns[h->column_count];
        c->name = next_cell(&names, h->separator);
        read_type(c, types.ptr ? next_cell(&types, h->separator) : STR("string"));
        c->wanted = is_wanted(paths, c->name);
    }
}

zeek_header zeek_header_read(const preamble *p, const path_set *paths, arena *a)
{
    zeek_header h = {.path_wanted = is_wanted(paths, STR("_path"))};
    pk_str separator = unescape_bytes(a, str_trim(preamble_line(p, LINE_SEPARATOR)));
    h.separator = separator.len == 1 ? separator.ptr[0] : '\t';
    h.set_separator = arena_str(a, unescape_bytes(a, line_value(p, LINE_SET_SEPARATOR, ",")));
    h.empty_field = arena_str(a, line_value(p, LINE_EMPTY, "(empty)"));
    h.unset_field = arena_str(a, line_value(p, LINE_UNSET, "-"));
    h.path = utf8_repair(a, arena_str(a, line_value(p, LINE_PATH, "")));
    pk_str names = utf8_repair(a, arena_str(a, line_value(p, LINE_FIELDS, "")));
    pk_str types = utf8_repair(a, arena_str(a, line_value(p, LINE_TYPES, "")));
    read_columns(&h, names, types, paths, a);
    return h;
}

/* ---- values ---- */

/* As the JSON of the same log has it; what isn't of its type stays text. */
static value scalar(zeek_kind kind, pk_str cell, arena *a)
{
    int64_t n;
    double d;
    switch (kind) {
    case ZEEK_BOOL:
        if (str_equal(cell, STR("T"))) return value_bool(true);
        if (str_equal(cell, STR("F"))) return value_bool(false);
        break;
    case ZEEK_INT:
        if (str_to_int(cell, false, &n)) return value_int(n);
        break;
    case ZEEK_REAL:
        if (str_to_double(cell, &d)) return value_real(d);
        break;
    case ZEEK_TEXT: break;
    }
    return value_string(unescape(a, cell));
}

value zeek_value(const zeek_header *h, const zeek_column *c, pk_str cell, arena *a)
{
    if (str_equal(cell, h->unset_field)) return (value){.type = VALUE_MISSING};
    bool empty = str_equal(cell, h->empty_field);
    if (!c->many) return empty ? value_string((pk_str){"", 0}) : scalar(c->kind, cell, a);
    list_builder items = {0};
    while (!empty) {
        size_t end = h->set_separator.len ? str_find(cell, h->set_separator) : STR_NPOS;
        pk_str item = str_slice(cell, 0, end);
        if (!str_equal(item, h->unset_field)) list_add(a, &items, scalar(c->kind, item, a));
        if (end == STR_NPOS) break;
        cell = str_slice(cell, end + h->set_separator.len, cell.len);
    }
    return list_done(&items);
}
