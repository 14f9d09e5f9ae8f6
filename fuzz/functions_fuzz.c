/*
 * Scalar functions over any values. The first byte chooses the function, then each argument is a byte for its kind and what
 * the kind takes. Whatever they are: the result's texts are UTF-8 within the limits, and calls that keep things give the
 * same as a call that keeps nothing.
 */
#include <stdlib.h>

#include "base/cursor.h"
#include "base/unicode.h"
#include "ir/functions.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static value read_value(cursor *c, arena *a, int depth)
{
    uint8_t kind, len;
    uint64_t bits = 0;
    double real;
    const uint8_t *bytes;
    if (!read_u8(c, &kind)) return (value){.type = VALUE_MISSING};
    switch (kind % 10) {
    case 0: return value_null();
    case 1: return value_bool(kind & 16);
    case 2: read_u64le(c, &bits); return value_int((int64_t)bits);
    case 3: return value_int((int8_t)kind);
    case 4:
        read_u64le(c, &bits);
        memcpy(&real, &bits, sizeof real);
        return value_real(real);
    case 5: read_u64le(c, &bits); return (value){.type = VALUE_TIME, .as.time = (timestamp)bits};
    case 6: return (value){.type = VALUE_UINT, .as.unsigned_integer = UINT64_MAX};
    case 7: {
        list_builder list = {0};
        if (depth > 2 || !read_u8(c, &len)) return (value){.type = VALUE_BLANK};
        for (int i = 0; i < len % 5; i++) {
            value v = read_value(c, a, depth + 1);
            if (v.type != VALUE_MISSING) list_add(a, &list, v);
        }
        return list_done(&list);
    }
    default:
        if (!read_u8(c, &len)) len = 0;
        if (len > cursor_left(c)) len = (uint8_t)cursor_left(c);
        if (!read_bytes(c, len, &bytes)) return (value){.type = VALUE_BLANK};
        return value_string(utf8_repair(a, (pk_str){(const char *)bytes, len}));
    }
}

static void check(const value *v)
{
    if (v->type == VALUE_STRING && (v->as.string.len > IR_MAX_TEXT || !utf8_valid(v->as.string))) abort();
    if (v->type != VALUE_LIST) return;
    if (v->as.list.count > IR_MAX_LIST) abort();
    for (size_t i = 0; i < v->as.list.count; i++) {
        if (v->as.list.items[i].type == VALUE_MISSING) abort();
        check(&v->as.list.items[i]);
    }
}

/* value_equal, but a NaN is one. */
static bool same(arena *a, const value *x, const value *y)
{
    text tx = {0}, ty = {0};
    (void)a;
    value_write_json(&tx, x);
    value_write_json(&ty, y);
    bool equal = x->type == y->type && str_equal(text_view(&tx), text_view(&ty));
    text_free(&tx);
    text_free(&ty);
    return equal;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    enum { MOST = 6 };
    size_t functions = 0;
    uint8_t number;
    cursor c = {data, data + size};
    if (!read_u8(&c, &number)) return 0;
    while (ir_functions[functions].name) functions++;
    const ir_function *f = &ir_functions[number % functions];

    arena *a = arena_new();
    value args[MOST] = {0};
    size_t count = 0;
    while (count < MOST && count < f->most && (count < f->least || cursor_left(&c))) args[count++] = read_value(&c, a, 0);
    pk_str name = str_from(f->name);
    value fresh = ir_function_call(name, args, count, a);
    check(&fresh);
    ir_calls *calls = ir_calls_new();
    for (int i = 0; i < 2; i++) {
        value kept = ir_function_call_in(calls, name, args, count, a);
        /* the interpreter and the JIT count their steps differently */
        if (!same(a, &fresh, &kept) && ir_calls_gave_up(calls) == 0 && !f->varies && f != ir_function_find(STR("capture")) &&
            f != ir_function_find(STR("capture_all")) && f != ir_function_find(STR("regex_found")) &&
            f != ir_function_find(STR("regex_replace")))
            abort();
    }
    ir_calls_free(calls);
    arena_free(a);
    return 0;
}
