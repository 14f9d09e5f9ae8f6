/* One <Event> element -> fields or tree. Also used for events that stand in lines of text (Sysmon for Linux). */
#ifndef PICKET_FORMATS_XML_EVENT_XML_H
#define PICKET_FORMATS_XML_EVENT_XML_H

#include "formats/field_sink.h"

enum { XML_DEPTH_LIMIT = 48 };                          /* elements within elements */

typedef struct {
    size_t end;                                         /* behind </Event>; of a broken event: the place of what is wrong */
    size_t looked;                                      /* how far the text was looked at */
    const char *problem;                                /* NULL: none */
    int64_t record;                                     /* EventRecordID, or -1 */
} xml_event;

/*
 * Reads the event that begins at text.ptr ("<Event"), valid UTF-8, into the sink as {"Event": ...}. Views into `text` are
 * kept, so it must live as long as the sink's arena. A broken event leaves the sink in the middle of things.
 */
xml_event xml_read_event(pk_str text, field_sink *sink);

/* Does a start tag of an event stand at bytes[0, len)? */
bool xml_is_event_start(const char *bytes, size_t len);
/* Where the next one begins at or behind `from`; STR_NPOS: nowhere. */
size_t xml_find_event(pk_str text, size_t from);

#endif
