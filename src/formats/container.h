/* Compressed streams, zip and tar, by libarchive: bytes of one tap in, members out. */
#ifndef PICKET_FORMATS_CONTAINER_H
#define PICKET_FORMATS_CONTAINER_H

#include "base/diag.h"
#include "formats/tap.h"

typedef enum {
    CONTAINER_NONE,
    CONTAINER_COMPRESSED, /* gz, zst, bz2, xz, lz4: one stream without a name of its own */
    CONTAINER_ZIP,
    CONTAINER_TAR,
} container_kind;

/* By the first bytes. */
container_kind container_detect(pk_str head);

/* What one input file may cost, however it is nested: shared by all containers in it. */
typedef struct {
    uint64_t read;         /* bytes of the file itself */
    uint64_t unpacked;     /* bytes that came out of any container in it */
    uint64_t member_limit; /* of one member; 0: none */
    bool exhausted;        /* a limit was reached: nothing more of this file is read */
} container_budget;

typedef struct container container;

/* What `below` must be able to do for a zip to be read by its directory; NULL: it cannot go back. -1 on failure. */
typedef int64_t (*container_seek)(void *self, int64_t offset, int whence);

/* `name` (of the file, for diagnostics) and `budget` must outlive it, as must the tap below. */
container *container_open(container_kind kind, tap *below, container_seek seek, pk_str name, container_budget *budget,
                          diag_list *d);
void container_close(container *c);
/* The next member that is a file: its path (empty for a compressed stream; valid until the next call). False: none left. */
bool container_next(container *c, pk_str *path, diag_list *d);
/* Its bytes, until the next container_next. `name` is the whole name of the member, for diagnostics; must stay. */
tap *container_member(container *c, pk_str name);

#endif
