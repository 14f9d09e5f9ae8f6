/*
 * A tap: bytes that come from somewhere, and can be looked at before they are taken. A file is one, a member of an archive
 * is one, and an archive reads from one.
 */
#ifndef PICKET_FORMATS_TAP_H
#define PICKET_FORMATS_TAP_H

#include "base/mem.h"

#define TAP_HEAD ((size_t)64 << 10)

typedef struct tap tap;
struct tap {
    /* Up to n bytes; 0 at the end, and after an error that `pull` has reported. Set by the owner, as is `self`. */
    size_t (*pull)(void *self, void *buffer, size_t n);
    /* Moves by n bytes, back or forth, within what is there; false: it can't, nothing is moved. NULL: it never can. */
    bool (*move)(void *self, int64_t n);
    void *self;
    uint8_t *head;      /* looked at, not taken yet: TAP_HEAD bytes */
    size_t at, len;
    bool ended;         /* pull gave 0 */
};

/* The next bytes, `want` of them (at most TAP_HEAD) or more unless the end comes first; they stay. */
pk_str tap_peek(tap *t, size_t want);
size_t tap_read(tap *t, void *buffer, size_t n);
bool tap_move(tap *t, int64_t n); /* false: nothing is moved; always so while bytes that were looked at are not taken */
void tap_forget(tap *t);   /* what was looked at: the owner has moved */
void tap_reuse(tap *t);    /* for other bytes: all but its memory is forgotten */
void tap_close(tap *t);

#endif
