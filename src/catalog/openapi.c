/* The description of the API, OpenAPI 3.1, from the table of queries. */
#include "catalog/queries.h"

static value word(const char *s) { return value_string(str_from(s)); }

static value schema_of(arena *a, const char *kind)
{
    record_builder schema = {0};
    list_builder choice = {0};
    bool plain = strcmp(kind, "string") == 0 || strcmp(kind, "integer") == 0 || strcmp(kind, "boolean") == 0;
    put(a, &schema, "type", word(plain ? kind : "string"));
    if (strcmp(kind, "json") == 0) put(a, &schema, "contentMediaType", word("application/json"));
    if (!plain && strcmp(kind, "json") != 0) {
        for (pk_str rest = str_from(kind); rest.len;) {
            size_t bar = str_find_char(rest, '|');
            list_add(a, &choice, value_string(str_slice(rest, 0, bar)));
            rest = bar == STR_NPOS ? STR("") : str_slice(rest, bar + 1, STR_NPOS);
        }
        put_list(a, &schema, "enum", &choice);
    }
    return record_done(&schema);
}

static value parameter_of(arena *a, const query_parameter *p)
{
    record_builder b = {0}, array = {0};
    put(a, &b, "name", word(p->name));
    put(a, &b, "in", word("query"));
    put(a, &b, "description", word(p->help));
    if (p->repeats) {
        put(a, &array, "type", word("array"));
        put(a, &array, "items", schema_of(a, p->kind));
        put_record(a, &b, "schema", &array);
        put(a, &b, "style", word("form"));
        put_bool(a, &b, "explode", true);
    } else {
        put(a, &b, "schema", schema_of(a, p->kind));
    }
    return record_done(&b);
}

static value path_parameter(arena *a, pk_str name)
{
    record_builder b = {0};
    put(a, &b, "name", value_string(name));
    put(a, &b, "in", word("path"));
    put_bool(a, &b, "required", true);
    put(a, &b, "schema", schema_of(a, "string"));
    return record_done(&b);
}

static value response(arena *a, const char *what, const char *schema)
{
    record_builder b = {0}, content = {0}, json = {0}, type = {0};
    put(a, &b, "description", word(what));
    put(a, &type, schema[0] == '#' ? "$ref" : "type", word(schema));
    put_record(a, &json, "schema", &type);
    put_record(a, &content, "application/json", &json);
    put_record(a, &b, "content", &content);
    return record_done(&b);
}

static value operation(arena *a, const query *q)
{
    record_builder b = {0}, responses = {0}, get = {0};
    list_builder parameters = {0};
    for (const char *at = q->path; (at = strchr(at, '{')) != NULL;) {
        size_t n = strcspn(++at, "}");
        list_add(a, &parameters, path_parameter(a, (pk_str){at, n}));
    }
    for (const query_parameter *p = q->parameters; p->name; p++) list_add(a, &parameters, parameter_of(a, p));
    put(a, &b, "operationId", word(q->name));
    put(a, &b, "summary", word(q->title));
    put_list(a, &b, "parameters", &parameters);
    put(a, &responses, "200", response(a, "the answer, as docs/catalog-api.md has it", "object"));
    put(a, &responses, "400", response(a, "a parameter makes no sense", "#/components/schemas/error"));
    put(a, &responses, "404", response(a, "there is nothing of this name", "#/components/schemas/error"));
    put_record(a, &b, "responses", &responses);
    put_record(a, &get, "get", &b);
    return record_done(&get);
}

static value components(arena *a)
{
    record_builder b = {0}, schemas = {0}, error = {0}, properties = {0}, text_type = {0};
    put(a, &text_type, "type", word("string"));
    put_record(a, &properties, "error", &text_type);
    put(a, &error, "type", word("object"));
    put_record(a, &error, "properties", &properties);
    put_record(a, &schemas, "error", &error);
    put_record(a, &b, "schemas", &schemas);
    return record_done(&b);
}

value queries_openapi(arena *a)
{
    record_builder b = {0}, info = {0}, paths = {0}, server = {0};
    list_builder servers = {0};
    put(a, &b, "openapi", word("3.1.0"));
    put(a, &info, "title", word("picket: the catalogue of rules"));
    put(a, &info, "version", word(pk_version()));
    put(a, &info, "description", word("What rules cover and look for. Everything that the pages show, and nothing that they don't."));
    put_record(a, &b, "info", &info);
    put(a, &server, "url", word("/api/v1"));
    add_record(a, &servers, &server);
    put_list(a, &b, "servers", &servers);
    for (const query *q = catalog_queries; q->name; q++) put(a, &paths, q->path, operation(a, q));
    put_record(a, &b, "paths", &paths);
    put(a, &b, "components", components(a));
    return record_done(&b);
}
