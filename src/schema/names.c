/* The table of schemas, and what the code asks of it. */
#include "schema/model.h"

#define FLAT SCHEMA_FLAT
#define EVENTS SCHEMA_EVENTS
#define ENTITIES SCHEMA_ENTITIES

const schema_row schema_rows[] = {
#define SCHEMA(name, records, mapped, usual, meaning) {name, records, mapped, usual, meaning},
#include "schema/names.def"
#undef SCHEMA
    {0}};

const schema_row *schema_row_find(pk_str name)
{
    for (const schema_row *r = schema_rows; r->name; r++)
        if (str_equal(name, str_from(r->name))) return r;
    return NULL;
}

bool schema_is_nested(pk_str schema_name, udm_root *root)
{
    const schema_row *r = schema_row_find(schema_name);
    *root = r && r->records == SCHEMA_ENTITIES ? UDM_ENTITY : UDM_EVENT;
    return r && r->records != SCHEMA_FLAT;
}

bool schema_has_records(pk_str schema_name)
{
    udm_root root;
    return schema_is_nested(schema_name, &root);
}

bool schema_is_usual(pk_str schema_name)
{
    const schema_row *r = schema_row_find(schema_name);
    return r && r->usual;
}

pk_str schema_of_records(schema_record_kind records)
{
    const schema_row *r = schema_rows;
    while (r->name && r->records != records) r++;
    return str_from(r->name);
}
