/* Names of files in an archive. Paths are hostile: whoever unpacks must get plain files below one folder, whatever the rules' files are called. */
#include "web/export_names.h"

#include "base/text.h"

enum { PART_LIMIT = 100, NAME_LIMIT = 240, ENDING_LIMIT = 12 };

static bool is_plain(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'; }

/* The dot of the ending, or the length. */
static size_t ending_at(pk_str s)
{
    for (size_t i = s.len; i-- > 1;) {
        if (s.ptr[i] == '/' || s.len - i > ENDING_LIMIT) break;
        if (s.ptr[i] == '.') return i;
    }
    return s.len;
}

/* One part of a path; a dot or a dash does not begin a name. What is cut keeps its ending. */
static void put_part(text *out, pk_str part)
{
    size_t ending = part.len > PART_LIMIT ? ending_at(part) : part.len, keep = PART_LIMIT - ENDING_LIMIT;
    for (size_t i = 0; i < part.len; i++) {
        if (part.len > PART_LIMIT && i >= keep && i < ending) continue;
        bool first = i == 0 && (part.ptr[i] == '.' || part.ptr[i] == '-');
        text_put_char(out, is_plain(part.ptr[i]) && !first ? part.ptr[i] : '_');
    }
}

static void put_parts(text *out, pk_str path)
{
    while (path.len) {
        size_t slash = str_find_char(path, '/');
        pk_str part = str_slice(path, 0, slash);
        if (part.len && !str_equal(part, STR("."))) {
            if (out->len) text_put_char(out, '/');
            put_part(out, part);
        }
        path = slash == STR_NPOS ? STR("") : str_slice(path, slash + 1, STR_NPOS);
    }
}

/* Where case does not count, names that differ by it alone would clash. */
static pk_str lowered(arena *a, pk_str s)
{
    char *out = arena_cstring(a, s);
    for (size_t i = 0; i < s.len; i++)
        if (out[i] >= 'A' && out[i] <= 'Z') out[i] = (char)(out[i] + 32);
    return (pk_str){out, s.len};
}

pk_str export_file_name(arena *a, pk_str path, table *used)
{
    text t = {0};
    put_parts(&t, path);
    if (!t.len) text_put_cstring(&t, "rule");
    if (t.len > NAME_LIMIT) {
        pk_str whole = text_view(&t);
        pk_str short_name = arena_printf(a, "long/%016llx" STR_FMT, (unsigned long long)hash_str(path), STR_ARG(str_slice(whole, ending_at(whole), STR_NPOS)));
        text_clear(&t);
        text_put(&t, short_name);
    }
    pk_str plain = arena_str(a, text_view(&t)), name = plain;
    size_t dot = ending_at(plain);
    text_free(&t);
    for (unsigned n = 2; !table_put(used, lowered(a, name), 1); n++)
        name = arena_printf(a, STR_FMT "~%u" STR_FMT, STR_ARG(str_slice(plain, 0, dot)), n, STR_ARG(str_slice(plain, dot, STR_NPOS)));
    return name;
}
