/*
 * A packed value is a tag and what follows of it:
 *
 *   INT, TIME   the number, zigzag in groups of seven bits        STRING   length, bytes
 *   UINT        in groups of seven bits                           LIST     count, values
 *   FLOAT       eight bytes                                       RECORD   number of its names, values
 *   AGAIN       where an equal value stands
 *
 * Names of a record's fields, in their order, are kept once for all records that have the same. An equal value is found by a table
 * of what was packed last, by hash, which forgets what comes once sooner than what comes often.
 */
#include "event/value_pack.h"

#include "base/hash.h"

enum {
    DEPTH_MOST = 200,
    SHARED_LEAST = 6,             /* bytes: what is shorter is not worth a place */
    SEEN_SLOTS = 1 << 14,
    AGAIN_MOST = 16,
};

enum { PACKED_NULL, PACKED_BLANK, PACKED_FALSE, PACKED_TRUE, PACKED_INT, PACKED_UINT, PACKED_FLOAT, PACKED_TIME, PACKED_STRING, PACKED_LIST, PACKED_RECORD, PACKED_AGAIN };

typedef struct { uint64_t at; uint32_t hash, again; size_t len; } seen_value; /* again: how often, less the others that came since */
typedef struct { pk_str *names; size_t count; } record_names;

struct value_pack {
    text bytes;
    VEC(uint64_t) places;         /* by number */
    VEC(record_names) names;
    arena *arena;                 /* of names */
    interner *name_lists;         /* names one behind the other, each with its length -> number in `names` */
    text list;                    /* scratch of one list of names */
    seen_value *seen;
};

value_pack *value_pack_new(void)
{
    value_pack *p = mem_zalloc(1, sizeof *p);
    p->arena = arena_new();
    p->name_lists = interner_new(p->arena);
    return p;
}

void value_pack_free(value_pack *p)
{
    if (!p) return;
    text_free(&p->bytes);
    text_free(&p->list);
    vec_free(&p->places);
    vec_free(&p->names);
    interner_free(p->name_lists);
    arena_free(p->arena);
    mem_free(p->seen);
    mem_free(p);
}

size_t value_pack_count(const value_pack *p) { return p->places.len; }
size_t value_pack_bytes(const value_pack *p) { return p->bytes.len + p->places.len * sizeof *p->places.at + arena_used(p->arena); }

/* ---- writing ---- */

static void put_number(text *t, uint64_t n)
{
    for (; n > 127; n >>= 7) text_put_char(t, (char)(n | 128));
    text_put_char(t, (char)n);
}

static void put_signed(text *t, int64_t n) { put_number(t, (uint64_t)n << 1 ^ (uint64_t)(n >> 63)); }

static uint32_t number_of_names(value_pack *p, const value *record)
{
    size_t count = record->as.record.count;
    text_clear(&p->list);
    for (size_t i = 0; i < count; i++) {
        put_number(&p->list, record->as.record.fields[i].name.len);
        text_put(&p->list, record->as.record.fields[i].name);
    }
    uint32_t number = intern(p->name_lists, text_view(&p->list));
    if (number < p->names.len) return number;
    record_names names = {ARENA_ARRAY(p->arena, pk_str, count + 1), count};
    for (size_t i = 0; i < count; i++) names.names[i] = arena_str(p->arena, record->as.record.fields[i].name);
    vec_push(&p->names, names);
    return number;
}

/* If the value that now stands at the end stands somewhere already, that is all that is written. */
static void share(value_pack *p, size_t start)
{
    size_t len = p->bytes.len - start;
    if (len < SHARED_LEAST) return;
    uint64_t hash = hash_bytes(p->bytes.ptr + start, len, 0);
    seen_value *s = &p->seen[hash % SEEN_SLOTS];
    /* What lay behind `start` may have been taken back since it was seen: only what stands before it counts. */
    if (s->len == len && s->hash == (uint32_t)(hash >> 32) && s->at + len <= start && memcmp(p->bytes.ptr + s->at, p->bytes.ptr + start, len) == 0) {
        p->bytes.len = start;
        text_put_char(&p->bytes, PACKED_AGAIN);
        put_number(&p->bytes, s->at);
        s->again += s->again < AGAIN_MOST;
    } else if (s->again) {
        s->again--;
    } else {
        *s = (seen_value){start, (uint32_t)(hash >> 32), 0, len};
    }
}

static void put_value(value_pack *p, const value *v, int depth)
{
    text *t = &p->bytes;
    size_t start = t->len;
    switch (depth > DEPTH_MOST ? VALUE_NULL : v->type) {
    case VALUE_MISSING: case VALUE_NULL: text_put_char(t, PACKED_NULL); return;
    case VALUE_BLANK: text_put_char(t, PACKED_BLANK); return;
    case VALUE_BOOL: text_put_char(t, v->as.boolean ? PACKED_TRUE : PACKED_FALSE); return;
    case VALUE_INT:
        text_put_char(t, PACKED_INT);
        put_signed(t, v->as.integer);
        return;
    case VALUE_UINT:
        text_put_char(t, PACKED_UINT);
        put_number(t, v->as.unsigned_integer);
        return;
    case VALUE_FLOAT:
        text_put_char(t, PACKED_FLOAT);
        text_put(t, (pk_str){(const char *)&v->as.real, sizeof v->as.real});
        return;
    case VALUE_TIME:
        text_put_char(t, PACKED_TIME);
        put_signed(t, v->as.time);
        return;
    case VALUE_STRING:
        text_put_char(t, PACKED_STRING);
        put_number(t, v->as.string.len);
        text_put(t, v->as.string);
        break;
    case VALUE_LIST:
        text_put_char(t, PACKED_LIST);
        put_number(t, v->as.list.count);
        for (size_t i = 0; i < v->as.list.count; i++) put_value(p, &v->as.list.items[i], depth + 1);
        break;
    case VALUE_RECORD:
        text_put_char(t, PACKED_RECORD);
        put_number(t, number_of_names(p, v));
        for (size_t i = 0; i < v->as.record.count; i++) put_value(p, &v->as.record.fields[i].value, depth + 1);
        break;
    }
    share(p, start);
}

