/* The tables of a catalogue: the text of schema.sql, as the build system makes it a constant. */
#ifndef PICKET_CATALOG_SCHEMA_H
#define PICKET_CATALOG_SCHEMA_H

/* Stands in `meta` as 'format'. Another number: another layout or meaning, and the catalogue must be built again. */
#define CATALOG_FORMAT 1

extern const char catalog_schema[];

#endif
