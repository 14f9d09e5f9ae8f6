/* All names are opened relative to the folder that was checked, and never through a link. */
#define _GNU_SOURCE
#include "api/cache_folder.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define ENDING ".program"
#define UNFINISHED ".unfinished-"

enum { FILES_MAX = 16, ABANDONED_AFTER = 3600 };
static const uint64_t bytes_max = UINT64_C(1) << 30;

pk_str cache_folder_path(const char *given, arena *a)
{
    if (given) return arena_str(a, str_from(given));
    const char *base = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (base && base[0] == '/') return arena_printf(a, "%s/picket", base);
    return home && home[0] == '/' ? arena_printf(a, "%s/.cache/picket", home) : STR("");
}

/* ---- the folder ---- */

static void make_folders(pk_str path)
{
    char *name = mem_cstring(path);
    for (size_t i = 1; i <= path.len; i++) {
        if (i < path.len && name[i] != '/') continue;
        name[i] = 0;
        (void)mkdir(name, 0700); /* there already, or opening it fails */
        if (i < path.len) name[i] = '/';
    }
    mem_free(name);
}

static bool is_private(const struct stat *s) { return s->st_uid == geteuid() && !(s->st_mode & (S_IWGRP | S_IWOTH)); }

int cache_folder_open(pk_str path, const char **why)
{
    struct stat s;
    *why = "it is no folder that can be opened";
    if (!path.len) return -1;
    char *name = mem_cstring(path);
    size_t len = path.len;
    while (len > 1 && name[len - 1] == '/') name[--len] = 0; /* "link/" would be followed */
    int fd = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0 && errno == ENOENT) {
        make_folders((pk_str){name, len});
        fd = open(name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    }
    mem_free(name);
    if (fd < 0) return -1;
    *why = "it belongs to somebody else, or others may write to it";
    if (fstat(fd, &s) == 0 && is_private(&s)) return fd;
    close(fd);
    return -1;
}

/* ---- reading ---- */

int cache_file_open(int folder, const char *name, size_t *size)
{
    struct stat s;
    int fd = openat(folder, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK);
    if (fd < 0) return -1;
    if (fstat(fd, &s) == 0 && S_ISREG(s.st_mode) && is_private(&s) && s.st_size > 0 && (uint64_t)s.st_size <= bytes_max) {
        *size = (size_t)s.st_size;
        return fd;
    }
    close(fd);
    return -1;
}

bool cache_file_read(int file, void *to, size_t len, size_t at)
{
    while (len > 0) {
        ssize_t n = pread(file, to, len, (off_t)at);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        to = (char *)to + n;
        len -= (size_t)n;
        at += (size_t)n;
    }
    return true;
}

/* ---- writing ---- */

static bool write_all(int fd, const void *bytes, size_t len)
{
    while (len > 0) {
        ssize_t n = write(fd, bytes, len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        bytes = (const char *)bytes + n;
        len -= (size_t)n;
    }
    return true;
}

bool cache_file_write(int folder, const char *name, const cache_piece *pieces, size_t count)
{
    uint64_t random;
    char unfinished[64];
    if (getrandom(&random, sizeof random, 0) != (ssize_t)sizeof random) return false;
    snprintf(unfinished, sizeof unfinished, UNFINISHED "%016llx", (unsigned long long)random);
    int fd = openat(folder, unfinished, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600);
    if (fd < 0) return false;
    bool good = true;
    for (size_t i = 0; i < count && good; i++) good = write_all(fd, pieces[i].bytes, pieces[i].len);
    if (close(fd) != 0) good = false;
    if (good && renameat(folder, unfinished, folder, name) == 0) return true;
    unlinkat(folder, unfinished, 0);
    return false;
}

/* ---- bounds ---- */

typedef struct {
    char name[64];
    struct timespec written;
    uint64_t size;
} cached_file;

static int newest_first(const void *x, const void *y)
{
    const cached_file *a = x, *b = y;
    if (a->written.tv_sec != b->written.tv_sec) return a->written.tv_sec > b->written.tv_sec ? -1 : 1;
    if (a->written.tv_nsec != b->written.tv_nsec) return a->written.tv_nsec > b->written.tv_nsec ? -1 : 1;
    return strcmp(a->name, b->name);
}

static bool look_at(int folder, const char *name, cached_file *out)
{
    struct stat s;
    if (strlen(name) >= sizeof out->name || fstatat(folder, name, &s, AT_SYMLINK_NOFOLLOW) != 0 || !S_ISREG(s.st_mode)) return false;
    *out = (cached_file){.written = s.st_mtim, .size = (uint64_t)s.st_size};
    memcpy(out->name, name, strlen(name));
    return true;
}

void cache_folder_tidy(int folder, const char *kept)
{
    VEC(cached_file) files = {0};
    cached_file f;
    int fd = openat(folder, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (!dir) {
        if (fd >= 0) close(fd);
        return;
    }
    for (struct dirent *e; (e = readdir(dir)) != NULL;) {
        bool unfinished = str_starts_with(str_from(e->d_name), STR(UNFINISHED));
        if (!unfinished && !str_ends_with(str_from(e->d_name), STR(ENDING))) continue; /* none of ours */
        if (strcmp(e->d_name, kept) == 0 || !look_at(folder, e->d_name, &f)) continue;
        if (!unfinished) vec_push(&files, f);
        else if (f.written.tv_sec + ABANDONED_AFTER < time(NULL)) unlinkat(folder, f.name, 0);
    }
    closedir(dir);
    if (files.len) qsort(files.at, files.len, sizeof *files.at, newest_first);
    uint64_t bytes = look_at(folder, kept, &f) ? f.size : 0;
    for (size_t i = 0; i < files.len; i++) {
        bytes += files.at[i].size;
        if (i + 1 >= FILES_MAX || bytes > bytes_max) unlinkat(folder, files.at[i].name, 0);
    }
    vec_free(&files);
}
