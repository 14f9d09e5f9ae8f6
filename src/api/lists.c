/* Value lists for placeholders: a YAML mapping from names to values or lists of values. */
#include <libfyaml.h>

#include "api/api.h"

static diag_place place_of(pk_str file, struct fy_node *n)
{
    struct fy_token *token = fy_node_is_scalar(n) ? fy_node_get_scalar_token(n) : NULL;
    const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
    return (diag_place){file, mark ? (uint32_t)mark->line + 1 : 0, mark ? (uint32_t)mark->column + 1 : 0, 0};
}

static bool add_value(pk_catalog *c, value_list *list, struct fy_node *n, pk_str file)
{
    size_t len = 0;
    const char *scalar = fy_node_is_scalar(n) ? fy_node_get_scalar(n, &len) : NULL;
    if (!scalar) {
        diag_add(catalog_diags(c), PK_ERROR, "list-value", place_of(file, n), STR(""), NULL,
                 "a value of list '" STR_FMT "' is not a plain value", STR_ARG(list->name));
        return false;
    }
    vec_push_in(c->arena, &list->values.items, arena_str(c->arena, ((pk_str){scalar, len})));
    return true;
}

static bool add_list(pk_catalog *c, struct fy_node_pair *pair, pk_str file)
{
    struct fy_node *key = fy_node_pair_key(pair), *values = fy_node_pair_value(pair), *item;
    size_t len = 0;
    const char *name = key && fy_node_is_scalar(key) ? fy_node_get_scalar(key, &len) : NULL;
    if (!name) {
        diag_add(catalog_diags(c), PK_ERROR, "list-name", (diag_place){.file = file}, STR(""), NULL, "the name of a list is not plain text");
        return false;
    }
    pk_str plain = {name, len};
    if (len > 2 && name[0] == '%' && name[len - 1] == '%') plain = str_slice(plain, 1, len - 2); /* as rules write it */
    value_list list = {.name = arena_str(c->arena, plain)};
    bool good = true;
    if (values && fy_node_is_sequence(values)) {
        void *at = NULL;
        while ((item = fy_node_sequence_iterate(values, &at))) good &= add_value(c, &list, item, file);
    } else if (values) {
        good = add_value(c, &list, values, file);
    }
    vec_push_in(c->arena, &c->lists, list);
    return good;
}

pk_status parse_value_lists(pk_catalog *c, pk_str source, pk_str file)
{
    struct fy_parse_cfg settings = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG};
    struct fy_document *document = fy_document_build_from_string(&settings, source.ptr, source.len);
    struct fy_node *root = document ? fy_document_root(document) : NULL, *none = NULL;
    pk_status status = PK_OK;
    if (root == none || !fy_node_is_mapping(root)) {
        diag_add(catalog_diags(c), PK_ERROR, "list-syntax", (diag_place){.file = file}, STR(""), "write 'name: [value, value]'",
                 "is not a YAML mapping from names to values");
        status = PK_ERROR_SYNTAX;
    } else {
        void *at = NULL;
        struct fy_node_pair *pair;
        while ((pair = fy_node_mapping_iterate(root, &at)))
            if (!add_list(c, pair, file)) status = PK_ERROR_SYNTAX;
    }
    if (document) fy_document_destroy(document);
    return status;
}
