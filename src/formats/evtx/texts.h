/* All texts of a record at once, for those who look for something that is hardly ever there. */
#ifndef PICKET_FORMATS_EVTX_TEXTS_H
#define PICKET_FORMATS_EVTX_TEXTS_H

#include "formats/evtx/instance.h"

/* event.texts of the record, in `a`. What is found out about its templates lives in `templates`. */
pk_str evtx_texts(const evtx_record *r, arena *templates, arena *a);

#endif
