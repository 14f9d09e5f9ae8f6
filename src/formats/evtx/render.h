/* The whole record as JSON text, without making its tree: byte for byte what value_write_json makes of evtx_tree. */
#ifndef PICKET_FORMATS_EVTX_RENDER_H
#define PICKET_FORMATS_EVTX_RENDER_H

#include "formats/evtx/instance.h"

/* `plans`: the arena of the templates, for what is kept with them. Texts on the way in s->arena. */
void evtx_write_json(const evtx_record *r, arena *plans, scratch *s, text *out);
/* One value, as value_write_json writes what it is decoded to. */
void evtx_write_value(const binxml_value *v, scratch *s, text *out);

#endif
