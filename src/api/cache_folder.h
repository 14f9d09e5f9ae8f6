/*
 * The folder of cached programs: files of the user's own, written whole or not at all, bounded in number and size. Nothing in
 * it is needed: it may be deleted at any time.
 */
#ifndef PICKET_API_CACHE_FOLDER_H
#define PICKET_API_CACHE_FOLDER_H

#include "base/mem.h"

/* `given`, or NULL for picket/ under XDG_CACHE_HOME, else ~/.cache. In `a`; empty: there is no such place. */
pk_str cache_folder_path(const char *given, arena *a);

/*
 * Opens it, making what is missing. -1 if it is not to be trusted or cannot be made, and *why says so: not owned by the user,
 * writable by others, a symbolic link.
 */
int cache_folder_open(pk_str path, const char **why);

/* An open file of the folder, owned by the user, writable by nobody else, no link; -1: there is none. */
int cache_file_open(int folder, const char *name, size_t *size);
bool cache_file_read(int file, void *to, size_t len, size_t at);

typedef struct { const void *bytes; size_t len; } cache_piece;
/* Writes a file of these pieces under a name of its own, then gives it `name`. false: nothing has changed. */
bool cache_file_write(int folder, const char *name, const cache_piece *pieces, size_t count);
/* Removes the oldest files (but not `kept`) until number and size are within bounds, and what writers left half done. */
void cache_folder_tidy(int folder, const char *kept);

#endif
