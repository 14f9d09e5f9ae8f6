/* Lines of text: syslog, access logs, auditd, key=value, CEF and many more; the last resort of detection. */
#ifndef PICKET_FORMATS_TEXT_TEXT_H
#define PICKET_FORMATS_TEXT_TEXT_H

#include "formats/format.h"

extern const format text_format;

#endif
