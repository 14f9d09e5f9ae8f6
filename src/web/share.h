/* The templates and assets that ship. */
#ifndef PICKET_WEB_SHARE_H
#define PICKET_WEB_SHARE_H

#include "web/web.h"

/* web_new() on the folder `web` of share; `share`: as for pk_catalog_new. */
pk_status web_from_share(web **out, const char *share, diag_list *d);

#endif
