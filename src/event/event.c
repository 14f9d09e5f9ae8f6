/* The slow way to the values of a whole record. Its rules of matching are those of path.c, written for one path. */
#include "event/event.h"

enum { DEPTH_LIMIT = 1000, SEGMENT_LIMIT = 64 };

/* ---- tree_values ---- */

typedef struct {
    pk_str path;
    size_t starts[SEGMENT_LIMIT + 1]; /* where each segment begins; the last is one past the '.' that would follow */
    size_t count;
    arena *arena;
    list_builder *out;
} search;

static pk_str segments(const search *s, size_t from, size_t to)
{
    return str_slice(s->path, s->starts[from], s->starts[to] - 1 - s->starts[from]);
}

/* Is `key` this text, as it stands or without its blanks? */
static bool key_is(pk_str key, pk_str wanted)
{
    if (str_equal(key, wanted)) return true;
    if (key.len > PATH_KEY_LIMIT) return false;
    size_t at = 0;
    for (size_t i = 0; i < key.len; i++) {
        if (key.ptr[i] == ' ') continue;
        if (at == wanted.len || key.ptr[i] != wanted.ptr[at++]) return false;
    }
    return at == wanted.len;
}

/* Everything below `v` that the segments from `from` on lead to. */
static void collect(const search *s, const value *v, size_t from, int depth)
{
    if (depth > DEPTH_LIMIT) return;
    if (v->type == VALUE_LIST) {
        for (size_t i = 0; i < v->as.list.count; i++) collect(s, &v->as.list.items[i], from, depth + 1);
    } else if (from == s->count) {
        if (v->type != VALUE_RECORD && v->type != VALUE_MISSING) list_add(s->arena, s->out, *v);
    } else if (v->type == VALUE_RECORD) {
        for (size_t i = 0; i < v->as.record.count; i++) {
            const value_field *f = &v->as.record.fields[i];
            for (size_t to = from + 1; to <= s->count; to++) {
                pk_str wanted = segments(s, from, to);
                bool any = to == from + 1 && str_equal(wanted, STR("*"));
                if (any || key_is(f->name, wanted)) collect(s, &f->value, to, depth + 1);
            }
        }
    }
}

void tree_values(const value *tree, pk_str path, arena *a, list_builder *out)
{
    search s = {.path = path, .arena = a, .out = out};
    for (size_t i = 0; i < path.len && s.count + 1 < SEGMENT_LIMIT; i++)
        if (path.ptr[i] == '.') s.starts[++s.count] = i + 1;
    s.starts[++s.count] = path.len + 1;
    collect(&s, tree, 0, 0);
}

/* ---- every scalar ---- */

static void each_scalar(const value *v, void (*fn)(const value *scalar, void *user), void *user, int depth)
{
    if (depth > DEPTH_LIMIT) return;
    if (v->type == VALUE_LIST)
        for (size_t i = 0; i < v->as.list.count; i++) each_scalar(&v->as.list.items[i], fn, user, depth + 1);
    else if (v->type == VALUE_RECORD)
        for (size_t i = 0; i < v->as.record.count; i++) each_scalar(&v->as.record.fields[i].value, fn, user, depth + 1);
    else if (v->type != VALUE_MISSING)
        fn(v, user);
}

void tree_each_scalar(const value *tree, void (*fn)(const value *scalar, void *user), void *user)
{
    each_scalar(tree, fn, user, 0);
}
