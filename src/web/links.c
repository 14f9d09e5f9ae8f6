/* Addresses of pages. */
#include "web/links.h"

enum { PLAIN_LIMIT = 48, HASHED_PREFIX = 24 };

/* Path on the server and file; '%' stands for the first name, '&' for the second. */
static const struct {
    const char *path, *file;
} places[] = {
    [PLACE_START] = {"/", "index"},
    [PLACE_RULES] = {"/rules", "rules/index"},
    [PLACE_LANGUAGE] = {"/rules/%", "rules/%/index"},
    [PLACE_RULE] = {"/rules/%/&", "rules/%/&"},
    [PLACE_PROBLEMS] = {"/rules/problems", "problems"},
    [PLACE_MATRIX] = {"/attack", "attack/index"},
    [PLACE_TECHNIQUE] = {"/attack/%", "attack/%"},
    [PLACE_SOURCES] = {"/sources", "sources/index"},
    [PLACE_SOURCE] = {"/sources/%", "sources/%"},
    [PLACE_INDICATORS] = {"/indicators", "indicators/index"},
    [PLACE_INDICATOR] = {"/indicators/%", "indicators/%"},
    [PLACE_FIELDS] = {"/fields", "fields/index"},
    [PLACE_FIELD] = {"/fields/%", "fields/%"},
    [PLACE_SEARCH] = {"/search", "search"},
    [PLACE_COMPARE] = {"/compare", "compare"},
    [PLACE_COVERAGE] = {"/coverage", "coverage"},
    [PLACE_RUN] = {"/run", "run"},
};

static pk_str taken(arena *a, text *t)
{
    pk_str s = arena_str(a, text_view(t));
    text_free(t);
    return s;
}

static bool is_plain(char c) { return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_'; }

/* Names that systems keep for devices, or that a page of ours has. */
static bool is_reserved(pk_str s)
{
    static const char *const names[] = {"con", "prn", "aux", "nul", "index"};
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_equal(s, str_from(names[i]))) return true;
    return s.len == 4 && (str_starts_with(s, STR("com")) || str_starts_with(s, STR("lpt")));
}

pk_str plain_name(arena *a, pk_str s)
{
    size_t plain = 0;
    while (plain < s.len && is_plain(s.ptr[plain])) plain++;
    if (s.len && plain == s.len && s.len <= PLAIN_LIMIT && !is_reserved(s)) return s;
    char prefix[HASHED_PREFIX];
    size_t n = 0;
    for (size_t i = 0; i < s.len && n < sizeof prefix; i++) {
        char c = s.ptr[i] >= 'A' && s.ptr[i] <= 'Z' ? (char)(s.ptr[i] + 32) : s.ptr[i];
        if (is_plain(c)) prefix[n++] = c;
        else if (n && prefix[n - 1] != '-') prefix[n++] = '-';
    }
    while (n && prefix[n - 1] == '-') n--;
    /* A dot parts the two, which no plain name has: a hashed name is never another's plain one. */
    return arena_printf(a, "%.*s.%016llx", (int)n, prefix, (unsigned long long)hash_str(s));
}

/* Techniques are told by their ids, which are short; upper case would clash where case does not count. */
static pk_str technique_name(arena *a, pk_str id)
{
    char out[16];
    bool good = id.len >= 5 && id.len <= 9 && (id.ptr[0] == 'T' || id.ptr[0] == 't');
    for (size_t i = 1; i < id.len && good; i++) good = (id.ptr[i] >= '0' && id.ptr[i] <= '9') || (i == 5 && id.ptr[i] == '.');
    if (!good) return plain_name(a, id);
    for (size_t i = 0; i < id.len; i++) out[i] = id.ptr[i] == 'T' ? 't' : id.ptr[i] == '.' ? '-' : id.ptr[i];
    return arena_str(a, (pk_str){out, id.len});
}

static pk_str file_name(arena *a, place p, pk_str s)
{
    if (p == PLACE_TECHNIQUE) return technique_name(a, s);
    if (p != PLACE_SOURCE) return plain_name(a, s);
    char *out = arena_alloc(a, s.len + 1); /* "sysmon/1": the slash is the only sign that most keys have */
    for (size_t i = 0; i < s.len; i++) out[i] = s.ptr[i] == '/' ? '-' : s.ptr[i];
    bool same = str_find(s, STR("-")) == STR_NPOS;
    pk_str dashed = plain_name(a, (pk_str){out, s.len});
    return same && dashed.ptr == out ? dashed : plain_name(a, s);
}

