/* JSON logs: lines, one object, an array, objects one after the other, envelopes ("Records"). */
#ifndef PICKET_FORMATS_JSON_JSON_H
#define PICKET_FORMATS_JSON_JSON_H

#include "formats/format.h"

extern const format json_format;

#endif
