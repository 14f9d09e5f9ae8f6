/* Windows XML event logs (EVTX): one block a 64 KiB chunk, each decoded on its own. */
#ifndef PICKET_FORMATS_EVTX_EVTX_H
#define PICKET_FORMATS_EVTX_EVTX_H

#include "formats/format.h"

extern const format evtx_format;

#endif
