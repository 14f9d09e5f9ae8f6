/* Paths into nested records: a walk from step to step; lists are entered wherever they stand. */
#include "event/field_path.h"

#define LISTS_IN_LISTS 32         /* deeper ones hold nothing that a path means */

/* ---- the text form ---- */

typedef struct {
    pk_str text;
    size_t at;
    arena *arena;
    field_step *steps;
    size_t count, room;
    bool by_key;
} path_reader;

static bool add_step(path_reader *r, field_step step)
{
    if (r->count == r->room) return false;
    r->steps[r->count++] = step;
    r->by_key |= step.kind == STEP_KEY;
    return true;
}

static char peek(const path_reader *r) { return r->at < r->text.len ? r->text.ptr[r->at] : 0; }

static bool read_name(path_reader *r)
{
    size_t start = r->at;
    while (r->at < r->text.len && r->text.ptr[r->at] != '.' && r->text.ptr[r->at] != '[') r->at++;
    return r->at > start && add_step(r, (field_step){STEP_FIELD, str_slice(r->text, start, r->at - start), 0, start});
}

static bool read_index(path_reader *r, size_t start)
{
    uint64_t n = 0;
    size_t digits = r->at;
    while (peek(r) >= '0' && peek(r) <= '9' && n <= UINT32_MAX) n = n * 10 + (uint64_t)(r->text.ptr[r->at++] - '0');
    return r->at > digits && n <= UINT32_MAX && add_step(r, (field_step){STEP_INDEX, {NULL, 0}, (uint32_t)n, start});
}

/* Behind the opening quote. */
static bool read_key(path_reader *r, char quote, size_t start)
{
    size_t from = r->at, len = 0;
    char *out = NULL;
    for (; r->at < r->text.len && r->text.ptr[r->at] != quote; r->at++) {
        char c = r->text.ptr[r->at];
        if (c == '\\' && quote != '`' && r->at + 1 < r->text.len) {
            if (!out) {
                out = arena_alloc(r->arena, r->text.len - from + 1);
                memcpy(out, r->text.ptr + from, len);
            }
            c = r->text.ptr[++r->at];
        }
        if (out) out[len] = c;
        len++;
    }
    if (r->at++ >= r->text.len) return false;
    pk_str key = out ? (pk_str){out, len} : str_slice(r->text, from, len);
    return add_step(r, (field_step){STEP_KEY, key, 0, start});
}

/* At the bracket. */
static bool read_bracket(path_reader *r)
{
    size_t start = r->at++;
    char c = peek(r);
    bool read = c == ']' ? add_step(r, (field_step){STEP_EACH, {NULL, 0}, 0, start})
                : c == '\'' || c == '"' || c == '`' ? (r->at++, read_key(r, c, start))
                                                    : read_index(r, start);
    if (!read || peek(r) != ']') return false;
    r->at++;
    return true;
}

bool field_path_parse(pk_str s, arena *a, field_path *out, size_t *wrong)
{
    path_reader r = {.text = s, .arena = a, .room = 1};
    for (size_t i = 0; i < s.len && r.room < FIELD_PATH_STEPS; i++) r.room += s.ptr[i] == '.' || s.ptr[i] == '[';
    r.steps = arena_alloc(a, r.room * sizeof *r.steps);
    bool fine = s.len > 0 && read_name(&r);
    while (fine && r.at < s.len) {
        if (peek(&r) == '[') fine = read_bracket(&r);
        else if (peek(&r) == '.') r.at++, fine = read_name(&r);
        else fine = false;
    }
    if (wrong) *wrong = r.at < s.len ? r.at : s.len;
    if (!fine) return false;
    *out = (field_path){r.steps, r.count, r.by_key};
    return true;
}

void field_path_put_key(text *out, pk_str key)
{
    text_put_cstring(out, "['");
    for (size_t i = 0; i < key.len; i++) {
        if (key.ptr[i] == '\'' || key.ptr[i] == '\\') text_put_char(out, '\\');
        text_put_char(out, key.ptr[i]);
    }
    text_put_cstring(out, "']");
}

void field_path_print(const field_path *p, text *out)
{
    for (size_t i = 0; i < p->count; i++) {
        const field_step *s = &p->steps[i];
        switch (s->kind) {
        case STEP_FIELD:
            if (i) text_put_char(out, '.');
            text_put(out, s->name);
            break;
        case STEP_EACH: text_put_cstring(out, "[]"); break;
        case STEP_INDEX: text_printf(out, "[%u]", s->index); break;
        case STEP_KEY: field_path_put_key(out, s->name); break;
        }
    }
}

