/* What is no short integer. */
#include "formats/json/number.h"

#include "formats/json/simdjson_shim.h"

enum {
    INTEGER_DIGITS = 19, /* any of so many fits 64 bits, without a sign */
    REAL_BYTES = 40, EXPONENT_DIGITS = 2, /* and is far from the ends of double */
};

/* One to INTEGER_DIGITS digits, and nothing else. */
static inline bool digits_read(const char *p, size_t len, uint64_t *out)
{
    uint64_t digits, n = 0;
    for (size_t some = (len - 1) % 8 + 1; len; p += some, len -= some, some = 8) {
        if (!number_digits(p, some, &digits)) return false;
        n = n * 100000000 + number_of_digits(digits);
    }
    *out = n;
    return true;
}

/* At least one digit. */
static bool pass_digits(const char **p, const char *end)
{
    const char *first = *p;
    while (*p < end && (uint8_t)(**p - '0') < 10) ++*p;
    return *p > first;
}

/* With a fraction or an exponent: an integer of too many digits is none. */
static bool is_real(pk_str s)
{
    const char *p = s.ptr, *end = s.ptr + s.len, *digits;
    bool whole = true;
    if (p < end && *p == '-') p++;
    digits = p;
    if (!pass_digits(&p, end) || (*digits == '0' && p - digits > 1)) return false;
    if (p < end && *p == '.') {
        whole = false;
        p++;
        if (!pass_digits(&p, end)) return false;
    }
    if (p < end && (*p | 0x20) == 'e') {
        whole = false;
        p++;
        if (p < end && (*p == '+' || *p == '-')) p++;
        digits = p;
        if (!pass_digits(&p, end) || p - digits > EXPONENT_DIGITS) return false;
    }
    return p == end && !whole && s.len <= REAL_BYTES;
}

static bool real_read(pk_str s, value *out)
{
    double real;
    if (!is_real(s)) return false;
    if (!out) return true;
    if (!simdjson_double(s.ptr, s.len, &real)) return false;
    *out = value_real(real);
    return true;
}

bool number_read(pk_str s, value *out)
{
    const bool minus = s.len && *s.ptr == '-';
    const char *digits = s.ptr + minus;
    const size_t count = s.len - minus;
    uint64_t n;
    if (count - 1 >= INTEGER_DIGITS || (*digits == '0' && count > 1) || !digits_read(digits, count, &n)) return real_read(s, out);
    if (minus && n > UINT64_C(1) << 63) return false; /* "Keywords" of Windows is -2^63 in half of all logs */
    if (!out) return true;
    if (!minus && n > INT64_MAX) *out = (value){.type = VALUE_UINT, .as.unsigned_integer = n};
    else *out = value_int((int64_t)(minus ? 0 - n : n));
    return true;
}

bool scalar_read(pk_str s, value *out)
{
    value v;
    if (str_equal(s, STR("true")) || str_equal(s, STR("false"))) v = value_bool(*s.ptr == 't');
    else if (str_equal(s, STR("null"))) v = value_null();
    else return number_read(s, out);
    if (out) *out = v;
    return true;
}
