/* Lines of ordinary text logs that programs write among their JSON. */
#ifndef PICKET_FORMATS_JSON_TEXT_LINE_H
#define PICKET_FORMATS_JSON_TEXT_LINE_H

#include "base/str.h"

/*
 * True if the line is a log line of its own and no piece of broken JSON: a date or a time of day stands near its
 * beginning, and nothing before it belongs to JSON.
 */
bool text_line_is_log(pk_str line);

#endif