/* ---- reading ---- */

typedef struct {
    const field_path *path;
    arena *arena;
    list_builder *out;
    bool absent, found;           /* found: by key, nothing more is looked for */
} path_walk;

static void walk(path_walk *w, const value *v, size_t step, unsigned lists);

static bool is_nothing(const value *v) { return v == NULL || v->type == VALUE_MISSING || v->type == VALUE_NULL; }

/* Of what stands behind a key in a protobuf Struct: {"string_value": x} is x. */
static const value *without_wrapper(const value *v)
{
    static const char *const names[] = {"string_value", "number_value", "bool_value", "struct_value", "list_value", "stringValue",
                                        "numberValue", "boolValue", "structValue", "listValue"};
    if (v->type != VALUE_RECORD || v->as.record.count != 1) return v;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (str_equal(v->as.record.fields[0].name, str_from(names[i]))) return &v->as.record.fields[0].value;
    return v;
}

static void walk_list(path_walk *w, const value *v, size_t step, unsigned lists)
{
    if (v->as.list.count == 0 || lists == LISTS_IN_LISTS) w->absent = true;
    for (size_t i = 0; i < v->as.list.count && lists < LISTS_IN_LISTS && !w->found; i++) walk(w, &v->as.list.items[i], step, lists + 1);
}

static bool is_key_of(const value *label, pk_str key, arena *a)
{
    const value *k = value_get(label, STR("key"));
    pk_str t;
    return k && value_text(a, k, &t) && str_equal(t, key);
}

/* A label {key, value} or a map. */
static void walk_key(path_walk *w, const value *v, size_t step)
{
    pk_str key = w->path->steps[step].name;
    const value *found = is_key_of(v, key, w->arena) ? value_get(v, STR("value")) : value_get(v, key);
    if (!found && !is_key_of(v, key, w->arena)) return;
    if (found) walk(w, without_wrapper(found), step + 1, 0);
    w->found = true;
}

/* Of a time. */
static bool walk_time(path_walk *w, timestamp t, const field_step *s, size_t step)
{
    int64_t seconds = t / SECOND - (t % SECOND < 0), nanos = t - seconds * SECOND;
    bool is_seconds = str_equal(s->name, STR("seconds"));
    if (!is_seconds && !str_equal(s->name, STR("nanos"))) return false;
    value v = value_int(is_seconds ? seconds : nanos);
    walk(w, &v, step + 1, 0);
    return true;
}

static void walk_field(path_walk *w, const value *v, size_t step)
{
    const field_step *s = &w->path->steps[step];
    const value *field = value_get(v, s->name);
    bool map_next = step + 1 < w->path->count && s[1].kind == STEP_KEY;
    if (v->type == VALUE_TIME && walk_time(w, v->as.time, s, step)) return;
    if (field) walk(w, field, step + 1, 0);
    else if (v->type == VALUE_RECORD && map_next && str_equal(s->name, STR("fields"))) walk(w, v, step + 1, 0); /* a plain Struct */
    else w->absent = true;
}

static void walk_index(path_walk *w, const value *v, size_t step, unsigned lists)
{
    uint32_t n = w->path->steps[step].index;
    bool list = v->type == VALUE_LIST;
    if (n >= (list ? v->as.list.count : 1)) w->absent = true;
    else walk(w, list ? &v->as.list.items[n] : v, step + 1, lists);
}

static void walk(path_walk *w, const value *v, size_t step, unsigned lists)
{
    const field_step *s = step < w->path->count ? &w->path->steps[step] : NULL;
    if (is_nothing(v)) w->absent = true;
    else if (s && s->kind == STEP_INDEX) walk_index(w, v, step, lists);
    else if (s && s->kind == STEP_EACH && v->type == VALUE_LIST) walk_list(w, v, step + 1, lists);
    else if (s && s->kind == STEP_EACH) walk(w, v, step + 1, lists);
    else if (v->type == VALUE_LIST) walk_list(w, v, step, lists);
    else if (!s) list_add(w->arena, w->out, *v);
    else if (s->kind == STEP_KEY) walk_key(w, v, step);
    else walk_field(w, v, step);
}

bool field_path_read(const value *record, const field_path *p, arena *a, list_builder *out)
{
    path_walk w = {.path = p, .arena = a, .out = out};
    size_t before = out->items.len;
    walk(&w, record, 0, 0);
    return p->by_key ? out->items.len == before : w.absent;
}

bool field_path_read_text(const value *record, pk_str path, arena *a, list_builder *out)
{
    field_path p;
    return !field_path_parse(path, a, &p, NULL) || field_path_read(record, &p, a, out);
}
