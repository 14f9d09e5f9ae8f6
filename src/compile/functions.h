/* Functions in rules over one event ("time_hour(UtcTime)") and in mappings: one place that knows which exist. */
#ifndef PICKET_COMPILE_FUNCTIONS_H
#define PICKET_COMPILE_FUNCTIONS_H

#include "event/value.h"

bool function_exists(pk_str name);
value function_call(pk_str name, const value *args, size_t count, arena *a); /* VALUE_MISSING: no value */

#endif
