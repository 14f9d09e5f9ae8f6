/* Zeek's own log files: tab-separated lines under "#fields" and "#types". (Zeek JSON is the JSON format's.) */
#ifndef PICKET_FORMATS_ZEEK_ZEEK_H
#define PICKET_FORMATS_ZEEK_ZEEK_H

#include "formats/format.h"

extern const format zeek_format;

#endif
