/* Where the project's files are, wherever a target is run and whatever the compiler makes of its own file names. */
#ifndef PICKET_FUZZ_PROJECT_H
#define PICKET_FUZZ_PROJECT_H

#include <stdio.h>
#include <stdlib.h>

#include "schema/schema.h"

/* The shipped data: PICKET_SHARE, else that of the tree it was built from. */
static inline const char *share_folder(void)
{
    const char *given = getenv("PICKET_SHARE");
    return given && *given ? given : PICKET_SOURCE_DIR "/share";
}

/* Schemas of a folder; without them a target can't run. */
static inline schema *load_schemas(const char *folder)
{
    schema *s;
    diag_list *d = diag_list_new();
    if (schema_load(&s, folder, d) != PK_OK) {
        fprintf(stderr, "no schemas in %s: PICKET_SHARE names the folder that holds 'schemas'\n", folder);
        exit(1);
    }
    diag_list_free(d);
    return s;
}

static inline schema *shipped_schemas(void)
{
    char folder[4096];
    snprintf(folder, sizeof folder, "%s/schemas", share_folder());
    return load_schemas(folder);
}

#endif
