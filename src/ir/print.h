/* Printing: what print_expr.c and print.c share. */
#ifndef PICKET_IR_PRINT_H
#define PICKET_IR_PRINT_H

#include "ir/text_form.h"

typedef struct {
    text *out;
    name_scope scope;
    int depth;
} printer;

void print_string(text *out, pk_str s);               /* in single quotes */
void print_name(text *out, pk_str s);                 /* quoted if it must be */
void print_literal(text *out, const value *v);
void print_duration(text *out, int64_t nanoseconds);
void print_field(printer *p, const ir_field *f);
void print_expr(printer *p, const expr *e);
void print_operand(printer *p, const expr *e);        /* with brackets unless it binds tighter than a comparison */
void print_plan(text *out, const plan *p, int depth);

#endif
