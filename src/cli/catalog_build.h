/* picket catalog build. The command `catalog` hands its line over; the word "build" is its first argument. */
#ifndef PICKET_CLI_CATALOG_BUILD_H
#define PICKET_CLI_CATALOG_BUILD_H

#include "cli/options.h"

#define CATALOG_BUILD_OPTIONS                                                                                             \
    {'o', "out", "FILE", "build: the catalogue that is made or brought up to date (catalog.db)"},                         \
    {OPTION_ATTACK, "attack", "FILE", "build: a STIX bundle of Enterprise ATT&CK instead of the table that ships"},       \
    {OPTION_FRESH, "fresh", NULL, "build: read every file again, changed or not"}

int run_catalog_build(const command_line *line);

#endif
