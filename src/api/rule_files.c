/* Rule files on disk. */
#include "api/api.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/folder.h"

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

static uint64_t nanoseconds(struct timespec t) { return (uint64_t)t.tv_sec * UINT64_C(1000000000) + (uint64_t)t.tv_nsec; }

typedef struct {
    pk_catalog *catalog;
    rule_file_fn fn;
    size_t files;
} receiver;

static void hand_on(receiver *to, const char *path, const struct stat *s, bool named)
{
    struct timespec now = {0};
    file_print print = {0};
    if (to->catalog->cache_folder.len && clock_gettime(CLOCK_REALTIME, &now) == 0)
        print = (file_print){s->st_dev, s->st_ino, (uint64_t)s->st_size, nanoseconds(s->st_mtim), nanoseconds(s->st_ctim), nanoseconds(now)};
    to->files++;
    to->fn(to->catalog, path, &print, named);
}

static void found(const char *path, const struct stat *s, void *user) { hand_on(user, path, s, false); }

static void unreadable(const char *folder, int error, void *user)
{
    diag_add(walk_diags(((receiver *)user)->catalog), PK_ERROR, "file-open", (diag_place){.file = str_from(folder)}, STR(""), NULL,
             "the folder can't be read: %s", strerror(error));
}

pk_status walk_rule_files(pk_catalog *c, const char *path, rule_file_fn fn)
{
    struct stat s;
    if (stat(path, &s) != 0) {
        diag_add(walk_diags(c), PK_ERROR, "file-open", (diag_place){.file = str_from(path)}, STR(""), NULL,
                 "no such file or folder of rules: %s", strerror(errno));
        return PK_ERROR_IO;
    }
    receiver to = {.catalog = c, .fn = fn};
    if (S_ISDIR(s.st_mode)) folder_walk(path, &s, &(folder_visit){looks_like_rules, found, unreadable, &to, c->threads});
    else hand_on(&to, path, &s, true);
    if (!to.files)
        diag_add(walk_diags(c), PK_WARNING, "folder-empty", (diag_place){.file = str_from(path)}, STR(""), NULL, "there is no file of rules in this folder");
    return PK_OK;
}
