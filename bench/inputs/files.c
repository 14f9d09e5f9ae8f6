/* Files of the benchmarks. A problem ends the program: it has nothing to recover. */
#include "inputs.h"

#include <dirent.h>
#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

void fail(const char *message, ...)
{
    va_list args;
    va_start(args, message);
    fputs("bench_inputs: ", stderr);
    vfprintf(stderr, message, args);
    fputc('\n', stderr);
    va_end(args);
    exit(1);
}

pk_str read_whole(arena *a, const char *path)
{
    FILE *f = fopen(path, "rb");
    struct stat s;
    if (!f || fstat(fileno(f), &s) != 0) fail("%s: %s", path, strerror(errno));
    char *bytes = arena_alloc(a, (size_t)s.st_size + 64);
    size_t len = fread(bytes, 1, (size_t)s.st_size, f);
    memset(bytes + len, 0, 64);
    fclose(f);
    return (pk_str){bytes, len};
}

void write_whole(const char *path, pk_str bytes)
{
    FILE *f = fopen(path, "wb");
    if (!f || fwrite(bytes.ptr, 1, bytes.len, f) != bytes.len || fclose(f) != 0) fail("%s: %s", path, strerror(errno));
}

void make_folder(const char *path)
{
    char part[4096];
    for (size_t i = 1; path[i - 1]; i++) {
        if (path[i] != '/' && path[i] != 0) continue;
        snprintf(part, sizeof part, "%.*s", (int)i, path);
        if (mkdir(part, 0777) != 0 && errno != EEXIST) fail("%s: %s", part, strerror(errno));
    }
}

static int by_name(const void *x, const void *y) { return strcmp(*(char *const *)x, *(char *const *)y); }

static void walk(arena *a, const char *path, const char *ending, file_names *out)
{
    struct stat s;
    if (stat(path, &s) != 0) fail("%s: %s", path, strerror(errno));
    if (S_ISREG(s.st_mode)) {
        if (str_ends_with(str_from(path), str_from(ending))) vec_push(&out->paths, arena_cstring(a, str_from(path)));
        return;
    }
    DIR *d = opendir(path);
    if (!d) fail("%s: %s", path, strerror(errno));
    for (struct dirent *e; (e = readdir(d));)
        if (e->d_name[0] != '.') walk(a, arena_printf(a, "%s/%s", path, e->d_name).ptr, ending, out);
    closedir(d);
}

file_names find_files(arena *a, const char *path, const char *ending)
{
    file_names out = {{0}};
    walk(a, path, ending, &out);
    qsort(out.paths.at, out.paths.len, sizeof *out.paths.at, by_name);
    return out;
}

/* splitmix64 */
uint64_t roll(dice *d)
{
    uint64_t z = d->state += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
}
