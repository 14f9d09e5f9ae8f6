/* Values in the files of schemas: texts and lists of them, log sources, times. And how a mistake is told. */
#include <stdarg.h>
#include <stdio.h>

#include "schema/loader.h"

void loader_wrong(loader *l, span at, const char *words, ...)
{
    char message[400];
    va_list args;
    va_start(args, words);
    vsnprintf(message, sizeof message, words, args);
    va_end(args);
    diag_add(l->diags, PK_ERROR, "schema-data", (diag_place){l->file, at.line, at.column, 0}, STR(""), NULL, "%s", message);
    l->errors++;
}

pk_str loader_keep(loader *l, pk_str s)
{
    return arena_str(l->s->arena, s);
}

pk_str loader_text(loader *l, const yaml_node *n)
{
    return n->kind == YAML_SCALAR ? loader_keep(l, n->text) : STR("");
}

bool loader_texts(loader *l, const yaml_node *n, pk_str **out, size_t *count)
{
    *count = 0;
    if (n->kind == YAML_MAP) {
        loader_wrong(l, n->span, "expected a text or a list of texts");
        return false;
    }
    *out = ARENA_ARRAY(l->s->arena, pk_str, item_count(n));
    for (size_t i = 0; i < item_count(n); i++) {
        if (item_at(n, i)->kind != YAML_SCALAR) {
            loader_wrong(l, item_at(n, i)->span, "expected a text");
            return false;
        }
        (*out)[(*count)++] = loader_text(l, item_at(n, i));
    }
    return true;
}

bool loader_bool(loader *l, const yaml_node *n)
{
    pk_str t = loader_text(l, n);
    if (!str_equal(t, STR("true")) && !str_equal(t, STR("false"))) loader_wrong(l, n->span, "expected true or false");
    return str_equal(t, STR("true"));
}

bool loader_source(loader *l, pk_str t, span at, log_source *out)
{
    size_t first = str_find_char(t, '/'),
           second = first == STR_NPOS ? STR_NPOS : str_find_char(str_slice(t, first + 1, STR_NPOS), '/');
    pk_str parts[3] = {str_slice(t, 0, first), str_slice(t, first + 1, second),
                       str_slice(t, first + second + 2, STR_NPOS)};
    if (second == STR_NPOS || str_find_char(parts[2], '/') != STR_NPOS) {
        loader_wrong(l, at, "'" STR_FMT "': expected product/category/service, '-' for what is not set", STR_ARG(t));
        return false;
    }
    for (size_t i = 0; i < 3; i++)
        if (str_equal(parts[i], STR("-"))) parts[i] = STR("");
    *out = (log_source){.product = parts[0], .category = parts[1], .service = parts[2]};
    return true;
}

time_places loader_times(loader *l, const yaml_node *n)
{
    time_places t = {0};
    t.at = ARENA_ARRAY(l->s->arena, time_place, item_count(n));
    for (size_t i = 0; i < item_count(n); i++) {
        const yaml_node *item = item_at(n, i);
        time_place p = {0};
        if (is_map(item) && item->count == 1) {
            p.path = loader_keep(l, item->entries[0].key);
            p.form = arena_cstring(l->s->arena, loader_text(l, item->entries[0].value));
        } else if (item->kind == YAML_SCALAR) {
            p.path = loader_text(l, item);
        } else {
            loader_wrong(l, item->span, "expected a place or {place: form}");
            continue;
        }
        t.at[t.count++] = p;
    }
    return t;
}
