/* Folders and globs -> files, in byte order of names. */
#ifndef PICKET_FORMATS_WALK_H
#define PICKET_FORMATS_WALK_H

#include "base/diag.h"

/* Called for each regular file; `path` is valid until it returns. */
typedef void (*walk_fn)(const char *path, uint64_t size, void *user);

/* All files below the folder. What cannot be read is reported; devices, pipes and sockets are passed over. */
void walk_folder(const char *path, walk_fn fn, void *user, diag_list *d);

bool glob_is_pattern(const char *path);
/*
 * All files that match: '*', '?', '[...]' within a name, '**' for any folders (also none). A folder that matches is walked.
 * Returns how many paths matched.
 */
size_t glob_expand(const char *pattern, walk_fn fn, void *user, diag_list *d);

#endif
