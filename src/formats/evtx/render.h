/* The whole record as JSON text, without making its tree: byte for byte what value_write_json makes of evtx_tree. */
#ifndef PICKET_FORMATS_EVTX_RENDER_H
#define PICKET_FORMATS_EVTX_RENDER_H

#include "base/digits.h"
#include "formats/evtx/instance.h"

/* `plans`: the arena of the templates, for what is kept with them. Texts on the way in s->arena. */
void evtx_write_json(const evtx_record *r, arena *plans, scratch *s, text *out);
/* UTF-16 of so many code units, as binxml_text reads it, with quotes. */
void evtx_write_text(const uint8_t *bytes, size_t units, text *out);
void evtx_write_other(const binxml_value *v, scratch *s, text *out); /* what is neither text nor number */

/* One value, as value_write_json writes what it is decoded to. */
static inline void evtx_write_value(const binxml_value *v, scratch *s, text *out)
{
    int64_t n;
    if (v->type == BINXML_STRING) {
        evtx_write_text(v->bytes, v->size / 2u, out);
    } else if (binxml_integer(v, &n)) {
        char *to = text_reserve(out, DIGITS_MOST);
        out->len += (size_t)(digits_put_signed(to, n) - to);
    } else {
        evtx_write_other(v, s, out);
    }
}

#endif
