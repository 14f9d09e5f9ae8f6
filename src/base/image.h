/*
 * Images: a graph of structs copied into one block of bytes that can be written to a file and used where it is loaded, at any
 * address. Whoever owns a kind of struct says how it is copied: the struct as it stands, then each of its pointers.
 *
 *     size_t at = image_copy(w, x, sizeof *x);
 *     image_string(w, at + offsetof(thing, name), x->name);
 *     image_array(w, at + offsetof(thing, numbers), x->numbers, x->count, sizeof *x->numbers);
 *
 * In the block a pointer is the place that it points to, and a bit set tells which words are pointers. So a reader can check
 * every pointer before it turns places into addresses; what the rest means is as trustworthy as where the bytes come from,
 * which the caller makes sure of (a checksum over a file of the user's own, the build that wrote it).
 *
 * An image has two parts, one behind the other: a front, which is read at once, and a rest, which may be read later or never.
 * Pointers lead from each into each; whoever follows one into the rest must know that it has been read.
 */
#ifndef PICKET_BASE_IMAGE_H
#define PICKET_BASE_IMAGE_H

#include "base/mem.h"

/* ---- writing ---- */

typedef struct image_writer image_writer;
typedef enum { IMAGE_FRONT, IMAGE_REST, IMAGE_PARTS } image_part;
enum { IMAGE_PAGE = 4096 };       /* the front ends with a page of memory */

image_writer *image_writer_new(void);
void image_writer_free(image_writer *w);
/* Where copies go from now on, the front at first; returns where they went. The rest shares what the front holds; the front has a
 * copy of its own of what only the rest holds so far. */
image_part image_into(image_writer *w, image_part to);
/* Begins a unit of the rest, and returns where: what follows shares only what the front holds and what the unit itself does, so that
 * it can be read without the units before it. When much has been copied again for that, the last unit goes on to the end. */
size_t image_unit(image_writer *w);

size_t image_copy(image_writer *w, const void *from, size_t size);   /* where the copy stands; 8-aligned, never 0 */
/* The same, once for each address: false, and *at is where it stands, if it was copied before. */
bool image_once(image_writer *w, const void *from, size_t size, size_t *at);
void image_point(image_writer *w, size_t field, size_t to);          /* the pointer at `field` points to place `to` */
void image_clear(image_writer *w, size_t field);                     /* ... to nothing */
void image_set(image_writer *w, size_t at, const void *bytes, size_t size);

size_t image_target(const image_writer *w, size_t field);            /* where the pointer at `field` points to; 0: nowhere */

/* A pk_str at `field`; equal texts share their bytes, which a NUL follows. */
void image_string(image_writer *w, size_t field, pk_str s);
void image_cstring(image_writer *w, size_t field, const char *s);    /* a const char * */
/* `count` elements without pointers, or whose pointers are told afterwards; returns where they stand, 0 if there are none. */
size_t image_array(image_writer *w, size_t field, const void *from, size_t count, size_t size);
/* The same for a VEC at `field`: its capacity becomes its length. */
size_t image_vector(image_writer *w, size_t field, const void *from, size_t len, size_t size);
void image_strings(image_writer *w, size_t field, const pk_str *from, size_t count);       /* array of pk_str */
void image_string_vector(image_writer *w, size_t field, const pk_str *from, size_t len);   /* VEC(pk_str) */

#define IMAGE_VECTOR(w, field, v) image_vector((w), (field), (v)->at, (v)->len, sizeof *(v)->at)

/* Ends writing: only now do all places hold, and sizes are multiples of 8. Then each part, and the bit set of its pointers. */
void image_seal(image_writer *w);
size_t image_size(const image_writer *w, image_part p);
const void *image_bytes(const image_writer *w, image_part p);
const void *image_map(const image_writer *w, image_part p);
/* For tests, called before the first copy: then image_strays counts words that hold the address of something that was
 * copied and are no pointers of the image. There are none, if nobody forgot one. */
void image_watch(image_writer *w);
size_t image_strays(const image_writer *w);

/* ---- reading ---- */

/* The bit set of an image of `size` bytes. */
static inline size_t image_map_bytes(size_t size) { return (size + 511) / 512 * 8; }

/* Turns the places in `size` bytes, a part or a piece of one, into addresses of the image of `total` bytes that begins at
 * `base`; `map` begins with the first of them. false: some place lies outside; the image is unusable then. */
bool image_settle(void *bytes, size_t size, const uint64_t *map, uintptr_t base, size_t total);
/* The struct at a place, if it lies within; else NULL. */
static inline void *image_at(void *bytes, size_t size, size_t at, size_t need)
{
    return at % 8 == 0 && at > 0 && at <= size && need <= size - at ? (char *)bytes + at : NULL;
}

#endif
