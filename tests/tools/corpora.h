/* Where the shared corpora lie: PICKET_CORPORA, else beside the project. One that is named but cannot be read is a failure. */
#ifndef PICKET_TESTS_TOOLS_CORPORA_H
#define PICKET_TESTS_TOOLS_CORPORA_H

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { SKIPPED = 77 }; /* exit code by which ctest knows a program that was skipped */

/* "" if they are absent. */
static inline const char *corpora_root(void)
{
    const char *named = getenv("PICKET_CORPORA");
    static const char beside[] = PICKET_SOURCE_DIR "/../shared/corpora";
    if (named && *named) {
        if (access(named, R_OK | X_OK) == 0) return named;
        fprintf(stderr, "PICKET_CORPORA names '%s', which cannot be read\n", named);
        exit(1);
    }
    return access(beside, R_OK | X_OK) == 0 ? beside : "";
}

/* For a program that is about the corpora and nothing else: ends it where they are absent. */
static inline const char *corpora_or_skip(size_t cases)
{
    const char *root = corpora_root();
    if (*root) return root;
    printf("skipped %zu cases: corpora absent\n", cases);
    exit(SKIPPED);
}

/* Everything (`make conformance`), or the fixed sample that fits into `make test`? */
static inline bool corpora_all(void)
{
    const char *mode = getenv("PICKET_CONFORMANCE");
    return mode && strcmp(mode, "all") == 0;
}

#endif
