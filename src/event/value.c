/* Values: text and number views of them, JSON, copies, builders. */
#include "event/value.h"

#include <math.h>

#include "base/digits.h"

/* Readers and languages refuse what is nested deeper, so these recursions are bounded; a deeper value is cut, not walked. */
enum { DEPTH_LIMIT = 1000 };

static pk_str integer_text(arena *a, int64_t n)
{
    char *out = arena_alloc(a, DIGITS_MOST + 1), *end = digits_put_signed(out, n);
    *end = 0;
    return (pk_str){out, (size_t)(end - out)};
}

bool value_text(arena *a, const value *v, pk_str *out)
{
    text t = {0};
    switch (v->type) {
    case VALUE_STRING: *out = v->as.string; return true;
    case VALUE_BLANK: *out = STR(""); return true;
    case VALUE_BOOL: *out = v->as.boolean ? STR("true") : STR("false"); return true;
    case VALUE_TIME: *out = timestamp_text(a, v->as.time); return true;
    case VALUE_INT: *out = integer_text(a, v->as.integer); return true;
    case VALUE_UINT: text_printf(&t, "%llu", (unsigned long long)v->as.unsigned_integer); break;
    case VALUE_FLOAT: text_put_double(&t, v->as.real); break;
    case VALUE_MISSING: case VALUE_NULL: case VALUE_LIST: case VALUE_RECORD: *out = STR(""); return false;
    }
    *out = arena_str(a, text_view(&t));
    text_free(&t);
    return true;
}

pk_str value_key_text(arena *a, const value *v)
{
    pk_str s;
    if (value_text(a, v, &s)) return s;
    text t = {0};
    value_write_json(&t, v);
    s = arena_str(a, text_view(&t));
    text_free(&t);
    return s;
}

bool value_number(const value *v, double *out)
{
    switch (v->type) {
    case VALUE_INT: *out = (double)v->as.integer; return true;
    case VALUE_UINT: *out = (double)v->as.unsigned_integer; return true;
    case VALUE_FLOAT: *out = v->as.real; return true;
    case VALUE_STRING: return str_to_double(v->as.string, out);
    case VALUE_TIME: *out = (double)v->as.time / (double)SECOND; return true;
    case VALUE_MISSING: case VALUE_NULL: case VALUE_BLANK: case VALUE_BOOL: case VALUE_LIST: case VALUE_RECORD: return false;
    }
    return false;
}

const value *value_get(const value *record, pk_str name)
{
    if (record->type != VALUE_RECORD) return NULL;
    for (size_t i = 0; i < record->as.record.count; i++)
        if (str_equal(record->as.record.fields[i].name, name)) return &record->as.record.fields[i].value;
    return NULL;
}

/* ---- JSON ---- */

static void write_json(text *out, const value *v, int depth);

static void write_list(text *out, const value *v, int depth)
{
    text_put_char(out, '[');
    for (size_t i = 0; i < v->as.list.count; i++) {
        if (i) text_put_char(out, ',');
        write_json(out, &v->as.list.items[i], depth);
    }
    text_put_char(out, ']');
}

static void write_record(text *out, const value *v, int depth)
{
    text_put_char(out, '{');
    for (size_t i = 0; i < v->as.record.count; i++) {
        if (i) text_put_char(out, ',');
        text_put_json(out, v->as.record.fields[i].name);
        text_put_char(out, ':');
        write_json(out, &v->as.record.fields[i].value, depth);
    }
    text_put_char(out, '}');
}

static void write_time(text *out, timestamp t)
{
    char *to = text_reserve(out, TIMESTAMP_MOST + 2), *end = timestamp_put(to + 1, t);
    *to = *end = '"';
    out->len += (size_t)(end + 1 - to);
}

static void write_json(text *out, const value *v, int depth)
{
    if (depth > DEPTH_LIMIT) {
        text_put_cstring(out, "null");
        return;
    }
    switch (v->type) {
    case VALUE_MISSING: case VALUE_NULL: text_put_cstring(out, "null"); break;
    case VALUE_BLANK: text_put_cstring(out, "\"\""); break;
    case VALUE_BOOL: text_put_cstring(out, v->as.boolean ? "true" : "false"); break;
    case VALUE_INT: text_put_int(out, v->as.integer); break;
    case VALUE_UINT: text_printf(out, "%llu", (unsigned long long)v->as.unsigned_integer); break;
    case VALUE_FLOAT:
        if (isfinite(v->as.real)) text_put_double(out, v->as.real);
        else text_put_cstring(out, "null");
        break;
    case VALUE_STRING: text_put_json(out, v->as.string); break;
    case VALUE_TIME: write_time(out, v->as.time); break;
    case VALUE_LIST: write_list(out, v, depth + 1); break;
    case VALUE_RECORD: write_record(out, v, depth + 1); break;
    }
}

