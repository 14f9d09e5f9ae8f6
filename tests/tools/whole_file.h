/* A file that a test reads whole. */
#ifndef PICKET_TESTS_TOOLS_WHOLE_FILE_H
#define PICKET_TESTS_TOOLS_WHOLE_FILE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/text.h"

/* In the arena, a zero behind it; a file that cannot be read fails the test. */
static inline pk_str read_whole_file(arena *a, const char *path)
{
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("cannot open %s", path);
    text t = {0};
    char buffer[65536];
    for (size_t n; (n = fread(buffer, 1, sizeof buffer, f)) > 0;) text_put(&t, (pk_str){buffer, n});
    fclose(f);
    pk_str s = {arena_cstring(a, text_view(&t)), t.len};
    text_free(&t);
    return s;
}

#endif
