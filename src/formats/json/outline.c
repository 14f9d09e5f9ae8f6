#include "formats/json/outline.h"

#ifdef __SSE2__
#include <emmintrin.h>
#endif

#include "event/inner_text.h"
#include "formats/json/escapes.h"

enum { STEP = 16 };

static char byte_at(const token_reader *r, size_t place) { return r->bytes[r->places[place]]; }

/* ---- keys ---- */

static char *put_key(char *to, pk_str key)
{
    uint32_t len = (uint32_t)key.len;
    *to = '"';
    memcpy(to + 1, &len, sizeof len);
    if (key.len) memcpy(to + 1 + sizeof len, key.ptr, key.len);
    return to + 1 + sizeof len + key.len;
}

/* 't': a string that may hold a record; 's': any other scalar. */
static char kind_of_string(const token_reader *r, pk_str s)
{
    size_t i = 0;
    while (i < s.len && s.ptr[i] == ' ') i++;
    if (i == s.len || (s.ptr[i] != '{' && s.ptr[i] != '[' && s.ptr[i] != '<' && s.ptr[i] != '\\')) return 's';
    return escape_undo(r->arena, s, &s) && inner_text_may_open(s) ? 't' : 's';
}

/* Keys are no longer than the record, and have a mark and a length; there is one place at least for each. */
bool json_outline_key(token_reader *r, json_scalars *scalars, text *key)
{
    size_t count = r->place_count, len = r->places[count - 1] - r->places[0] + 1;
    char *start = text_reserve(key, len + count * 5), *to = start;
    vec_reserve(&scalars->at, count);
    scalars->at.len = 0;
    for (size_t i = 0; i < count; i++) {
        char c = byte_at(r, i);
        if (c == ':' || c == ',') continue;
        if (c == '"') {
            pk_str s = tokens_string(r, i);
            if (byte_at(r, i + 1) == ':') { /* the last place is a bracket */
                if (escape_is_in(s)) return false;
                to = put_key(to, s);
                i++;
                continue;
            }
            c = kind_of_string(r, s);
        } else if ((c | 0x20) != '{' && (c | 0x20) != '}') {
            c = 's';
        }
        *to++ = c;
        if (c == 's' || c == 't') scalars->at.at[scalars->at.len++] = (uint32_t)i;
    }
    key->len += (size_t)(to - start);
    return true;
}

/* ---- trees ---- */

typedef struct {
    const token_reader *r;
    arena *arena;
    size_t at;                    /* the next place */
    timestamp scalars;            /* met so far */
    bool places;                  /* scalars are shown by their numbers */
} walk;

static value read_value(walk *w);

static value read_object(walk *w)
{
    record_builder b = {0};
    while (byte_at(w->r, w->at) != '}') {
        pk_str key = tokens_string(w->r, w->at);
        if (escape_is_in(key)) (void)!escape_undo(w->arena, key, &key); /* was proved */
        w->at += 2;
        value v = read_value(w);
        record_add(w->arena, &b, key, v);
        if (byte_at(w->r, w->at) == ',') w->at++;
    }
    w->at++;
    return record_done(&b);
}

static value read_list(walk *w)
{
    list_builder b = {0};
    while (byte_at(w->r, w->at) != ']') {
        value v = read_value(w);
        list_add(w->arena, &b, v);
        if (byte_at(w->r, w->at) == ',') w->at++;
    }
    w->at++;
    return list_done(&b);
}

/* The grammar was proved, and its depth. */
static value read_value(walk *w)
{
    size_t at = w->at++;
    char c = byte_at(w->r, at);
    if (c == '{') return read_object(w);
    if (c == '[') return read_list(w);
    if (w->places) return (value){.type = VALUE_TIME, .as.time = w->scalars++};
    return tokens_value(w->r, at, w->arena);
}

value json_outline_tree(const token_reader *r, arena *a) { return read_value(&(walk){.r = r, .arena = a, .places = true}); }
value json_tree(const token_reader *r, arena *a) { return read_value(&(walk){.r = r, .arena = a}); }

