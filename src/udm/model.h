/* The table itself. Private to udm/. */
#ifndef PICKET_UDM_MODEL_H
#define PICKET_UDM_MODEL_H

#include "udm/udm.h"

struct udm_message {
    pk_str name;
    const udm_field *fields;
    size_t count;
};

typedef struct {
    pk_str name;
    int64_t number;               /* NO_NUMBER: not documented */
} udm_enum_value;

#define NO_NUMBER INT64_MIN

struct udm_enum {
    pk_str name;
    const udm_enum_value *values;
    size_t count;
};

/* A field by a name in snake_case or camelCase; NULL. */
const udm_field *udm_field_written(const udm_message *m, pk_str key);

/* A scalar as the field has it (convert.c); what does not fit stays as it is. */
value udm_convert(const udm_field *f, const value *v, arena *a);

bool udm_is_struct(const udm_message *m);             /* a map in the field "fields" */
bool udm_is_variable(const udm_message *m);           /* what a map of FindingVariable holds: a text, and its typed form */
bool udm_is_labels(const udm_field *f);               /* a list of {key, value}, read by key */

#endif
