/* Functions of texts. Positions and characters are code points; comparisons are exact. */
#include "base/unicode.h"
#include "ir/functions_private.h"

#include <utf8proc.h>

/* ---- letters ---- */

/* Nothing stays nothing: rules ask whether these are missing. */
static value map_text(const ir_call_args *c, value (*fn)(const ir_call_args *c, pk_str s))
{
    pk_str s;
    if (c->args[0].type != VALUE_LIST && !value_text(c->arena, &c->args[0], &s)) return nothing();
    return each_text(c, fn);
}

static value lower_text(const ir_call_args *c, pk_str s) { return value_string(fold(c->arena, s)); }
value call_lower(const ir_call_args *c) { return map_text(c, lower_text); }

static value length_text(const ir_call_args *c, pk_str s)
{
    (void)c;
    return value_int((int64_t)utf8_length(s));
}
value call_length(const ir_call_args *c) { return map_text(c, length_text); }

static value base_name_text(const ir_call_args *c, pk_str s)
{
    (void)c;
    size_t start = s.len;
    while (start > 0 && s.ptr[start - 1] != '\\' && s.ptr[start - 1] != '/') start--;
    return value_string(str_slice(s, start, s.len));
}
value call_base_name(const ir_call_args *c) { return map_text(c, base_name_text); }

static value upper_text(const ir_call_args *c, pk_str s)
{
    text_result out = {0};
    char bytes[4];
    for (size_t at = 0; at < s.len;) {
        uint32_t code_point = utf8_next(s, &at);
        if (code_point != 0xDF) code_point = (uint32_t)utf8proc_toupper((utf8proc_int32_t)code_point); /* sharp s has none in UnicodeData.txt */
        result_put(&out, (pk_str){bytes, utf8_put(bytes, code_point)});
    }
    return result_done(c, &out);
}
value call_upper(const ir_call_args *c) { return each_text(c, upper_text); }

static value reverse_text(const ir_call_args *c, pk_str s)
{
    char *out = arena_alloc(c->arena, s.len + 1);
    for (size_t at = 0; at < s.len;) {
        size_t start = at;
        utf8_next(s, &at);
        memcpy(out + s.len - at, s.ptr + start, at - start);
    }
    return value_string((pk_str){out, s.len});
}
value call_reverse(const ir_call_args *c) { return each_text(c, reverse_text); }

/* ---- parts ---- */

static size_t position_of(pk_str s, int64_t code_points)
{
    size_t at = 0;
    while (code_points-- > 0 && at < s.len) utf8_next(s, &at);
    return at;
}

value call_substring(const ir_call_args *c)
{
    pk_str s;
    const value *args = c->args;
    if (!value_text(c->arena, &args[0], &s) || args[1].type != VALUE_INT || args[1].as.integer < 0) return nothing();
    if (c->count > 2 && (args[2].type != VALUE_INT || args[2].as.integer < 0)) return nothing();
    s = str_slice(s, position_of(s, args[1].as.integer), s.len);
    return value_string(c->count > 2 ? str_slice(s, 0, position_of(s, args[2].as.integer)) : s);
}

static bool has_part(const ir_call_args *c, pk_str s) { return str_find(s, text_arg(c, 1)) != STR_NPOS; }
value call_text_contains(const ir_call_args *c) { return some_text(c, has_part); }

static bool starts(const ir_call_args *c, pk_str s) { return text_arg(c, 1).len > 0 && str_starts_with(s, text_arg(c, 1)); }
value call_text_starts(const ir_call_args *c) { return some_text(c, starts); }

static bool ends(const ir_call_args *c, pk_str s) { return text_arg(c, 1).len > 0 && str_ends_with(s, text_arg(c, 1)); }
value call_text_ends(const ir_call_args *c) { return some_text(c, ends); }

value call_text_split(const ir_call_args *c)
{
    pk_str s = text_arg(c, 0), separator = c->count > 1 ? text_arg(c, 1) : STR(",");
    list_builder out = {0};
    if (separator.len == 0) {
        for (size_t at = 0; at < s.len;) {
            size_t start = at;
            utf8_next(s, &at);
            if (!result_add(c, &out, value_string(str_slice(s, start, at - start)))) break;
        }
        return list_done(&out);
    }
    for (size_t next; (next = str_find(s, separator)) != STR_NPOS; s = str_slice(s, next + separator.len, s.len))
        if (!result_add(c, &out, value_string(str_slice(s, 0, next)))) return list_done(&out);
    result_add(c, &out, value_string(s));
    return list_done(&out);
}

