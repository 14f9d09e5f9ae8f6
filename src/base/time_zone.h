/*
 * Time zones: offsets from UTC by the rules of the IANA database, as the system has them (TZif files, RFC 8536), or fixed
 * offsets. The calendar stays with base/timestamp.h.
 */
#ifndef PICKET_BASE_TIME_ZONE_H
#define PICKET_BASE_TIME_ZONE_H

#include "base/timestamp.h"

typedef struct time_zone time_zone;

/*
 * By name: "UTC", "GMT", "Z", an offset ("+2", "-08:00", "+0530") or an IANA name ("Europe/Berlin"), whose file is read.
 * NULL: there is none of this name, or its file is damaged. All in `a`.
 */
const time_zone *time_zone_find(arena *a, pk_str name);
/* The bytes of a TZif file. NULL: damaged. */
const time_zone *time_zone_read(arena *a, pk_str bytes);

int time_zone_offset(const time_zone *z, int64_t seconds);          /* east of Greenwich in seconds, at that point in time */
/* The point in time at which clocks of the zone show `local` (seconds as if they were UTC). A time that clocks showed twice
 * is the earlier, one that they skipped is read with the offset from before. */
int64_t time_zone_from_local(const time_zone *z, int64_t local);

#endif
