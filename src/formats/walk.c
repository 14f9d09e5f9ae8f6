/*
 * A folder that is reached twice (by a symbolic link to it or to one around it) is walked once: so loops end, and no event
 * is read twice.
 */
#include "formats/walk.h"

#include <dirent.h>
#include <errno.h>
#include <fnmatch.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "base/hash.h"
#include "base/text.h"

#define DEPTH_LIMIT 128

typedef struct {
    walk_fn fn;
    void *user;
    diag_list *diags;
    arena *arena;
    table seen;      /* folders: device and inode */
    table expanded;  /* paths that a glob gave: "**" leads to some in several ways */
} walking;

typedef struct { VEC(char *) at; } names;

static void complain(walking *w, pk_severity severity, const char *code, const char *path, const char *what, const char *why)
{
    diag_add(w->diags, severity, code, (diag_place){.file = str_from(path)}, (pk_str){"", 0}, NULL, "%s%s%s", what,
             *why ? ": " : "", why);
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* The names in a folder, in byte order. False: it cannot be read, which is reported. */
static bool names_in(walking *w, const char *path, names *out)
{
    DIR *folder = opendir(*path ? path : ".");
    if (!folder) {
        complain(w, PK_ERROR, "input-io", path, "the folder cannot be read", strerror(errno));
        return false;
    }
    errno = 0;
    for (struct dirent *e; (e = readdir(folder)); errno = 0) {
        if (strcmp(e->d_name, ".") == 0 || strcmp(e->d_name, "..") == 0) continue;
        vec_push(&out->at, mem_cstring(str_from(e->d_name)));
    }
    if (errno) complain(w, PK_ERROR, "input-io", path, "the folder cannot be read to its end", strerror(errno));
    closedir(folder);
    if (out->at.len) qsort(out->at.at, out->at.len, sizeof *out->at.at, compare_names);
    return true;
}

static void names_free(names *n)
{
    for (size_t i = 0; i < n->at.len; i++) mem_free(n->at.at[i]);
    vec_free(&n->at);
}

static char *path_join(const char *folder, const char *name)
{
    size_t len = strlen(folder);
    bool slash = len && folder[len - 1] != '/';
    text t = {0};
    text_put_cstring(&t, folder);
    if (slash) text_put_char(&t, '/');
    text_put_cstring(&t, name);
    char *joined = mem_cstring(text_view(&t));
    text_free(&t);
    return joined;
}

static bool seen_before(walking *w, const struct stat *st)
{
    uint64_t id[2] = {(uint64_t)st->st_dev, (uint64_t)st->st_ino};
    return !table_put(&w->seen, arena_str(w->arena, (pk_str){(const char *)id, sizeof id}), 0);
}

static void visit(walking *w, const char *path, unsigned depth);

static void visit_folder(walking *w, const char *path, const struct stat *st, unsigned depth)
{
    if (depth > DEPTH_LIMIT) {
        complain(w, PK_ERROR, "input-depth", path, "folders are nested too deep; not entered", "");
        return;
    }
    if (seen_before(w, st)) {
        complain(w, PK_NOTE, "input-loop", path, "the folder was read already under another name; not entered again", "");
        return;
    }
    names found = {0};
    if (names_in(w, path, &found)) {
        for (size_t i = 0; i < found.at.len; i++) {
            char *below = path_join(path, found.at.at[i]);
            visit(w, below, depth + 1);
            mem_free(below);
        }
    }
    names_free(&found);
}

static void visit(walking *w, const char *path, unsigned depth)
{
    struct stat st;
    if (stat(path, &st) != 0) {
        bool dangling = errno == ENOENT || errno == ELOOP; /* a symbolic link that leads nowhere is no log */
        complain(w, dangling ? PK_NOTE : PK_ERROR, "input-io", path, "cannot be read", strerror(errno));
        return;
    }
    if (S_ISDIR(st.st_mode)) visit_folder(w, path, &st, depth);
    else if (S_ISREG(st.st_mode)) w->fn(path, (uint64_t)st.st_size, w->user);
}

static void end_walk(walking *w)
{
    table_free(&w->seen);
    table_free(&w->expanded);
    arena_free(w->arena);
}

void walk_folder(const char *path, walk_fn fn, void *user, diag_list *d)
{
    walking w = {.fn = fn, .user = user, .diags = d, .arena = arena_new()};
    visit(&w, path, 0);
    end_walk(&w);
}

/* ---- globs ---- */

bool glob_is_pattern(const char *path)
{
    return strpbrk(path, "*?[") != NULL;
}

static void expand(walking *w, const char *base, const char *rest, unsigned depth);

static bool is_folder(const char *path, bool follow)
{
    struct stat st;
    return (follow ? stat(path, &st) : lstat(path, &st)) == 0 && S_ISDIR(st.st_mode);
}

/* One name of a folder against the first segment of the pattern. */
static void expand_name(walking *w, const char *base, const char *name, const char *segment, const char *rest, unsigned depth)
{
    char *path = path_join(base, name);
    if (strcmp(segment, "**") == 0) {
        /* Folders are entered with the "**" again, but for hidden ones and links: so it ends. */
        char *again = path_join(*rest ? "**" : "", rest);
        if (*name != '.' && is_folder(path, false)) expand(w, path, *rest ? again : "**", depth + 1);
        else if (*name != '.' && !*rest) expand(w, path, "", depth + 1);
        mem_free(again);
    } else if (fnmatch(segment, name, FNM_PERIOD) == 0) {
        expand(w, path, rest, depth + 1);
    }
    mem_free(path);
}

/* What matches `rest` below `base` (empty: the working folder). */
static void expand(walking *w, const char *base, const char *rest, unsigned depth)
{
    if (depth > DEPTH_LIMIT) return;
    if (!*rest) {
        struct stat st;
        if (stat(base, &st) != 0) return;
        if (table_put(&w->expanded, arena_str(w->arena, str_from(base)), 0)) visit(w, base, 0);
        return;
    }
    size_t len = strcspn(rest, "/");
    char *segment = mem_cstring((pk_str){rest, len});
    rest += len + strspn(rest + len, "/");
    if (!glob_is_pattern(segment)) {
        char *path = path_join(base, segment);
        expand(w, path, rest, depth + 1);
        mem_free(path);
    } else if (is_folder(*base ? base : ".", true)) {
        names found = {0};
        if (strcmp(segment, "**") == 0 && *rest) expand(w, base, rest, depth + 1); /* no folder between */
        if (names_in(w, base, &found))
            for (size_t i = 0; i < found.at.len; i++) expand_name(w, base, found.at.at[i], segment, rest, depth);
        names_free(&found);
    }
    mem_free(segment);
}

size_t glob_expand(const char *pattern, walk_fn fn, void *user, diag_list *d)
{
    walking w = {.fn = fn, .user = user, .diags = d, .arena = arena_new()};
    size_t slashes = strspn(pattern, "/");
    expand(&w, slashes ? "/" : "", pattern + slashes, 0);
    size_t matched = w.expanded.entries.len;
    end_walk(&w);
    return matched;
}
