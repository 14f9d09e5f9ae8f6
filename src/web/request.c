/* Requests taken apart. Everything here reads what a stranger sent: views, bounds, no assumption. */
#include "web/request.h"

#include "base/unicode.h"

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') return c - '0';
    if (c >= 'a' && c <= 'f') return c - 'a' + 10;
    if (c >= 'A' && c <= 'F') return c - 'A' + 10;
    return -1;
}

pk_str percent_decode(arena *a, pk_str s, bool form)
{
    char *out = arena_alloc(a, s.len + 1);
    size_t n = 0;
    for (size_t i = 0; i < s.len; i++) {
        char c = s.ptr[i];
        if (c == '%' && s.len - i > 2 && hex_digit(s.ptr[i + 1]) >= 0 && hex_digit(s.ptr[i + 2]) >= 0) {
            c = (char)(hex_digit(s.ptr[i + 1]) * 16 + hex_digit(s.ptr[i + 2]));
            i += 2;
        } else if (form && c == '+') {
            c = ' ';
        }
        out[n++] = c;
    }
    out[n] = '\0';
    return utf8_repair(a, (pk_str){out, n});
}

static bool is_unreserved(char c)
{
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '-' || c == '_' || c == '.' || c == '~';
}

void put_percent_encoded(text *t, pk_str s)
{
    static const char digits[] = "0123456789ABCDEF";
    for (size_t i = 0; i < s.len; i++) {
        unsigned char c = (unsigned char)s.ptr[i];
        if (is_unreserved(s.ptr[i])) {
            text_put_char(t, s.ptr[i]);
            continue;
        }
        char out[3] = {'%', digits[c >> 4], digits[c & 15]};
        text_put(t, (pk_str){out, 3});
    }
}

static pk_str taken(arena *a, text *t)
{
    pk_str s = arena_str(a, text_view(t));
    text_free(t);
    return s;
}

pk_str percent_encode(arena *a, pk_str s)
{
    text t = {0};
    put_percent_encoded(&t, s);
    return taken(a, &t);
}

bool arguments_parse(arena *a, pk_str form, argument_list *out)
{
    while (form.len) {
        size_t end = str_find_char(form, '&');
        pk_str field = str_slice(form, 0, end);
        form = end == STR_NPOS ? (pk_str){0} : str_slice(form, end + 1, form.len);
        if (!field.len) continue;
        if (out->items.len == REQUEST_MAX_ARGUMENTS) return false;
        size_t equals = str_find_char(field, '=');
        pk_str name = str_slice(field, 0, equals), given = equals == STR_NPOS ? STR("") : str_slice(field, equals + 1, field.len);
        query_argument q = {percent_decode(a, name, true), percent_decode(a, given, true)};
        vec_push_in(a, &out->items, q);
    }
    return true;
}

pk_str argument_get(const argument_list *l, const char *name)
{
    for (size_t i = 0; i < l->items.len; i++)
        if (str_equal(l->items.at[i].name, str_from(name))) return l->items.at[i].value;
    return STR("");
}

bool argument_has(const argument_list *l, pk_str name, pk_str given)
{
    for (size_t i = 0; i < l->items.len; i++)
        if (str_equal(l->items.at[i].name, name) && str_equal(l->items.at[i].value, given)) return true;
    return false;
}

pk_str arguments_query(arena *a, const argument_list *l)
{
    text t = {0};
    for (size_t i = 0; i < l->items.len; i++) {
        if (i) text_put_char(&t, '&');
        put_percent_encoded(&t, l->items.at[i].name);
        text_put_char(&t, '=');
        put_percent_encoded(&t, l->items.at[i].value);
    }
    return taken(a, &t);
}

/* The part of a path up to the next slash; *rest is what follows it. */
static pk_str segment(pk_str path, pk_str *rest, bool *last)
{
    size_t slash = str_find_char(path, '/');
    *last = slash == STR_NPOS;
    *rest = *last ? STR("") : str_slice(path, slash + 1, path.len);
    return str_slice(path, 0, slash);
}

static bool is_name(pk_str part) { return part.len > 2 && part.ptr[0] == '{' && part.ptr[part.len - 1] == '}'; }

bool path_matches(arena *a, pk_str pattern, pk_str path, bool rest, argument_list *out)
{
    argument_list found = {0};
    if (!str_starts_with(pattern, STR("/")) || !str_starts_with(path, STR("/"))) return false;
    pattern = str_slice(pattern, 1, pattern.len);
    path = str_slice(path, 1, path.len);
    for (bool last = false, path_last; !last;) {
        pk_str rest_pattern, rest_path, part = segment(pattern, &rest_pattern, &last), here = segment(path, &rest_path, &path_last);
        if (is_name(part)) {
            if (last && rest) here = path;
            else if (last && !path_last) return false;
            if (!here.len || here.ptr[0] == '/') return false;
            query_argument q = {str_slice(part, 1, part.len - 2), percent_decode(a, here, false)};
            vec_push_in(a, &found.items, q);
            if (last) break;
        } else if (!str_equal(part, here) || (last && !path_last)) {
            return false;
        }
        if (path_last && !last) return false;
        pattern = rest_pattern;
        path = rest_path;
    }
    for (size_t i = 0; i < found.items.len; i++) vec_push_in(a, &out->items, found.items.at[i]);
    return true;
}
