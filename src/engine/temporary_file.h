/* Files that nobody else sees: in the folder that TMPDIR names, else /tmp; without a name as soon as they are made. */
#ifndef PICKET_ENGINE_TEMPORARY_FILE_H
#define PICKET_ENGINE_TEMPORARY_FILE_H

#include <stdio.h>

FILE *temporary_file(void);       /* open for reading and writing; NULL: errno says why. fclose() gives the room back */

#endif