pk_str place_file(arena *a, place p, pk_str one, pk_str two)
{
    text t = {0};
    for (const char *c = places[p].file; *c; c++) {
        if (*c == '%') text_put(&t, file_name(a, p, one));
        else if (*c == '&') text_put(&t, plain_name(a, two));
        else text_put_char(&t, *c);
    }
    return taken(a, &t);
}

pk_str file_piece(arena *a, pk_str file, pk_str tab, size_t n)
{
    text t = {0};
    text_put(&t, file);
    if (tab.len) text_put_char(&t, '.');
    if (tab.len) text_put(&t, plain_name(a, tab));
    if (n > 1) text_printf(&t, ".%zu", n);
    text_put_cstring(&t, ".html");
    return taken(a, &t);
}

unsigned file_depth(pk_str file)
{
    unsigned n = 0;
    for (size_t i = 0; i < file.len; i++) n += file.ptr[i] == '/';
    return n;
}

/* A last part that looks like a suffix of ours (".json") would be taken for one. */
static void put_path_part(text *t, pk_str s)
{
    static const char *const suffixes[] = {".json", ".raw", ".csv", ".ndjson", ".txt", ".svg", ".tar.gz", ".report.html"};
    put_percent_encoded(t, s);
    for (size_t i = 0; i < sizeof suffixes / sizeof *suffixes; i++) {
        pk_str suffix = str_from(suffixes[i]);
        if (!str_ends_with(s, suffix)) continue;
        t->len -= suffix.len;
        text_put_cstring(t, "%2E");
        text_put(t, str_slice(suffix, 1, suffix.len));
        return;
    }
}

/* Keys of sources hold a slash that parts them. */
static void put_source_key(text *t, pk_str key)
{
    for (size_t slash; (slash = str_find_char(key, '/')) != STR_NPOS; key = str_slice(key, slash + 1, key.len)) {
        put_percent_encoded(t, str_slice(key, 0, slash));
        text_put_char(t, '/');
    }
    put_path_part(t, key);
}

static void put_up(text *t, const linker *l)
{
    for (unsigned i = 0; i < l->depth; i++) text_put_cstring(t, "../");
}

pk_str link_tab(const linker *l, pk_str id, pk_str tab)
{
    text t = {0};
    if (l->style == LINKS_FILES) {
        put_up(&t, l);
        text_put(&t, file_piece(l->a, place_file(l->a, PLACE_TECHNIQUE, id, STR("")), tab, 1));
    } else {
        text_put(&t, link_to(l, PLACE_TECHNIQUE, id, STR("")));
        text_put_cstring(&t, "?tab=");
        put_percent_encoded(&t, tab);
    }
    return taken(l->a, &t);
}

pk_str link_to(const linker *l, place p, pk_str one, pk_str two)
{
    text t = {0};
    if (p == PLACE_TECHNIQUE && l->techniques && table_get(l->techniques, one) == TABLE_NONE) return STR("");
    if (l->style == LINKS_FILES) {
        put_up(&t, l);
        text_put(&t, file_piece(l->a, place_file(l->a, p, one, two), STR(""), 1));
        return taken(l->a, &t);
    }
    for (const char *c = places[p].path; *c; c++) {
        if (*c == '%' && p == PLACE_SOURCE) put_source_key(&t, one);
        else if (*c == '%') put_path_part(&t, one);
        else if (*c == '&') put_path_part(&t, two);
        else text_put_char(&t, *c);
    }
    return taken(l->a, &t);
}

pk_str link_query(const linker *l, place p, pk_str one, pk_str asked, pk_str words)
{
    text t = {0};
    if (l->style == LINKS_FILES) {
        put_up(&t, l);
        text_put_cstring(&t, "search.html#q=");
        put_percent_encoded(&t, words);
        return taken(l->a, &t);
    }
    text_put(&t, link_to(l, p, one, STR("")));
    if (asked.len) text_put_char(&t, '?');
    text_put(&t, asked);
    return taken(l->a, &t);
}
