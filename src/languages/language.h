/*
 * Languages: rule text -> rules in an ir_catalog. To add one: a folder here, and a line in register.c.
 * A language knows the IR and nothing below it: no schema, no engine.
 */
#ifndef PICKET_LANGUAGES_LANGUAGE_H
#define PICKET_LANGUAGES_LANGUAGE_H

#include "ir/ir.h"

typedef struct {
    pk_str path;                 /* as found; used in diagnostics */
    pk_str text;                 /* the whole file; lives as long as the catalogue */
} rule_file;

/* Value lists for placeholders, reference lists: name -> values. */
typedef struct { pk_str name; str_list values; } value_list;
typedef struct { value_list *lists; size_t count; } value_lists;

typedef struct {
    value_lists lists;
} language_options;

typedef struct { const char *name, *signature, *meaning, *example; } language_function;

struct language {
    const char *name;            /* "sigma": as in alerts and on the command line */
    const char *title;           /* "Sigma" */
    const char *extensions;      /* ".yml .yaml" */
    /* Is this text mine? Looks at name and content; cheap. */
    bool (*detect)(const rule_file *f);
    /* Adds the rules of one file to the catalogue, each with its state and diagnostics. Returns how many documents of
     * the file were rules (0: the file is of this syntax but holds no rule, as an info.yml). */
    size_t (*load)(ir_catalog *c, const rule_file *f, const language_options *o);
    /* After all files: references between rules (correlations, filters). May be NULL. */
    void (*resolve)(ir_catalog *c, const language_options *o);
    const language_function *functions; /* modifiers, functions: for help and documentation; ends with a NULL name */
};

extern const language *const languages[];               /* ends with NULL */
const language *language_find(pk_str name);
const language *language_detect(const rule_file *f);    /* NULL: nobody's */

#endif