static value replace_part(const ir_call_args *c, pk_str s)
{
    pk_str part = text_arg(c, 1), other = text_arg(c, 2);
    text_result out = {0};
    if (part.len == 0) return value_string(s);
    for (size_t next; !out.cut && (next = str_find(s, part)) != STR_NPOS; s = str_slice(s, next + part.len, s.len)) {
        result_put(&out, str_slice(s, 0, next));
        result_put(&out, other);
    }
    result_put(&out, s);
    return result_done(c, &out);
}
value call_text_replace(const ir_call_args *c) { return each_text(c, replace_part); }

static value count_part(const ir_call_args *c, pk_str s)
{
    pk_str part = text_arg(c, 1);
    int64_t n = 0;
    if (part.len)
        for (size_t next; (next = str_find(s, part)) != STR_NPOS; n++) s = str_slice(s, next + part.len, s.len);
    return value_int(n);
}
value call_count_substrings(const ir_call_args *c) { return each_text(c, count_part); }

/* ---- trimming ---- */

/* White space or one of the characters; an ASCII set for the usual case, so that a long set does not multiply the work. */
typedef struct {
    bool ascii[128];
    pk_str set;
} cut_set;

static cut_set cut_set_of(const ir_call_args *c)
{
    cut_set set = {.set = text_arg(c, 1)};
    for (const char *p = " \t\n\v\f\r"; *p; p++) set.ascii[(int)*p] = true;
    for (size_t i = 0; i < set.set.len; i++)
        if (!(set.set.ptr[i] & 0x80)) set.ascii[(int)set.set.ptr[i]] = true;
    return set;
}

static bool is_cut(const cut_set *set, pk_str character)
{
    if (!(character.ptr[0] & 0x80)) return set->ascii[(int)character.ptr[0]];
    for (size_t at = 0; at < set->set.len;) { /* at borders of characters, for no character is part of another */
        size_t start = at;
        utf8_next(set->set, &at);
        if (str_equal(str_slice(set->set, start, at - start), character)) return true;
    }
    return false;
}

static pk_str without_start(const cut_set *set, pk_str s)
{
    for (size_t at = 0; s.len; at = 0) {
        utf8_next(s, &at);
        if (!is_cut(set, str_slice(s, 0, at))) break;
        s = str_slice(s, at, s.len);
    }
    return s;
}

static pk_str without_end(const cut_set *set, pk_str s)
{
    while (s.len) {
        size_t at = s.len - 1;
        while (at > 0 && ((uint8_t)s.ptr[at] & 0xC0) == 0x80) at--;
        if (!is_cut(set, str_slice(s, at, s.len))) break;
        s.len = at;
    }
    return s;
}

static value trim_both(const ir_call_args *c, pk_str s)
{
    cut_set set = cut_set_of(c);
    return value_string(without_end(&set, without_start(&set, s)));
}
value call_trim(const ir_call_args *c) { return each_text(c, trim_both); }

static value trim_first(const ir_call_args *c, pk_str s)
{
    cut_set set = cut_set_of(c);
    return value_string(without_start(&set, s));
}
value call_trim_start(const ir_call_args *c) { return each_text(c, trim_first); }

static value trim_last(const ir_call_args *c, pk_str s)
{
    cut_set set = cut_set_of(c);
    return value_string(without_end(&set, s));
}
value call_trim_end(const ir_call_args *c) { return each_text(c, trim_last); }

/* ---- in a row ---- */

/* Floats with at most sixteen digits behind the point, further ones dropped. */
static pk_str printed(const ir_call_args *c, const value *v, pk_str s)
{
    size_t point = v->type == VALUE_FLOAT ? str_find_char(s, '.') : STR_NPOS;
    if (point == STR_NPOS || s.len - point - 1 <= 16 || str_find_char(s, 'e') != STR_NPOS) return s;
    s = arena_str(c->arena, str_slice(s, 0, point + 17));
    while (s.ptr[s.len - 1] == '0') s.len--;
    if (s.ptr[s.len - 1] == '.') s.len--;
    return s;
}

