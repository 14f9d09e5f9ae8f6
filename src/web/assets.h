/* What ships in share/web: templates, and files that browsers fetch, addressed with a hash of their content. */
#ifndef PICKET_WEB_ASSETS_H
#define PICKET_WEB_ASSETS_H

#include "web/templates.h"

typedef struct {
    pk_str name, content;
    const char *type;
    uint64_t hash;
} asset;

typedef struct {
    VEC(template_source) templates;
    VEC(asset) assets;
    uint64_t hash;                /* of all of it */
} shipped_files;

/* Reads both folders into the arena. */
pk_status shipped_files_read(shipped_files *out, const char *share_web, arena *a, diag_list *d);
const asset *asset_find(const shipped_files *f, pk_str name);
const char *media_type(pk_str name);

#endif
