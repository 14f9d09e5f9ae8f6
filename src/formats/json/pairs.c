/* Nothing is looked at but brackets and keys: the object was walked before. */
#include "formats/json/pairs.h"

#include "formats/json/scan.h"
#include "formats/json/strings.h"

static const char *behind_string(const char *p, const char *end)
{
    bool escaped;
    const char *close = string_close(p + 1, end, &escaped);
    return close ? close + 1 : end;
}

/* The place behind the value at p: a comma or bracket, or white space before it. */
static const char *behind(const char *p, const char *end)
{
    for (size_t open = 0; p < end;) {
        if (*p == '"') {
            p = behind_string(p, end);
        } else {
            if (*p == '{' || *p == '[') open++;
            else if (*p == '}' || *p == ']') open--;
            p++;
        }
        if (!open && (p == end || *p == ',' || *p == '}' || *p == ']')) break;
    }
    return p;
}

static const char *member(const char *open, const char *end, pk_str key)
{
    if (*open != '{') return NULL;
    for (const char *p = scan_blanks(open + 1, end); p < end && *p == '"';) {
        const char *close = behind_string(p, end);
        const bool same = str_equal((pk_str){p + 1, (size_t)(close - p) - 2}, key);
        p = scan_blanks(scan_blanks(close, end) + 1, end); /* the colon */
        if (same) return p;
        p = scan_blanks(behind(p, end), end);
        if (p < end && *p == ',') p = scan_blanks(p + 1, end);
    }
    return NULL;
}

const char *pair_choose(const char *open, const char *end, const pk_str *keys, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t slash = str_find_char(keys[i], '/');
        const char *at = member(open, end, str_slice(keys[i], 0, slash));
        if (at && slash != STR_NPOS) at = member(at, end, str_slice(keys[i], slash + 1, STR_NPOS));
        if (at) return at;
    }
    return NULL;
}
