/* Rule files on disk: a folder is walked in byte order of names, whatever the file system's order is. */
#define _GNU_SOURCE
#include "api/api.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

enum { DEPTH_LIMIT = 64 };

/* Most rule files fit in the first piece. */
static pk_status read_all(int fd, size_t limit, arena *a, pk_str *out)
{
    char piece[65536];
    text t = {0};
    ssize_t n;
    while ((n = read(fd, piece, sizeof piece)) != 0) {
        if (n < 0 && errno == EINTR) continue;
        if (n < 0) break;
        text_put(&t, (pk_str){piece, (size_t)n});
        if (t.len > limit) break;
    }
    if (n == 0) *out = arena_str(a, text_view(&t));
    text_free(&t);
    return n < 0 ? PK_ERROR_IO : n > 0 ? PK_ERROR_LIMIT : PK_OK;
}

pk_status read_text_file(const char *path, size_t limit, arena *a, pk_str *out, diag_list *d)
{
    diag_place place = {.file = str_from(path)};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0) {
        diag_add(d, PK_ERROR, "file-open", place, STR(""), NULL, "can't be opened: %s", strerror(errno));
        return PK_ERROR_IO;
    }
    pk_status status = read_all(fd, limit, a, out);
    if (status == PK_ERROR_IO) diag_add(d, PK_ERROR, "file-read", place, STR(""), NULL, "can't be read: %s", strerror(errno));
    if (status == PK_ERROR_LIMIT) diag_add(d, PK_ERROR, "file-too-large", place, STR(""), NULL, "is larger than %zu bytes", limit);
    close(fd);
    return status;
}

/* Has the name an ending that some language uses? */
static bool looks_like_rules(pk_str name)
{
    for (size_t i = 0; languages[i]; i++) {
        pk_str left = str_from(languages[i]->extensions);
        while (left.len) {
            size_t blank = str_find_char(left, ' ');
            pk_str extension = str_slice(left, 0, blank);
            if (extension.len && name.len > extension.len &&
                str_equal_ascii_fold(str_slice(name, name.len - extension.len, extension.len), extension))
                return true;
            left = blank == STR_NPOS ? STR("") : str_slice(left, blank + 1, left.len);
        }
    }
    return false;
}

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

static uint64_t nanoseconds(struct timespec t) { return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec; }

static void hand_on(pk_catalog *c, const char *path, const struct stat *s, bool named, rule_file_fn fn)
{
    struct timespec now = {0};
    file_print print = {0};
    if (c->cache_folder.len && clock_gettime(CLOCK_REALTIME, &now) == 0)
        print = (file_print){s->st_dev, s->st_ino, (uint64_t)s->st_size, nanoseconds(s->st_mtim), nanoseconds(s->st_ctim), nanoseconds(now)};
    fn(c, path, &print, named);
}

static void walk(pk_catalog *c, const char *folder, const struct stat *self, const above *chain, int depth, rule_file_fn fn)
{
    struct dirent **entries;
    above here = {chain, self->st_dev, self->st_ino};
    if (depth > DEPTH_LIMIT || is_above(chain, self)) return;
    int n = scandir(folder, &entries, no_dots, by_bytes);
    if (n < 0) {
        diag_add(walk_diags(c), PK_ERROR, "file-open", (diag_place){.file = str_from(folder)}, STR(""), NULL,
                 "the folder can't be read: %s", strerror(errno));
        return;
    }
    size_t length = strlen(folder);
    const char *slash = length && folder[length - 1] == '/' ? "" : "/";
    for (int i = 0; i < n; i++) {
        char *path = NULL;
        struct stat s;
        bool maybe = entries[i]->d_type != DT_REG || looks_like_rules(str_from(entries[i]->d_name)); /* of others only the kind counts */
        if (maybe && asprintf(&path, "%s%s%s", folder, slash, entries[i]->d_name) >= 0 && stat(path, &s) == 0) {
            if (S_ISDIR(s.st_mode)) walk(c, path, &s, &here, depth + 1, fn);
            else if (S_ISREG(s.st_mode) && looks_like_rules(str_from(path))) hand_on(c, path, &s, false, fn);
        }
        free(path);
        free(entries[i]);
    }
    free(entries);
}

pk_status walk_rule_files(pk_catalog *c, const char *path, rule_file_fn fn)
{
    struct stat s;
    if (stat(path, &s) != 0) {
        diag_add(walk_diags(c), PK_ERROR, "file-open", (diag_place){.file = str_from(path)}, STR(""), NULL,
                 "no such file or folder of rules: %s", strerror(errno));
        return PK_ERROR_IO;
    }
    if (S_ISDIR(s.st_mode)) walk(c, path, &s, NULL, 0, fn);
    else hand_on(c, path, &s, true, fn);
    return PK_OK;
}
