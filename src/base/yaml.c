/*
 * YAML trees: places in the source, looking things up, JSON, merging. The text is read by yaml_read.c, the tree
 * is made by yaml_tree.c.
 */
#include "base/yaml_tree.h"

#include "base/unicode.h"

#define KEYS_BY_TABLE 16                /* longer maps are merged by a table of their keys */

/* ---- places ---- */

void yaml_find_lines(arena *a, yaml_source *s)
{
    VEC(uint32_t) lines = {0};
    const char *at = s->text.ptr, *end = at + s->text.len;
    vec_push_in(a, &lines, 0);
    while ((at = memchr(at, '\n', (size_t)(end - at))) != NULL) vec_push_in(a, &lines, (uint32_t)(++at - s->text.ptr));
    s->lines = lines.at;
    s->line_count = lines.len;
}

/* Index of the line that holds a byte. */
size_t yaml_line_of(const yaml_source *s, size_t at)
{
    size_t low = 0, high = s->line_count;
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        if (s->lines[middle] <= at) low = middle;
        else high = middle;
    }
    return low;
}

span yaml_span(const yaml_source *s, size_t start, size_t end)
{
    if (start > s->text.len) start = s->text.len;
    if (end > s->text.len) end = s->text.len;
    if (end < start) end = start;
    size_t line = yaml_line_of(s, start);
    bool one_line = end == start || line + 1 == s->line_count || s->lines[line + 1] >= end;
    size_t end_line = one_line ? line : yaml_line_of(s, end - 1);
    return (span){.start = (uint32_t)start, .end = (uint32_t)end, .line = (uint32_t)(line + 1),
                  .column = (uint32_t)(start - s->lines[line] + 1), .end_line = (uint32_t)(end_line + 1)};
}

static bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }

/* Bytes that an escape of a double-quoted scalar takes, from its backslash on. */
static size_t escape_length(char kind)
{
    return kind == 'x' ? 4 : kind == 'u' ? 6 : kind == 'U' ? 10 : 2;
}

static bool is_view(const yaml_source *s, pk_str part)
{
    return part.ptr >= s->text.ptr && part.ptr + part.len <= s->text.ptr + s->text.len;
}

/*
 * Walks text and source side by side. Blanks of the text stand for any blanks of the source (folding), a doubled quote or
 * an escape for what it means; the aim is a good place for messages, so that a surprise ends at the scalar's end.
 */
const uint32_t *yaml_scalar_places(arena *a, const yaml_source *s, const yaml_node *n)
{
    if (is_view(s, n->text)) return NULL;
    uint32_t *places = ARENA_ARRAY(a, uint32_t, n->text.len + 1);
    size_t at = n->span.start + (n->style == YAML_SINGLE_QUOTED || n->style == YAML_DOUBLE_QUOTED ? 1 : 0);
    size_t end = n->span.end;
    for (size_t i = 0; i < n->text.len;) {
        size_t next = i;
        utf8_next(n->text, &next);
        if (!is_blank(n->text.ptr[i]) || (n->style == YAML_BLOCK && n->text.ptr[i] != '\n'))
            while (at < end && is_blank(s->text.ptr[at]) && s->text.ptr[at] != n->text.ptr[i]) at++;
        for (size_t k = i; k < next; k++) places[k] = (uint32_t)(at < end ? at : end);
        if (at < end) {
            char c = s->text.ptr[at];
            if (n->style == YAML_DOUBLE_QUOTED && c == '\\' && at + 1 < end) at += escape_length(s->text.ptr[at + 1]);
            else if (n->style == YAML_SINGLE_QUOTED && c == '\'') at += 2;
            else at += is_blank(n->text.ptr[i]) ? 1 : next - i;
        }
        i = next;
    }
    places[n->text.len] = (uint32_t)(at < end ? at : end);
    return places;
}

