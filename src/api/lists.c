/* Value lists for placeholders: a YAML mapping from names to values or lists of values. */
#include "api/api.h"
#include "base/yaml.h"

static diag_place place_in(pk_str file, span at) { return (diag_place){file, at.line, at.column, at.end - at.start}; }

static bool add_value(pk_catalog *c, value_list *list, const yaml_node *n, pk_str file)
{
    if (n->kind != YAML_SCALAR) {
        diag_add(catalog_diags(c), PK_ERROR, "list-value", place_in(file, n->span), STR(""), NULL,
                 "a value of list '" STR_FMT "' is not a plain value", STR_ARG(list->name));
        return false;
    }
    vec_push_in(c->arena, &list->values.items, arena_str(c->arena, n->text));
    return true;
}

static bool add_list(pk_catalog *c, const yaml_entry *e, pk_str file)
{
    pk_str name = e->key;
    const yaml_node *values = e->value;
    if (name.len > 2 && name.ptr[0] == '%' && name.ptr[name.len - 1] == '%') name = str_slice(name, 1, name.len - 2); /* as rules write it */
    value_list list = {.name = arena_str(c->arena, name)};
    bool good = true;
    if (values->kind != YAML_LIST) good = add_value(c, &list, values, file);
    for (size_t i = 0; values->kind == YAML_LIST && i < values->count; i++) good &= add_value(c, &list, values->items[i], file);
    vec_push_in(c->arena, &c->lists, list);
    return good;
}

static bool report_problems(pk_catalog *c, const yaml_file *yaml, pk_str file)
{
    size_t count = yaml->count ? yaml->documents[0].problem_count : 0;
    for (size_t i = 0; i < count; i++) {
        const yaml_problem *p = &yaml->documents[0].problems[i];
        diag_add_text(catalog_diags(c), PK_ERROR, "list-syntax", place_in(file, p->place), STR(""), p->message, p->hint);
    }
    return count > 0;
}

static pk_status read_lists(pk_catalog *c, const yaml_file *yaml, pk_str file)
{
    const yaml_node *root = yaml->count ? yaml->documents[0].root : NULL;
    if (report_problems(c, yaml, file)) return PK_ERROR_SYNTAX;
    if (!root || root->kind != YAML_MAP) {
        diag_add(catalog_diags(c), PK_ERROR, "list-syntax", (diag_place){.file = file}, STR(""), "write 'name: [value, value]'",
                 "is not a YAML mapping from names to values");
        return PK_ERROR_SYNTAX;
    }
    pk_status status = PK_OK;
    for (size_t i = 0; i < root->count; i++)
        if (!add_list(c, &root->entries[i], file)) status = PK_ERROR_SYNTAX;
    return status;
}

pk_status parse_value_lists(pk_catalog *c, pk_str source, pk_str file)
{
    arena *scratch = arena_new();
    yaml_file yaml = yaml_read(scratch, source);
    pk_status status = read_lists(c, &yaml, file);
    arena_free(scratch);
    return status;
}
