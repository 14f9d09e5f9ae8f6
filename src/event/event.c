/* The slow way to the values of a whole record. Its rules of matching are those of path.c, written for one path. */
#include "event/event.h"

#include "event/inner_text.h"

enum { DEPTH_LIMIT = 1000, SEGMENT_LIMIT = 64 };

/* ---- tree_values ---- */

typedef struct {
    arena *arena;
    list_builder *out;
    unsigned texts;          /* strings that may still be opened on the way down */
    path_open_fn open;
    void *user;
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
    bool any_key = path.len && path.ptr[0] == '*';
    bool begins_alike = !f->name.len || !path.len || f->name.ptr[0] == path.ptr[0] || f->name.ptr[0] == ' ';
    if (!begins_alike && !any_key) return;
    for (size_t end = 0, n = 1;; n++) {
        size_t start = end;
        while (end < path.len && (path.ptr[end] != '.' || segments + n >= SEGMENT_LIMIT)) end++;
        pk_str wanted = {path.ptr, end};
        bool last = end >= path.len, star = str_equal(str_slice(path, start, end - start), STR("*"));
        if (star && n > 1) return; /* '*' is any key, never part of one */
        if (star || key_is(f->name, wanted))
            collect(s, &f->value, last ? (pk_str){NULL, 0} : str_slice(path, end + 1, path.len), segments + n, depth + 1);
        if (last || star) return;
        end++;
    }
}

/* A record that is a name and a value, where the path goes on with a segment {Name=Value}. */
static void collect_pair(const search *s, const value *record, pk_str path, size_t segments, int depth)
{
    size_t end = str_find_char(path, '.');
    path_pair pair;
    value_field made;
    if (path.len == 0 || path.ptr[0] != '{' || end == STR_NPOS || segments + 1 >= SEGMENT_LIMIT) return;
    if (!path_pair_read(str_slice(path, 0, end), s->arena, &pair) || !path_pair_field(&pair, record, &made)) return;
    collect_field(s, &made, str_slice(path, end + 1, STR_NPOS), segments + 1, depth);
}

static void collect_record(const search *s, const value *v, pk_str path, size_t segments, int depth)
{
    for (size_t i = 0; i < v->as.record.count; i++) collect_field(s, &v->as.record.fields[i], path, segments, depth);
    collect_pair(s, v, path, segments, depth);
}

static void collect_inner(const search *s, pk_str holder, pk_str path, size_t segments, int depth)
{
    search below = *s;
    below.texts--;
    const value *records;
    size_t count = s->texts ? s->open(s->user, holder, s->arena, &records) : 0;
    for (size_t i = 0; i < count; i++) collect_record(&below, &records[i], path, segments, depth);
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
        collect_record(s, v, path, segments, depth);
    } else if (v->type == VALUE_STRING) {
        collect_inner(s, v->as.string, path, segments, depth);
    }
}

void tree_values_opened(const value *tree, pk_str path, arena *a, path_open_fn open, void *user, list_builder *out)
{
    collect(&(search){a, out, INNER_TEXT_LEVELS, open, user}, tree, path.ptr ? path : STR(""), 0, 0);
}

static size_t open_text(void *user, pk_str s, arena *a, const value **records)
{
    (void)user;
    return inner_text_open(s, a, records);
}

void tree_values(const value *tree, pk_str path, arena *a, list_builder *out)
{
    tree_values_opened(tree, path, a, open_text, NULL, out);
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

void event_each_value(const event *e, bool texts_only, arena *a, void (*fn)(const value *scalar, void *user), void *user)
{
    if (e->each_value) e->each_value(e, texts_only, a, fn, user);
    else tree_each_scalar(event_tree(e, a), fn, user);
}

bool event_left_out_may_hold(pk_str folded)
{
    static const char *const words[] = {"true", "false", "null", "nan", "-inf"};
    size_t i = 0;
    while (i < folded.len && is_number_character(folded.ptr[i])) i++;
    bool may_hold = i == folded.len;
    for (size_t k = 0; k < sizeof words / sizeof *words; k++) may_hold |= str_find(str_from(words[k]), folded) != STR_NPOS;
    return may_hold;
}

void event_write_json(const event *e, arena *a, text *out)
{
    if (e->write_json) e->write_json(e, a, out);
    else value_write_json(out, event_tree(e, a));
}
