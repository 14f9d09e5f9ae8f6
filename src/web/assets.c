/* Reading what ships. */
#include "web/assets.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/hash.h"

enum { FILE_LIMIT = 4 << 20 };

static const struct {
    const char *suffix, *type;
} types[] = {
    {".css", "text/css; charset=utf-8"}, {".js", "text/javascript; charset=utf-8"}, {".svg", "image/svg+xml"},
    {".png", "image/png"}, {".txt", "text/plain; charset=utf-8"},
};

const char *media_type(pk_str name)
{
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (str_ends_with(name, str_from(types[i].suffix))) return types[i].type;
    return "application/octet-stream";
}

static void wrong(diag_list *d, pk_str path, const char *what)
{
    diag_add(d, PK_ERROR, "web-share", (diag_place){.file = path}, STR(""), NULL, "%s", what);
}

static bool read_file(pk_str path, arena *a, pk_str *out, diag_list *d)
{
    FILE *f = fopen(path.ptr, "rbe");
    if (!f) {
        wrong(d, path, strerror(errno));
        return false;
    }
    text t = {0};
    char block[16384];
    for (size_t n; t.len <= FILE_LIMIT && (n = fread(block, 1, sizeof block, f)) > 0;) text_put(&t, (pk_str){block, n});
    bool good = !ferror(f) && t.len <= FILE_LIMIT;
    if (!good) wrong(d, path, "cannot be read, or is too long");
    fclose(f);
    *out = arena_str(a, text_view(&t));
    text_free(&t);
    return good;
}

static int by_name(const struct dirent **x, const struct dirent **y) { return strcmp((*x)->d_name, (*y)->d_name); }

typedef void (*file_fn)(shipped_files *f, pk_str name, pk_str content, arena *a);

static bool read_folder(shipped_files *f, const char *folder, file_fn fn, arena *a, diag_list *d)
{
    struct dirent **names;
    int n = scandir(folder, &names, NULL, by_name);
    if (n < 0) {
        wrong(d, str_from(folder), strerror(errno));
        return false;
    }
    bool good = true;
    for (int i = 0; i < n; i++) {
        pk_str content, name = arena_str(a, str_from(names[i]->d_name));
        if (names[i]->d_name[0] != '.' && !str_ends_with(name, STR("~")) && !str_ends_with(name, STR(".md"))) {
            if (read_file(arena_printf(a, "%s/" STR_FMT, folder, STR_ARG(name)), a, &content, d)) fn(f, name, content, a);
            else good = false;
        }
        free(names[i]);
    }
    free(names);
    return good;
}

static void take_template(shipped_files *f, pk_str name, pk_str content, arena *a)
{
    if (!str_ends_with(name, STR(".html"))) return;
    template_source s = {str_slice(name, 0, name.len - 5), content};
    vec_push_in(a, &f->templates, s);
    f->hash = hash_mix(f->hash, hash_mix(hash_str(name), hash_str(content)));
}

static void take_asset(shipped_files *f, pk_str name, pk_str content, arena *a)
{
    asset x = {name, content, media_type(name), hash_str(content)};
    vec_push_in(a, &f->assets, x);
    f->hash = hash_mix(f->hash, hash_mix(hash_str(name), x.hash));
}

pk_status shipped_files_read(shipped_files *out, const char *share_web, arena *a, diag_list *d)
{
    bool templates = read_folder(out, arena_printf(a, "%s/templates", share_web).ptr, take_template, a, d);
    bool assets = read_folder(out, arena_printf(a, "%s/assets", share_web).ptr, take_asset, a, d);
    return templates && assets ? PK_OK : PK_ERROR_IO;
}

const asset *asset_find(const shipped_files *f, pk_str name)
{
    for (size_t i = 0; i < f->assets.len; i++)
        if (str_equal(f->assets.at[i].name, name)) return &f->assets.at[i];
    return NULL;
}
