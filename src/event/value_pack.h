/*
 * Many values in little room: each packed into bytes, and what several have in common (a record below them, a text) kept once.
 * For records that are many and alike, of which few are ever looked at: entity context.
 */
#ifndef PICKET_EVENT_VALUE_PACK_H
#define PICKET_EVENT_VALUE_PACK_H

#include "event/value.h"

typedef struct value_pack value_pack;

value_pack *value_pack_new(void);
void value_pack_free(value_pack *p);                  /* NULL is fine */
/* Copies the value; its number follows that of the one before, from 0. What is nested deeper than 200 becomes null. */
uint32_t value_pack_add(value_pack *p, const value *v);
size_t value_pack_count(const value_pack *p);
size_t value_pack_bytes(const value_pack *p);         /* that it takes up */
/* The value again, its lists and records in `a`; texts and names are views of the pack, until something is added. */
value value_pack_get(const value_pack *p, uint32_t number, arena *a);
/*
 * Where the field of a record stands in the pack: where two records have the same place, they have the same value there (and often
 * the other way round). VALUE_PACK_NOWHERE: it has no such field.
 */
#define VALUE_PACK_NOWHERE UINT64_MAX
uint64_t value_pack_place(const value_pack *p, uint32_t number, pk_str field);

#endif
