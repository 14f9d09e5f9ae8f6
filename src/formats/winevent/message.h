/* The message of a Windows event, rendered: sections, labels and what stands behind them. */
#ifndef PICKET_FORMATS_WINEVENT_MESSAGE_H
#define PICKET_FORMATS_WINEVENT_MESSAGE_H

#include "formats/field_sink.h"

/*
 * Puts "Label:  value" lines as Label: value, and those that are indented below a line "Section:" into a record Section.
 * Other lines say nothing that has a name. Views of the message are kept.
 */
void message_put_labels(pk_str message, field_sink *sink);

#endif
