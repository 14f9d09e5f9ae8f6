/* The templates and assets that ship. */
#include "web/share.h"

#include "api/api.h"

pk_status web_from_share(web **out, const char *share, diag_list *d)
{
    arena *a = arena_new();
    pk_str found = find_share(share, a);
    pk_status status = PK_ERROR_IO;
    if (found.len == 0)
        diag_add(d, PK_ERROR, "share", (diag_place){0}, STR(""), "Set PICKET_SHARE to its folder.", "the data that ships with picket was not found");
    else
        status = web_new(out, arena_cstring(a, arena_concat(a, found, STR("/web"))), d);
    arena_free(a);
    return status;
}