void value_write_json(text *out, const value *v) { write_json(out, v, 0); }

/* ---- comparing and copying ---- */

static bool equal(const value *a, const value *b, int depth)
{
    if (a->type != b->type || depth > DEPTH_LIMIT) return false;
    switch (a->type) {
    case VALUE_MISSING: case VALUE_NULL: case VALUE_BLANK: return true;
    case VALUE_BOOL: return a->as.boolean == b->as.boolean;
    case VALUE_INT: return a->as.integer == b->as.integer;
    case VALUE_UINT: return a->as.unsigned_integer == b->as.unsigned_integer;
    case VALUE_FLOAT: return a->as.real == b->as.real || (isnan(a->as.real) && isnan(b->as.real));
    case VALUE_STRING: return str_equal(a->as.string, b->as.string);
    case VALUE_TIME: return a->as.time == b->as.time;
    case VALUE_LIST:
        if (a->as.list.count != b->as.list.count) return false;
        for (size_t i = 0; i < a->as.list.count; i++)
            if (!equal(&a->as.list.items[i], &b->as.list.items[i], depth + 1)) return false;
        return true;
    case VALUE_RECORD:
        if (a->as.record.count != b->as.record.count) return false;
        for (size_t i = 0; i < a->as.record.count; i++) {
            const value_field *x = &a->as.record.fields[i], *y = &b->as.record.fields[i];
            if (!str_equal(x->name, y->name) || !equal(&x->value, &y->value, depth + 1)) return false;
        }
        return true;
    }
    return false;
}

bool value_equal(const value *a, const value *b) { return equal(a, b, 0); }

static value copy(arena *a, const value *v, int depth)
{
    value out = *v;
    if (depth > DEPTH_LIMIT) return value_null();
    if (v->type == VALUE_STRING) {
        out.as.string = arena_str(a, v->as.string);
    } else if (v->type == VALUE_LIST) {
        out.as.list.items = ARENA_ARRAY(a, value, v->as.list.count);
        for (size_t i = 0; i < v->as.list.count; i++) out.as.list.items[i] = copy(a, &v->as.list.items[i], depth + 1);
    } else if (v->type == VALUE_RECORD) {
        out.as.record.fields = ARENA_ARRAY(a, value_field, v->as.record.count);
        for (size_t i = 0; i < v->as.record.count; i++) {
            const value_field *f = &v->as.record.fields[i];
            out.as.record.fields[i] = (value_field){arena_str(a, f->name), copy(a, &f->value, depth + 1)};
        }
    }
    return out;
}

value value_copy(arena *a, const value *v) { return copy(a, v, 0); }

/* ---- builders ---- */

void record_add(arena *a, record_builder *b, pk_str name, value v) { vec_push_in(a, &b->fields, ((value_field){name, v})); }

value record_done(record_builder *b)
{
    return (value){.type = VALUE_RECORD, .as.record = {b->fields.at, b->fields.len}};
}

void list_add(arena *a, list_builder *b, value v) { vec_push_in(a, &b->items, v); }

value list_done(list_builder *b) { return (value){.type = VALUE_LIST, .as.list = {b->items.at, b->items.len}}; }

void value_image(const value *v, image_writer *w, size_t field)
{
    switch (v->type) {
    case VALUE_MISSING: case VALUE_NULL: case VALUE_BLANK: case VALUE_BOOL: case VALUE_INT: case VALUE_UINT: case VALUE_FLOAT:
    case VALUE_TIME:
        return;
    case VALUE_STRING:
        image_string(w, field + offsetof(value, as.string), v->as.string);
        return;
    case VALUE_LIST: {
        size_t items = image_array(w, field + offsetof(value, as.list.items), v->as.list.items, v->as.list.count, sizeof *v->as.list.items);
        for (size_t i = 0; i < v->as.list.count; i++) value_image(&v->as.list.items[i], w, items + i * sizeof(value));
        return;
    }
    case VALUE_RECORD: {
        size_t fields = image_array(w, field + offsetof(value, as.record.fields), v->as.record.fields, v->as.record.count, sizeof(value_field));
        for (size_t i = 0; i < v->as.record.count; i++, fields += sizeof(value_field)) {
            image_string(w, fields + offsetof(value_field, name), v->as.record.fields[i].name);
            value_image(&v->as.record.fields[i].value, w, fields + offsetof(value_field, value));
        }
        return;
    }
    }
}
