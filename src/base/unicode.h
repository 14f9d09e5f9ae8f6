/* UTF-8, case folding, UTF-16, base64. */
#ifndef PICKET_BASE_UNICODE_H
#define PICKET_BASE_UNICODE_H

#include "base/mem.h"

bool utf8_valid(pk_str s);
size_t utf8_bad_at(pk_str s);                         /* position of the first invalid byte, or STR_NPOS */
pk_str utf8_repair(arena *a, pk_str s);               /* invalid sequences as U+FFFD; returns `s` itself if it is valid */
uint32_t utf8_next(pk_str s, size_t *at);             /* code point at *at, which moves on; U+FFFD for a bad byte */
size_t utf8_put(char out[4], uint32_t code_point);    /* bytes written, 1 to 4 */
size_t utf8_length(pk_str s);                         /* in code points */

/*
 * Simple case folding (Unicode CaseFolding.txt, statuses C and S; done as tolower(toupper(c)) of utf8proc). Result and
 * input may differ in length. `s` must be valid UTF-8. Returns `s` itself when nothing changes.
 */
pk_str fold(arena *a, pk_str s);
uint32_t fold_code_point(uint32_t c);
bool folds_to_ascii(pk_str s);                        /* is there a character beyond ASCII that becomes an ASCII letter? */
bool str_equal_fold(pk_str a, pk_str b);              /* whole strings, folded, without allocating */

/* UTF-16LE bytes (an odd last byte is ignored) to UTF-8; unpaired surrogates become U+FFFD. */
pk_str utf16le_to_utf8(arena *a, const uint8_t *bytes, size_t len);
pk_str utf8_to_utf16(arena *a, pk_str s, bool big_endian, bool with_bom);

pk_str base64_encode(arena *a, pk_str bytes);
/* RFC 4648 section 4; white space is skipped, padding is whole or absent. false: it is something else. */
bool base64_decode(arena *a, pk_str s, pk_str *bytes);

#endif