/* ---- scalars ---- */

/* A bit for each byte of a step that is: no printable ASCII; a backslash; a letter behind one for which text_put_json has another way. */
typedef struct { uint32_t odd, backslashes, unusual; } step_marks;

static inline step_marks copy_step(char *to, const char *from)
{
#ifdef __SSE2__
    __m128i v = _mm_loadu_si128((const __m128i *)(const void *)from);
    _mm_storeu_si128((__m128i *)(void *)to, v);
    /* Signed, so what is not ASCII is less than a blank, too, and DEL becomes the least of all. */
    __m128i odd = _mm_cmpgt_epi8(_mm_set1_epi8(0x21), _mm_add_epi8(v, _mm_set1_epi8(1)));
    __m128i unusual = _mm_or_si128(_mm_cmpeq_epi8(v, _mm_set1_epi8('u')), _mm_cmpeq_epi8(v, _mm_set1_epi8('/')));
    return (step_marks){(uint32_t)_mm_movemask_epi8(odd), (uint32_t)_mm_movemask_epi8(_mm_cmpeq_epi8(v, _mm_set1_epi8('\\'))),
                        (uint32_t)_mm_movemask_epi8(unusual)};
#else
    step_marks m = {0};
    for (int i = 0; i < STEP; i++) {
        m.odd |= (uint32_t)((uint8_t)from[i] < 0x20 || (uint8_t)from[i] >= 0x7f) << i;
        m.backslashes |= (uint32_t)(from[i] == '\\') << i;
        m.unusual |= (uint32_t)(from[i] == 'u' || from[i] == '/') << i;
    }
    memcpy(to, from, STEP);
    return m;
#endif
}

/* Is each escape one that text_put_json writes, too? All of them are right. */
static bool has_usual_escapes(pk_str s)
{
    for (size_t at = 0, found; (found = str_find_char(str_slice(s, at, STR_NPOS), '\\')) != STR_NPOS; at += found + 2)
        if (s.ptr[at + found + 1] == 'u' || s.ptr[at + found + 1] == '/') return false;
    return true;
}

/* The string as it stands, if text_put_json would write it so. Reads and writes up to a step more. */
static bool copy_string(pk_str s, text *out)
{
    char *to = text_reserve(out, s.len + STEP + 2);
    uint32_t behind = 0, doubtful = 0; /* whether the step before ended with a backslash; what might be an escape of another way */
    *to++ = '"';
    for (size_t at = 0; at < s.len; at += STEP) {
        step_marks m = copy_step(to + at, s.ptr + at);
        uint32_t here = s.len - at < STEP ? (1u << (s.len - at)) - 1 : UINT32_MAX;
        if (m.odd & here) return false;
        doubtful |= (m.backslashes << 1 | behind) & m.unusual & here;
        behind = m.backslashes >> (STEP - 1);
    }
    if (doubtful && !has_usual_escapes(s)) return false; /* "C:\\users" has none */
    to[s.len] = '"';
    out->len += s.len + 2;
    return true;
}

/* An integer that fits 64 bits whatever its digits, or true, false, null: as they are written, there is no other way. */
static bool is_written_one_way(pk_str s)
{
    size_t i = s.ptr[0] == '-', most = i + 18;
    if (s.ptr[0] >= 'a') return true;
    if (s.len > most || (i && s.ptr[1] == '0')) return false;
    while (i < s.len && (uint8_t)(s.ptr[i] - '0') < 10) i++;
    return i == s.len;
}

void json_scalar_write(const token_reader *r, uint32_t place, text *out)
{
    bool string = byte_at(r, place) == '"';
    pk_str written = tokens_string(r, place);
    if (string && copy_string(written, out)) return;
    if (!string && is_written_one_way(written)) {
        text_put(out, written);
        return;
    }
    value v = tokens_value(r, place, r->arena);
    if (string) text_put_json(out, v.as.string);
    else value_write_json(out, &v);
}
