/* All texts of a record at once, as they stand in it, for those who look for something that is hardly ever there. */
#ifndef PICKET_FORMATS_EVTX_TEXTS_H
#define PICKET_FORMATS_EVTX_TEXTS_H

#include "event/event.h"
#include "formats/evtx/instance.h"

/* event.texts_may_hold of the record. What is found out about its templates lives in `templates`. */
bool evtx_texts_may_hold(const evtx_record *r, arena *templates, const texts_look *look);

#endif
