/* Regular expressions of rules: what the check takes, PCRE2 compiles again, and errors point into the pattern. */
#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>

#include "base/unicode.h"
#include "languages/sigma/sigma.h"

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *bytes, size_t size)
{
    if (!size) return 0;
    arena *a = arena_new();
    pk_str pattern = utf8_repair(a, (pk_str){(const char *)bytes + 1, size - 1});
    pk_str message = STR("");
    size_t at = 0;
    bool multi_line = bytes[0] & 1, dot_all = bytes[0] & 2, ignore_case = bytes[0] & 4;
    if (!sigma_check_regex(a, pattern, multi_line, dot_all, ignore_case, &at, &message)) {
        if (at > pattern.len || !message.len) __builtin_trap();
    } else {
        int error;
        PCRE2_SIZE offset;
        pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern.ptr, pattern.len, PCRE2_UTF, &error, &offset, NULL);
        if (!code) __builtin_trap();
        pcre2_code_free(code);
    }
    arena_free(a);
    return 0;
}
