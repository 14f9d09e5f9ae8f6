/* Finding the time in a line of text, as it is written; reading it is the business of the schemas. */
#ifndef PICKET_FORMATS_TEXT_TIMES_H
#define PICKET_FORMATS_TEXT_TIMES_H

#include "base/str.h"

/* The time of day with its date that s begins with (syslog, ISO 8601, access log, ctime, and so on); its length or 0. */
size_t time_at_start(pk_str s);
/* The first time within the first `limit` bytes, at the start of a word or behind a bracket; empty: none. */
pk_str find_time(pk_str s, size_t limit);
/* "Feb 12 14:10:21", with a year or a fraction or without; its length or 0. */
size_t syslog_time(pk_str s);
/* "2021-03-03T19:51:53.762+01:00", also with a blank instead of the T, '/' in the date, or without a zone; length or 0. */
size_t iso_time(pk_str s);

#endif
