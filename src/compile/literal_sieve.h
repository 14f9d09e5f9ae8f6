/*
 * A look at a text, as it stands in the log, that says whether one of a few literals may be in it: what keywords need, which
 * ask every value of an event and are hardly ever there. The text need be neither folded nor padded.
 *
 * Each literal hangs on three of its bytes, those that are rarest in logs. Two shuffles a byte give the groups of literals
 * that such a byte could belong to, 32 bytes at a time; where a group is left over after three bytes, the literals with these
 * three are compared.
 */
#ifndef PICKET_COMPILE_LITERAL_SIEVE_H
#define PICKET_COMPILE_LITERAL_SIEVE_H

#include "base/image.h"

#define SIEVE_BYTES 3

typedef struct {
    uint32_t bytes;               /* the three, bit 0x20 set in each */
    uint32_t literal, offset;     /* of the three within it */
} sieve_entry;

typedef struct {
    uint8_t low[SIEVE_BYTES][16], high[SIEVE_BYTES][16]; /* by nibble of a byte: groups that it may belong to */
    const pk_str *literals;       /* borrowed */
    sieve_entry *entries;         /* by `bytes` */
    uint16_t *first;              /* by hash of the three bytes: their first entry + 1, or 0 */
    size_t count;
    size_t shortest;              /* literal, in characters */
} literal_sieve;

/* false: they are too many, or one of them has no three neighbouring ASCII bytes. The literals are folded. */
bool literal_sieve_build(literal_sieve *s, const pk_str *literals, size_t count);
void literal_sieve_free(literal_sieve *s);
/* Copies what the sieve at `field` holds; `literals`: where its literals stand in the image. */
void literal_sieve_image(const literal_sieve *s, image_writer *w, size_t field, size_t literals);
/* May one of the literals stand in the folded text? false: none does. */
bool literal_sieve_lets_through(const literal_sieve *s, pk_str content);

#endif
