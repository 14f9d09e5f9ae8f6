/*
 * The forms are written as patterns: '0' is a digit, '#' one or two digits or a blank and a digit, 'M' the name of a
 * month, 'W' of a day of the week, everything else stands for itself. A fraction, a zone and AM or PM may follow a time of
 * day and are taken with it.
 */
#include "formats/text/times.h"

static bool is_digit(char c) { return c >= '0' && c <= '9'; }
static bool is_letter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

static bool is_name(const char *p, const char *names)
{
    for (; *names; names += 3)
        if (memcmp(p, names, 3) == 0) return true;
    return false;
}

/* Length of the pattern at the start of s, 0 if it isn't there. */
static size_t match_form(pk_str s, const char *form)
{
    size_t at = 0;
    for (; *form; form++) {
        if (at >= s.len) return 0;
        const char *p = s.ptr + at;
        size_t left = s.len - at;
        switch (*form) {
        case '0':
            if (!is_digit(*p)) return 0;
            at++;
            break;
        case '#':
            if (*p == ' ' && left > 1 && is_digit(p[1])) at += 2;
            else if (is_digit(*p)) at += left > 1 && is_digit(p[1]) ? 2 : 1;
            else return 0;
            break;
        case 'M':
            if (left < 3 || !is_name(p, "JanFebMarAprMayJunJulAugSepOctNovDec")) return 0;
            at += 3;
            break;
        case 'W':
            if (left < 3 || !is_name(p, "MonTueWedThuFriSatSun")) return 0;
            at += 3;
            break;
        default:
            if (*p != *form) return 0;
            at++;
        }
    }
    return at;
}

static size_t digits(pk_str s)
{
    size_t n = 0;
    while (n < s.len && is_digit(s.ptr[n])) n++;
    return n;
}

static size_t fraction(pk_str s)
{
    if (s.len < 2 || (s.ptr[0] != '.' && s.ptr[0] != ',')) return 0;
    size_t n = digits(str_slice(s, 1, s.len));
    return n && n <= 9 ? n + 1 : 0;
}

/* "Z", "+01:00", " +0100", " UTC", " PM" */
static size_t zone(pk_str s)
{
    static const char *const words[] = {" UTC", " GMT", " CEST", " CET", " AM", " PM"};
    if (s.len && s.ptr[0] == 'Z') return 1;
    size_t blank = s.len && s.ptr[0] == ' ', n;
    pk_str rest = str_slice(s, blank, s.len);
    if (rest.len && (rest.ptr[0] == '+' || rest.ptr[0] == '-')) {
        if ((n = match_form(str_slice(rest, 1, rest.len), "00:00"))) return blank + 1 + n;
        if ((n = match_form(str_slice(rest, 1, rest.len), "0000"))) return blank + 1 + n;
    }
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        pk_str word = str_from(words[i]);
        if (str_starts_with(s, word) && (s.len == word.len || !is_letter(s.ptr[word.len]))) return word.len;
    }
    return 0;
}

static size_t with_fraction_and_zone(pk_str s, size_t n)
{
    if (n == 0) return 0;
    n += fraction(str_slice(s, n, s.len));
    n += zone(str_slice(s, n, s.len));
    return n < s.len && is_digit(s.ptr[n]) ? 0 : n;
}

size_t iso_time(pk_str s)
{
    static const char *const forms[] = {"0000-00-00T00:00:00", "0000-00-00 00:00:00", "0000/00/00 00:00:00",
                                        "0000-00-00  0:00:00", "0000/00/00 - 00:00:00", "0000-00-00 00:00"};
    if (s.len < 16 || !is_digit(s.ptr[0]) || !is_digit(s.ptr[3])) return 0;
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        size_t n = with_fraction_and_zone(s, match_form(s, forms[i]));
        if (n) return n;
    }
    return 0;
}

size_t syslog_time(pk_str s)
{
    if (s.len < 14 || !is_letter(s.ptr[0])) return 0;
    size_t n = match_form(s, "M # 00:00:00");
    if (!n) n = match_form(s, "M # 0000 00:00:00");
    if (!n) return 0;
    n += fraction(str_slice(s, n, s.len));
    return n + match_form(str_slice(s, n, s.len), " 0000");
}

size_t time_at_start(pk_str s)
{
    static const char *const forms[] = {
        "00/M/0000:00:00:00",  /* access logs */
        "00/M/0000 00:00:00",
        "00-M-0000 00:00:00",
        "00-M-00 00:00:00",
        "00/00/0000:00:00:00",
        "00/00/0000 00:00:00",
        "00/00/0000-00:00:00", /* Suricata, Snort */
        "#/#/0000 #:00:00",
        "#/#/0000, #:00:00",
        "00/00/00 00:00:00",
        "00/00/00-00:00:00",
        "00/00-00:00:00",
        "0000-00-00\t00:00:00", /* CloudFront */
        "0000.00.00 00:00:00",
        "00.00.0000 00:00:00",
    };
    if (s.len < 12) return 0;
    if (is_letter(s.ptr[0])) {
        size_t n = match_form(s, "W M # 00:00:00"), comma = match_form(s, "W, # M 0000 00:00:00");
        if (comma) return with_fraction_and_zone(s, comma);
        if (!n) return syslog_time(s);
        n += fraction(str_slice(s, n, s.len));
        n += zone(str_slice(s, n, s.len));
        return n + match_form(str_slice(s, n, s.len), " 0000");
    }
    if (!is_digit(s.ptr[0])) return 0;
    size_t n = iso_time(s);
    for (size_t i = 0; !n && i < sizeof forms / sizeof *forms; i++)
        n = with_fraction_and_zone(s, match_form(s, forms[i]));
    return n;
}

pk_str find_time(pk_str s, size_t limit)
{
    if (limit > s.len) limit = s.len;
    for (size_t i = 0; i < limit; i++) {
        if (i > 0 && (is_digit(s.ptr[i - 1]) || is_letter(s.ptr[i - 1]))) continue;
        if (!is_digit(s.ptr[i]) && !is_letter(s.ptr[i])) continue;
        size_t n = time_at_start(str_slice(s, i, s.len));
        if (n) return str_slice(s, i, n);
    }
    return (pk_str){NULL, 0};
}
