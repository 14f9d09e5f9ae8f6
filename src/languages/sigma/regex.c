/*
 * Regular expressions of Sigma: a subset of PCRE, so nothing is translated; they are only checked, for a message with the
 * place. Classes (\w \d \s) and word borders are those of ASCII, letters match by Unicode where case is ignored.
 */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "languages/sigma/sigma.h"

#define MAX_PATTERN 65536

bool sigma_check_regex(arena *a, pk_str pattern, bool multi_line, bool dot_all, bool ignore_case, size_t *at,
                       pk_str *message)
{
    *at = 0;
    if (pattern.len > MAX_PATTERN) {
        *message = arena_printf(a, "longer than %d bytes", MAX_PATTERN);
        return false;
    }
    uint32_t options = PCRE2_UTF | PCRE2_NEVER_BACKSLASH_C | PCRE2_NO_UTF_CHECK;
    if (multi_line) options |= PCRE2_MULTILINE;
    if (dot_all) options |= PCRE2_DOTALL;
    if (ignore_case) options |= PCRE2_CASELESS;
    int error = 0;
    PCRE2_SIZE offset = 0;
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, options, &error, &offset, NULL);
    pcre2_code_free(code);
    if (code) return true;
    PCRE2_UCHAR text_of_error[256];
    pcre2_get_error_message(error, text_of_error, sizeof text_of_error);
    *at = offset;
    *message = arena_str(a, str_from((const char *)text_of_error));
    return false;
}
