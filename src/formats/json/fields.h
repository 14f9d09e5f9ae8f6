/* What readers of JSON fill: fields of the record at hand. */
#ifndef PICKET_FORMATS_JSON_FIELDS_H
#define PICKET_FORMATS_JSON_FIELDS_H

#include "event/event.h"

typedef struct { VEC(event_field) at; } event_fields;

static inline void fields_put_as(event_fields *to, const path_slot *slots, size_t count, value v, bool undecoded)
{
    const size_t len = to->at.len;
    vec_reserve(&to->at, len + count);
    for (size_t i = 0; i < count; i++) to->at.at[len + i] = (event_field){.slot = slots[i], .undecoded = undecoded, .encoding = FIELD_OF_JSON, .value = v};
    to->at.len = len + count;
}

static inline void fields_put(event_fields *to, const path_slot *slots, size_t count, value v) { fields_put_as(to, slots, count, v, false); }

/* As path_put_fn. */
static inline void fields_put_slot(void *to, path_slot slot, const value *v) { fields_put(to, &slot, 1, *v); }

#endif
