/*
 * A program: a rule set compiled against the schemas. Constant once built; any number of workers share it.
 * compile/ builds it (one file a step), engine/ runs it; nothing else looks inside but `explain`.
 */
#ifndef PICKET_COMPILE_PROGRAM_H
#define PICKET_COMPILE_PROGRAM_H

#include "ir/ir.h"
#include "schema/schema.h"

typedef struct program program;

typedef struct {
    /* Which rules run: NULL runs every RUNNABLE rule whose status is not deprecated or unsupported. */
    bool (*choose)(const rule *r, void *user);
    void *choose_user;
    unsigned threads;              /* that build it; 0: one for each processor */
    bool routes_only;              /* which rule runs on which class, for program_explain; nothing can be run */
} compile_options;

/* The catalogue and the schema must outlive the program. Rules that turn out not to be runnable are diagnosed in `d`. */
pk_status program_build(program **out, ir_catalog *c, schema *s, const compile_options *o, diag_list *d);
void program_free(program *p);

/* ---- images (base/image.h) ---- */

/* Copies a program to the pointer at `field`; the catalogue must have been copied before, by the same writer. */
void program_image(const program *p, image_writer *w, size_t field);
/* What was copied, of a catalogue that was restored from the same image and a schema loaded from the same files. The image
 * must outlive it. NULL: the libraries of this machine do not take it. */
program *program_restore(void *image, ir_catalog *c, schema *s);

const path_set *program_paths(const program *p);      /* what readers are asked to fill; frozen */
const schema *program_schema(const program *p);
bool program_has_rule(const program *p, uint32_t rule_index);   /* chosen and compiled */
size_t program_rule_count(const program *p);
bool program_has_correlations(const program *p);
/* Does the plan go on after its match stages? Then what it matches are rows for its stages, not alerts. */
bool rule_is_correlation(const rule *r);
/* The rules of the program of which that is true, in order of rule index. They may read the rows of other rules
 * (STAGE_RULE), which are compiled even where nobody chose them. */
const rule *const *program_correlations(const program *p, size_t *count);

/* For `explain` and `check`: how one rule is run, as text for people. See compile/explain.c. */
typedef struct {
    class_id class_id;
    bool possible;                 /* false: folds to false on this class */
    str_list missing_fields;       /* fields of the rule that the class cannot give */
    str_list necessary;            /* predicates of the necessary set; none: broad */
} rule_on_class;
typedef struct {
    rule_on_class *classes;
    size_t class_count;
    const char *cost;              /* "hash", "literal", "regex", "broad": what finding its candidates needs */
} rule_explanation;
rule_explanation program_explain(const program *p, const rule *r, arena *a);

/* A warning for each rule that is a candidate at every event of a class, or nearly, with a hint on what would help. */
void program_warn_of_slow(const program *p, diag_list *d);

#endif
