/* Walking a folder. */
#define _GNU_SOURCE
#include "base/folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "base/mem.h"
#include "base/parallel.h"

enum {
    DEPTH_LIMIT = 64,
    ENTRIES_AT_ONCE = 4096,       /* memory for what is known of them; a level of depth has as much */
    ENTRIES_A_PIECE = 64,
    ENTRIES_A_THREAD = 1024,      /* a thread for fewer does not pay */
};

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

/* ---- what the file system says of entries ---- */

typedef struct {
    struct dirent *entry;
    struct stat stat;
    bool wanted, known;           /* known: `stat` has been filled */
} found;

typedef struct {
    int folder;
    found *at;
    size_t count;
} asking;

/* By its name within the open folder: of a whole path each part would be looked up again. */
static void ask(size_t piece, unsigned worker, void *user)
{
    const asking *q = user;
    size_t end = (piece + 1) * ENTRIES_A_PIECE < q->count ? (piece + 1) * ENTRIES_A_PIECE : q->count;
    (void)worker;
    for (size_t i = piece * ENTRIES_A_PIECE; i < end; i++) {
        found *f = &q->at[i];
        bool maybe = f->entry->d_type != DT_REG || f->wanted; /* of others only the kind counts */
        f->known = maybe && fstatat(q->folder, f->entry->d_name, &f->stat, 0) == 0;
    }
}

/* ---- walking ---- */

static void walk(const char *folder, const struct stat *self, const above *chain, int depth, const folder_visit *visit);

static void visit_entry(const char *folder, const found *f, const above *here, int depth, const folder_visit *visit)
{
    size_t length = strlen(folder);
    char *path = NULL;
    if (!f->known || !(S_ISDIR(f->stat.st_mode) || (S_ISREG(f->stat.st_mode) && f->wanted))) return;
    if (asprintf(&path, "%s%s%s", folder, length && folder[length - 1] == '/' ? "" : "/", f->entry->d_name) < 0) return;
    if (S_ISDIR(f->stat.st_mode)) walk(path, &f->stat, here, depth + 1, visit);
    else visit->file(path, &f->stat, visit->user);
    free(path);
}

static void visit_entries(const char *folder, struct dirent **entries, size_t n, const above *here, int depth, const folder_visit *visit)
{
    int fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    found *all = mem_alloc((n < ENTRIES_AT_ONCE ? n : ENTRIES_AT_ONCE) * sizeof *all);
    for (size_t first = 0; fd >= 0 && first < n; first += ENTRIES_AT_ONCE) {
        asking q = {fd, all, n - first < ENTRIES_AT_ONCE ? n - first : ENTRIES_AT_ONCE};
        size_t pieces = (q.count + ENTRIES_A_PIECE - 1) / ENTRIES_A_PIECE;
        for (size_t i = 0; i < q.count; i++) all[i] = (found){.entry = entries[first + i], .wanted = visit->wanted(str_from(entries[first + i]->d_name))};
        parallel_for(pieces, parallel_threads(visit->threads, q.count / ENTRIES_A_THREAD + 1), ask, &q);
        for (size_t i = 0; i < q.count; i++) visit_entry(folder, &all[i], here, depth, visit);
    }
    mem_free(all);
    if (fd >= 0) close(fd);
}

static void walk(const char *folder, const struct stat *self, const above *chain, int depth, const folder_visit *visit)
{
    struct dirent **entries;
    above here = {chain, self->st_dev, self->st_ino};
    if (depth > DEPTH_LIMIT || is_above(chain, self)) return;
    int n = scandir(folder, &entries, no_dots, by_bytes);
    if (n < 0) {
        if (visit->unreadable) visit->unreadable(folder, errno, visit->user);
        return;
    }
    if (n > 0) visit_entries(folder, entries, (size_t)n, &here, depth, visit);
    for (int i = 0; i < n; i++) free(entries[i]);
    free(entries);
}

void folder_walk(const char *folder, const struct stat *self, const folder_visit *visit) { walk(folder, self, NULL, 0, visit); }
