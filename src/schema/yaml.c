/* libfyaml's document, read with places. Its marks count from 0. */
#include "schema/yaml.h"

#include <stdarg.h>
#include <stdio.h>

static void report_syntax(yaml_file *y, struct fy_diag *found)
{
    void *at = NULL;
    struct fy_diag_error *e;
    while ((e = fy_diag_errors_iterate(found, &at)) != NULL) {
        diag_place place = {.file = y->file,
                            .line = (uint32_t)(e->line > 0 ? e->line : 0),
                            .column = (uint32_t)(e->column > 0 ? e->column : 0)};
        diag_add(y->diags, PK_ERROR, "schema-yaml", place, STR(""), NULL, "%s", e->msg ? e->msg : "not YAML");
        y->errors++;
    }
    if (y->errors == 0) {
        diag_add(y->diags, PK_ERROR, "schema-yaml", (diag_place){.file = y->file}, STR(""), NULL, "not YAML");
        y->errors++;
    }
}

bool yaml_document_open(yaml_file *y, const char *path, pk_str source)
{
    y->file = str_from(path);
    if (str_trim(source).len == 0) {
        yaml_error(y, NULL, "the file is empty");
        return false;
    }
    struct fy_diag_cfg diag_config;
    fy_diag_cfg_default(&diag_config);
    diag_config.fp = NULL; /* errors are collected, never printed */
    struct fy_diag *found = fy_diag_create(&diag_config);
    fy_diag_set_collect_errors(found, true);
    struct fy_parse_cfg config = {.flags = FYPCF_QUIET | FYPCF_COLLECT_DIAG | FYPCF_DEFAULT_VERSION_1_2, .diag = found};
    y->document = fy_document_build_from_string(&config, source.ptr, source.len);
    if (y->document == NULL)
        report_syntax(y, found);
    else if (fy_document_root(y->document) == NULL)
        yaml_error(y, NULL, "the file is empty");
    fy_diag_destroy(found);
    return y->errors == 0;
}

void yaml_document_close(yaml_file *y)
{
    if (y->document) fy_document_destroy(y->document);
    y->document = NULL;
}

yaml_node *yaml_root(const yaml_file *y)
{
    return fy_document_root(y->document);
}

bool yaml_is_map(yaml_node *n)
{
    return n && fy_node_get_type(n) == FYNT_MAPPING;
}
bool yaml_is_list(yaml_node *n)
{
    return n && fy_node_get_type(n) == FYNT_SEQUENCE;
}
bool yaml_is_text(yaml_node *n)
{
    return n && fy_node_get_type(n) == FYNT_SCALAR && !fy_node_is_alias(n);
}

pk_str yaml_text(yaml_file *y, yaml_node *n)
{
    size_t len = 0;
    const char *text = yaml_is_text(n) ? fy_node_get_scalar(n, &len) : NULL;
    return arena_str(y->arena, (pk_str){text ? text : "", text ? len : 0});
}

bool yaml_next_pair(yaml_node *map, void **at, yaml_node **key, yaml_node **content)
{
    struct fy_node_pair *pair = fy_node_mapping_iterate(map, at);
    if (pair == NULL) return false;
    *key = fy_node_pair_key(pair);
    *content = fy_node_pair_value(pair);
    return true;
}

yaml_node *yaml_next_item(yaml_node *list, void **at)
{
    return fy_node_sequence_iterate(list, at);
}

bool yaml_texts(yaml_file *y, yaml_node *n, pk_str **out, size_t *count)
{
    *count = 0;
    if (yaml_is_text(n)) {
        *out = ARENA_ARRAY(y->arena, pk_str, 1);
        (*out)[(*count)++] = yaml_text(y, n);
        return true;
    }
    if (!yaml_is_list(n)) {
        yaml_error(y, n, "expected a text or a list of texts");
        return false;
    }
    int items = fy_node_sequence_item_count(n);
    *out = ARENA_ARRAY(y->arena, pk_str, items > 0 ? (size_t)items : 1);
    void *at = NULL;
    for (yaml_node *item; (item = yaml_next_item(n, &at)) != NULL && *count < (size_t)items;) {
        if (!yaml_is_text(item)) {
            yaml_error(y, item, "expected a text");
            return false;
        }
        (*out)[(*count)++] = yaml_text(y, item);
    }
    return true;
}

/* The first scalar of a node: containers have no token that tells their place. */
static struct fy_token *first_token(yaml_node *n)
{
    for (unsigned depth = 0; n && depth < 64; depth++) {
        if (fy_node_get_type(n) == FYNT_SCALAR) return fy_node_get_scalar_token(n);
        void *at = NULL;
        if (fy_node_get_type(n) == FYNT_MAPPING) {
            struct fy_node_pair *pair = fy_node_mapping_iterate(n, &at);
            n = pair ? fy_node_pair_key(pair) : NULL;
        } else {
            n = fy_node_sequence_iterate(n, &at);
        }
    }
    return NULL;
}

void yaml_error(yaml_file *y, yaml_node *n, const char *format, ...)
{
    char message[400];
    va_list args;
    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    diag_place place = {.file = y->file};
    struct fy_token *token = first_token(n);
    const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
    if (mark) {
        place.line = (uint32_t)mark->line + 1;
        place.column = (uint32_t)mark->column + 1;
    }
    diag_add(y->diags, PK_ERROR, "schema-data", place, STR(""), NULL, "%s", message);
    y->errors++;
}
