/* YARA-L, inside: what the files of this folder share. Others see `yaral_language` of languages/language.h only. */
#ifndef PICKET_LANGUAGES_YARAL_YARAL_H
#define PICKET_LANGUAGES_YARAL_YARAL_H

#include "languages/language.h"
#include "languages/yaral/ast.h"

extern const language yaral_language;
extern const language_function yaral_functions[];      /* functions.c: the table for help and documentation */

/* Adds a diagnostic about a rule at a place of its file; severities that keep it from running set its state and reason, the
 * worst wins. `hint` may be empty. */
void yaral_report(ir_catalog *c, rule *r, pk_severity severity, const char *code, span at, pk_str hint, const char *format, ...)
    __attribute__((format(printf, 7, 8)));

/* "did you mean 'x'?", or empty if no name is near. */
pk_str yaral_did_you_mean(arena *a, pk_str word, const pk_str *names, size_t count);

/* metadata.c: meta section and outcomes -> id, title, level, ATT&CK ... of the rule. */
void yaral_read_metadata(ir_catalog *c, rule *r, const yaral_rule *ast);

/* check.c: what the compiler of the language would say. Errors set the state of the rule. */
void yaral_check(ir_catalog *c, rule *r, const yaral_rule *ast);

/* describe.c */
void yaral_describe(const rule *r, arena *a, rule_description *out);

#endif
