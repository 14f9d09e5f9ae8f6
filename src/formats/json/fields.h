/* What readers of JSON fill: fields of the record at hand. */
#ifndef PICKET_FORMATS_JSON_FIELDS_H
#define PICKET_FORMATS_JSON_FIELDS_H

#include "event/event.h"

typedef struct { VEC(event_field) at; } event_fields;

static inline void fields_put(event_fields *to, const path_slot *slots, size_t count, value v)
{
    for (size_t i = 0; i < count; i++) vec_push(&to->at, ((event_field){.slot = slots[i], .value = v}));
}

/* A string as it stands between its quotes, with escapes. */
static inline void fields_put_undecoded(event_fields *to, const path_slot *slots, size_t count, pk_str s)
{
    for (size_t i = 0; i < count; i++) vec_push(&to->at, ((event_field){.slot = slots[i], .undecoded = true, .value = value_string(s)}));
}

/* As path_put_fn. */
static inline void fields_put_slot(void *to, path_slot slot, const value *v) { fields_put(to, &slot, 1, *v); }

#endif
