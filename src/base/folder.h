/* Walking a folder: files in byte order of names, whatever the file system's order is. */
#ifndef PICKET_BASE_FOLDER_H
#define PICKET_BASE_FOLDER_H

#include <sys/stat.h>

#include "base/str.h"

typedef struct {
    bool (*wanted)(pk_str name);  /* by a file's name alone, before anything else is asked about it */
    void (*file)(const char *path, const struct stat *s, void *user);
    void (*unreadable)(const char *folder, int error, void *user); /* errno of a folder that can't be read; NULL: nobody asks */
    void *user;
    unsigned threads;             /* that ask about files; 0: one for each processor. The calls come from one */
} folder_visit;

/*
 * Calls visit->file for every regular file below `folder` whose name is wanted; links are followed, but for those that lead
 * back to a folder above. `self`: of stat() on the folder.
 */
void folder_walk(const char *folder, const struct stat *self, const folder_visit *visit);

#endif
