/*
 * A look at a text, as it stands in the log, that says whether one of a few literals may be in it: what keywords need, which
 * ask every value of an event and are hardly ever there. The text need be neither folded nor padded. Or a look at a folded text that
 * says which of the literals stand in it.
 *
 * Each literal hangs on three of its bytes, or where that lets too much through on four, those that are rarest in logs. Two shuffles
 * a byte give the groups of literals that such a byte could belong to, 32 bytes at a time; where a group is left over after all
 * bytes, the literals with the first three are compared. Of few literals two bytes are rare enough ("::" of mimikatz). With many literals too many places are left over: `suspected` says how many.
 */
#ifndef PICKET_COMPILE_LITERAL_SIEVE_H
#define PICKET_COMPILE_LITERAL_SIEVE_H

#include "base/image.h"
#include "compile/literal_trie.h" /* number_list */

#define SIEVE_BYTES 4             /* at most */

/* What is looked at. Folded text must be padded (SCAN_PADDING), and literals may be of one or two bytes there. */
typedef enum { SIEVE_OF_LOGS, SIEVE_OF_FOLDED } sieve_use;

typedef struct {
    uint32_t bytes;               /* the first three, bit 0x20 set in each; of a shorter literal: its first */
    uint32_t literal;             /* or one of the ways to write characters in JSON */
    uint32_t offset, width;       /* of the bytes within it that it hangs on */
    uint32_t from, to;            /* the part around them that JSON writes as it is */
} sieve_entry;

typedef struct {
    uint8_t low[SIEVE_BYTES][16], high[SIEVE_BYTES][16]; /* by nibble of a byte: groups that it may belong to */
    const pk_str *literals;       /* borrowed */
    sieve_entry *entries;         /* by `bytes`, those of literals of one or two bytes first */
    uint16_t *first;              /* by hash of the three bytes: their first entry + 1, or 0 */
    uint16_t *tiny;               /* by byte: the first entry of a literal of one or two bytes + 1, or 0; NULL: there are none */
    size_t count, tiny_count;     /* of entries; 0: there is no sieve */
    uint32_t cell_shift;          /* of hashes */
    sieve_use use;
    size_t shortest;              /* literal, in characters */
    uint64_t used[2];             /* bit set: ASCII characters of the literals */
    bool plain;                   /* ASCII alone, and some part of each is what JSON writes as it is */
    bool skipped;                 /* the first of them is not looked at: the other two are rare enough */
    uint32_t width;               /* bytes that are looked at: three or four */
    bool ends_late;               /* some literal hangs on fewer of them */
    uint32_t suspected;           /* places of a thousand, in a sample of log text, where literals must be compared */
} literal_sieve;

/*
 * For the literals of at most `longest` bytes, which are folded; those that are not ASCII are left out of what looks at folded text. false:
 * there are none, too many, or one in logs that has no three neighbouring bytes in ASCII; then all is zero.
 */
bool literal_sieve_build(literal_sieve *s, const pk_str *literals, size_t count, size_t longest, sieve_use use);
void literal_sieve_free(literal_sieve *s);
/* Places of a thousand that it suspects in texts like its literals, but for those where these hang. */
uint32_t literal_sieve_suspected_like(const literal_sieve *s);

/* Of logs. May one of the literals stand in the text once it is folded? false: none does. */
bool literal_sieve_lets_through(const literal_sieve *s, pk_str content);
/* The same of any text within a record that is written in JSON, escapes and all. */
bool literal_sieve_lets_json_through(const literal_sieve *s, pk_str json);
/* The same of any text within these bytes that is UTF-16LE and begins at an even place of them, whatever else they hold. */
bool literal_sieve_lets_wide_through(const literal_sieve *s, pk_str bytes);
/* Of either use. Appends the literals that stand in a folded, padded text, each once: as literal_scan_run. */
void literal_sieve_find(const literal_sieve *s, pk_str folded, uint32_t *stamps, uint32_t epoch, number_list *out);

/* Copies what the sieve at `field` holds; `literals`: where its literals stand in the image. */
void literal_sieve_image(const literal_sieve *s, image_writer *w, size_t field, size_t literals);

#endif
