/* Files of a site. Folders below are opened one by one without following links, so that nothing is written elsewhere. */
#include "web/site_files.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/hash.h"

enum { FOLDERS = 64 };

struct site_folder {
    int fd;
    pthread_mutex_t lock;
    struct {
        char *path;
        int fd;
    } open[FOLDERS];              /* folders below that are open */
    size_t open_count;
};

static bool told(pk_str *why, arena *a, const char *what)
{
    *why = arena_printf(a, "%s: %s", what, strerror(errno));
    return false;
}

bool site_folder_open(site_folder **out, const char *path, arena *a, pk_str *why)
{
    if (mkdir(path, 0777) != 0 && errno != EEXIST) return told(why, a, "the folder could not be made");
    int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0) return told(why, a, "the folder could not be opened");
    site_folder *f = mem_zalloc(1, sizeof *f);
    f->fd = fd;
    pthread_mutex_init(&f->lock, NULL);
    *out = f;
    return true;
}

void site_folder_close(site_folder *f)
{
    if (!f) return;
    for (size_t i = 0; i < f->open_count; i++) {
        close(f->open[i].fd);
        mem_free(f->open[i].path);
    }
    close(f->fd);
    pthread_mutex_destroy(&f->lock);
    mem_free(f);
}

/* A folder below, "rules/sigma", made where it is not. -1: errno says why. */
static int open_below(site_folder *f, pk_str path)
{
    for (size_t i = 0; i < f->open_count; i++)
        if (str_equal(str_from(f->open[i].path), path)) return f->open[i].fd;
    if (f->open_count == FOLDERS) {
        errno = EMFILE;
        return -1;
    }
    size_t slash = path.len;
    while (slash > 0 && path.ptr[slash - 1] != '/') slash--;
    int above = slash ? open_below(f, str_slice(path, 0, slash - 1)) : f->fd;
    if (above < 0) return -1;
    char *name = mem_cstring(str_slice(path, slash, path.len));
    int made = mkdirat(above, name, 0777), fd = -1;
    if (made == 0 || errno == EEXIST) fd = openat(above, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    mem_free(name);
    if (fd >= 0 && f->open_count < FOLDERS) {
        f->open[f->open_count].path = mem_cstring(path);
        f->open[f->open_count++].fd = fd;
    }
    return fd;
}

static bool write_all(int fd, pk_str content)
{
    while (content.len) {
        ssize_t n = write(fd, content.ptr, content.len);
        if (n < 0 && errno == EINTR) continue;
        if (n <= 0) return false;
        content = str_slice(content, (size_t)n, content.len);
    }
    return true;
}

bool site_write(site_folder *f, pk_str name, pk_str content, arena *a, pk_str *why)
{
    size_t slash = name.len;
    while (slash > 0 && name.ptr[slash - 1] != '/') slash--;
    pthread_mutex_lock(&f->lock);
    int folder = slash ? open_below(f, str_slice(name, 0, slash - 1)) : f->fd;
    pthread_mutex_unlock(&f->lock);
    if (folder < 0) return told(why, a, "its folder could not be opened");
    char *last = arena_cstring(a, str_slice(name, slash, name.len));
    pk_str other = arena_printf(a, ".%ld.%016llx.part", (long)getpid(), (unsigned long long)hash_str(name));
    int fd = openat(folder, other.ptr, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0 && errno == EEXIST && unlinkat(folder, other.ptr, 0) == 0) /* of a run that was ended */
        fd = openat(folder, other.ptr, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0) return told(why, a, "the file could not be made");
    bool good = write_all(fd, content);
    if (close(fd) != 0) good = false;
    if (good && renameat(folder, other.ptr, folder, last) == 0) return true;
    told(why, a, "the file could not be written");
    unlinkat(folder, other.ptr, 0);
    return false;
}
