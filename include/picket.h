/*
 * picket: runs detection rules of many languages over logs, and says why each one fired.
 */
#ifndef PICKET_H
#define PICKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__GNUC__)
#define PK_API __attribute__((visibility("default")))
#define PK_MUST_USE __attribute__((warn_unused_result))
#else
#define PK_API
#define PK_MUST_USE
#endif

/* A view of text: not terminated by a NUL, never owned by whoever holds it. */
typedef struct pk_str {
    const char *ptr;
    size_t len;
} pk_str;

typedef enum pk_status {
    PK_OK = 0,
    PK_ERROR_NOMEM,
    PK_ERROR_IO,          /* a file could not be opened, read or written */
    PK_ERROR_SYNTAX,      /* the text or the bytes are not what they should be */
    PK_ERROR_UNSUPPORTED, /* valid, but cannot be done */
    PK_ERROR_LIMIT,       /* a bound was reached */
    PK_ERROR_USAGE,       /* the caller asked for something that makes no sense */
    PK_STOPPED            /* the end was reached, or a callback asked to stop */
} pk_status;

typedef enum pk_severity {
    PK_NOTE = 0,
    PK_WARNING,
    PK_NEEDS_LIST,        /* runnable but for a value list that nobody gave */
    PK_UNSUPPORTED,       /* valid, but cannot be done; the rule is shown, not run */
    PK_ERROR,             /* the text or input is wrong */
    PK_SEVERITIES
} pk_severity;

typedef struct pk_diagnostic {
    pk_severity severity;
    const char *code;     /* stable name to search for, e.g. "sigma-modifier" */
    pk_str message;
    pk_str hint;          /* empty: none */
    pk_str file;          /* empty: none */
    uint32_t line;        /* from 1; 0: none */
    uint32_t column;      /* from 1, in bytes; 0: none */
    uint32_t length;      /* of the marked text, in bytes; 0: unknown */
    pk_str rule;          /* id of the rule concerned; empty: none */
} pk_diagnostic;

#ifdef __cplusplus
}
#endif
#endif