uint32_t value_pack_add(value_pack *p, const value *v)
{
    if (!p->seen) p->seen = mem_zalloc(SEEN_SLOTS, sizeof *p->seen);
    vec_push(&p->places, p->bytes.len);
    put_value(p, v, 0);
    return (uint32_t)(p->places.len - 1);
}

/* ---- reading: what the pack wrote itself ---- */

typedef struct { const value_pack *pack; const char *at; arena *arena; } unpacker;

static uint64_t take_number(unpacker *u)
{
    uint64_t n = 0;
    unsigned shift = 0;
    for (; (unsigned char)*u->at > 127; shift += 7) n |= (uint64_t)(*u->at++ & 127) << shift;
    return n | (uint64_t)(unsigned char)*u->at++ << shift;
}

static int64_t take_signed(unpacker *u)
{
    uint64_t n = take_number(u);
    return (int64_t)(n >> 1 ^ -(n & 1));
}

static value take_value(unpacker *u);

static value take_list(unpacker *u)
{
    size_t count = take_number(u);
    value v = {.type = VALUE_LIST, .as.list = {arena_alloc(u->arena, count * sizeof(value)), count}};
    for (size_t i = 0; i < count; i++) v.as.list.items[i] = take_value(u);
    return v;
}

static value take_record(unpacker *u)
{
    const record_names *names = &u->pack->names.at[take_number(u)];
    value v = {.type = VALUE_RECORD, .as.record = {arena_alloc(u->arena, names->count * sizeof(value_field)), names->count}};
    for (size_t i = 0; i < names->count; i++) v.as.record.fields[i] = (value_field){names->names[i], take_value(u)};
    return v;
}

static value take_value(unpacker *u)
{
    value v = {.type = VALUE_NULL};
    switch (*u->at++) {
    case PACKED_BLANK: v.type = VALUE_BLANK; break;
    case PACKED_FALSE: return value_bool(false);
    case PACKED_TRUE: return value_bool(true);
    case PACKED_INT: return value_int(take_signed(u));
    case PACKED_UINT: return (value){.type = VALUE_UINT, .as.unsigned_integer = take_number(u)};
    case PACKED_FLOAT:
        v.type = VALUE_FLOAT;
        memcpy(&v.as.real, u->at, sizeof v.as.real);
        u->at += sizeof v.as.real;
        break;
    case PACKED_TIME: return (value){.type = VALUE_TIME, .as.time = take_signed(u)};
    case PACKED_STRING:
        v.type = VALUE_STRING;
        v.as.string.len = take_number(u);
        v.as.string.ptr = u->at;
        u->at += v.as.string.len;
        break;
    case PACKED_LIST: return take_list(u);
    case PACKED_RECORD: return take_record(u);
    case PACKED_AGAIN: {
        unpacker other = {u->pack, u->pack->bytes.ptr + take_number(u), u->arena};
        return take_value(&other);
    }
    }
    return v;
}

value value_pack_get(const value_pack *p, uint32_t number, arena *a)
{
    unpacker u = {p, p->bytes.ptr + p->places.at[number], a};
    return take_value(&u);
}

/* ---- places ---- */

static void skip_values(unpacker *u, size_t count);

static void skip_value(unpacker *u)
{
    switch (*u->at++) {
    case PACKED_INT: case PACKED_UINT: case PACKED_TIME: case PACKED_AGAIN: take_number(u); return;
    case PACKED_FLOAT: u->at += sizeof(double); return;
    case PACKED_STRING: {
        size_t len = take_number(u);
        u->at += len;
        return;
    }
    case PACKED_LIST: skip_values(u, take_number(u)); return;
    case PACKED_RECORD: skip_values(u, u->pack->names.at[take_number(u)].count); return;
    default: return;
    }
}

static void skip_values(unpacker *u, size_t count)
{
    for (size_t i = 0; i < count; i++) skip_value(u);
}

uint64_t value_pack_place(const value_pack *p, uint32_t number, pk_str field)
{
    unpacker u = {.pack = p, .at = p->bytes.ptr + p->places.at[number]};
    if (*u.at == PACKED_AGAIN) {
        u.at++;
        u.at = p->bytes.ptr + take_number(&u);
    }
    if (*u.at++ != PACKED_RECORD) return VALUE_PACK_NOWHERE;
    const record_names *names = &p->names.at[take_number(&u)];
    for (size_t i = 0; i < names->count; i++) {
        if (str_equal(names->names[i], field)) {
            if (*u.at != PACKED_AGAIN) return (uint64_t)(u.at - p->bytes.ptr);
            u.at++;
            return take_number(&u);
        }
        skip_value(&u);
    }
    return VALUE_PACK_NOWHERE;
}