value call_concat(const ir_call_args *c)
{
    text_result out = {0};
    pk_str s;
    for (size_t i = 0; i < c->count; i++) {
        if (!value_text(c->arena, &c->args[i], &s)) {
            text_free(&out.bytes);
            return nothing();
        }
        result_put(&out, printed(c, &c->args[i], s));
    }
    return result_done(c, &out);
}

value call_append(const ir_call_args *c)
{
    text_result out = {0};
    pk_str s;
    bool some = false;
    for (size_t i = 0; i < 2; i++)
        if (value_text(c->arena, &c->args[i], &s)) {
            result_put(&out, s);
            some = true;
        }
    if (some) return result_done(c, &out);
    text_free(&out.bytes);
    return nothing();
}

value call_first_non_empty(const ir_call_args *c)
{
    for (size_t i = 0; i < c->count; i++) {
        list_view list = list_arg(c, i);
        pk_str s;
        for (size_t k = 0; k < list.count; k++)
            if (value_text(c->arena, &list.items[k], &s) && s.len) return value_string(s);
    }
    return value_string(STR(""));
}

/* ---- encodings ---- */

static value decode_base64(const ir_call_args *c, pk_str s)
{
    pk_str bytes;
    return value_string(base64_decode(c->arena, s, &bytes) ? utf8_repair(c->arena, bytes) : s);
}
value call_base64_decode(const ir_call_args *c) { return each_text(c, decode_base64); }

static value default_text(const ir_call_args *c) { return c->count > 1 ? c->args[1] : value_string(STR("")); }

/* Bytes are texts in base64, as in JSON. */
static value normal_base64(const ir_call_args *c, pk_str s)
{
    pk_str bytes;
    return base64_decode(c->arena, s, &bytes) ? value_string(base64_encode(c->arena, bytes)) : default_text(c);
}
value call_base64_bytes(const ir_call_args *c) { return each_text(c, normal_base64); }

static value text_of_base64(const ir_call_args *c, pk_str s)
{
    pk_str bytes;
    return base64_decode(c->arena, s, &bytes) && utf8_valid(bytes) ? value_string(bytes) : default_text(c);
}
value call_base64_text(const ir_call_args *c) { return each_text(c, text_of_base64); }

static int hex_digit(char ch)
{
    if (ch >= '0' && ch <= '9') return ch - '0';
    char low = (char)(ch | 0x20);
    return low >= 'a' && low <= 'f' ? low - 'a' + 10 : -1;
}

static value bytes_of_hex(const ir_call_args *c, pk_str s)
{
    if (s.len % 2) return default_text(c);
    char *out = arena_alloc(c->arena, s.len / 2 + 1);
    for (size_t i = 0; i < s.len; i += 2) {
        int high = hex_digit(s.ptr[i]), low = hex_digit(s.ptr[i + 1]);
        if (high < 0 || low < 0) return default_text(c);
        out[i / 2] = (char)(high << 4 | low);
    }
    return value_string(base64_encode(c->arena, (pk_str){out, s.len / 2}));
}
value call_hex_bytes(const ir_call_args *c) { return each_text(c, bytes_of_hex); }

/* '+' stays, as in the documentation of strings.url_decode (YARA-L, Functions: example 4). */
static value decode_url(const ir_call_args *c, pk_str s)
{
    char *out = arena_alloc(c->arena, s.len + 1);
    size_t len = 0;
    for (size_t i = 0; i < s.len; i++) {
        char ch = s.ptr[i];
        if (ch == '%') {
            int high = i + 2 < s.len ? hex_digit(s.ptr[i + 1]) : -1, low = i + 2 < s.len ? hex_digit(s.ptr[i + 2]) : -1;
            if (high < 0 || low < 0) return value_string(STR(""));
            ch = (char)(high << 4 | low);
            i += 2;
        }
        out[len++] = ch;
    }
    return value_string(utf8_valid((pk_str){out, len}) ? (pk_str){out, len} : STR(""));
}
value call_url_decode(const ir_call_args *c) { return each_text(c, decode_url); }
