/* Windows events rendered as text: a line with the time, Key=Value lines, and the message as Event Viewer shows it. */
#ifndef PICKET_FORMATS_WINEVENT_WINEVENT_H
#define PICKET_FORMATS_WINEVENT_WINEVENT_H

#include "formats/format.h"

extern const format winevent_format;

#endif
