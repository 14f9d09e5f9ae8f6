/* The texts by which rows of a join agree. */
#include "engine/join.h"

static bool is_zero(const value *v)
{
    double d;
    if (v->type == VALUE_STRING) return v->as.string.len == 0;
    if (v->type == VALUE_BLANK) return true;
    if (v->type == VALUE_BOOL) return !v->as.boolean;
    return (v->type == VALUE_INT || v->type == VALUE_UINT || v->type == VALUE_FLOAT) && value_number(v, &d) && d == 0;
}

bool join_put_side(text *t, const ir_join_key *key, value *v, arena *a)
{
    bool absent = value_is_nothing(v);
    if (absent && key->missing != KEY_ZERO && key->missing != KEY_GROUP) return false;
    if (absent) *v = key->missing == KEY_ZERO ? value_string((pk_str){"", 0}) : value_null();
    if (key->missing == KEY_ZERO && is_zero(v)) put_key_text(t, &(value){.type = VALUE_BLANK}, a);
    else put_key_text(t, v, a);
    return true;
}

bool join_keys_of_row(const node *n, size_t input, uint64_t keys, const row *r, pk_str *texts, arena *a)
{
    const join_state *st = n->state;
    bool fits = true;
    text t = {0};
    for (uint64_t k = st->keys_of[input] & keys; k && fits; k &= k - 1) {
        size_t number = (size_t)__builtin_ctzll(k);
        const ir_join_key *key = &n->stage->as.join.keys[number];
        texts[number] = (pk_str){"", 0};
        for (size_t i = 0; i < key->count && fits; i++) {
            if (st->side_inputs[number][i] != input) continue;
            value v = row_value(n->inputs[input], r, key->sides[i], a);
            text_clear(&t);
            fits = join_put_side(&t, key, &v, a);
            if (texts[number].len) fits = fits && str_equal(texts[number], text_view(&t));
            else texts[number] = arena_str(a, text_view(&t));
        }
        if (!fits) texts[number] = (pk_str){"", 0}; /* which is no text of a key */
    }
    text_free(&t);
    return fits;
}
