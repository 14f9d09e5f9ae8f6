/* The compact table as text: for the tool that makes what ships. */
#ifndef PICKET_CATALOG_ATTACK_TABLE_H
#define PICKET_CATALOG_ATTACK_TABLE_H

#include "catalog/attack_model.h"

/* Appends all of it but descriptions, of which the first sentence is kept. Its head (comments) is the caller's. */
void attack_write_table(const attack *k, text *out);

#endif
