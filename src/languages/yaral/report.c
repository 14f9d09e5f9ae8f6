/* Diagnostics about a rule: place, words, hint; and what they do to its state. */
#include "languages/yaral/yaral.h"

#include <stdarg.h>
#include <stdio.h>

static rule_state state_of(pk_severity severity)
{
    switch (severity) {
    case PK_NEEDS_LIST: return RULE_NEEDS_LIST;
    case PK_UNSUPPORTED: return RULE_UNSUPPORTED;
    case PK_ERROR: return RULE_ERROR;
    case PK_NOTE: case PK_WARNING: case PK_SEVERITIES: break;
    }
    return RULE_RUNNABLE;
}

#define MAX_MESSAGE 1024

void yaral_report(ir_catalog *c, rule *r, pk_severity severity, const char *code, span at, pk_str hint, const char *format, ...)
{
    char words[MAX_MESSAGE];
    va_list args;
    va_start(args, format);
    int n = vsnprintf(words, sizeof words, format, args);
    va_end(args);
    pk_str message = {words, n < 0 ? 0 : (size_t)n < sizeof words ? (size_t)n : sizeof words - 1};
    diag_place place = {.file = r->path, .line = at.line, .column = at.column, .length = at.end - at.start};
    diag_add_text(ir_diags(c), severity, code, place, r->name, message, hint);
    rule_state state = state_of(severity);
    if (state <= r->state) return;
    r->state = state;
    r->reason = arena_str(ir_arena(c), message);
}

pk_str yaral_did_you_mean(arena *a, pk_str word, const pk_str *names, size_t count)
{
    if (word.len > 200 || count > 10000) return STR("");
    pk_str near = str_nearest(word, names, count);
    return near.len ? arena_printf(a, "did you mean '" STR_FMT "'?", STR_ARG(near)) : STR("");
}
