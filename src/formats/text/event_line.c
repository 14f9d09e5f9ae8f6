/* A Windows event as XML in a line: Sysmon for Linux writes its events to syslog. The fields are those of the XML format. */
#include "formats/text/line.h"
#include "formats/xml/event_xml.h"

bool event_detect(pk_str m) { return m.len > 16 && memchr(m.ptr, '<', m.len) && xml_find_event(m, 0) != STR_NPOS; }

bool event_parse(pk_str m, const w3c_columns *columns, field_sink *s)
{
    (void)columns;
    size_t depth = s->depth;
    xml_event found = xml_read_event(str_slice(m, xml_find_event(m, 0), m.len), s);
    s->depth = depth; /* a broken event leaves containers open */
    s->too_deep = 0;
    return found.problem == NULL;
}
