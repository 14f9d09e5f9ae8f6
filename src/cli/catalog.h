/*
 * picket catalog: `build` makes a catalogue, every other word is a query. Each query is a command of its own, made from the
 * table of queries (pk_store_query_at): its parameters are options, those of its path are arguments. So help, the manual page and
 * completion know them as they know any command.
 */
#ifndef PICKET_CLI_CATALOG_H
#define PICKET_CLI_CATALOG_H

#include "cli/options.h"

typedef struct {
    const command *items;         /* "catalog build", "catalog rules" ... */
    size_t count;
} catalog_commands;

/* In `a`. */
catalog_commands catalog_commands_new(arena *a);
/* The command "catalog WORD"; NULL: there is none. */
const command *catalog_command_find(const catalog_commands *all, const char *word);
/* `picket catalog` without a word that it knows: says so. */
int run_catalog(const command_line *line);

#endif
