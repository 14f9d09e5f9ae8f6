/* Windows events as XML text: wevtutil, XmlWinEventLog, PowerShell's ToXml, Sysmon for Linux. */
#ifndef PICKET_FORMATS_XML_XML_H
#define PICKET_FORMATS_XML_XML_H

#include "formats/format.h"

extern const format xml_format;

#endif