span yaml_span_within(const yaml_source *s, const yaml_node *n, const uint32_t *places, size_t from, size_t to)
{
    if (from > n->text.len) from = n->text.len;
    if (to > n->text.len) to = n->text.len;
    if (places) {
        size_t end = places[to]; /* where the next character stands, maybe in the next line */
        while (to > from && end > places[to - 1] + 1u && is_blank(s->text.ptr[end - 1])) end--;
        return yaml_span(s, places[from], end);
    }
    if (!is_view(s, n->text)) return n->span;
    size_t base = (size_t)(n->text.ptr - s->text.ptr);
    return yaml_span(s, base + from, base + to);
}

/* ---- access ---- */

const yaml_entry *yaml_entry_of(const yaml_node *map, pk_str key)
{
    if (!map || map->kind != YAML_MAP) return NULL;
    for (size_t i = 0; i < map->count; i++)
        if (str_equal(map->entries[i].key, key)) return &map->entries[i];
    return NULL;
}

yaml_node *yaml_get(const yaml_node *map, pk_str key)
{
    const yaml_entry *e = yaml_entry_of(map, key);
    return e ? e->value : NULL;
}

void yaml_write_json(text *out, const yaml_node *n)
{
    if (n->kind == YAML_SCALAR) {
        bool bare = n->type == YAML_NULL || n->type == YAML_BOOL;
        if (n->type == YAML_NULL) text_put_cstring(out, "null");
        else if (bare) text_put_cstring(out, n->text.ptr[0] == 't' || n->text.ptr[0] == 'T' ? "true" : "false");
        else text_put_json(out, n->text);
        return;
    }
    text_put_char(out, n->kind == YAML_MAP ? '{' : '[');
    for (size_t i = 0; i < n->count; i++) {
        if (i) text_put_char(out, ',');
        if (n->kind == YAML_MAP) {
            text_put_json(out, n->entries[i].key);
            text_put_char(out, ':');
        }
        yaml_write_json(out, n->kind == YAML_MAP ? n->entries[i].value : n->items[i]);
    }
    text_put_char(out, n->kind == YAML_MAP ? '}' : ']');
}

/* A table of the keys of a map; empty for short ones, which are quicker to walk. */
static table key_table(const yaml_node *map)
{
    table keys = {0};
    if (map->count >= KEYS_BY_TABLE)
        for (size_t i = 0; i < map->count; i++) table_put(&keys, map->entries[i].key, (uint32_t)i);
    return keys;
}

static const yaml_entry *entry_by(const table *keys, const yaml_node *map, pk_str key)
{
    if (!keys->entries.len) return yaml_entry_of(map, key);
    uint32_t i = table_get(keys, key);
    return i == TABLE_NONE ? NULL : &map->entries[i];
}

yaml_node *yaml_merge(arena *a, yaml_node *under, yaml_node *over, size_t *budget)
{
    if (!under || under->kind != YAML_MAP || !over || over->kind != YAML_MAP) return over ? over : under;
    if (under->count + over->count > *budget) return NULL;
    *budget -= under->count + over->count;
    yaml_node *n = ARENA_NEW(a, yaml_node);
    *n = *over;
    n->entries = ARENA_ARRAY(a, yaml_entry, under->count + over->count);
    n->count = 0;
    n->size = under->size + over->size < YAML_MAX_NODES ? under->size + over->size : YAML_MAX_NODES;
    table own_keys = key_table(over), under_keys = key_table(under);
    bool whole = true;
    for (size_t i = 0; i < under->count; i++) {
        yaml_entry e = under->entries[i];
        const yaml_entry *own = entry_by(&own_keys, over, e.key);
        if (own) {
            e.key_span = own->key_span;
            e.value = yaml_merge(a, e.value, own->value, budget);
            whole = whole && e.value;
        }
        n->entries[n->count++] = e;
    }
    for (size_t i = 0; i < over->count; i++)
        if (!entry_by(&under_keys, under, over->entries[i].key)) n->entries[n->count++] = over->entries[i];
    table_free(&own_keys);
    table_free(&under_keys);
    return whole ? n : NULL;
}
