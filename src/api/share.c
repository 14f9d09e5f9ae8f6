/*
 * Finding the data that ships: PICKET_SHARE, else beside the program or the library (a build folder, an unpacked archive or
 * an installed prefix), else the prefix that the build was configured for.
 */
#define _GNU_SOURCE /* dladdr */
#include "api/api.h"

#include <dlfcn.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_share(pk_str folder, arena *a)
{
    struct stat s;
    pk_str schemas = arena_printf(a, STR_FMT "/schemas", STR_ARG(folder));
    return stat(schemas.ptr, &s) == 0 && S_ISDIR(s.st_mode);
}

/* The share folder that belongs to a file of the installation, in the places where builds and prefixes have it. */
static pk_str beside(pk_str file, arena *a)
{
    static const char *const places[] = {"share", "../share", "../share/picket", "../../share", "../../share/picket", "../../../share/picket"};
    size_t slash = file.len;
    while (slash > 0 && file.ptr[slash - 1] != '/') slash--;
    if (slash == 0) return STR("");
    for (size_t i = 0; i < sizeof places / sizeof *places; i++) {
        pk_str folder = arena_printf(a, STR_FMT "%s", STR_ARG(str_slice(file, 0, slash)), places[i]);
        if (!is_share(folder, a)) continue;
        char *resolved = realpath(folder.ptr, NULL);
        if (!resolved) return folder;
        pk_str out = arena_str(a, str_from(resolved));
        free(resolved);
        return out;
    }
    return STR("");
}

static pk_str of_program(arena *a)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path);
    return n > 0 && (size_t)n < sizeof path ? beside((pk_str){path, (size_t)n}, a) : STR("");
}

static pk_str of_library(arena *a)
{
    Dl_info here;
    return dladdr((const void *)(uintptr_t)find_share, &here) && here.dli_fname ? beside(str_from(here.dli_fname), a) : STR("");
}

pk_str find_share(const char *given, arena *a)
{
    if (!given) given = getenv("PICKET_SHARE");
    if (given && *given) {
        pk_str folder = arena_str(a, str_from(given));
        return is_share(folder, a) ? folder : STR("");
    }
    pk_str found = of_program(a);
    if (!found.len) found = of_library(a);
#ifdef PICKET_PREFIX
    if (!found.len && is_share(STR(PICKET_PREFIX "/share/picket"), a)) found = STR(PICKET_PREFIX "/share/picket");
#endif
    return found;
}
