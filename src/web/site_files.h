/* Files of a site: each whole or as it was, none outside the site's folder whatever links lie in it. */
#ifndef PICKET_WEB_SITE_FILES_H
#define PICKET_WEB_SITE_FILES_H

#include "base/text.h"

typedef struct site_folder site_folder;

/* Makes the folder (not those above it). false: *why says what is wrong, in the arena. */
bool site_folder_open(site_folder **out, const char *path, arena *a, pk_str *why);
void site_folder_close(site_folder *f);   /* NULL is fine */

/* Writes `name` ("rules/sigma/x.html": plain names of ours) under another name first, then renames. Threads may call it. */
bool site_write(site_folder *f, pk_str name, pk_str content, arena *a, pk_str *why);

#endif
