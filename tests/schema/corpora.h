/* Where the shared corpora lie; "" if they are absent. A PICKET_CORPORA that cannot be read is a failure, not a skip. */
#ifndef PICKET_TESTS_SCHEMA_CORPORA_H
#define PICKET_TESTS_SCHEMA_CORPORA_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static inline const char *corpora_root(void)
{
    const char *named = getenv("PICKET_CORPORA");
    if (named && *named) {
        if (access(named, R_OK | X_OK) != 0) {
            fprintf(stderr, "PICKET_CORPORA names '%s', which cannot be read\n", named);
            exit(1);
        }
        return named;
    }
    static const char beside[] = PICKET_SOURCE_DIR "/../shared/corpora";
    return access(beside, R_OK | X_OK) == 0 ? beside : "";
}

#endif
