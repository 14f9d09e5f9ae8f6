/*
 * The tree of a YAML document while it is read: open maps and lists, anchors, what is wrong. Duplicate keys, merge keys, the
 * types of plain scalars and every bound are decided here; libyaml knows the syntax only.
 */
#include "base/yaml_tree.h"

#define KEYS_BY_TABLE 16                /* maps longer than this look for duplicate keys in a table */

/* ---- types of plain scalars ---- */

static bool all_of(pk_str s, size_t from, const char *set)
{
    if (from >= s.len) return false;
    for (size_t i = from; i < s.len; i++)
        if (s.ptr[i] == 0 || !strchr(set, s.ptr[i])) return false;
    return true;
}

/* YAML 1.2.2, 10.3.2: [-+]? ( \. [0-9]+ | [0-9]+ ( \. [0-9]* )? ) ( [eE] [-+]? [0-9]+ )? */
static bool is_float(pk_str s)
{
    size_t i = s.len && (s.ptr[0] == '-' || s.ptr[0] == '+'), digits = 0;
    for (; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9'; i++) digits++;
    if (i < s.len && s.ptr[i] == '.')
        for (i++; i < s.len && s.ptr[i] >= '0' && s.ptr[i] <= '9'; i++) digits++;
    if (!digits) return false;
    if (i == s.len) return true;
    if (s.ptr[i] != 'e' && s.ptr[i] != 'E') return false;
    i++;
    if (i < s.len && (s.ptr[i] == '-' || s.ptr[i] == '+')) i++;
    return all_of(s, i, "0123456789");
}

static yaml_type plain_type(pk_str s)
{
    static const char *const nulls[] = {"", "~", "null", "Null", "NULL"};
    static const char *const bools[] = {"true", "True", "TRUE", "false", "False", "FALSE"};
    if (s.len > 64) return YAML_TEXT;
    for (size_t i = 0; i < sizeof nulls / sizeof *nulls; i++)
        if (str_equal(s, str_from(nulls[i]))) return YAML_NULL;
    for (size_t i = 0; i < sizeof bools / sizeof *bools; i++)
        if (str_equal(s, str_from(bools[i]))) return YAML_BOOL;
    if (!strchr("+-.0123456789", s.ptr[0])) return YAML_TEXT;
    if (all_of(s, s.ptr[0] == '-' || s.ptr[0] == '+', "0123456789")) return YAML_INT;
    if (str_starts_with(s, STR("0x")) && all_of(s, 2, "0123456789abcdefABCDEF")) return YAML_INT;
    if (str_starts_with(s, STR("0o")) && all_of(s, 2, "01234567")) return YAML_INT;
    return is_float(s) ? YAML_FLOAT : YAML_TEXT;
}

/* ---- problems ---- */

void yaml_add_problem(yaml_tree *t, yaml_problem_kind kind, span place, pk_str message, pk_str hint)
{
    vec_push_in(t->arena, &t->problems, ((yaml_problem){kind, place, message, hint}));
}

void yaml_fail(yaml_tree *t, yaml_problem_kind kind, span place, pk_str message, pk_str hint)
{
    if (!t->failed) yaml_add_problem(t, kind, place, message, hint);
    t->failed = true;
}

/* ---- nodes ---- */

static bool count_nodes(yaml_tree *t, uint64_t n, span at)
{
    t->nodes += n;
    if (t->nodes <= YAML_MAX_NODES) return true;
    yaml_fail(t, YAML_LIMIT, at,
              arena_printf(t->arena, "more than %u values in one file, counting what aliases stand for", YAML_MAX_NODES),
              STR(""));
    return false;
}

static yaml_frame *top(yaml_tree *t) { return t->stack.len ? &t->stack.at[t->stack.len - 1] : NULL; }

static const yaml_entry *find_entry(const yaml_frame *f, pk_str key)
{
    if (f->keys.entries.len) {
        uint32_t i = table_get(&f->keys, key);
        return i == TABLE_NONE ? NULL : &f->entries.at[i];
    }
    for (size_t i = 0; i < f->entries.len; i++)
        if (str_equal(f->entries.at[i].key, key)) return &f->entries.at[i];
    return NULL;
}

static void add_entry(yaml_tree *t, yaml_frame *f, yaml_entry e)
{
    vec_push_in(t->arena, &f->entries, e);
    if (f->entries.len < KEYS_BY_TABLE) return;
    if (f->keys.entries.len) {
        table_put(&f->keys, e.key, (uint32_t)(f->entries.len - 1));
        return;
    }
    for (size_t i = 0; i < f->entries.len; i++) table_put(&f->keys, f->entries.at[i].key, (uint32_t)i);
}

static void add_key(yaml_tree *t, yaml_frame *f, const yaml_node *n)
{
    const yaml_entry *first = n->kind == YAML_SCALAR ? find_entry(f, n->text) : NULL;
    if (n->kind != YAML_SCALAR) {
        yaml_fail(t, YAML_SYNTAX, n->span, STR("a key must be a text"), STR(""));
    } else if (first) {
        yaml_add_problem(t, YAML_DUPLICATE_KEY, n->span,
                         arena_printf(t->arena, "the key '" STR_FMT "' stands twice; first at line %u", STR_ARG(n->text),
                                      first->key_span.line),
                         STR("join the values in one list, or give one of the two another name"));
    }
    f->key = (yaml_entry){.key = n->text, .key_span = n->span, .key_style = n->style};
    f->has_key = true;
}

static void place(yaml_tree *t, yaml_node *n)
{
    yaml_frame *f = top(t);
    if (!f) {
        yaml_document *d = &t->documents.at[t->documents.len - 1];
        if (!d->root) d->root = n;
        return;
    }
    if (f->node->kind == YAML_LIST) {
        vec_push_in(t->arena, &f->items, n);
    } else if (!f->has_key) {
        add_key(t, f, n);
        return;
    } else {
        f->key.value = n;
        add_entry(t, f, f->key);
        f->has_key = false;
    }
    f->node->size = f->node->size + n->size < YAML_MAX_NODES ? f->node->size + n->size : YAML_MAX_NODES;
    if (n->height + 1 > f->node->height) f->node->height = n->height + 1;
    if (n->span.start >= f->node->span.start && n->span.end > f->node->span.end) {
        f->node->span.end = n->span.end;
        f->node->span.end_line = n->span.end_line;
    }
}

static void remember_anchor(yaml_tree *t, pk_str name, yaml_node *n)
{
    if (!name.len) return;
    table_set(&t->anchors, name, (uint32_t)t->anchored.len);
    vec_push_in(t->arena, &t->anchored, n);
}

void yaml_place(yaml_tree *t, yaml_node *n, pk_str anchor)
{
    remember_anchor(t, anchor, n);
    place(t, n);
}

static yaml_node *new_node(yaml_tree *t, yaml_kind kind, size_t start, size_t end)
{
    yaml_node *n = ARENA_NEW(t->arena, yaml_node);
    n->kind = kind;
    n->size = 1;
    n->text = STR("");
    n->span = yaml_span(&t->source, start, end);
    count_nodes(t, 1, n->span);
    return n;
}

yaml_node *yaml_scalar(yaml_tree *t, yaml_style style, pk_str content, size_t start, size_t end, bool said_text)
{
    yaml_node *n = new_node(t, YAML_SCALAR, start, end);
    n->size += (uint32_t)(content.len / YAML_NODE_BYTES);
    count_nodes(t, n->size - 1, n->span);
    n->style = style;
    n->text = content;
    n->type = style == YAML_PLAIN && !said_text ? plain_type(content) : YAML_TEXT;
    return n;
}

/* The node that an alias stands for, shared; an anchor that isn't there (or holds this very place) is reported. */
yaml_node *yaml_alias(yaml_tree *t, pk_str name, size_t start, size_t end)
{
    uint32_t i = table_get(&t->anchors, name);
    span at = yaml_span(&t->source, start, end);
    if (i == TABLE_NONE) {
        yaml_add_problem(t, YAML_SYNTAX, at,
                         arena_printf(t->arena, "no anchor '&" STR_FMT "' stands before this alias", STR_ARG(name)),
                         STR("a text that begins with '*' must be in quotes"));
        return yaml_scalar(t, YAML_PLAIN, STR(""), start, end, false);
    }
    yaml_node *n = t->anchored.at[i];
    count_nodes(t, n->size, at);
    if (t->stack.len + n->height > YAML_MAX_DEPTH)
        yaml_fail(t, YAML_LIMIT, at, arena_printf(t->arena, "nested deeper than %d levels", YAML_MAX_DEPTH), STR(""));
    return n;
}

/* ---- maps and lists ---- */

void yaml_open(yaml_tree *t, yaml_kind kind, size_t start, pk_str anchor)
{
    const yaml_frame *f = top(t);
    if (f && f->node->kind == YAML_MAP && !f->has_key) {
        yaml_fail(t, YAML_SYNTAX, yaml_span(&t->source, start, start + 1), STR("a key must be a text"), STR(""));
        return;
    }
    yaml_node *n = new_node(t, kind, start, start);
    n->height = 1;
    if (t->stack.len >= YAML_MAX_DEPTH)
        yaml_fail(t, YAML_LIMIT, n->span, arena_printf(t->arena, "nested deeper than %d levels", YAML_MAX_DEPTH), STR(""));
    vec_push(&t->stack, ((yaml_frame){.node = n, .anchor = anchor}));
}

/* `<<: *a` (YAML 1.1 merge key): entries of the named maps that this one lacks. */
static void merge_from(yaml_tree *t, yaml_frame *f, const yaml_node *from)
{
    if (from->kind != YAML_MAP) return;
    for (size_t i = 0; i < from->count && !t->failed; i++)
        if (!find_entry(f, from->entries[i].key) && count_nodes(t, from->entries[i].value->size, f->node->span))
            add_entry(t, f, from->entries[i]);
}

static void apply_merge_key(yaml_tree *t, yaml_frame *f)
{
    const yaml_entry *e = find_entry(f, STR("<<"));
    if (!e || e->key_style != YAML_PLAIN || e->value->kind == YAML_SCALAR) return;
    const yaml_node *from = e->value;
    size_t at = (size_t)(e - f->entries.at);
    merge_from(t, f, from);
    if (from->kind == YAML_LIST)
        for (size_t i = 0; i < from->count && !t->failed; i++) merge_from(t, f, from->items[i]);
    memmove(&f->entries.at[at], &f->entries.at[at + 1], (f->entries.len - at - 1) * sizeof *f->entries.at);
    f->entries.len--;
}

void yaml_close(yaml_tree *t, size_t end)
{
    yaml_frame *f = top(t);
    yaml_node *n = f->node;
    if (end) n->span = yaml_span(&t->source, n->span.start, end);
    if (n->kind == YAML_MAP && f->entries.len) apply_merge_key(t, f);
    n->entries = f->entries.at;
    n->items = f->items.at;
    n->count = n->kind == YAML_MAP ? f->entries.len : f->items.len;
    pk_str anchor = f->anchor;
    table_free(&f->keys);
    t->stack.len--;
    yaml_place(t, n, anchor);
}

/* ---- documents ---- */

void yaml_start_document(yaml_tree *t, size_t start)
{
    yaml_document d = {.span = yaml_span(&t->source, start, t->source.text.len)};
    vec_push_in(t->arena, &t->documents, d);
}

void yaml_end_document(yaml_tree *t, size_t end)
{
    yaml_document *d = &t->documents.at[t->documents.len - 1];
    d->problems = t->problems.at;
    d->problem_count = t->problems.len;
    t->problems.at = NULL;
    t->problems.len = t->problems.cap = 0;
    d->span = yaml_span(&t->source, d->span.start, end);
    table_free(&t->anchors);
    t->anchors = (table){0};
}

void yaml_close_broken(yaml_tree *t)
{
    while (t->stack.len) {
        yaml_frame *f = top(t);
        if (f->node->kind == YAML_MAP && f->has_key) {
            size_t at = f->key.key_span.end;
            place(t, yaml_scalar(t, YAML_PLAIN, STR(""), at, at, false));
        }
        yaml_close(t, 0);
    }
    t->documents.at[t->documents.len - 1].broken = true;
}
