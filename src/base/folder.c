/* Walking a folder. */
#define _GNU_SOURCE
#include "base/folder.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

enum { DEPTH_LIMIT = 64 };

static int by_bytes(const struct dirent **x, const struct dirent **y) { return strcmp((*x)->d_name, (*y)->d_name); }
static int no_dots(const struct dirent *e) { return strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0; }

/* Folders above the one being walked: a link back to one of them would never end. */
typedef struct above {
    const struct above *up;
    dev_t device;
    ino_t inode;
} above;

static bool is_above(const above *chain, const struct stat *s)
{
    for (; chain; chain = chain->up)
        if (chain->device == s->st_dev && chain->inode == s->st_ino) return true;
    return false;
}

static void walk(const char *folder, const struct stat *self, const above *chain, int depth, const folder_visit *visit)
{
    struct dirent **entries;
    above here = {chain, self->st_dev, self->st_ino};
    if (depth > DEPTH_LIMIT || is_above(chain, self)) return;
    int n = scandir(folder, &entries, no_dots, by_bytes);
    if (n < 0) {
        visit->unreadable(folder, errno, visit->user);
        return;
    }
    size_t length = strlen(folder);
    const char *slash = length && folder[length - 1] == '/' ? "" : "/";
    for (int i = 0; i < n; i++) {
        char *path = NULL;
        struct stat s;
        bool wanted = visit->wanted(str_from(entries[i]->d_name));
        bool maybe = entries[i]->d_type != DT_REG || wanted; /* of others only the kind counts */
        if (maybe && asprintf(&path, "%s%s%s", folder, slash, entries[i]->d_name) >= 0 && stat(path, &s) == 0) {
            if (S_ISDIR(s.st_mode)) walk(path, &s, &here, depth + 1, visit);
            else if (S_ISREG(s.st_mode) && wanted) visit->file(path, &s, visit->user);
        }
        free(path);
        free(entries[i]);
    }
    free(entries);
}

void folder_walk(const char *folder, const struct stat *self, const folder_visit *visit) { walk(folder, self, NULL, 0, visit); }
