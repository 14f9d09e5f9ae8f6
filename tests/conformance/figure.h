/* What the conformance programs have in common: figures, and the active rules. */
#ifndef PICKET_TESTS_CONFORMANCE_FIGURE_H
#define PICKET_TESTS_CONFORMANCE_FIGURE_H

#include <stdarg.h>
#include <stdio.h>

#include "picket.h"

/* A line of the summary that scripts/conformance.sh collects. */
__attribute__((format(printf, 2, 3)))
static inline void figure(const char *what, const char *form, ...)
{
    va_list args;
    va_start(args, form);
    printf("figure: %s: ", what);
    vprintf(form, args);
    printf("\n");
    va_end(args);
}

/* The rules that are meant to run: neither deprecated, nor unsupported, nor in want of lists. */
static inline bool load_active_rules(pk_catalog *c, const char *corpora)
{
    static const char *const folders[] = {"rules", "rules-emerging-threats", "rules-threat-hunting", "rules-compliance"};
    char path[4096];
    for (size_t i = 0; i < sizeof folders / sizeof *folders; i++) {
        snprintf(path, sizeof path, "%s/rules/sigma/%s", corpora, folders[i]);
        if (pk_catalog_load(c, path) != PK_OK) return false;
    }
    return true;
}

#endif
