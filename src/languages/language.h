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

/* Data tables: columns with a type, and rows of texts. */
typedef enum { COLUMN_STRING, COLUMN_REGEX, COLUMN_CIDR, COLUMN_NUMBER } data_column_type;
typedef struct { pk_str name; data_column_type type; bool repeated; } data_column; /* repeated: several values with | between them */
typedef struct {
    pk_str name;
    data_column *columns; size_t column_count;
    pk_str *cells; size_t row_count; /* row after row: cells[row * column_count + column] */
} data_table;
typedef struct { data_table *tables; size_t count; } data_tables;

typedef struct {
    value_lists lists;
    data_tables tables;
    bool empty_lists;            /* a list or table that is not given is empty, instead of keeping its rules from running */
} language_options;

typedef struct { const char *name, *signature, *meaning, *example; } language_function;

/* ---- how a rule is shown: as boxes, each a part of its text with the predicates that come from there ---- */

#define DESCRIBED_NONE UINT32_MAX

typedef struct { pk_str pattern; pk_str *names; size_t count; } described_names; /* "1 of selection*" and what it stands for */

typedef struct {
    pk_str title;                /* "selection" */
    pk_str text;                 /* its source */
    span span;                   /* where that stands; line 0: nowhere */
    pk_str path;                 /* of the file that `span` is in; empty: the rule's own */
    bool unused;                 /* nothing refers to it, so it is not run */
    uint32_t definition;         /* of the plan, whose predicates stand here; or DESCRIBED_NONE */
    const stage *stage;          /* of the plan, whose predicates stand here but for those of definitions; NULL: none */
    const stage **further;       /* stages whose predicates stand here too */
    size_t further_count;
    described_names *names;
    size_t name_count;
    pk_str *rules;               /* ids or names of rules that it refers to */
    size_t rule_count;
} described_stage;

typedef struct {
    VEC(described_stage) stages; /* in order; in the arena */
    const char *type;            /* "aggregation" ...; NULL: what the plan says */
} rule_description;

/* One reference of a rule, or of something else in its file, to rules elsewhere: see `references`. */
typedef void (*reference_fn)(pk_str path, pk_str reference, void *user);

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
    const char *syntax;          /* of its files: "yaml", "toml", "yara-l" */
    const char *family;          /* languages of one family name fields alike: "sigma", "ecs" */
    bool vendor;                 /* a SIEM vendor's own */
    /* The boxes of a rule; NULL: the stages of its plan. */
    void (*describe)(const rule *r, arena *a, rule_description *out);
    /* After resolve: for each file whose rules are read together with others (correlations, filters) what it refers to, an id or
     * a name, or "*" for all rules. May be NULL: no rule refers to another. */
    void (*references)(const ir_catalog *c, reference_fn fn, void *user);
    /* A field of a schema as rules write it (`graph.entity.ip` for what context records hold); NULL: as its path. */
    pk_str (*field_name)(pk_str schema, pk_str path, arena *a);
};

extern const language *const languages[];               /* ends with NULL */
const language *language_find(pk_str name);
const language *language_detect(const rule_file *f);    /* NULL: nobody's */
/* The boxes of a rule of any language; texts in `a` or as long as the catalogue. */
void language_describe(const rule *r, arena *a, rule_description *out);
/* Lines [line, end_line] of a text, without the blanks that all of them begin with. A first line that begins before `from` is cut there. */
pk_str described_lines(arena *a, pk_str source, span at);

#endif
