/* Fingerprint2011 (Geoff Pike, Google): 64 bits, never 0 or 1. Stable for ever, no protection against anybody. */
#ifndef PICKET_IR_FINGERPRINT_H
#define PICKET_IR_FINGERPRINT_H

#include "base/str.h"

uint64_t fingerprint_2011(pk_str bytes);

#endif
