/* Names of files in an archive. */
#ifndef PICKET_WEB_EXPORT_NAMES_H
#define PICKET_WEB_EXPORT_NAMES_H

#include "base/hash.h"

/* The name of a rule's file in an archive: relative, short, plain ASCII, without "..". `used` keeps them apart. */
pk_str export_file_name(arena *a, pk_str path, table *used);

#endif
