/*
 * Diagnostics: what is wrong with a rule, a file, a line or a record, in words for people.
 *
 * A diag_list collects them for one piece of work (one rule file, one block of log) and is merged into its parent in
 * the order of input, so that the order never depends on threads. Lists are bounded: past `limit` of one code, further
 * ones are only counted.
 */
#ifndef PICKET_BASE_DIAG_H
#define PICKET_BASE_DIAG_H

#include "base/image.h"

typedef struct {
    pk_str file;      /* as the user named it; members as "logs.zip!/a/b.evtx" */
    uint32_t line;    /* from 1; 0: no line */
    uint32_t column;  /* from 1, in bytes; 0: no column */
    uint32_t length;  /* of the marked text in bytes; 0: unknown */
} diag_place;

typedef struct diag_list diag_list;

diag_list *diag_list_new(void);
void diag_list_free(diag_list *d);

/*
 * Adds one. `code` is a stable name of the problem, prefixed by its part ("sigma-modifier", "evtx-chunk-checksum"); a
 * literal. `hint` may be NULL. `rule` is the id or title of the rule, empty if it concerns none. Copies everything.
 */
void diag_add(diag_list *d, pk_severity severity, const char *code, diag_place place, pk_str rule, const char *hint,
              const char *format, ...) __attribute__((format(printf, 7, 8)));

/* The same with a hint that is built: give it as a view (empty: none). */
void diag_add_text(diag_list *d, pk_severity severity, const char *code, diag_place place, pk_str rule, pk_str message,
                   pk_str hint);

void diag_merge(diag_list *into, diag_list *from);    /* moves all of `from`; `from` is empty afterwards */
void diag_image(const diag_list *d, image_writer *w, size_t field); /* the pointer at `field` will lead to a copy */
/* Makes `d` what the copy was. Its texts are those of the image, which must outlive `d`. */
void diag_restore(diag_list *d, const diag_list *copy);
size_t diag_count(const diag_list *d);                /* kept */
const pk_diagnostic *diag_at(const diag_list *d, size_t i);
size_t diag_total(const diag_list *d, pk_severity severity); /* counted, kept or not */
size_t diag_dropped(const diag_list *d);              /* counted but not kept */

#endif
