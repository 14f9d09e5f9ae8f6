/*
 * The catalogue that a command works on: the file of -c, or one made for the time of the command from the rules of -r
 * (without any, from those that ship).
 */
#ifndef PICKET_CLI_CATALOG_FILE_H
#define PICKET_CLI_CATALOG_FILE_H

#include "cli/options.h"
#include "cli/stream.h"

typedef struct {
    char *path;
    char *folder;         /* a temporary one, removed at the end; NULL: the catalogue is the user's */
} catalog_file;

/* false: it has been told why; *code is what the command ends with. Close it in either case. */
bool catalog_file_open(catalog_file *f, const char *name, const command_line *line, out_stream *errors, int *code);
void catalog_file_close(catalog_file *f);

#endif
