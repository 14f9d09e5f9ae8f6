/* The slow way to the values of a whole record. Its rules of matching are those of path.c, written for one path. */
#include "event/event.h"

enum { DEPTH_LIMIT = 1000, SEGMENT_LIMIT = 64 };

/* ---- tree_values ---- */

typedef struct {
    arena *arena;
    list_builder *out;
} search;

/* Is `key` this text, as it stands or without its blanks? */
static bool key_is(pk_str key, pk_str wanted)
{
    if (key.len < wanted.len) return false;
    if (str_equal(key, wanted)) return true;
    if (key.len > PATH_KEY_LIMIT) return false;
    size_t at = 0;
    for (size_t i = 0; i < key.len; i++) {
        if (key.ptr[i] == ' ') continue;
        if (at == wanted.len || key.ptr[i] != wanted.ptr[at++]) return false;
    }
    return at == wanted.len;
}

static void collect(const search *s, const value *v, pk_str path, size_t segments, int depth);

/* One field of a record: its key may be the first segment of the path, or several of them with their dots. */
static void collect_field(const search *s, const value_field *f, pk_str path, size_t segments, int depth)
{
    bool star = path.len && path.ptr[0] == '*';
    bool begins_alike = !f->name.len || !path.len || f->name.ptr[0] == path.ptr[0] || f->name.ptr[0] == ' ';
    if (!begins_alike && !star) return;
    for (size_t end = 0, n = 1;; n++) {
        while (end < path.len && (path.ptr[end] != '.' || segments + n >= SEGMENT_LIMIT)) end++;
        pk_str wanted = {path.ptr, end};
        bool last = end >= path.len;
        if ((n == 1 && str_equal(wanted, STR("*"))) || key_is(f->name, wanted))
            collect(s, &f->value, last ? (pk_str){NULL, 0} : str_slice(path, end + 1, path.len), segments + n, depth + 1);
        if (last) return;
        end++;
    }
}

/* Everything below `v` that the rest of the path leads to; ptr NULL: we are there. */
static void collect(const search *s, const value *v, pk_str path, size_t segments, int depth)
{
    if (depth > DEPTH_LIMIT) return;
    if (v->type == VALUE_LIST) {
        for (size_t i = 0; i < v->as.list.count; i++) collect(s, &v->as.list.items[i], path, segments, depth + 1);
    } else if (!path.ptr) {
        if (v->type != VALUE_RECORD && v->type != VALUE_MISSING) list_add(s->arena, s->out, *v);
    } else if (v->type == VALUE_RECORD) {
        for (size_t i = 0; i < v->as.record.count; i++) collect_field(s, &v->as.record.fields[i], path, segments, depth);
    }
}

void tree_values(const value *tree, pk_str path, arena *a, list_builder *out)
{
    collect(&(search){a, out}, tree, path.ptr ? path : STR(""), 0, 0);
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
